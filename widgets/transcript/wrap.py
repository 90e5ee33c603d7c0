"""Words into rows, rows into lines."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.transcript.lines import Line

Piece = tuple[str, Style]
"""Text without line breaks, and its style."""

_PARTS = re.compile(r"[ ]+|[^ ]+")
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f"
    "\uff00-\uff60\uffe0-\uffe6\U00020000-\U0003fffd]"
)
"""Scripts that are written without blanks: a row may end between any two of these."""


def _no_pieces() -> list[Piece]:
    return []


@dataclass(slots=True)
class Row:
    """One row before it is padded: what it shows and what it says."""

    pieces: list[Piece] = field(default_factory=_no_pieces)
    cells: int = 0
    rail: int = 0
    """Leading cells that are decoration."""
    text: str = ""
    join: str = "\n"
    fill: Style | None = None
    """Style of the cells after the text; None for the plain background."""

    def indented(self, pieces: Sequence[Piece], says: str = "") -> "Row":
        """The same behind a prefix.

        Args:
            pieces: The prefix.
            says: What of it is text rather than decoration; its end, where not all of it is.
        """
        width = sum(cell_len(text) for text, _ in pieces)
        if says:
            return Row([*pieces, *self.pieces], self.cells + width, width - cell_len(says),
                       says + " " * self.rail + self.text, self.join, self.fill)  # fmt: skip
        return Row([*pieces, *self.pieces], self.cells + width, self.rail + width, self.text,
                   self.join, self.fill)  # fmt: skip


def line_of(row: Row, width: int, plain: Style, *, full: int | None = None) -> Line:
    """A row as a line of exactly `width` cells.

    Args:
        row: Cut where it is too long.
        width: Cells of the line.
        plain: Style of the cells that nothing fills.
        full: How far `row.fill` reaches; None for the row's own end.
    """
    pieces = row.pieces
    cells = row.cells
    if row.fill is not None and full is not None and cells < full:
        pieces = [*pieces, (" " * (full - cells), row.fill)]
        cells = full
    if cells < width:
        pieces = [*pieces, (" " * (width - cells), plain)]
    strip = Strip([Segment(text, style) for text, style in merged(pieces)])
    if strip.cell_length != width:
        strip = strip.adjust_cell_length(width, plain)
    return Line(strip, row.rail, row.text, row.join)


def merged(pieces: Iterable[Piece]) -> list[Piece]:
    """Neighbours of one style as one piece; fewer segments are fewer to draw."""
    result: list[Piece] = []
    for text, style in pieces:
        if not text:
            continue
        if result and result[-1][1] == style:
            result[-1] = (result[-1][0] + text, style)
        else:
            result.append((text, style))
    return result


def wrap(pieces: Iterable[Piece], width: int) -> list[Row]:
    """Break at blanks into rows of at most `width` cells; words too long are cut.

    Args:
        pieces: Styled text; a newline inside begins a new row.
        width: Cells, at least 1.

    Returns:
        At least one row. `join` of each says what was swallowed at its end.
    """
    width = max(1, width)
    rows = [Row()]
    blank: Piece | None = None
    for word, is_blank, is_break in _words(pieces):
        row = rows[-1]
        if is_break:
            row.join = "\n"
            rows.append(Row())
            blank = None
        elif is_blank:
            blank = word[0]
        else:
            cells = sum(cell_len(text) for text, _ in word)
            before = cell_len(blank[0]) if blank else 0
            if row.cells and row.cells + before + cells > width:
                row.join = blank[0] if blank else ""
                rows.append(Row())
                row = rows[-1]
            elif blank is not None:
                _add(row, blank)
            blank = None
            if cells <= width - row.cells:
                for piece in word:
                    _add(row, piece)
            else:
                _add_cut(rows, word, width)
    if blank is not None and rows[-1].cells + cell_len(blank[0]) <= width:
        _add(rows[-1], blank)
    return rows


def _add(row: Row, piece: Piece) -> None:
    row.pieces.append(piece)
    row.cells += cell_len(piece[0])
    row.text += piece[0]


def _add_cut(rows: list[Row], word: Sequence[Piece], width: int) -> None:
    """A word longer than a row, cut between characters."""
    for text, style in word:
        for cluster in clusters(text):
            row = rows[-1]
            cells = cell_len(cluster)
            if row.cells and row.cells + cells > width:
                row.join = ""
                rows.append(Row())
                row = rows[-1]
            _add(row, (cluster, style))


_JOINERS = re.compile(
    "[^\u0300-\u036f\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\u20d0-\u20ff]"
    "[\u0300-\u036f\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\u20d0-\u20ff]*"
    "(?:\u200d.[\u0300-\u036f\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]*)*|.",
    re.DOTALL,
)


def clusters(text: str) -> list[str]:
    """Characters with the marks and joined emoji that belong to them."""
    return list(text) if text.isascii() else _JOINERS.findall(text)


def _words(pieces: Iterable[Piece]) -> Iterable[tuple[list[Piece], bool, bool]]:
    """Words (which may change style inside), blanks and breaks, as (pieces, blank, break)."""
    word: list[Piece] = []
    for whole, style in pieces:
        for number, text in enumerate(whole.split("\n")):
            if number:
                if word:
                    yield word, False, False
                    word = []
                yield [], False, True
            for part in _PARTS.findall(text):
                if part[0] == " ":
                    if word:
                        yield word, False, False
                        word = []
                    yield [(part, style)], True, False
                elif part.isascii() or not _WIDE.search(part):
                    word.append((part, style))
                else:
                    for small in _split_wide(part):
                        if word and _WIDE.match(small):
                            yield word, False, False
                            word = []
                        word.append((small, style))
                        if _WIDE.match(small):
                            yield word, False, False
                            word = []
    if word:
        yield word, False, False


def _split_wide(text: str) -> list[str]:
    """Wide characters one by one, the rest in runs."""
    parts: list[str] = []
    run = ""
    for cluster in clusters(text):
        if _WIDE.match(cluster):
            if run:
                parts.append(run)
                run = ""
            parts.append(cluster)
        else:
            run += cluster
    return [*parts, run] if run else parts
