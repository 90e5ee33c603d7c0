"""A list of rows by key: selection and scroll survive every refresh."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from widgets.glyphs import Glyphs

GLYPH_COLUMN, TITLE_COLUMN = 2, 4
WHEEL_ROWS = 3
TONES = ("text", "muted", "accent", "warning", "failed", "success")


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row."""

    key: str
    """Who it is, through all refreshes."""
    title: str
    meta: str = ""
    """Muted, at the right."""
    glyph: str = ""
    """One cell."""
    group: str = ""
    """Rows of one group stand together, below its name."""
    is_current: bool = False
    """Whether it is what the main pane shows."""
    tone: str = ""
    """Role of the glyph's colour: one of `TONES`."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What stands in one line of the whole list."""

    row: int
    """Number of the row; -1 for none."""
    head: str = ""
    """Name of the group that begins here."""
    count: int = 0


class RowList(Widget, can_focus=True):
    """Rows in groups; the selected one is raised and has a bar at the edge."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-list--" + role
        for role in (*TONES, "group", "selected", "selected-muted", "bar", "bar-blurred")
    }

    rows: reactive[tuple[ListRow, ...]] = reactive(())
    empty: reactive[str] = reactive("")
    """What is said where there are no rows."""

    @dataclass
    class Highlighted(Message):
        """Another row is selected."""

        key: str

    @dataclass
    class Opened(Message):
        """The user opens a row."""

        key: str

    def __init__(self, glyphs: Glyphs, *, empty: str = "", id: str | None = None) -> None:  # noqa: A002
        """A list without rows.

        Args:
            glyphs: Marks to draw with.
            empty: What is said where there are no rows.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._places: list[_Place] = []
        self._place_of: dict[str, int] = {}
        self._selected: str | None = None
        self._top = 0
        self._new_above: set[str] = set()
        self.set_reactive(RowList.empty, empty)

    @property
    def selected(self) -> str | None:
        """Key of the selected row."""
        return self._selected

    @property
    def new_above(self) -> int:
        """How many rows came above the view and were not seen yet."""
        return len(self._new_above)

    def select(self, key: str) -> None:
        """Select a row and bring it into view; one that is not there changes nothing."""
        if key in self._place_of and key != self._selected:
            self._selected = key
            self._bring_into_view()
            self.post_message(self.Highlighted(key))
            self.refresh()

    def watch_rows(self, old: tuple[ListRow, ...], rows: tuple[ListRow, ...]) -> None:
        top_key, above = self._first_seen(old)
        order = [row.key for row in old]
        self._lay_out(rows)
        known = set(order)
        if self._selected not in self._place_of:
            self._selected = self._nearest(order, self._selected)
        if top_key is not None and self._top:
            kept = self._nearest(order, top_key)
            if kept is not None:
                self._top = self._place_of[kept] - (above if kept == top_key else 0)
                came = {row.key for row in rows if row.key not in known}
                self._new_above |= {key for key in came if self._place_of[key] < self._top}
        self._stop_at_ends()
        self.refresh()

    def _lay_out(self, rows: Sequence[ListRow]) -> None:
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.group] = counts.get(row.group, 0) + 1
        self._places = []
        self._place_of = {}
        group = ""
        for number, row in enumerate(rows):
            if row.group != group:
                group = row.group
                if self._places:
                    self._places.append(_Place(-1))
                if group:
                    self._places.append(_Place(-1, group, counts[group]))
            self._place_of[row.key] = len(self._places)
            self._places.append(_Place(number))

    def _nearest(self, order: Sequence[str], key: str | None) -> str | None:
        """The key itself, or what stood nearest to it and is still there."""
        if not self._place_of:
            return None
        if key in self._place_of:
            return key
        if key in order:
            place = order.index(key)
            for other in [*order[place:], *reversed(order[:place])]:
                if other in self._place_of:
                    return other
        return next((row.key for row in self.rows if row.is_current), self.rows[0].key)

    def _first_seen(self, rows: Sequence[ListRow]) -> tuple[str | None, int]:
        """Key of the first row in view, and how many lines of the view are above it."""
        for place in range(self._top, min(len(self._places), self._top + self.size.height)):
            number = self._places[place].row
            if number >= 0:
                return rows[number].key, place - self._top
        return None, 0

    def _stop_at_ends(self) -> None:
        height = max(1, self.size.height)
        self._top = max(0, min(self._top, len(self._places) - height))
        self._new_above = {
            key for key in self._new_above if self._place_of.get(key, self._top) < self._top
        }

    def _bring_into_view(self) -> None:
        if self._selected is None:
            return
        place = self._place_of[self._selected]
        first = place
        while first > 0 and self._places[first - 1].row < 0:
            first -= 1
        height = max(1, self.size.height)
        if first < self._top:
            self._top = first
        elif place >= self._top + height:
            self._top = place - height + 1
        self._stop_at_ends()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        text = self._style("text")
        place = self._top + y
        if not self.rows:
            said = self.empty if y == 0 else ""
            return _strip([(" " * GLYPH_COLUMN + said, self._style("muted"))], width, text)
        if y == 0 and self._new_above:
            words = f"{' ' * GLYPH_COLUMN}{self._glyphs.up} {len(self._new_above)} new"
            return _strip([(words, self._style("accent"))], width, text)
        if place >= len(self._places):
            return _strip([], width, text)
        line = self._places[place]
        if line.row >= 0:
            return self._row(self.rows[line.row], width)
        if not line.head:
            return _strip([], width, text)
        head = (" " * GLYPH_COLUMN + line.head.upper(), self._style("group"))
        return _strip([head], width, text, (str(line.count), self._style("muted")))

    def _row(self, row: ListRow, width: int) -> Strip:
        is_selected = row.key == self._selected
        text = self._style("selected" if is_selected else "text")
        muted = self._style("selected-muted" if is_selected else "muted")
        bar = " "
        bar_style = text
        if is_selected:
            bar = self._glyphs.selected
            bar_style = self._style("bar" if self.has_focus else "bar-blurred")
        glyph_style = text
        if row.tone in TONES:
            glyph_style = self._style(row.tone)
            if is_selected:
                glyph_style = text + Style(color=glyph_style.color)
        glyph = set_cell_size(row.glyph, 1)
        meta = f"{row.meta} " if row.meta else ""
        room = width - TITLE_COLUMN - (cell_len(meta) + 2 if meta else 1)
        if meta and room < min(12, cell_len(row.title)):
            meta = ""
            room = width - TITLE_COLUMN - 1
        title = self._cut(row.title, max(0, room))
        if row.is_current and not is_selected:
            text += Style(bold=True)
        pieces = [
            (bar, bar_style),
            (" " * (GLYPH_COLUMN - 1), muted),
            (glyph, glyph_style),
            (" " * (TITLE_COLUMN - GLYPH_COLUMN - 1), muted),
            (title, text),
        ]
        return _strip(pieces, width, muted, (meta.rstrip(), muted) if meta else None)

    def _cut(self, text: str, room: int) -> str:
        text = " ".join(text.split())
        if cell_len(text) <= room:
            return text
        return (
            set_cell_size(text, max(0, room - 1)).rstrip() + self._glyphs.ellipsis if room else ""
        )

    def _style(self, role: str) -> Style:
        return self.get_component_rich_style("row-list--" + role)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        self._bring_into_view()
        self._stop_at_ends()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(WHEEL_ROWS)

    def _scroll(self, lines: int) -> None:
        self._top += lines
        self._stop_at_ends()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        if event.y == 0 and self._new_above:
            self._top = 0
            self._stop_at_ends()
            self.refresh()
            return
        place = self._top + event.y
        if 0 <= place < len(self._places) and (number := self._places[place].row) >= 0:
            self.select(self.rows[number].key)
            self.action_open()

    def _move(self, rows: int) -> None:
        if not self.rows:
            return
        number = -1 if rows > 0 else len(self.rows)
        if self._selected in self._place_of:
            number = self._places[self._place_of[self._selected]].row
        self.select(self.rows[max(0, min(number + rows, len(self.rows) - 1))].key)
        if self._place_of.get(self._selected or "", 0) <= 2:
            self._top = 0
            self._stop_at_ends()
            self.refresh()

    def action_cursor_up(self) -> None:
        """Select the row above."""
        self._move(-1)

    def action_cursor_down(self) -> None:
        """Select the row below."""
        self._move(1)

    def action_page_up(self) -> None:
        """Select a row one page up."""
        self._move(-max(1, self.size.height - 2))

    def action_page_down(self) -> None:
        """Select a row one page down."""
        self._move(max(1, self.size.height - 2))

    def action_home(self) -> None:
        """Select the first row."""
        self._move(-len(self.rows))

    def action_end(self) -> None:
        """Select the last row."""
        self._move(len(self.rows))

    def action_open(self) -> None:
        """Open the selected row."""
        if self._selected is not None:
            self.post_message(self.Opened(self._selected))


def _strip(
    pieces: Sequence[tuple[str, Style]],
    width: int,
    fill: Style,
    right: tuple[str, Style] | None = None,
) -> Strip:
    """A line of exactly `width` cells, with something at its right end and one blank after it."""
    used = sum(cell_len(text) for text, _ in pieces)
    segments = [Segment(text, style) for text, style in pieces if text]
    if right is not None and (gap := width - used - cell_len(right[0]) - 1) >= 1:
        segments += [Segment(" " * gap, fill), Segment(*right), Segment(" ", fill)]
        used = width
    if used < width:
        segments.append(Segment(" " * (width - used), fill))
    return Strip(segments).adjust_cell_length(width, fill)
