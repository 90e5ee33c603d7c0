"""The chat view's part in what is asked before something goes, and in what waits.

Rules: docs/chat.md.
"""

from typing import TYPE_CHECKING

from textual import on

from app.views.chat_base import ChatBase
from app.views.chat_parts import ChatComposer, ChatTranscript
from app.views.chat_writing import ChatWriting
from services.errors import ServiceError
from widgets.queue_rows import QueueRows
from widgets.transcript.view import Transcript

if TYPE_CHECKING:
    from services.chat.service import ChatService
    from services.models.chat import QueuedMessage
    from services.models.limit_history import PreSend


class ChatAsking(ChatBase):
    """Answers to questions, and messages that wait, on their way to the service."""

    transcript: ChatTranscript
    composer: ChatComposer
    _writing: ChatWriting

    def take_queue(self, queue: "tuple[QueuedMessage, ...]", asked: "PreSend | None") -> None:
        """These messages wait; `asked` is why the first does not go before the user says so."""
        self.composer.queue = queue
        self._writing.take_queue_question(asked)

    def go_to_question(self) -> bool:
        """Let the question above the composer have the keys; False where there is none."""
        return self._writing.go_to_question()

    def _chat_to_ask_about(self) -> str | None:
        """The chat in which a message would begin a turn now."""
        if self._services is None or self.summary is None:
            return None
        return None if self._services.chat.is_running(self.summary.id) else self.summary.id

    async def _postpone(
        self, chat: "ChatService", chat_id: str, message: ChatWriting.Postponed
    ) -> None:
        text, attachments, asked = message.text, message.attachments, message.asked
        assert asked.resets_at is not None
        try:
            await chat.submit_later(
                chat_id, text, attachments, not_before=asked.resets_at, asked=asked
            )
        except ServiceError:
            self._give_back(text)
            self.composer.attachments = (*attachments, *self.composer.attachments)
            raise
        self.composer.history = (*self.composer.history, text)

    def _give_back(self, text: str) -> None:
        self.composer.edit("\n\n".join(part for part in (text, self.composer.text) if part))

    @on(ChatWriting.Postponed)
    def _on_postponed(self, message: ChatWriting.Postponed) -> None:
        message.stop()
        self._act(lambda chat, chat_id: self._postpone(chat, chat_id, message))

    @on(QueueRows.SendChosen)
    def _on_queued_wanted(self, message: QueueRows.SendChosen) -> None:
        message.stop()
        self._act(lambda chat, chat_id: chat.send_queued(chat_id, message.id))

    @on(Transcript.RetryRequested)
    def _on_retry(self, message: Transcript.RetryRequested) -> None:
        message.stop()
        self._act(self._retry)

    async def _retry(self, chat: "ChatService", chat_id: str) -> None:
        asked = await self._writing.look(chat_id)
        if asked is None or not self.is_open(chat_id):
            await chat.retry(chat_id)
        else:
            self._writing.ask_about_retry(asked)

    @on(ChatWriting.Decided)
    def _on_decided(self, message: ChatWriting.Decided) -> None:
        message.stop()
        choice, asked = message.choice, message.asked
        if message.subject == "queue":
            self._act(lambda chat, chat_id: chat.answer(chat_id, choice))
            return
        self.transcript.focus()
        if choice == "send":
            self._act(lambda chat, chat_id: chat.retry(chat_id))
        elif choice == "wait":
            self._act(lambda chat, chat_id: chat.retry_later(chat_id, asked))

    @on(ChatTranscript.LeaveRequested)
    def _on_transcript_left(self, message: ChatTranscript.LeaveRequested) -> None:
        transcript = self.transcript
        is_busy = transcript.is_finding or transcript.has_selection
        if not is_busy and self.go_to_question():
            message.stop()
