"""Rows to choose from, found by name: group heads, marked letters, one row selected."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import Glyphs
from widgets.muted import muted

ROWS_FOR_HEADS = 5
ROWS_FOR_GAPS = 10
LEAST_DETAIL = 6
HEAD_INDENT, INDENT = 2, 4
MARGIN = 3
ROOM_FOR_MARGIN = 40
"""Columns; below them one blank at the right end has to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteRow:
    """One row that can be chosen."""

    key: str
    title: str
    group: str = ""
    """Head above the first row of a run with the same group; empty for none."""
    detail: str = ""
    keys: str = ""
    marked: tuple[int, ...] = ()
    """Offsets of the letters of the title that were searched for."""


class PaletteList(Widget):
    """Draws the rows around the selected one; long lists cost what is shown of them."""

    selected: reactive[int] = reactive(0)
    room: reactive[int] = reactive(12, layout=True)
    """Rows that may be used; with little room gaps go, then heads."""

    @dataclass
    class Chosen(Message):
        """A row was clicked."""

        key: str

    def __init__(self, glyphs: Glyphs, rows: Sequence[PaletteRow] = ()) -> None:
        """A list of `rows`; the height stays that of these rows when fewer are shown later.

        Args:
            glyphs: Marks to draw with.
            rows: All rows there are.
        """
        super().__init__()
        self._glyphs = glyphs
        self._rows = tuple(rows)
        self._most = self._rows
        self._top = 0

    @property
    def rows(self) -> tuple[PaletteRow, ...]:
        """What is shown now."""
        return self._rows

    @property
    def selected_row(self) -> PaletteRow | None:
        """The row that Enter would choose."""
        return self._rows[self.selected] if self._rows else None

    def show_rows(self, rows: Sequence[PaletteRow], selected: int = 0) -> None:
        """Show other rows, one of them selected."""
        self._rows = tuple(rows)
        self._top = 0
        self.set_reactive(PaletteList.selected, max(0, min(selected, len(self._rows) - 1)))
        self._keep_in_view()
        self.refresh()

    def move(self, by: int) -> None:
        """Select the row `by` rows below, or the last one there is."""
        self.selected += by

    def page(self, pages: int) -> None:
        """Select the row that many screens below."""
        self.move(pages * max(1, self.size.height - 1))

    def validate_selected(self, selected: int) -> int:
        return max(0, min(selected, len(self._rows) - 1))

    def watch_selected(self) -> None:
        self._keep_in_view()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, min(self.room, len(self._lines(self._most, self.room))))

    def on_resize(self) -> None:
        self._keep_in_view()

    def render(self) -> Content:
        """The lines in view."""
        width, height = self.size
        if not self._rows:
            words = " " * HEAD_INDENT + "nothing is called that"
            return Content.styled(words, muted(self)).truncate(width)
        lines = self._lines(self._rows, height)[self._top : self._top + height]
        column = max((Content(row.keys).cell_length for row in self._rows), default=0)
        return Content("\n").join([self._draw(line, width, column) for line in lines])

    def _draw(self, line: int | str, width: int, column: int) -> Content:
        if isinstance(line, str):
            return Content.styled(" " * HEAD_INDENT + line.upper(), f"bold {muted(self)}").truncate(
                width
            )
        row = self._rows[line]
        is_selected = line == self.selected
        right = self._right(row, width, column)
        room = max(1, width - INDENT - self._margin - right.cell_length)
        title = Content(row.title)
        if is_selected:
            title = title.stylize("bold")
        for place in row.marked:
            title = title.stylize("$accent underline", place, place + 1)
        title = cut(title, room, self._glyphs.ellipsis)
        bar = Content.styled(self._glyphs.selected, "$accent") if is_selected else Content(" ")
        blank = " " * max(0, room - title.cell_length)
        parts = (bar, " " * (INDENT - 1), title, blank, right, " " * self._margin)
        drawn = Content.assemble(*parts).truncate(width)
        return drawn.stylize_before("on $panel") if is_selected else drawn

    def _right(self, row: PaletteRow, width: int, column: int) -> Content:
        """Detail and keys, as far as the title leaves room for them."""
        width -= INDENT + self._margin
        room = width - min(Content(row.title).cell_length, width // 2)
        keys = Content(row.keys)
        if column + 2 > room:
            return Content("")
        tail = Content.assemble("  ", " " * (column - keys.cell_length), keys) if column else keys
        room = width - 2 - Content(row.title).cell_length - tail.cell_length
        if not row.detail or room < LEAST_DETAIL:
            return tail
        detail = cut(Content(row.detail), room, self._glyphs.ellipsis)
        return Content.assemble("  ", detail.stylize(muted(self)), tail)

    @property
    def _margin(self) -> int:
        return MARGIN if self.size.width >= ROOM_FOR_MARGIN else 1

    def _lines(self, rows: Sequence[PaletteRow], height: int) -> list[int | str]:
        """What stands where: the place of a row, a head, or an empty line."""
        if height < ROWS_FOR_HEADS:
            return list(range(len(rows)))
        lines: list[int | str] = []
        group = ""
        for place, row in enumerate(rows):
            if row.group != group:
                if lines and height >= ROWS_FOR_GAPS:
                    lines.append("")
                if row.group:
                    lines.append(row.group)
                group = row.group
            lines.append(place)
        return lines

    def _keep_in_view(self) -> None:
        height = self.size.height or self.room
        if not self._rows:
            self._top = 0
            return
        lines = self._lines(self._rows, height)
        place = lines.index(self.selected)
        # The head of the first row of a group is shown with it.
        first = place - 1 if place and isinstance(lines[place - 1], str) else place
        if height < 2:
            first = place
        top = min(self._top, first) if first < self._top else max(self._top, place - height + 1)
        self._top = max(0, min(top, len(lines) - height))

    def on_click(self, event: events.Click) -> None:
        lines = self._lines(self._rows, self.size.height)
        place = self._top + event.y
        line = lines[place] if place < len(lines) else ""
        if isinstance(line, int):
            self.selected = line
            self.post_message(self.Chosen(self._rows[line].key))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-1)

    def _scroll(self, by: int) -> None:
        last = len(self._lines(self._rows, self.size.height)) - self.size.height
        self._top = max(0, min(self._top + by, last))
        self.refresh()
