"""The parts of the view of all limits: the list of windows, and the page of one of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from app.views.limits_states import Notice
from widgets.cost_table import CostRow, CostTable
from widgets.glyphs import Glyphs
from widgets.ledger_list import LedgerList, LedgerRow
from widgets.muted import muted
from widgets.window_group import WIDE, WindowGroup, WindowRow

NAMES, NAMES_NARROW = (12, 24), (8, 14)
"""Least and most cells of the names of windows."""
BAR = 2
BARS = {
    "text": "$line",
    "muted": "$line",
    "warning": "$warning",
    "failed": "$error",
    "success": "$success",
}
"""Colour of the bar of a notice."""


class NoticeBox(Widget):
    """What is wrong, and what to do, with a bar at the left; hidden where there is nothing."""

    notice: reactive[Notice | None] = reactive(None, layout=True)

    def __init__(self, glyphs: Glyphs) -> None:
        """Nothing to say yet.

        Args:
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._glyphs = glyphs
        self.display = False

    def watch_notice(self, notice: Notice | None) -> None:
        self.display = notice is not None

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        """Head in bold, the next step below it."""
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        notice = self.notice
        if notice is None:
            return []
        room = max(1, width - BAR)
        head = muted(self) if notice.tone == "muted" else "bold"
        lines = list(Content.styled(notice.head, head).wrap(room))
        if notice.next_step:
            lines += Content.styled(notice.next_step, muted(self)).wrap(room)
        bar = Content.styled(f"{self._glyphs.bar} ", BARS[notice.tone])
        return [Content.assemble(bar, line) for line in lines]


class WindowList(VerticalScroll, can_focus=False):
    """A group of rows for each window, by id; one is selected."""

    ALLOW_SELECT = False

    def __init__(self, glyphs: Glyphs) -> None:
        """A list without windows.

        Args:
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._glyphs = glyphs
        self._groups: dict[str, WindowGroup] = {}
        self._order: tuple[str, ...] = ()
        self._is_one = False
        self.selected = ""
        """Id of the selected window; empty where there is none."""

    def show(self, rows: Sequence[WindowRow], *, is_active: bool, is_one: bool = False) -> None:
        """Show these rows; the groups of windows that were there stay.

        Args:
            rows: One for each window.
            is_active: Whether the view has the focus.
            is_one: Whether only the selected one is shown.
        """
        order = tuple(row.id for row in rows)
        names = self.names(rows)
        has_moved = order != self._order or (self._is_one and not is_one)
        self._is_one = is_one
        if order != self._order:
            self._choose(order)
            for gone in [each for each in self._groups if each not in order]:
                self._groups.pop(gone).remove()
            new = [WindowGroup(row, self._glyphs) for row in rows if row.id not in self._groups]
            self._groups.update({group.row.id: group for group in new if group.row is not None})
            self.mount_all(new)
            self._order = order
            self.sort_children(key=self._place)
        for row in rows:
            group = self._groups[row.id]
            group.names, group.row = names, row
            group.is_active, group.is_selected = is_active, row.id == self.selected
            group.display, group.is_whole = group.is_selected or not is_one, is_one
        if has_moved:
            self._show_selected()

    @property
    def columns(self) -> int:
        """Cells of a row: all but those of the scroll bar."""
        return self.scrollable_content_region.width

    def on_resize(self) -> None:
        self._show_selected()

    def _show_selected(self) -> None:
        """Bring the selected window into view, once all have their places."""
        self.call_after_refresh(self._scroll_to_selected)

    def _scroll_to_selected(self) -> None:
        if (group := self._groups.get(self.selected)) is not None:
            group.scroll_visible(animate=False, immediate=True)

    def names(self, rows: Sequence[WindowRow]) -> int:
        """Cells that the names take."""
        is_wide = self.columns >= WIDE
        least, most = NAMES if is_wide else NAMES_NARROW
        names = [row.name if is_wide else row.short for row in rows]
        longest = max((Content(name).cell_length for name in names), default=0)
        return min(most, max(least, longest))

    def _place(self, child: Widget) -> int:
        row = child.row if isinstance(child, WindowGroup) else None
        return self._order.index(row.id) if row is not None and row.id in self._order else -1

    def _choose(self, order: tuple[str, ...]) -> None:
        """Keep the selection, or give it to the neighbour of what has gone."""
        if self.selected in order or not order:
            self.selected = self.selected if self.selected in order else ""
            return
        place = self._order.index(self.selected) if self.selected in self._order else 0
        self.selected = order[min(place, len(order) - 1)]

    def move(self, steps: int) -> bool:
        """Select another window; whether there was one."""
        if not self._order:
            return False
        place = self._order.index(self.selected) if self.selected in self._order else 0
        return self.select(self._order[max(0, min(place + steps, len(self._order) - 1))])

    def select(self, window_id: str) -> bool:
        """Select a window; whether that changed anything."""
        if window_id == self.selected or window_id not in self._groups:
            return False
        if self.selected in self._groups:
            self._groups[self.selected].is_selected = False
        self.selected = window_id
        self._groups[window_id].is_selected = True
        self._show_selected()
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContent:
    """What the page of a window says."""

    heads: tuple[str, str, str, str]
    """Of works, hours, ledger and others."""
    columns: tuple[str, ...]
    """Names of the windows that the tables have columns for."""
    works: tuple[CostRow, ...]
    """Dearest first."""
    hours: tuple[CostRow, ...]
    """Newest first."""
    ledger: tuple[LedgerRow, ...]
    """Of the window, newest first."""
    others: tuple[LedgerRow, ...]
    """Of the account, and of windows that are gone; newest first."""
    has_window: bool
    """Whether there is a window at all."""


class WindowPage(VerticalScroll, can_focus=False):
    """One window: where it went, by work and by the hour, and what the server did to it."""

    def __init__(self, glyphs: Glyphs) -> None:
        """A page of no window yet.

        Args:
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._works = CostTable(glyphs, empty="no use seen yet")
        self._hours = CostTable(glyphs, empty="no use seen yet")
        self._ledger = LedgerList(glyphs, empty="nothing since it was read first")
        self._others = LedgerList(glyphs)
        self.reserve = LedgerList(glyphs, head="In reserve", empty="no credits, no resets")

    def compose(self) -> ComposeResult:
        yield self._works
        yield self._hours
        yield self._ledger
        yield self._others
        yield self.reserve

    def show(self, content: PageContent) -> None:
        """Fill the page; without a window there is only what is of none."""
        works, hours, ledger, others = self._works, self._hours, self._ledger, self._others
        works.head, hours.head, ledger.head, others.head = content.heads
        works.columns = hours.columns = content.columns
        works.rows, hours.rows = content.works, content.hours
        ledger.rows, others.rows = content.ledger, content.others
        works.display = hours.display = ledger.display = content.has_window
        others.display = bool(content.others)
