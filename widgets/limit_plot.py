"""Lines of a chart, drawn by a plotting library into a grid of marks.

The library is imported when the first line is drawn, which takes about 50 ms: `load` does it in a
thread before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.models.limit_history import Series

FINE = "braille"
"""Marks of eight dots to a cell, as the library calls them."""
GAP_COLUMNS, GAP_SECONDS = 4, 1_800.0
"""A line breaks where nothing is known for as many columns, and for as long."""
MOST_POINTS = 400
_COLOUR = re.compile(r"\x1b\[([0-9;]*)m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a chart shows: a part of time, and cells."""

    since: float
    """Unix seconds."""
    until: float
    width: int
    height: int

    def column(self, at: float) -> int | None:
        """The cell of a moment; None outside."""
        if not self.since <= at <= self.until or self.until <= self.since:
            return None
        share = (at - self.since) / (self.until - self.since)
        return min(self.width - 1, int(share * self.width))


Grid = list[list[tuple[str, int]]]
"""A mark and the number of its series (-1 for none) for each cell of each row."""


def load() -> None:
    """Import the library."""
    import textual_plotext.plot  # noqa: F401  # pyright: ignore[reportUnusedImport]


def draw(series: Sequence[Series], marks: Sequence[str], span: Span) -> Grid:
    """Each series as lines over the whole span; 0 % in the last row, 100 % in the first.

    Args:
        series: Drawn in this order, the last one on top.
        marks: One for each: a character, or `FINE`.
        span: Time and cells.
    """
    from textual_plotext.plot import Plot

    plot = Plot()
    plot.plotsize(span.width, span.height)
    # `plotsize` stops at the size of the terminal of this process; textual-plotext does the same.
    plot._set_size(span.width, span.height)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    plot.theme("clear")
    plot.frame(False)
    plot.xfrequency(0)
    plot.yfrequency(0)
    plot.xlim(span.since, span.until)
    plot.ylim(0.0, 100.0)
    drawn = False
    for number, one in enumerate(series):
        for line in lines_of(one, span):
            xs, ys = [x for x, _ in line], [y for _, y in line]
            # Numbers of colours stand for the series, which the screen then colours by its theme.
            plot.plot(xs, ys, marker=marks[number], color=number + 1)
            drawn = True
    if not drawn:
        return [[(" ", -1)] * span.width for _ in range(span.height)]
    return _grid(plot.build(), span)


def lines_of(series: Series, span: Span) -> list[list[tuple[float, float]]]:
    """The points of a series as lines, which break at gaps and where the window begins anew."""
    gap = max(GAP_SECONDS, GAP_COLUMNS * (span.until - span.since) / max(1, span.width))
    lines: list[list[tuple[float, float]]] = []
    line: list[tuple[float, float]] = []
    before: float | None = None
    for point in series.points:
        if not span.since <= point.at <= span.until:
            continue
        reset = None if before is None else _between(series.resets, before, point.at)
        if before is not None and reset is not None:
            line.append((reset, max(line[-1][1], point.high if point.high > point.last else 0.0)))
            lines.append(line)
            line = [(reset, 0.0)] if point.at - before <= gap else []
        elif before is not None and point.at - before > gap:
            lines.append(line)
            line = []
        line.append((point.at, point.last))
        before = point.at
    return [each for each in (*lines, line) if each]


def _between(times: Sequence[float], after: float, until: float) -> float | None:
    return next((at for at in times if after < at <= until), None)


def _grid(text: str, span: Span) -> Grid:
    """What the library wrote with colours, cell by cell."""
    rows: Grid = []
    for written in text.splitlines()[: span.height]:
        cells: list[tuple[str, int]] = []
        colour = -1
        for number, part in enumerate(_COLOUR.split(written)):
            if number % 2:
                numbers = part.split(";")
                colour = int(numbers[2]) - 1 if numbers[:2] == ["38", "5"] else -1
            else:
                cells += [(mark, colour if mark != " " else -1) for mark in part]
        rows.append((cells + [(" ", -1)] * span.width)[: span.width])
    return rows + [[(" ", -1)] * span.width for _ in range(span.height - len(rows))]
