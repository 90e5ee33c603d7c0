"""What is laid over a finished strip: the block cursor, a selection, matches of a search."""

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip


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
    from widgets.transcript.wrap import cells

    first = cells(text[:start])
    return first, first + cells(text[start:end])


def with_words(strip: Strip, words: str, style: Style) -> Strip:
    """The strip with words near its right end; the same one where there is no room."""
    width = strip.cell_length
    left = width - len(words) - 1
    if left < 1:
        return strip
    return Strip.join([strip.crop(0, left), Strip([Segment(words, style)]), strip.crop(width - 1)])


def link_at(strip: Strip, x: int) -> str:
    """Target of the link in a cell; empty for none."""
    column = 0
    for segment in strip:
        column += segment.cell_length
        if x < column:
            return (segment.style.link or "") if segment.style else ""
    return ""
