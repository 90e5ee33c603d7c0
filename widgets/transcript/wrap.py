"""Words into rows, rows into lines."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len, split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.transcript.lines import Line

Piece = tuple[str, Style]
"""Text without line breaks, and its style."""

TAB = "    "
"""What a tab is shown as; the text of a row keeps the tab itself."""
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_PARTS = re.compile(r"[ \t]+|[^ \t]+")
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
    size = row.cells
    if row.fill is not None and full is not None and size < full:
        pieces = [*pieces, (" " * (full - size), row.fill)]
        size = full
    if size < width:
        pieces = [*pieces, (" " * (width - size), plain)]
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
    blanks: list[Piece] = []
    for word, is_blank, is_break in _words(pieces):
        row = rows[-1]
        if is_blank:
            blanks += word
            continue
        if is_break:
            row.join = _said(blanks) + "\n"
            rows.append(Row())
        else:
            size = sum(cell_len(text) for text, _ in word)
            before = cells(_said(blanks)) if blanks else 0
            if row.cells and row.cells + before + size > width:
                row.join = _said(blanks)
                rows.append(Row())
                row = rows[-1]
            elif before < width:
                for piece in blanks:
                    _add(row, piece)
            else:
                _add_cut(rows, blanks, width)
                row = rows[-1]
            if size <= width - row.cells:
                for piece in word:
                    _add(row, piece)
            else:
                _add_cut(rows, word, width)
        blanks = []
    if blanks:
        if rows[-1].cells + cells(_said(blanks)) <= width:
            for piece in blanks:
                _add(rows[-1], piece)
        else:
            rows[-1].join = _said(blanks) + "\n"
    return rows


def _said(pieces: Iterable[Piece]) -> str:
    return "".join(text for text, _ in pieces)


def _add(row: Row, piece: Piece) -> None:
    text, style = piece
    shown = text.replace("\t", TAB)
    row.pieces.append((shown, style))
    row.cells += cell_len(shown)
    row.text += text


def _add_cut(rows: list[Row], word: Sequence[Piece], width: int) -> None:
    """A word longer than a row, cut between characters."""
    for text, style in word:
        if text.isascii() and "\t" not in text:
            while text:
                row = rows[-1]
                if row.cells >= width:
                    row.join = ""
                    rows.append(Row())
                    row = rows[-1]
                head = text[: width - row.cells]
                _add(row, (head, style))
                text = text[len(head) :]  # noqa: PLW2901
            continue
        for cluster in clusters(text):
            row = rows[-1]
            if row.cells and row.cells + cells(cluster) > width:
                row.join = ""
                rows.append(Row())
                row = rows[-1]
            _add(row, (cluster, style))


def clusters(text: str) -> list[str]:
    """Characters with the marks and joined emoji that belong to them; flags stay whole."""
    if text.isascii():
        return list(text)
    found: list[str] = []
    for start, end, _ in split_graphemes(text)[0]:
        cluster = text[start:end]
        if found and _FLAG.match(cluster) and _FLAG.fullmatch(found[-1]):
            found[-1] += cluster
        else:
            found.append(cluster)
    return found


def cells(text: str) -> int:
    """Cells that a text takes; a tab counts as the blanks that are shown for it."""
    return cell_len(text.replace("\t", TAB) if "\t" in text else text)


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
                if part[0] in " \t":
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
