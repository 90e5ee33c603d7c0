"""A keyed list that never jumps under the cursor: groups, one row selected, drawn line by line."""

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

WHEEL_ROWS = 3
GLYPH, TITLE, RIGHT = 2, 4, 2
"""Columns of glyph and title, and blanks at the right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One row; rows of a group stand together."""

    key: str
    title: str
    meta: str = ""
    """Muted, at the right."""
    glyph: str = ""
    group: str = ""
    is_current: bool = False
    """Whether this is what the main pane shows."""
    tone: str = ""
    """Role of the glyph's colour: `warning`, `failed`, `success`; empty for text."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What a line of the list shows: a row, a group's head, or nothing."""

    row: int = -1
    group: str = ""
    count: int = 0


class RowList(Widget, can_focus=True):
    """Rows by key; selection and scroll are kept by key through every change."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-list--text",
        "row-list--muted",
        "row-list--group",
        "row-list--selected",
        "row-list--selected-muted",
        "row-list--bar",
        "row-list--bar-blurred",
        "row-list--accent",
        "row-list--warning",
        "row-list--failed",
        "row-list--success",
    }

    rows: reactive[tuple[ListRow, ...]] = reactive((), init=False)
    selected_key: reactive[str] = reactive("", init=False)
    new_above: reactive[int] = reactive(0)
    """Rows that came above what is seen."""

    @dataclass
    class Highlighted(Message):
        """Another row is selected."""

        key: str

    @dataclass
    class Opened(Message):
        """The selected row shall be opened."""

        key: str

    def __init__(self, glyphs: Glyphs, *, empty: str = "", id: str | None = None) -> None:  # noqa: A002
        """An empty list.

        Args:
            glyphs: Marks to draw with.
            empty: What an empty list says.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._empty = empty
        self._places: list[_Place] = []
        self._lines: dict[str, int] = {}
        self._top = 0

    def watch_rows(self, old: Sequence[ListRow], new: Sequence[ListRow]) -> None:
        seen = self._places[self._top].row if self._top < len(self._places) else -1
        anchor = old[seen].key if 0 <= seen < len(old) else ""
        offset = self._lines.get(anchor, 0) - self._top
        self._lay_out(new)
        if self.selected_key not in self._lines:
            current = next((row.key for row in new if row.is_current), "")
            self.selected_key = current or (new[0].key if new else "")
        if self._top and anchor in self._lines:
            known = {row.key for row in old}
            top = max(0, self._lines[anchor] - offset)
            self.new_above += sum(
                1 for row in new if row.key not in known and self._lines[row.key] < top
            )
            self._top = top
        self._clamp()
        self.refresh()

    def _lay_out(self, rows: Sequence[ListRow]) -> None:
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.group] = counts.get(row.group, 0) + 1
        self._places = []
        self._lines = {}
        group = ""
        for number, row in enumerate(rows):
            if row.group != group:
                self._places += [_Place(), _Place(group=row.group, count=counts[row.group])]
                group = row.group
            self._lines[row.key] = len(self._places)
            self._places.append(_Place(number))

    def watch_selected_key(self, key: str) -> None:
        self._bring_into_view(key)
        self.refresh()
        if key:
            self.post_message(self.Highlighted(key))

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_resize(self) -> None:
        self._bring_into_view(self.selected_key)

    def action_cursor_down(self) -> None:
        """Select the row below."""
        self._move(1)

    def action_cursor_up(self) -> None:
        """Select the row above."""
        self._move(-1)

    def action_page_down(self) -> None:
        """Select a page further down."""
        self._move(max(1, self.size.height - 2))

    def action_page_up(self) -> None:
        """Select a page further up."""
        self._move(-max(1, self.size.height - 2))

    def action_home(self) -> None:
        """Select the first row."""
        self._move(-len(self.rows))

    def action_end(self) -> None:
        """Select the last row."""
        self._move(len(self.rows))

    def action_open(self) -> None:
        """Open the selected row."""
        if self.selected_key:
            self.post_message(self.Opened(self.selected_key))

    def _move(self, step: int) -> None:
        if self.rows:
            keys = [row.key for row in self.rows]
            place = keys.index(self.selected_key) if self.selected_key in keys else 0
            self.selected_key = keys[max(0, min(place + step, len(keys) - 1))]

    def _bring_into_view(self, key: str) -> None:
        line = self._lines.get(key)
        if line is None:
            return
        head = line - 2 if line >= 2 and self._places[line - 1].group else line
        self._top = min(self._top, head)
        self._top = max(self._top, line - self.size.height + 1)
        self._clamp()

    def _clamp(self) -> None:
        self._top = max(0, min(self._top, len(self._places) - self.size.height))
        if self._top == 0:
            self.new_above = 0

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(WHEEL_ROWS)

    def _scroll(self, lines: int) -> None:
        self._top += lines
        self._clamp()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        line = self._top + event.y
        if 0 <= line < len(self._places) and (row := self._places[line].row) >= 0:
            self.selected_key = self.rows[row].key
            self.action_open()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        text = self._style("text")
        if not self._places:
            said = f"  {self._empty}" if y == 1 else ""
            return self._strip([(said, self._style("muted"))], width, text)
        line = self._top + y
        if y == 0 and self.new_above and self._top:
            words = f"  {self._glyphs.up} {self.new_above} new"
            return self._strip([(words, self._style("accent"))], width, text)
        if line >= len(self._places):
            return self._strip([], width, text)
        place = self._places[line]
        if place.row >= 0:
            return self._row(self.rows[place.row], width)
        if place.group:
            head = self._style("group")
            count = str(place.count)
            gap = width - GLYPH - RIGHT - cell_len(place.group) - len(count)
            pieces = [
                (" " * GLYPH, text),
                (place.group.upper(), head),
                (" " * gap, text),
                (count, self._style("muted")),
            ]
            return self._strip(pieces, width, text)
        return self._strip([], width, text)

    def _row(self, row: ListRow, width: int) -> Strip:
        is_selected = row.key == self.selected_key
        text = self._style("selected" if is_selected else "text")
        muted = self._style("selected-muted" if is_selected else "muted")
        bar = self._style("bar" if self.has_focus else "bar-blurred") if is_selected else text
        mark = self._glyphs.selected if is_selected else " "
        glyph_style = text
        if row.tone and not is_selected:
            glyph_style = self._style(row.tone)
        room = max(1, width - TITLE - RIGHT - cell_len(row.meta) - 1)
        title = row.title
        if cell_len(title) > room:
            title = set_cell_size(title, room - 1).rstrip() + self._glyphs.ellipsis
        gap = max(1, width - TITLE - RIGHT - cell_len(title) - cell_len(row.meta))
        pieces = [
            (mark + " ", bar),
            (set_cell_size(row.glyph, TITLE - GLYPH), glyph_style),
            (title, text),
            (" " * gap, text),
            (row.meta, muted),
        ]
        return self._strip(pieces, width, text)

    def _style(self, role: str) -> Style:
        return self.get_component_rich_style(f"row-list--{role}")

    def _strip(self, pieces: list[tuple[str, Style]], width: int, fill: Style) -> Strip:
        strip = Strip([Segment(text, style) for text, style in pieces if text])
        return strip.adjust_cell_length(width, fill)
