"""What the view of all limits shows: title, windows, chart, table, ledger, reserve."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from app.views import limits_rows as rows
from app.views.limits_page import NoticeBox, PageContent, WindowList, WindowPage
from app.views.limits_ranges import RANGES, chart_data
from app.views.limits_record import PageRecord, Record, changes_words, head_words
from app.views.limits_states import Notice, notice_of
from app.views.limits_words import as_of_words, plan_words, short_name
from services.models.limit_terms import Show
from services.models.limits import LimitsState, Standing
from widgets.cost_table import CostTable
from widgets.glyphs import Glyphs
from widgets.ledger_list import LedgerList
from widgets.limit_chart import LimitChart
from widgets.limit_legend import LimitBrief, LimitLegend
from widgets.limit_plot import MOST_POINTS
from widgets.pane_title import PaneTitle

ONE_COLUMN, WIDE_ASIDE = 100, 160
"""Columns below which there is one column only, and from which the right one is wider."""
MOST_HOURS = 72
"""Rows of the page of a window."""


CHANGED = "What the server changed"
OTHERS = "Changes of the account, and of windows that are gone"


class LimitsBoard(Widget):
    """All of it, made from values: it asks nobody."""

    def __init__(self, *, shows: Show, glyphs: Glyphs, has_colour: bool) -> None:
        """A board without numbers.

        Args:
            shows: The percentage that is shown.
            glyphs: Marks to draw with.
            has_colour: False tells the lines of the chart apart by marks.
        """
        super().__init__()
        self._shows: Show = shows
        self._glyphs = glyphs
        self._title = PaneTitle(glyphs, id="limits-title")
        self._notice = NoticeBox(glyphs)
        self.windows = WindowList(glyphs)
        self._legend = LimitLegend(glyphs)
        self.chart = LimitChart(glyphs, has_colour=has_colour)
        self._table = CostTable(glyphs, empty="no use seen yet")
        self._changes = LedgerList(
            glyphs, head=CHANGED, empty="nothing since it was read first", key="enter"
        )
        self._changes.add_class("changes")
        self._reserve = LedgerList(glyphs, head="In reserve", empty="no credits, no resets")
        self._brief = LimitBrief(glyphs)
        self.page = WindowPage(glyphs)

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._notice
        yield self.windows
        yield self._legend
        with Horizontal(classes="lower"):
            with Vertical(classes="history"):
                yield self.chart
                yield self._table
            with Vertical(classes="aside"):
                yield self._changes
                yield self._reserve
        yield self._brief
        yield self.page

    @property
    def selected(self) -> str:
        """Id of the selected window; empty where there is none."""
        return self.windows.selected

    @property
    def columns(self) -> int:
        """Points of a line: two for a cell, and not more than are drawn quickly."""
        return max(1, min(2 * self.chart.columns, MOST_POINTS // 2))

    def tell(
        self,
        state: LimitsState,
        now: float,
        *,
        news: Notice | None,
        account: str,
        is_active: bool,
        is_page_open: bool,
    ) -> None:
        """Show everything that the time changes.

        Args:
            state: What is known.
            now: Unix seconds.
            news: What came of the last thing that was asked for; it comes before what is wrong.
            account: Who is signed in.
            is_active: Whether the view has the focus.
            is_page_open: Whether one window is shown instead of all.
        """
        self._title.count = f" {self._glyphs.dot} ".join(
            filter(None, (plan_words(state.plan), account))
        )
        self._title.facts = as_of_words(state, now, self._glyphs.dot)
        self._title.is_active = is_active
        self._notice.notice = news or notice_of(state, now, self._glyphs.ellipsis)
        has_numbers = state.standing in {Standing.KNOWN, Standing.UNKNOWN}
        self.set_class(not has_numbers, "-none")
        self.set_class(is_page_open, "-page")
        shown = rows.window_rows(state, now, self._shows, self._glyphs) if has_numbers else ()
        self.set_class(not shown, "-bare")
        name = next((row.name for row in shown if row.id == self.selected), "")
        self._title.title = name if is_page_open and name else "Limits"
        self.windows.show(shown, is_active=is_active, is_one=is_page_open)
        self._legend.names, self._legend.columns = self.windows.names(shown), self.windows.columns
        self._legend.has_range = any(row.time and row.time.early is not None for row in shown)
        self._legend.last_turn = self._brief.last_turn = rows.last_turn(state, self._glyphs.minus)
        self._reserve.rows = self.page.reserve.rows = rows.reserve_rows(state, now)
        self._brief.reserve = rows.reserve_words(state, now, self._glyphs.dot)

    def tell_record(self, state: LimitsState, now: float, record: Record, zoom: int) -> None:
        """Show everything that was read from the store.

        Args:
            state: What is known.
            now: Unix seconds.
            record: What was read.
            zoom: Number of the chart's range in `limits_ranges.RANGES`.
        """
        until = now if record.until is None else record.until
        data = chart_data(state, record.series, zoom, until, self.selected)
        self.chart.data = data
        has_points = any(line.series.points for line in data.lines)
        is_reading = record.until is None and state.failure is None
        nothing = f"reading{self._glyphs.ellipsis}" if is_reading else "no history yet"
        self.chart.note = "" if has_points else nothing
        windows = rows.table_windows(state, self.selected)
        self._table.head = "Where it went, today"
        self._table.columns = tuple(f"% of {short_name(window)}" for window in windows)
        self._table.rows = rows.cost_rows(record.costs, windows, now)
        entries = rows.ledger_rows(record.ledger, now, self._glyphs)
        self._changes.rows = entries
        self._brief.entry = entries[0] if entries else None
        self._brief.nothing = (
            "" if record.until is None else "nothing changed since it was read first"
        )
        changes = changes_words(record.ledger, self.selected, state)
        ways = [changes] if changes else []
        if state.windows:
            ways.insert(0, f"where it went, {changes}" if changes else "where it went")
        self._brief.hint = ("enter", *ways) if ways else ()

    def tell_page(self, state: LimitsState, record: PageRecord, zoom: int) -> None:
        """Fill the page of a window.

        Args:
            state: Names the windows.
            record: What was read.
            zoom: As of `tell_record`.
        """
        now = record.until
        windows = rows.table_windows(state, record.window_id)
        # What the selected window is about comes first.
        windows = tuple(sorted(windows, key=lambda window: window.id != record.window_id))
        hours = rows.cost_rows(record.hours[:MOST_HOURS], windows, now)
        is_cut = len(record.hours) > MOST_HOURS
        content = PageContent(
            heads=(
                f"Where it went, last {RANGES[zoom][1]}",
                f"By the hour, the newest {MOST_HOURS}" if is_cut else "By the hour",
                head_words(CHANGED, record.ledger, self._glyphs.dot),
                head_words(OTHERS, record.others, self._glyphs.dot),
            ),
            columns=tuple(f"% of {short_name(window)}" for window in windows),
            works=rows.cost_rows(record.works, windows, now),
            hours=hours,
            ledger=rows.ledger_rows(record.ledger, now, self._glyphs),
            others=rows.ledger_rows(record.others, now, self._glyphs),
            has_window=bool(record.window_id),
        )
        self.page.show(content)

    def on_resize(self) -> None:
        width = self.size.width
        self.set_class(width < ONE_COLUMN, "-narrow")
        self.set_class(width >= WIDE_ASIDE, "-wide")
