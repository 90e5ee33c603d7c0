"""What the panes of sign-in are made of."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from services.models.failure import Failure, as_sentence
from widgets.muted import muted


class Step(Horizontal):
    """A numbered sentence, and what it speaks of below it."""

    def __init__(self, number: int, words: Content, *below: Widget) -> None:
        """A step.

        Args:
            number: Of the step.
            words: One sentence.
            below: Widgets under the sentence.
        """
        super().__init__(classes="" if below else "-bare")
        self._number = number
        self._words = words
        self._below = below

    def compose(self) -> ComposeResult:
        yield Static(Content(str(self._number)), classes="number muted")
        with Vertical(classes="told"):
            yield Static(self._words)
            yield from self._below


class Trouble(Static):
    """A failure: its cause in bold, what to do, and a muted request id."""

    def __init__(self, failure: Failure | None = None, *, classes: str = "") -> None:
        """A failure.

        Args:
            failure: What went wrong; nothing is shown without one.
            classes: For the styles.
        """
        super().__init__(classes=classes)
        self._failure = failure

    def on_mount(self) -> None:
        self.show(self._failure)

    def show(self, failure: Failure | None) -> None:
        """Show another failure, or none."""
        self._failure = failure
        self.display = failure is not None
        self.update(_told(failure, muted(self)) if failure is not None else "")


def _told(failure: Failure, muted_style: str) -> Content:
    words = Content.styled(as_sentence(failure.message), "bold")
    if failure.next_step:
        words = Content.assemble(words, " ", as_sentence(failure.next_step))
    if failure.request_id:
        words = Content.assemble(words, "\n", (f"request {failure.request_id}", muted_style))
    return words


def keyed(key: str, words: str, muted_style: str) -> Content:
    """A key and what it does, muted."""
    return Content.assemble(key, (f" {words}", muted_style))
