"""Where a message is written, and asked about before it goes. What is asked: docs/chat.md."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from app.views.chat_parts import ChatComposer, ChatQuestion
from widgets.composer import Composer
from widgets.glyphs import Glyphs
from widgets.send_question import Choice, SendQuestion

if TYPE_CHECKING:
    from services.clock import Clock
    from services.limits.ports import Limits
    from services.models.chat import Attachment
    from services.models.limit_history import PreSend

Subject: TypeAlias = Literal["message", "queue", "retry"]


class ChatWriting(Vertical):
    """The composer, and above it the question whether to send what a limit probably cuts off.

    The text stays in the composer, and so on disk as a draft, until the user has chosen.
    """

    @dataclass
    class Postponed(Message):
        """The user wants this sent when a limit begins anew; the field is empty already."""

        text: str
        attachments: "tuple[Attachment, ...]"
        asked: "PreSend"

    @dataclass
    class Decided(Message):
        """What becomes of the queue, or of the turn that is to be run again."""

        subject: Subject
        choice: Choice
        asked: "PreSend"

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
        self._subject: Subject = "message"
        """What is asked about."""
        self._asked: PreSend | None = None
        """What is asked, in the words of the services."""
        self._of_queue: PreSend | None = None
        """Why the queue does not go on."""
        self._text = ""
        """The message that is asked about."""

    def compose(self) -> ComposeResult:
        yield self.question
        yield self.composer

    def look_at(self, limits: "Limits", clock: "Clock") -> None:
        """Look at these limits from now on before a message goes."""
        self._limits, self._clock = limits, clock

    def leave(self) -> None:
        """Another chat comes: nothing is asked about this one any more."""
        self._of_queue = None
        self.put_question_away()

    def put_question_away(self) -> None:
        """Ask no more; the text stays."""
        if self.question.asked is not None:
            had_focus = self.question.has_focus
            self.question.asked = None
            self.composer.go_on()
            if had_focus:
                self.composer.focus_input()
        self._ask_about_queue()

    def take_queue_question(self, asked: "PreSend | None") -> None:
        """Ask whether the queue goes on; None where it does, or nothing waits."""
        if asked == self._of_queue:
            return
        self._of_queue = asked
        if self.question.asked is None or self._subject == "queue":
            self.put_question_away()

    def ask_about_retry(self, asked: "PreSend") -> None:
        """Ask whether a turn is run again."""
        self._ask("retry", asked)
        self.question.focus()

    def go_to_question(self) -> bool:
        """Let the question have the keys; False where there is none."""
        if self.question.asked is None:
            return False
        self.question.focus()
        return True

    def _ask_about_queue(self) -> None:
        """Ask about the queue, without taking the keys from somebody who reads or writes."""
        if self._of_queue is not None:
            self._ask("queue", self._of_queue)
            if self.composer.is_empty and self.composer.has_input_focus:
                self.question.focus()

    def _ask(self, subject: Subject, asked: "PreSend") -> None:
        # Needed where something is asked only: not for the first frame.
        from app.views.limits_words import apart

        self._subject, self._asked = subject, asked
        self.question.way_in = "esc answers" if subject == "queue" else ""
        self.question.asked = replace(asked, label=apart(asked.label))

    async def _may_send(self) -> bool:
        """Whether what is written goes at once; else the user is asked, or it is gone by now."""
        chat_id = self._chat_to_ask_about()
        if chat_id is None:
            return True
        if self.question.asked is not None:
            # It goes behind the others, and waits for the same answer.
            return self._subject == "queue"
        text = self.composer.text
        asked = await self.look(chat_id)
        if asked is None:
            return True
        if self.composer.text == text:
            self._text = text
            self.composer.hold()
            self._ask("message", asked)
            self.question.focus()
        return False

    async def look(self, chat_id: str) -> "PreSend | None":
        """What limits say of a turn that begins now, if they say it soon."""
        # Needed when something is sent only: not for the first frame.
        from services.chat.asking import look

        if self._limits is None or self._clock is None:
            return None
        return await look(self._limits, self._clock, chat_id)

    @on(SendQuestion.Answered)
    def _on_answered(self, message: SendQuestion.Answered) -> None:
        message.stop()
        composer, choice, asked = self.composer, message.choice, self._asked
        if asked is not None and self._subject != "message":
            if self._subject == "queue":
                self._of_queue = None
            self.post_message(self.Decided(self._subject, choice, asked))
        elif asked is not None and composer.text == self._text:
            # Not by the composer itself: Textual ends a message at the parent that caused it.
            if choice == "send":
                self.post_message(Composer.Sent(*composer.take()))
            elif choice == "wait":
                self.post_message(self.Postponed(*composer.take(), asked))
        composer.go_on()
        composer.focus_input()
        self._ask_about_queue()

    @on(SendQuestion.TypedAhead)
    def _on_typed_ahead(self, message: SendQuestion.TypedAhead) -> None:
        message.stop()
        self.composer.type_on(message.character)

    @on(SendQuestion.PressedAhead)
    async def _on_pressed_ahead(self, message: SendQuestion.PressedAhead) -> None:
        message.stop()
        await self.composer.press_on(message.key)

    @on(Composer.Changed)
    def _on_changed(self) -> None:
        if self._subject == "message" and self.composer.text != self._text:
            self.put_question_away()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Whoever goes back to the text wants to change it."""
        if self._subject != "queue" and self.composer in event.widget.ancestors:
            self.put_question_away()
