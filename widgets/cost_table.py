"""Where the limits went: a row for each work, a column for each window."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import UNICODE, Glyphs
from widgets.muted import muted

GLYPH, TIME, GAP, LEAST_TITLE = 2, 11, 2, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """One work."""

    title: str
    time: str = ""
    glyph: str = ""
    """`C` for a task; a chat has none."""
    values: tuple[str, ...] = ()
    """One for each column: `6.1%`; empty where nothing was seen."""
    tone: Literal["text", "muted", "shared"] = "text"
    """`shared`: some of it was spent while something else ran, so that it is in italics."""


class CostTable(Widget):
    """A bold head with the names of the columns, and rows below it."""

    head: reactive[str] = reactive("", layout=True)
    columns: reactive[tuple[str, ...]] = reactive((), layout=True)
    rows: reactive[tuple[CostRow, ...]] = reactive((), layout=True)
    empty: reactive[str] = reactive("", layout=True)
    """What is said where there are no rows."""

    def __init__(self, glyphs: Glyphs = UNICODE, *, empty: str = "", id: str | None = None) -> None:  # noqa: A002
        """A table without rows.

        Args:
            glyphs: Marks to draw with.
            empty: What is said where there are none.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self.set_reactive(CostTable.empty, empty)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 + max(len(self.rows), 1)

    def render(self) -> Content:
        """As many rows as there is room for; the last one says how many have none."""
        width, height = self.size.width, self.size.height
        widths = self._widths(width)
        lines = [self._line(Content.styled(self.head, "bold"), "", "", self.columns, widths)]
        if not self.rows:
            lines.append(Content.styled(self.empty, muted(self)))
        room = max(0, height - 1)
        shown = self.rows if len(self.rows) <= room else self.rows[: max(0, room - 1)]
        for row in shown:
            style = {"text": "$foreground", "muted": muted(self), "shared": "italic"}[row.tone]
            line = self._line(Content(row.title), row.glyph, row.time, row.values, widths)
            lines.append(line.stylize_before(style))
        if len(shown) < len(self.rows) and room:
            more = f"{' ' * GLYPH}{self._glyphs.down} {len(self.rows) - len(shown)} more"
            lines.append(Content.styled(more, muted(self)))
        cut_lines = [cut(line, width, self._glyphs.ellipsis) for line in lines]
        return Content("\n").join(cut_lines[: max(1, height)])

    def _widths(self, width: int) -> list[int]:
        """Cells of each column, without those for which there is no room."""
        widths: list[int] = []
        room = width - GLYPH - LEAST_TITLE - GAP - TIME
        for number, name in enumerate(self.columns):
            values = [row.values[number] for row in self.rows if number < len(row.values)]
            cells = max(Content(text).cell_length for text in (name, *values)) + GAP
            if cells > room:
                break
            room -= cells
            widths.append(cells)
        return widths

    def _line(
        self, title: Content, glyph: str, time: str, values: Sequence[str], widths: list[int]
    ) -> Content:
        is_head = values is self.columns
        width = self.size.width
        right = Content("")
        for cells, value in zip(widths, values, strict=False):
            shown = value or ("" if is_head else self._glyphs.dot)
            style = muted(self) if is_head or not value else ""
            gap = " " * (cells - Content(shown).cell_length)
            right = Content.assemble(right, gap, (shown, style))
        when = Content.styled(time, muted(self))
        when = Content.assemble(" " * max(0, TIME - when.cell_length), when)
        left = GLYPH if not is_head else 0
        room = width - left - TIME - GAP - right.cell_length
        name = cut(title, max(1, room), self._glyphs.ellipsis)
        mark = Content.styled(glyph.ljust(GLYPH), "$codex") if left else Content("")
        gap = " " * (max(1, room) - name.cell_length + GAP)
        return Content.assemble(mark, name, gap, when, right)
