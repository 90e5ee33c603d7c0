"""The first row of a pane: what it shows, and a few facts at its right."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import UNICODE, Glyphs
from widgets.muted import muted


class PaneTitle(Widget):
    """One row: bold title, accent while its pane has the focus, and muted facts."""

    title: reactive[str] = reactive("")
    count: reactive[str] = reactive("")
    """Muted, right after the title."""
    facts: reactive[str] = reactive("")
    """Muted, at the right end; left out where there is no room."""
    is_active: reactive[bool] = reactive(False)

    def __init__(self, glyphs: Glyphs = UNICODE, *, id: str | None = None) -> None:  # noqa: A002
        """An empty row.

        Args:
            glyphs: Marks to draw with.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs

    def watch_is_active(self, is_active: bool) -> None:
        self.set_class(is_active, "-active")

    def render(self) -> Content:
        """Title at the left, facts at the right."""
        width = self.size.width
        title = cut(Content(self.title), max(1, width), self._glyphs.ellipsis)
        head = Content.assemble(title.stylize("bold"))
        if self.count:
            head = Content.assemble(head, " ", (self.count, f"{muted(self)} not bold"))
        gap = width - head.cell_length - Content(self.facts).cell_length
        if not self.facts or gap < 2:
            return head
        return Content.assemble(head, " " * gap, (self.facts, f"{muted(self)} not bold"))
