"""A few facts, each with its name before it."""

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from widgets.muted import muted

GAP = 2


class FactRows(Widget):
    """Muted names at the left, values at the right; a value that has no room goes on below."""

    rows: reactive[tuple[tuple[str, str], ...]] = reactive((), layout=True)
    """Name and value, clean."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        """All facts."""
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        head = max((Content(name).cell_length for name, _ in self.rows), default=0) + GAP
        is_narrow = width < 2 * head
        room = max(2, width - GAP if is_narrow else width - head)
        lines: list[Content] = []
        for name, value in self.rows:
            shown = Content.styled(name, muted(self))
            folded = Content(value).wrap(room)
            if is_narrow:
                lines.append(shown)
                lines += [Content.assemble(" " * GAP, line) for line in folded]
                continue
            first, *others = folded or [Content("")]
            lines.append(Content.assemble(shown, " " * (head - shown.cell_length), first))
            lines += [Content.assemble(" " * head, line) for line in others]
        return lines
