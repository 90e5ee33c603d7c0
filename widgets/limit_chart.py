"""The history of windows: their use over time, with the moments at which they began anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from services.models.limit_history import Series
from widgets.glyphs import Glyphs
from widgets.limit_plot import FINE, Grid, Span, draw
from widgets.muted import muted

AXIS = 5
"""Cells at the left for `100%` and a gap."""
DOTS = 3
"""Cells from one dot of the grid to the next."""
LEAST_APART = 6
"""Cells between two resets, on the average, for them to be marked."""
LEAST_WIDTH, LEAST_HEIGHT = 16, 4
CALM = ("$foreground", "$accent", "$secondary", "$text-muted")
TONES = {"warning": "$warning", "failed": "$error"}
PLAIN_MARKS = ("*", "o", "+", "x")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLine:
    """One window in the chart."""

    name: str
    tone: Literal["calm", "warning", "failed"] = "calm"
    series: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartData:
    """What a chart shows."""

    title: str
    since: float = 0.0
    """Unix seconds."""
    until: float = 0.0
    lines: tuple[ChartLine, ...] = ()
    """At most four; the last one is drawn on top."""
    ticks: tuple[tuple[float, str], ...] = ()
    """Moments that are named below the chart."""


class LimitChart(Widget):
    """A head with a legend, lines, and the time below them.

    The lines are drawn anew only for other data or another size. In colour they are told apart by
    it and by the legend; without colour, and in plain text, each has a mark of its own.
    """

    ALLOW_SELECT = False

    data: reactive[ChartData | None] = reactive(None)
    is_ready: reactive[bool] = reactive(False)
    """Whether the library that draws is loaded; until then there is the frame only."""
    note: reactive[str] = reactive("")
    """What is said in the frame while there is nothing to draw."""

    def __init__(self, glyphs: Glyphs, *, has_colour: bool = True, id: str | None = None) -> None:  # noqa: A002
        """An empty frame.

        Args:
            glyphs: Marks to draw with.
            has_colour: False gives each line a mark of its own.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._is_plain = glyphs.is_ascii or not has_colour
        self._drawn: tuple[tuple[object, ...], Grid] | None = None
        self.draws = 0
        """How often the lines were drawn: what a test counts."""

    @property
    def columns(self) -> int:
        """Cells of the lines; at least one."""
        return max(1, self.size.width - AXIS)

    def render(self) -> Content:
        """Head, lines, time."""
        width, height = self.size.width, self.size.height
        data = self.data or ChartData(title="")
        head = self._head(data, width)
        if width < LEAST_WIDTH or height < LEAST_HEIGHT:
            return head
        rows = height - 2
        grid, resets = self._grid(data, rows), self._resets(data)
        body = [self._row(row, y, rows, data, resets) for y, row in enumerate(grid)]
        if self.note:
            body[rows // 2] = Content.assemble(" " * AXIS, (self.note, muted(self)))
        return Content("\n").join([head, *body, self._times(data)])

    def _grid(self, data: ChartData, rows: int) -> Grid:
        if not (self.is_ready and data.lines):
            return [[(" ", -1)] * self.columns for _ in range(rows)]
        span = Span(since=data.since, until=data.until, width=self.columns, height=rows)
        series = [line.series for line in data.lines]
        key = (span, tuple(series))
        if self._drawn is None or self._drawn[0] != key:
            marks = [self._mark(number) for number in range(len(series))]
            self._drawn = key, draw(series, marks, span)
            self.draws += 1
        return self._drawn[1]

    def _mark(self, number: int) -> str:
        if not self._is_plain or (number == 0 and not self._glyphs.is_ascii):
            return FINE
        return PLAIN_MARKS[number % len(PLAIN_MARKS)]

    def _style(self, number: int, line: ChartLine) -> str:
        return TONES.get(line.tone) or CALM[number % len(CALM)]

    def _row(
        self,
        cells: Sequence[tuple[str, int]],
        y: int,
        rows: int,
        data: ChartData,
        resets: set[int],
    ) -> Content:
        """One row: its percentage, marks of lines, else of resets, else of the grid."""
        middle = (rows - 1) // 2
        name = {middle: "50%", 0: "100%", rows - 1: "0%"}.get(y, "")
        pieces: list[tuple[str, str]] = [(name.rjust(AXIS - 1) + " ", muted(self))]
        for x, (drawn, number) in enumerate(cells):
            if number >= 0:
                mark, style = drawn, self._style(number, data.lines[number])
            elif x in resets:
                mark, style = self._reset_mark, muted(self)
            elif name and x % DOTS == 0:
                mark, style = self._glyphs.dot, "$line"
            else:
                mark, style = " ", ""
            if pieces[-1][1] == style:
                pieces[-1] = pieces[-1][0] + mark, style
            else:
                pieces.append((mark, style))
        return Content.assemble(*pieces)

    def _resets(self, data: ChartData) -> set[int]:
        """Cells of resets, but for windows that began anew so often that nothing else was seen."""
        span = Span(since=data.since, until=data.until, width=self.columns, height=1)
        cells: set[int] = set()
        for line in data.lines:
            places = [place for at in line.series.resets if (place := span.column(at)) is not None]
            if len(places) * LEAST_APART <= self.columns:
                cells.update(places)
        return cells

    @property
    def _reset_mark(self) -> str:
        return ":" if self._glyphs.is_ascii else "┊"

    def _head(self, data: ChartData, width: int) -> Content:
        """Title, legend and keys, of which the legend goes last as it gets narrow."""
        title = Content.styled(data.title, "bold")
        named = [
            Content.assemble((self._legend_mark(number), self._style(number, line)), " ",
                             (line.name, muted(self)))
            for number, line in enumerate(data.lines)
        ]  # fmt: skip
        reset = [Content.styled(f"{self._reset_mark} reset", muted(self))]
        marks = [*named, *(reset if self._resets(data) else [])]
        keys = Content.assemble(("+ -", "$foreground"), (" zoom", muted(self)))
        nothing: list[Content] = []
        ways = ((marks, True), (named, True), (named, False), (nothing, False))
        for parts, has_keys in ways:
            left = Content("   ").join([title, *parts])
            gap = width - left.cell_length - (keys.cell_length if has_keys else 0)
            if gap >= (2 if has_keys else 0):
                return Content.assemble(left, " " * gap, keys) if has_keys else left
        return title.truncate(max(1, width))

    def _legend_mark(self, number: int) -> str:
        mark = self._mark(number)
        return self._glyphs.wire if mark == FINE else mark

    def _times(self, data: ChartData) -> Content:
        """Names of moments below their cells, as many as stand apart."""
        span = Span(since=data.since, until=data.until, width=self.columns, height=1)
        row = [" "] * (self.columns + AXIS)
        free = 0
        for at, name in data.ticks:
            place = span.column(at)
            if place is None:
                continue
            start = min(AXIS + place - len(name) // 2, len(row) - len(name))
            if start >= free:
                row[start : start + len(name)] = name
                free = start + len(name) + 2
        return Content.styled("".join(row).rstrip(), muted(self))
