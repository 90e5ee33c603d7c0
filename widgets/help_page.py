"""All keys of a place in columns, found by words, scrolled where they are more than fit."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from widgets.glyphs import Glyphs
from widgets.key_group import KeyGroup, draw_head, draw_row
from widgets.muted import muted

THREE_COLUMNS, TWO_COLUMNS = 100, 64
"""Least cells of the page for so many columns."""
LEAST_KEYS, MOST_KEYS, WIDE_KEYS, WIDE = 8, 13, 18, 50
"""Cells for the keys of a group, and most of them in columns from so many cells on."""
PADDING, GUTTER = 2, 3


class HelpPage(Widget):
    """Groups of keys flow through the columns in their order."""

    @dataclass
    class Moved(Message):
        """Other lines are in view."""

        first: int
        """From 1; 0 where there are none."""
        last: int
        total: int

    def __init__(self, groups: Sequence[KeyGroup], glyphs: Glyphs) -> None:
        """A page of these groups.

        Args:
            groups: In their order.
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._groups = tuple(groups)
        self._glyphs = glyphs
        self._shown = self._groups
        self._top = 0
        self._lines: list[Content] = []

    def find(self, query: str) -> None:
        """Keep the rows that hold every word of `query`."""
        words = query.casefold().split()
        kept = (
            KeyGroup(name=group.name, rows=rows)
            for group in self._groups
            if (rows := tuple(row for row in group.rows if _holds(row, words)))
        )
        self._shown = tuple(kept)
        self._top = 0
        self._flow()

    def move(self, lines: int) -> None:
        """Scroll by lines, as far as there are any."""
        self._top = max(0, min(self._top + lines, len(self._lines) - self.size.height))
        self._tell()

    def page(self, pages: int) -> None:
        """Scroll by screens, one line of which stays."""
        self.move(pages * max(1, self.size.height - 1))

    def move_to(self, *, end: bool) -> None:
        """Scroll to the start or the end."""
        self.move(len(self._lines) if end else -len(self._lines))

    def render(self) -> Content:
        """The lines in view."""
        return Content("\n").join(self._lines[self._top : self._top + self.size.height])

    def on_resize(self, event: events.Resize) -> None:
        self._flow()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-3)

    def _tell(self) -> None:
        self.refresh()
        total = len(self._lines)
        last = min(total, self._top + self.size.height)
        self.post_message(self.Moved(min(total, self._top + 1), last, total))

    def _flow(self) -> None:
        """Lay the groups out for the width there is."""
        width = self.size.width
        count = 3 if width >= THREE_COLUMNS else 2 if width >= TWO_COLUMNS else 1
        padding = PADDING if width >= TWO_COLUMNS // 2 else 1
        cells = max(8, (width - 2 * padding - (count - 1) * GUTTER) // count)
        blocks = [self._draw(group, cells) for group in self._shown]
        columns = _columns(blocks, count)
        line = Content.styled(f" {self._glyphs.pane_line} ", "$line")
        self._lines = []
        for place in range(max((len(column) for column in columns), default=0)):
            drawn = Content(" " * padding)
            for number, column in enumerate(columns):
                part = column[place] if place < len(column) else Content("")
                blank = " " * (cells - part.cell_length)
                drawn = Content.assemble(drawn, line if number else "", part, blank)
            self._lines.append(drawn.truncate(max(1, width)))
        if not self._lines:
            self._lines = [Content.styled(" " * padding + "no key does that", muted(self))]
        self.move(0)

    def _draw(self, group: KeyGroup, cells: int) -> list[Content]:
        most = WIDE_KEYS if cells >= WIDE else min(MOST_KEYS, cells * 2 // 5)
        lengths = [Content(keys).cell_length for keys, _ in group.rows]
        fitting = max((length for length in lengths if length <= most), default=0)
        column = max(min(LEAST_KEYS, most), fitting) + 2
        mark, quiet = self._glyphs.ellipsis, muted(self)
        lines = [draw_head(group.name, cells, mark, quiet)]
        for keys, words in group.rows:
            parts = textwrap.wrap(words, max(4, cells - column)) or [""]
            if Content(keys).cell_length > column - 2:
                lines.append(draw_row(keys, "", 0, cells, mark, quiet))
                keys = ""  # noqa: PLW2901 the words follow under it
            for part in parts:
                lines.append(draw_row(keys, part, column, cells, mark, quiet))
                keys = ""  # noqa: PLW2901 only the first line names it
        return lines


def _holds(row: tuple[str, str], words: Sequence[str]) -> bool:
    text = " ".join(row).casefold()
    return all(word in text for word in words)


def _columns(blocks: Sequence[list[Content]], count: int) -> list[list[Content]]:
    """The blocks in at most `count` columns, as low as can be, an empty line between two."""
    most = sum(len(block) + 1 for block in blocks)
    for height in range(max((len(block) for block in blocks), default=0), most + 1):
        columns: list[list[Content]] = [[]]
        for block in blocks:
            if columns[-1] and len(columns[-1]) + 1 + len(block) > height:
                columns.append([])
            if columns[-1]:
                columns[-1].append(Content(""))
            columns[-1].extend(block)
        if len(columns) <= count:
            return columns
    return []
