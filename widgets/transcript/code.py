"""Code blocks: one surface over the whole block, coloured when colours are known."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import overload

from rich.cells import cell_len
from rich.style import Style

from widgets.transcript.colours import Coloured, Colours
from widgets.transcript.lines import Ink, Line
from widgets.transcript.wrap import TAB, Piece, Row, cells, clusters, line_of, wrap

MAX_SHOWN = 20_000
"""Characters of one line that are shown; all of them are copied."""


def code_rows(
    code: str,
    language: str,
    width: int,
    ink: Ink,
    *,
    colours: Colours | None = None,
    dim: bool = False,
) -> list[Row]:
    """Rows of a code block, padded by one cell.

    Args:
        code: Without a newline at its end.
        language: First word after the fence; may be empty.
        width: Cells of the block.
        ink: Styles by role.
        colours: Knows what was coloured, and is asked for the rest; None for no colours.
        dim: Whether all of it is muted.
    """
    known = colours.of(code, language) if colours and ink.has_colour and not dim else None
    rows: list[Row] = []
    plain = ink.surface_muted if dim else ink.surface
    for number, text in enumerate(code.split("\n")):
        pieces: Sequence[Piece] = [(text, plain)]
        if known is not None and number < len(known):
            pieces = [(part, getattr(ink, role)) for part, role in known[number]]
        rows.extend(code_line_rows(pieces, width, ink))
    return labelled(rows, language, width, ink)


class CodeLines(Sequence[Line]):
    """Lines of one code block, made as they are looked at; code may be added at its end."""

    def __init__(
        self,
        language: str,
        width: int,
        limit: int,
        ink: Ink,
        *,
        dim: bool,
        coloured: Coloured | None,
    ) -> None:
        """Lines of no code yet.

        Args:
            language: First word after the fence; may be empty.
            width: Cells of each line.
            limit: Cells that the block may take.
            ink: Styles by role.
            dim: Whether all of it is muted.
            coloured: Colours of its lines; None for none.
        """
        self._language = language
        self._width = width
        self._limit = limit
        self._ink = ink
        self._plain = ink.surface_muted if dim else ink.surface
        self._coloured = coloured
        self._sources: list[str] = []
        self._starts: list[int] = [0]
        """Number of the first row of each line of code, and of all rows."""
        self._made: dict[int, list[Line]] = {}
        self._upto = 0

    def show(self, code: str) -> None:
        """Take code that begins with what was taken before."""
        if self._sources:
            self._made.pop(len(self._sources) - 1, None)
            self._sources.pop()
            self._starts.pop()
        room = max(1, self._limit - 2)
        for text in code[self._upto :].split("\n"):
            place = len(self._sources)
            self._sources.append(text)
            is_one = len(text) <= room and text.isascii() and "\t" not in text
            rows = 1 if is_one else len(self._rows(place))
            self._starts.append(self._starts[-1] + rows)
        self._upto = code.rfind("\n") + 1

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        place = bisect_right(self._starts, index) - 1
        return self._rows(place)[index - self._starts[place]]

    def _rows(self, place: int) -> list[Line]:
        """Rows of one line of code."""
        known = self._made.get(place)
        if known is None:
            pieces: Sequence[Piece] = [(self._sources[place], self._plain)]
            if self._coloured is not None and place < len(self._coloured):
                pieces = [(text, getattr(self._ink, role)) for text, role in self._coloured[place]]
            rows = code_line_rows(pieces, self._limit, self._ink)
            if place == 0:
                rows = labelled(rows, self._language, self._limit, self._ink)
            text = self._ink.text
            known = [line_of(row, self._width, text, full=self._limit) for row in rows]
            self._made[place] = known
        return known


def labelled(rows: list[Row], language: str, width: int, ink: Ink) -> list[Row]:
    """The rows with the language at the right of the first one, where there is room."""
    if rows and language:
        first = rows[0]
        gap = width - 1 - cell_len(language) - first.cells
        if gap >= 2:
            rows[0] = Row(
                [*first.pieces, (" " * gap, ink.surface), (language, ink.surface_muted)],
                first.cells + gap + cell_len(language),
                first.rail,
                first.text,
                first.join,
                first.fill,
            )
    return rows


def code_line_rows(pieces: Sequence[Piece], width: int, ink: Ink) -> list[Row]:
    """One line of code in as many rows as it needs, cut between characters."""
    room = max(1, width - 2)
    pad = (" ", ink.surface)
    rows = [Row([pad], 1, 1, "", "\n", ink.surface)]
    left = room
    total = 0
    for whole, style in pieces:
        text = whole[: max(0, MAX_SHOWN - total)]
        total += len(whole)
        while text:
            size = cells(text) if len(text) <= 8 * left else left + 1
            if size <= left:
                _add(rows[-1], text, style)
                left -= size
                break
            head = _head(text, left, is_first=left == room)
            _add(rows[-1], head, style)
            text = text[len(head) :]
            rows[-1].join = ""
            rows.append(Row([pad], 1, 1, "", "\n", ink.surface))
            left = room
    if total > MAX_SHOWN:
        words = f"{total - MAX_SHOWN:,} more characters; copying takes all of them"
        for row in wrap([(words, ink.surface_muted)], room):
            rows.append(Row([pad, *row.pieces], 1 + row.cells, 1 + row.cells, "", "\n", row.fill))
            rows[-1].fill = ink.surface
    return rows


def _head(text: str, room: int, *, is_first: bool) -> str:
    """As much of the text as fits; at least one character where nothing is before it."""
    start = text[: room + 1]
    if start.isascii() and "\t" not in start:
        return text[:room]
    taken = size = 0
    for cluster in clusters(text[: 8 * room]):
        size += cells(cluster)
        if size > room and (taken or not is_first):
            break
        taken += len(cluster)
    return text[:taken]


def _add(row: Row, text: str, style: Style) -> None:
    shown = text.replace("\t", TAB)
    row.pieces.append((shown, style))
    row.cells += cell_len(shown)
    row.text += text
