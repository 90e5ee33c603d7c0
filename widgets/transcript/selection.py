"""Selecting with the mouse: what was written, without wraps, rails and padding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from widgets.transcript.lines import Line

if TYPE_CHECKING:
    from widgets.transcript.blocks import Block


@dataclass(frozen=True, slots=True)
class Point:
    """A cell of a line of a block."""

    block: "Block"
    line: int
    column: int
    """Cells from the left edge of the block."""


@dataclass(frozen=True, slots=True)
class Selection:
    """From where the button went down to where the pointer is; either may come first."""

    anchor: Point
    head: Point

    @property
    def is_empty(self) -> bool:
        """Whether the pointer has not left its first cell."""
        return self.anchor == self.head


@dataclass(frozen=True, slots=True)
class Span:
    """A selection in reading order, by places of blocks."""

    first: tuple[int, int, int]
    """Index of the block, line, column of the first cell."""
    last: tuple[int, int, int]
    """The same of the last cell, which is part of it."""

    def columns(self, index: int, line: int, width: int) -> tuple[int, int] | None:
        """Which cells of a line are selected, half-open; None for none."""
        if not self.first[:2] <= (index, line) <= self.last[:2]:
            return None
        start = self.first[2] if (index, line) == self.first[:2] else 0
        end = self.last[2] + 1 if (index, line) == self.last[:2] else width
        return (start, end) if start < end else None


def span_of(selection: Selection | None, blocks: "Sequence[Block]") -> Span | None:
    """The selection in reading order; None where it is empty or its blocks are gone."""
    if selection is None or selection.is_empty:
        return None
    try:
        ends = [
            (blocks.index(point.block), point.line, point.column)
            for point in (selection.anchor, selection.head)
        ]
    except ValueError:
        return None
    first, last = sorted(ends)
    return Span(first, last)


def selected_text(
    span: Span, blocks: "Sequence[Block]", lines_of: "Callable[[Block], Sequence[Line]]"
) -> str:
    """What the selected cells say, as it was written.

    Args:
        span: The selection in reading order.
        blocks: All blocks.
        lines_of: Renders one of them.
    """
    parts: list[str] = []
    for index in range(span.first[0], span.last[0] + 1):
        lines = lines_of(blocks[index])
        for place, line in enumerate(lines):
            columns = span.columns(index, place, line.strip.cell_length)
            if columns is None:
                continue
            parts.append(cut(line.text, columns[0] - line.rail, columns[1] - line.rail))
            is_last = (index, place) >= span.last[:2]
            if not is_last:
                parts.append(line.join if place + 1 < len(lines) else "\n")
        if index < span.last[0] and lines:
            parts.append("\n")
    return "".join(parts)


def cut(text: str, start: int, end: int) -> str:
    """The characters of `text` that lie in cells `start` to `end`, half-open.

    A character two cells wide belongs to the part that holds its first cell; marks of no width
    go with the character before them.
    """
    if text.isascii() and "\t" not in text:
        return text[max(0, start) : max(0, end)]
    from widgets.transcript.wrap import cells, clusters

    kept: list[str] = []
    column = 0
    for cluster in clusters(text):
        if start <= column < end:
            kept.append(cluster)
        column += cells(cluster)
    return "".join(kept)
