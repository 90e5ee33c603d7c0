"""What stands at the composer: which model answers, how full its context is."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import Glyphs


class ComposerFacts(Widget):
    """One muted row: model at the left, context at the right; one string where it is low."""

    left: reactive[str] = reactive("", layout=True)
    right: reactive[str] = reactive("", layout=True)

    def __init__(self, glyphs: Glyphs, *, classes: str) -> None:
        """An empty row.

        Args:
            glyphs: Marks to draw with.
            classes: Where it stands.
        """
        super().__init__(classes=classes)
        self._glyphs = glyphs

    def get_content_width(self, container: object, viewport: object) -> int:
        return Content(self.left).cell_length + Content(self.right).cell_length + 2

    def render(self) -> Content:
        width = self.size.width
        right = Content(self.right)
        left = cut(Content(self.left), width - right.cell_length - 1, self._glyphs.ellipsis)
        gap = max(0, width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)


class PromptMark(Widget):
    """The mark in front of the field."""

    def __init__(self, mark: str) -> None:
        """A mark of one cell."""
        super().__init__()
        self._mark = mark

    def render(self) -> Content:
        return Content(self._mark)
