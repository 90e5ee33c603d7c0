"""Where a message is written: field, facts, and the messages that wait."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import TextArea

from widgets.composer_facts import ComposerFacts, PromptMark
from widgets.glyphs import ASCII, Glyphs
from widgets.prompt import EDITING, Prompt
from widgets.queue_rows import QueueRows

if TYPE_CHECKING:
    from services.models.chat import Attachment, QueuedMessage

ESCAPE_TWICE = 0.4
"""Seconds within which a second Esc stops the turn."""
TIGHT = 48
"""Columns below which nothing stands beside the text."""
PAUSE = 0.3
"""Seconds without a change after which the draft is announced."""
LONGEST_PAUSE = 3.0
"""Seconds after which it is announced while typing goes on."""


class Composer(Widget):
    """The prompt with its facts. Keys are bound by whoever shows it, to its `action_` methods."""

    is_busy: reactive[bool] = reactive(False)
    """Whether a turn runs, so that a message is queued."""
    is_low: reactive[bool] = reactive(False)
    """Whether the terminal has less than 30 rows: one row then, facts at its right."""
    facts: reactive[str] = reactive("")
    context: reactive[str] = reactive("")
    queue: "reactive[tuple[QueuedMessage, ...]]" = reactive(())
    attachments: "reactive[tuple[Attachment, ...]]" = reactive(())
    """Go with the next message."""
    history: reactive[tuple[str, ...]] = reactive(())
    """Earlier prompts, oldest first."""

    @dataclass
    class Sent(Message):
        """The user sends this; the field is empty already."""

        text: str
        attachments: "tuple[Attachment, ...]"

    @dataclass
    class Changed(Message):
        """The draft is this, after a pause in typing and right before `Sent`."""

        text: str

    @dataclass
    class LeaveRequested(Message):
        """Esc: out of the text. What runs goes on."""

    @dataclass
    class InterruptRequested(Message):
        """A second Esc, soon after the first: stop what runs."""

    @dataclass
    class CommandRequested(Message):
        """A slash in the empty field: show the commands."""

    @dataclass
    class QueueTaken(Message):
        """This waiting message is in the field now, to be edited."""

        id: str

    @dataclass
    class QueueRemoved(Message):
        """This waiting message is not to be sent. Up brings its text back."""

        id: str

    @dataclass
    class Refused(Message):
        """Something that could not be done, in one line."""

        text: str

    def __init__(
        self,
        glyphs: Glyphs,
        *,
        text: str = "",
        now: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """A composer that can be typed into at once.

        Args:
            glyphs: Marks to draw with.
            text: To begin with.
            now: Monotonic seconds.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._now = now
        self._prompt = Prompt(text=text)
        self._prompt.holder = self
        self._queue_rows = QueueRows(glyphs)
        self._wide_facts = ComposerFacts(glyphs, classes="-below")
        self._low_facts = ComposerFacts(glyphs, classes="-beside")
        self._announced = text
        self._changed_at = 0.0
        self._waits_since = 0.0
        self._pause: Timer | None = None
        self._escaped_at = float("-inf")
        self.set_class(glyphs.bar == ASCII.bar, "-ascii")

    def compose(self) -> ComposeResult:
        yield self._queue_rows
        with Vertical(classes="composer--box"):
            with Horizontal():
                yield PromptMark(self._glyphs.prompt)
                yield self._prompt
                yield self._low_facts
            yield self._wide_facts

    def on_mount(self) -> None:
        if self.text:
            self._prompt.move_cursor(self._prompt.document.end)
        self._show_facts()

    @property
    def text(self) -> str:
        """The whole text as it would be sent, folded pastes in full."""
        return self._prompt.whole_text

    @property
    def draft(self) -> str:
        """The text, and what comes after it once it may be changed again."""
        return self.text + self._ahead

    @property
    def _ahead(self) -> str:
        return self._prompt.ahead.text if self._prompt.ahead is not None else ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written."""
        return self._prompt.is_empty

    @property
    def selected_text(self) -> str:
        """What is selected in the field, folded pastes in full."""
        return self._prompt.selected_whole_text

    def load_text(self, text: str) -> None:
        """Show a draft, which is not announced again."""
        self._announced = text
        self._prompt.set_text(text)

    def insert(self, text: str) -> None:
        """Put text at the caret, as if it were pasted."""
        self._prompt.insert_text(text)

    async def press(self, key: str) -> None:
        """Do what a key does within the text, wherever the focus is; other keys do nothing."""
        if action := EDITING.get(key):
            self._prompt.end_search()
            await self._prompt.run_action(action)

    def edit(self, text: str) -> None:
        """Change the whole text in one step that undo takes back."""
        self._prompt.replace_text(text)

    def attach(self, attachment: "Attachment") -> None:
        """Let a file go with the next message."""
        self.attachments = (*self.attachments, attachment)

    def stash(self) -> bool:
        """Clear the field; Up brings the text back. False where there was none."""
        self._prompt.end_search(is_taken=False)
        text = self.text
        if not text:
            return False
        self._prompt.past.put_aside(text)
        self._prompt.set_text("")
        return True

    def focus_input(self) -> None:
        """Let the field have the keys."""
        self._prompt.focus()

    @property
    def has_input_focus(self) -> bool:
        """Whether the field has the keys."""
        return self._prompt.has_focus

    def is_second_escape(self) -> bool:
        """Whether an Esc pressed now comes so soon after one in the field that it means: stop.

        The first Esc moves the focus away, so whoever gets the second one asks here.
        """
        is_second = self._now() - self._escaped_at <= ESCAPE_TWICE
        self._escaped_at = float("-inf")
        return is_second

    async def action_send(self) -> None:
        """Send what is written; after a backslash a new line; in a search take the match."""
        prompt = self._prompt
        if prompt.end_search():
            return
        row, column = prompt.cursor_location
        before = prompt.document[row][:column]
        if (len(before) - len(before.rstrip("\\"))) % 2:
            prompt.replace("\n", (row, column - 1), (row, column), maintain_selection_offset=False)
            return
        text = self.text
        if text.strip() or self.attachments:
            self._announce()
            if await self.may_send() and self.text == text:
                self.post_message(self.Sent(*self.take()))

    async def may_send(self) -> bool:
        """Whether what is written is sent at once; a subclass may want to ask first."""
        return True

    def take(self) -> "tuple[str, tuple[Attachment, ...]]":
        """Take what is written out of the field, and what goes with it."""
        taken = self.text, self.attachments
        self.attachments = ()
        self._prompt.set_text("")
        return taken

    def action_newline(self) -> None:
        """Begin a new line."""
        self._prompt.end_search()
        self._prompt.insert_text("\n")

    def action_leave(self) -> None:
        """Esc: end the search, else leave the text; soon after another one, stop the turn."""
        if self._prompt.end_search(is_taken=False):
            return
        if self.is_second_escape():
            self.post_message(self.InterruptRequested())
            return
        self._escaped_at = self._now()
        self.post_message(self.LeaveRequested())

    def action_search_history(self) -> None:
        """Search what was written before; again for the next older match."""
        self._prompt.search()

    def action_expand_paste(self) -> None:
        """Open a folded paste."""
        if not self._prompt.expand_paste():
            self.post_message(self.Refused("there is no folded paste here"))

    def action_redo(self) -> None:
        """Take the last undo back."""
        self._prompt.redo()

    def action_undo(self) -> None:
        """Take the last change back."""
        self._prompt.undo()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < TIGHT, "-tight")

    def watch_is_low(self, is_low: bool) -> None:
        self.set_class(is_low, "-low")

    def watch_history(self, history: tuple[str, ...]) -> None:
        self._prompt.past.load(history)

    def watch_queue(self, queue: "tuple[QueuedMessage, ...]") -> None:
        self.set_class(bool(queue), "-queued")
        self._prompt.has_queue = bool(queue)
        self._queue_rows.queue = queue

    def watch_attachments(self, attachments: "tuple[Attachment, ...]") -> None:
        self._queue_rows.attachments = attachments

    def watch_facts(self) -> None:
        self._show_facts()

    watch_context = watch_facts
    watch_is_busy = watch_facts

    def _show_facts(self) -> None:
        prompt, dot = self._prompt, f" {self._glyphs.dot} "
        left, right = self.facts, self.context
        if prompt.searched is not None:
            head = "search" if prompt.is_found else "no match"
            left = f"{head}: {prompt.searched}"
            right = dot.join(("enter take", "ctrl-r older", "esc back"))
        elif self._ahead:
            left = f"then: {' '.join(self._ahead.split())}"
        elif self.is_busy and not prompt.is_empty:
            right = dot.join(part for part in ("enter queues", right) if part)
        self._wide_facts.left, self._wide_facts.right = left, right
        low = (left,) if left != self.facts else (self.facts, self.context)
        self._low_facts.left = dot.join(part for part in low if part)

    @on(TextArea.Changed)
    def _text_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.touch()

    def touch(self) -> None:
        """The draft has changed: announce it after a pause."""
        self._changed_at = self._now()
        if self.is_busy or self._prompt.ahead is not None:
            self._show_facts()
        if self._pause is None:
            self._waits_since = self._changed_at
            self._pause = self.set_timer(PAUSE, self._pause_over, name="draft")

    def _pause_over(self) -> None:
        self._pause = None
        now = self._now()
        left = self._changed_at + PAUSE - now
        if left > 0.01 and now - self._waits_since < LONGEST_PAUSE:
            self._pause = self.set_timer(left, self._pause_over, name="draft")
        else:
            self._announce()

    def _announce(self) -> None:
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        text = self.draft
        if text != self._announced:
            self._announced = text
            self.post_message(self.Changed(text))

    @on(Prompt.SelectionChanged)
    def _caret_moved(self, event: Prompt.SelectionChanged) -> None:
        event.stop()

    @on(Prompt.SearchChanged)
    def _search_changed(self, event: Prompt.SearchChanged) -> None:
        event.stop()
        self._show_facts()

    @on(Prompt.CommandTyped)
    def _command_typed(self, event: Prompt.CommandTyped) -> None:
        event.stop()
        self.post_message(self.CommandRequested())

    @on(Prompt.QueueWanted)
    def _queue_wanted(self, event: Prompt.QueueWanted) -> None:
        event.stop()
        if self.queue and self.is_empty:
            self._take(self.queue[-1])

    @on(QueueRows.EditChosen)
    def _edit_chosen(self, event: QueueRows.EditChosen) -> None:
        event.stop()
        for message in self.queue:
            if message.id == event.id:
                self.stash()
                self._take(message)
                self.focus_input()
                return

    @on(QueueRows.RemoveChosen)
    def _remove_chosen(self, event: QueueRows.RemoveChosen) -> None:
        event.stop()
        for message in self.queue:
            if message.id == event.id:
                self._prompt.past.put_aside(message.text)
                self.queue = tuple(other for other in self.queue if other is not message)
                self.post_message(self.QueueRemoved(message.id))
                return

    def _take(self, message: "QueuedMessage") -> None:
        self.queue = tuple(other for other in self.queue if other is not message)
        self.attachments = (*self.attachments, *message.attachments)
        self._prompt.set_text(message.text)
        self._announce()
        self.post_message(self.QueueTaken(message.id))

    def on_descendant_focus(self) -> None:
        self._escaped_at = float("-inf")
        self.add_class("-active")

    def on_descendant_blur(self) -> None:
        self.remove_class("-active")
        self._prompt.end_search()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.focus_input()
