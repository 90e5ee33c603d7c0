"""The first row of the screen: the views that exist, what needs the user, limits, the account."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import UNICODE, Glyphs
from widgets.muted import muted

if TYPE_CHECKING:
    from widgets.rate_gauge import LimitsShown, RateGauge

WIDE_COLUMNS = 100
WIRE, SHORT_WIRE = 10, 6
"""Cells of a wire, from `WIDE_COLUMNS` on and below."""
GAP = "   "


@dataclass(frozen=True, slots=True)
class _Fit:
    """What is shown; `_fits` drops one after the other."""

    clock: bool = True
    pace: bool = True
    account: int = 0
    """Which of the words for it; those behind the last are none."""
    second_until: int | None = 0
    """Which of the words for the end of the second window."""
    first_until: int | None = 0
    second_wire: bool = True
    names: bool = True
    age: bool = True
    second: bool = True
    first_wire: bool = True
    warning: bool = True


@dataclass(frozen=True, slots=True)
class _Row:
    """The row, and what can be clicked: first cell and the one behind the last."""

    content: Content
    views: tuple[tuple[int, int, str], ...] = ()
    gauge: tuple[int, int] = (0, 0)


class Header(Widget):
    """One row; gives up words as it gets narrow, and never the share of the nearest window."""

    views: reactive[tuple[tuple[str, str], ...]] = reactive(())
    """Key and name of each view that exists; names are shown with a capital."""
    active: reactive[str] = reactive("")
    """Name of the view that is shown."""
    needs_you: reactive[int] = reactive(0)
    gauge: reactive["LimitsShown | None"] = reactive(None, repaint=False)
    """The limits at one moment; None while there are none to tell of."""
    account: reactive[tuple[str, ...]] = reactive(())
    """Who is signed in, or how: longest words first, of which the first that fit are shown."""
    warning: reactive[str] = reactive("")
    """`demo`, or the host of a server that is not the usual one; it outranks the account."""

    @dataclass
    class ViewChosen(Message):
        """A view's name was clicked."""

        name: str

    class GaugeChosen(Message):
        """The gauge was clicked."""

    def __init__(self, glyphs: Glyphs = UNICODE, *, id: str | None = None) -> None:  # noqa: A002
        """An empty row.

        Args:
            glyphs: Marks to draw with.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._row = _Row(Content(""))

    def watch_gauge(self) -> None:
        """Draw again the cells that differ, and no others: a gauge steps beside a stream."""
        before = self._row.content
        self._row = self._fitted()
        start, end = _difference(before, self._row.content)
        if start < end:
            self.refresh(Region(start, 0, end - start, 1))

    def render(self) -> Content:
        """Views at the left, gauge and account at the right end."""
        self._row = self._fitted()
        return self._row.content

    def _fitted(self) -> _Row:
        width = self.size.width
        gauges = self._gauges()
        left, right = Content(""), Content("")
        for fit in self._fits():
            left = Content.assemble(self._names(named=fit.names), " ", self._marks())
            right, gauge = self._right(fit, gauges)
            gap = width - left.cell_length - right.cell_length
            if gap >= 1:
                return self._row_of(left, gap, right, gauge.cell_length, named=fit.names)
        return self._least(left, gauges)

    def _least(self, left: Content, gauges: "list[RateGauge]") -> _Row:
        """Where hardly anything fits: the share of the nearest window, and what is left of left."""
        width = max(1, self.size.width)
        if not gauges:
            return self._row_of(left.truncate(width), 0, Content(""), 0)
        share, number = gauges[0].share, gauges[0].number
        right = share if share.cell_length <= width else cut(number, width, self._glyphs.ellipsis)
        left = left.truncate(max(0, width - right.cell_length - 1))
        gap = width - left.cell_length - right.cell_length
        return self._row_of(left, gap, right, right.cell_length)

    def _row_of(
        self, left: Content, gap: int, right: Content, gauge: int, *, named: bool = False
    ) -> _Row:
        start = left.cell_length + gap
        column = 0
        views: list[tuple[int, int, str]] = []
        for key, name in self.views:
            end = column + len(key) + (len(name) if named else 0) + 2
            views.append((column, min(end, left.cell_length), name))
            column = end
        content = Content.assemble(left, " " * gap, right)
        return _Row(content, tuple(views), (start, start + gauge))

    def _fits(self) -> Iterator[_Fit]:
        """What may be shown, the most first."""
        fit = _Fit()
        yield fit
        drops: list[dict[str, Any]] = [
            {"clock": False},
            {"pace": False},
            *({"account": number} for number in range(1, len(self.account) + 1)),
            {"second_until": 1},
            {"second_until": None},
            {"first_until": 1},
            {"first_until": None},
            {"second_wire": False},
            {"names": False},
            {"first_wire": False},
            {"second": False},
            {"age": False},
            {"warning": False},
        ]
        for drop in drops:
            fit = replace(fit, **drop)
            yield fit

    def _gauges(self) -> "list[RateGauge]":
        shown = self.gauge
        if shown is None:
            return []
        from widgets.rate_gauge import RateGauge

        return [
            RateGauge(window, shown.now, shown.show, muted(self), self._glyphs)
            for window in shown.windows
        ]

    def _right(self, fit: _Fit, gauges: "list[RateGauge]") -> tuple[Content, Content]:
        """What stands at the right end, and the part of it that is about limits."""
        gauge = self._limits(fit, gauges)
        parts = [gauge] if gauge else []
        if self.warning:
            parts += [Content.styled(self.warning, "bold $warning")] if fit.warning else []
        elif fit.account < len(self.account):
            parts.append(Content.styled(self.account[fit.account], muted(self)))
        if fit.clock and gauges and self.gauge is not None:
            from services.models.times import clock_time

            parts.append(Content(clock_time(self.gauge.now)))
        right = Content(GAP).join(parts)
        return (Content.assemble(right, " ") if right else right), gauge

    def _limits(self, fit: _Fit, gauges: "list[RateGauge]") -> Content:
        shown = self.gauge
        if shown is None or shown.is_empty:
            return Content("")
        from widgets.rate_gauge import notes

        is_wide = self.size.width >= WIDE_COLUMNS
        cells = WIRE if is_wide else SHORT_WIRE
        before, after = notes(shown, muted(self))
        parts = [before]
        for number, gauge in enumerate(gauges[: 2 if fit.second else 1]):
            has_wire = fit.second_wire if number else fit.first_wire
            until = fit.second_until if number else fit.first_until
            has_pace = fit.pace and not number
            parts.append(gauge.draw(cells=cells * has_wire, until=until, has_pace=has_pace))
        if fit.age:
            parts.append(after)
        between = GAP if is_wide else f" {self._glyphs.dot} "
        return Content.styled(between, muted(self)).join(part for part in parts if part)

    def _marks(self) -> Content:
        mark = f"!{self.needs_you}" if self.needs_you else ""
        return Content.styled(mark, "bold $warning")

    def _names(self, *, named: bool) -> Content:
        parts: list[Content] = []
        for key, name in self.views:
            word = name.capitalize() if named else ""
            if name == self.active:
                part = Content.assemble(" ", (key, "not bold"), (word, "bold"), " ")
                parts.append(part.stylize("$accent on $panel"))
            else:
                parts.append(Content.assemble(" ", (key, muted(self)), word, " "))
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._row.views:
            if start <= event.x < end:
                self.post_message(self.ViewChosen(name))
                return
        start, end = self._row.gauge
        if start <= event.x < end:
            self.post_message(self.GaugeChosen())


def _difference(one: Content, other: Content) -> tuple[int, int]:
    """First cell in which two rows differ, and the one behind the last; equal where none does."""
    before, after = _characters(one), _characters(other)
    same = 0
    for left, right in zip(before, after, strict=False):
        if left != right:
            break
        same += 1
    start = Content(one.plain[:same]).cell_length
    if one.cell_length != other.cell_length:
        return start, max(one.cell_length, other.cell_length)
    if same == len(before) == len(after):
        return start, start
    rest = 0
    for left, right in zip(reversed(before[same:]), reversed(after[same:]), strict=False):
        if left != right:
            break
        rest += 1
    end = len(other.plain) - rest
    return start, Content(other.plain[:end]).cell_length


def _characters(content: Content) -> list[tuple[str, tuple[object, ...]]]:
    """Every character with its styles."""
    styles: list[tuple[object, ...]] = [()] * len(content.plain)
    for span in content.spans:
        for place in range(span.start, span.end):
            styles[place] += (span.style,)
    return list(zip(content.plain, styles, strict=True))
