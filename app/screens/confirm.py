"""A question before what cannot be undone."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from app.screens.overlay import Overlay
from widgets.footer import Footer, Hint
from widgets.glyphs import Glyphs

ROOM_FOR_ENTER = 30
"""Columns of the screen."""


class ConfirmScreen(Overlay[bool]):
    """Asks, and takes everything but a plain yes for a no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "answer(True)", "yes", show=False, id="confirm.yes"),
        Binding("n,N,q,enter", "answer(False)", "no", show=False, id="confirm.no"),
    ]

    def __init__(
        self,
        question: str,
        detail: str = "",
        yes: str = "yes",
        *,
        glyphs: Glyphs,
        no: str = "no",
    ) -> None:
        """A question.

        Args:
            question: One sentence.
            detail: What cannot be undone.
            yes: A verb for what is done after a yes.
            glyphs: Marks to draw with.
            no: A verb for what is done otherwise.
        """
        super().__init__(glyphs)
        self._question = question
        self._detail = detail
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        with Vertical(classes="popup"):
            with VerticalScroll(classes="words", can_focus=False):
                yield Static(Content(self._question), classes="question")
                if self._detail:
                    yield Static(Content(self._detail), classes="detail")
            yield Footer(self.glyphs)

    def on_resize(self, event: events.Resize) -> None:
        no_key = "enter" if event.size.width >= ROOM_FOR_ENTER else "n"
        self.query_one(Footer).hints = (
            Hint("answer(True)", "y", self._yes),
            Hint("answer(False)", no_key, self._no),
        )

    def action_answer(self, is_yes: bool) -> None:
        """Close with an answer."""
        self.dismiss(is_yes)

    def action_close(self) -> None:
        """Close with a no."""
        self.dismiss(False)
