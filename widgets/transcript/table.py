"""Tables: a muted head with a line under it, and no grid."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from widgets.glyphs import Glyphs
from widgets.transcript.lines import Ink
from widgets.transcript.wrap import Piece, Row, wrap

GAP = 3
"""Blanks between columns."""
LEAST = 6
"""Cells of a column below which a table is stacked instead."""
_NUMBER = re.compile(r"[-+−~≈<>]?[\d.,_]+\s?(?:%|[a-zA-Zµ]{1,3})?$")

Cell = list[Piece]


@dataclass(slots=True)
class Table:
    """A parsed table."""

    head: list[Cell]
    rows: list[list[Cell]]
    right: list[bool]
    """Whether a column is aligned right because its delimiter says so."""


def table_rows(
    table: Table,
    width: int,
    ink: Ink,
    glyphs: Glyphs,
    *,
    settled: Sequence[int] | None = None,
) -> tuple[list[Row], tuple[int, ...]]:
    """Rows of a table.

    Args:
        table: Parsed.
        width: Cells of the block.
        ink: Styles by role.
        glyphs: Marks to draw with.
        settled: Widths that columns have taken while rows still come; they stay.

    Returns:
        The rows, and the widths of the columns (empty where it was stacked).
    """
    count = len(table.head)
    natural = [
        max([1, *(_cells(row[n]) for row in [table.head, *table.rows] if n < len(row))])
        for n in range(count)
    ]
    room = width - GAP * (count - 1)
    if count == 0 or room < min(LEAST, max(natural)) * count:
        return _stacked(table, width, ink), ()
    widths = list(settled) if settled and len(settled) == count else natural
    widths = fitted(widths, room)
    right = [table.right[n] or _is_numeric(table, n) for n in range(count)]
    rows = _cells_to_rows(table.head, widths, right, ink)
    total = sum(widths) + GAP * (count - 1)
    rows.append(Row([(glyphs.line * total, ink.line)], total, total, ""))
    for cells in table.rows:
        rows.extend(_cells_to_rows(cells, widths, right, ink))
    return rows, tuple(widths)


def fitted(natural: Sequence[int], room: int) -> list[int]:
    """Widths that fit: the widest columns give first, down to a common width."""
    widths = list(natural)
    excess = sum(widths) - room
    while excess > 0:
        widest = max(widths)
        next_widest = max((w for w in widths if w < widest), default=1)
        places = [n for n, w in enumerate(widths) if w == widest]
        cut = min(widest - next_widest, -(-excess // len(places)))
        if cut <= 0:
            break
        for n in places:
            step = min(cut, excess)
            widths[n] -= step
            excess -= step
            if excess <= 0:
                break
    return [max(1, w) for w in widths]


def _cells(cell: Cell) -> int:
    return max(sum(cell_len(part) for part in line) for line in _parts(cell))


def _parts(cell: Cell) -> list[list[str]]:
    lines: list[list[str]] = [[]]
    for text, _ in cell:
        first, *more = text.split("\n")
        lines[-1].append(first)
        lines.extend([part] for part in more)
    return lines


def _is_numeric(table: Table, column: int) -> bool:
    texts = [
        "".join(text for text, _ in row[column]).strip() for row in table.rows if column < len(row)
    ]
    return bool(texts) and all(_NUMBER.match(text) for text in texts if text not in {"", "-", "–"})


def _cells_to_rows(
    cells: Sequence[Cell], widths: Sequence[int], right: Sequence[bool], ink: Ink
) -> list[Row]:
    columns = [wrap(cells[n] if n < len(cells) else [], width) for n, width in enumerate(widths)]
    rows: list[Row] = []
    for place in range(max(len(column) for column in columns)):
        row = Row()
        for n, column in enumerate(columns):
            part = column[place] if place < len(column) else Row()
            blank = widths[n] - part.cells
            before = " " * (GAP if n else 0) + (" " * blank if right[n] else "")
            after = "" if right[n] or n == len(columns) - 1 else " " * blank
            row.pieces += [(before, ink.text), *part.pieces, (after, ink.text)]
            row.cells += len(before) + part.cells + len(after)
            row.text += before + part.text + after
        rows.append(row)
    return rows


def _stacked(table: Table, width: int, ink: Ink) -> list[Row]:
    """Each row as `head: value` lines, for where columns have no room."""
    rows: list[Row] = []
    for number, cells in enumerate(table.rows):
        if number:
            rows.append(Row())
        for n, cell in enumerate(cells):
            head = table.head[n] if n < len(table.head) else []
            said = "".join(text for text, _ in head)
            rows.extend(wrap([(f"{said}: ", ink.muted), *cell], width))
    return rows or wrap([piece for cell in table.head for piece in [*cell, (" ", ink.text)]], width)
