"""Where a message is written, and asked about before it goes. What is asked: docs/chat.md."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from app.views.chat_parts import ChatComposer, ChatQuestion
from services.models.chat import Attachment
from widgets.composer import Composer
from widgets.glyphs import Glyphs
from widgets.send_question import SendQuestion

if TYPE_CHECKING:
    from services.clock import Clock
    from services.limits.ports import Limits
    from services.models.limit_history import PreSend

PATIENCE: Final = 0.1
"""Seconds that sending waits at most for what limits have to say."""
_log = logging.getLogger(__name__)


class ChatWriting(Vertical):
    """The composer, and above it the question whether to send what a limit probably cuts off.

    The text stays in the composer, and so on disk as a draft, until the user has chosen.
    """

    @dataclass
    class Postponed(Message):
        """The user wants this sent after a time; the field is empty already."""

        text: str
        attachments: tuple[Attachment, ...]
        not_before: float
        """Unix seconds."""

    def __init__(
        self, glyphs: Glyphs, *, prompt: str, chat_to_ask_about: Callable[[], str | None]
    ) -> None:
        """Nothing is asked before `look_at` was called.

        Args:
            glyphs: Marks to draw with.
            prompt: Put into the composer.
            chat_to_ask_about: The chat in which a message would begin a turn now; None where it
                would only be queued.
        """
        super().__init__(id="writing")
        self.composer = ChatComposer(glyphs, text=prompt, id="composer")
        self.composer.gate = self._may_send
        self.question = ChatQuestion(glyphs)
        self._chat_to_ask_about = chat_to_ask_about
        self._limits: Limits | None = None
        self._clock: Clock | None = None
        self._text = ""
        """What is asked about."""
        self._resets_at: float | None = None
        """Unix seconds."""

    def compose(self) -> ComposeResult:
        yield self.question
        yield self.composer

    def look_at(self, limits: "Limits", clock: "Clock") -> None:
        """Look at these limits from now on before a message goes."""
        self._limits, self._clock = limits, clock

    def put_question_away(self) -> None:
        """Ask no more; the text stays."""
        if self.question.asked is not None:
            had_focus = self.question.has_focus
            self.question.asked = None
            self.composer.go_on()
            if had_focus:
                self.composer.focus_input()

    async def _may_send(self) -> bool:
        """Whether what is written goes at once; else the user is asked, or it is gone by now."""
        chat_id = self._chat_to_ask_about()
        if chat_id is None:
            return True
        if self.question.asked is not None:
            return False
        text = self.composer.text
        asked = await self._look(chat_id)
        if asked is None:
            return True
        if self.composer.text == text:
            self._text, self._resets_at = text, asked.resets_at
            self.composer.hold()
            # Needed where something is asked only: not for the first frame.
            from app.views.limits_words import apart

            self.question.asked = replace(asked, label=apart(asked.label))
            self.question.focus()
        return False

    async def _look(self, chat_id: str) -> "PreSend | None":
        """What limits say, if they say it soon: nobody is kept from sending by them."""
        limits, clock = self._limits, self._clock
        if limits is None or clock is None:
            return None
        looking = asyncio.ensure_future(limits.before_send(chat_id))
        patience = asyncio.ensure_future(clock.sleep(PATIENCE))
        try:
            await asyncio.wait({looking, patience}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
            looking.cancel()
            looking.add_done_callback(_let_go)
        if not looking.done():
            _log.info("limits were not read in time before sending")
            return None
        failure = looking.exception()
        if failure is not None:
            _log.warning("limits cannot be read before sending: %s", type(failure).__name__)
            return None
        return looking.result()

    @on(SendQuestion.Answered)
    def _on_answered(self, message: SendQuestion.Answered) -> None:
        message.stop()
        composer = self.composer
        choice = message.choice if composer.text == self._text else "cancel"
        # Not by the composer itself: Textual ends a message at the parent that caused it.
        if choice == "send":
            self.post_message(Composer.Sent(*composer.take()))
        elif choice == "wait" and self._resets_at is not None:
            self.post_message(self.Postponed(*composer.take(), self._resets_at))
        composer.go_on()
        composer.focus_input()

    @on(SendQuestion.TypedAhead)
    def _on_typed_ahead(self, message: SendQuestion.TypedAhead) -> None:
        message.stop()
        self.composer.type_later(message.character)

    @on(Composer.Changed)
    def _on_changed(self) -> None:
        if self.composer.text != self._text:
            self.put_question_away()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Whoever goes back to the text wants to change it."""
        if self.composer in event.widget.ancestors:
            self.put_question_away()


def _let_go(task: "asyncio.Future[PreSend | None]") -> None:
    """Take note of an error that interests nobody any more."""
    if not task.cancelled():
        task.exception()
