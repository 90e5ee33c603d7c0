"""The last row of the screen: state at the left, what the keys do at the right."""

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import UNICODE, Glyphs
from widgets.muted import muted


@dataclass(frozen=True, slots=True)
class Hint:
    """One key and its verb."""

    action_id: str
    key: str
    verb: str


class Footer(Widget):
    """One row. The last hint (help) is never cut: the one before it goes first."""

    state: reactive[str] = reactive("")
    hints: reactive[tuple[Hint, ...]] = reactive(())
    """Most important first, but for help, which comes last and stays."""

    @dataclass
    class HintChosen(Message):
        """A hint was clicked."""

        action_id: str

    def __init__(self, glyphs: Glyphs = UNICODE, *, id: str | None = None) -> None:  # noqa: A002
        """An empty row.

        Args:
            glyphs: Marks to draw with.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs

    def render(self) -> Content:
        """State, a gap, and as many hints as there is room for."""
        width = self.size.width
        shown = self._shown()
        right = self._row(shown)
        room = width - right.cell_length - 2
        left = cut(Content.styled(self.state, muted(self)), room, self._glyphs.ellipsis)
        gap = max(0, width - 1 - left.cell_length - right.cell_length)
        return Content.assemble(" ", left, " " * gap, right)

    def _shown(self) -> tuple[Hint, ...]:
        hints = self.hints
        if not hints:
            return ()
        *others, last = hints
        reserve = min(len(self.state), 12) + 3
        while others and self._row((*others, last)).cell_length + reserve > self.size.width:
            others.pop()
        return (*others, last)

    def _row(self, hints: tuple[Hint, ...]) -> Content:
        parts = [Content.assemble((hint.key, ""), " ", (hint.verb, muted(self))) for hint in hints]
        return Content.assemble(Content("  ").join(parts), " ")

    def on_click(self, event: events.Click) -> None:
        shown = self._shown()
        column = self.size.width - self._row(shown).cell_length
        for hint in shown:
            end = column + len(hint.key) + 1 + len(hint.verb)
            if column <= event.x < end:
                self.post_message(self.HintChosen(hint.action_id))
                return
            column = end + 2
