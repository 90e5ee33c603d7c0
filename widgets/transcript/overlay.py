"""What is laid over a finished strip: the block cursor, a selection, matches of a search."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.transcript.wrap import cells


def styled_cells(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """The strip with `style` on the cells from `start` to `end`, half-open."""
    end = min(end, strip.cell_length)
    if start >= end:
        return strip
    before, middle, after = strip.divide([start, end, strip.cell_length])
    return Strip.join(
        [
            before,
            Strip(
                [Segment(text, (old + style) if old else style) for text, old, _ in middle],
                middle.cell_length,
            ),
            after,
        ]
    )


def with_bar(strip: Strip, bar: str, style: Style) -> Strip:
    """The strip with the cursor's bar in its first cell."""
    return Strip.join([Strip([Segment(bar, style)], 1), strip.crop(1)])


def cells_of(text: str, start: int, end: int) -> tuple[int, int]:
    """Cells that the characters from `start` to `end` take, half-open."""
    first = cells(text[:start])
    return first, first + cells(text[start:end])
