"""The chat view: one open chat. Events come in, intents go out to the service."""

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.reactive import reactive

from app.settings import Settings
from app.views.chat_asking import ChatAsking
from app.views.chat_facts import (
    context_words,
    model_words,
    slug_of,
    title_facts,
    turn_summary,
)
from app.views.chat_parts import ChatTranscript, Unsent
from app.views.chat_writing import ChatWriting
from services.errors import ServiceError
from services.models.failure import Failure
from widgets.composer import Composer
from widgets.glyphs import Glyphs
from widgets.pane_title import PaneTitle
from widgets.transcript.view import Transcript
from widgets.turn_status import TurnStatus

if TYPE_CHECKING:
    from app.wiring import Services
    from services.chat.service import ChatService
    from services.events import AnyEvent
    from services.models.chat import Attachment, Chat, Usage

FIRST_ITEMS = 200
"""Items read before a chat is shown; the rest follows when the reader goes there."""
EARLIER_ITEMS = 2_000
"""Items read at once when the reader goes further up."""


class ChatView(ChatAsking):
    """One open chat."""

    is_answering: reactive[bool] = reactive(default=False)
    context_tokens: reactive[int | None] = reactive(None)
    is_low: reactive[bool] = reactive(default=False)
    """Whether the terminal has few rows."""

    class Changed(Message):
        """Another chat is open, or it began or stopped running."""

    def __init__(self, settings: Settings, glyphs: Glyphs, *, prompt: str = "") -> None:
        """A view without a chat yet; it can be typed at.

        Args:
            settings: Of this run.
            glyphs: Marks to draw with.
            prompt: Put into the composer.
        """
        super().__init__()
        self._title = PaneTitle(glyphs, id="chat-title")
        self._dot = glyphs.dot
        self.transcript = ChatTranscript(
            glyphs,
            max_width=settings.max_width,
            has_colour=not settings.no_color,
            id="transcript",
        )
        self.status = TurnStatus(glyphs, reduced_motion=settings.reduced_motion)
        self._writing = ChatWriting(
            glyphs, prompt=prompt, chat_to_ask_about=self._chat_to_ask_about
        )
        self.composer = self._writing.composer
        self._is_esc_interrupting = settings.key_esc == "interrupt"
        self._unsent: list[Unsent] = []
        self._refusal: Failure | None = None
        """Why there are no services, where they could not be opened."""
        self._usage: Usage | None = None
        self._earlier = 0

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.transcript
        yield self.status
        yield self._writing

    async def attach(self, services: "Services", chat_id: str | None = None) -> None:
        """Work with these services from now on, and open a chat.

        Args:
            services: Opened, and open for as long as this view is there.
            chat_id: None for the last one, or a new one where there is none.
        """
        self._services = services
        self._writing.look_at(services.limits, services.clock)
        services.chat.look_at(services.limits)
        await self.open_chat(chat_id)
        self.composer.history = await services.chats.prompts()
        for unsent in self._unsent:
            await self._submit(unsent.text, unsent.attachments)
        self._unsent.clear()

    async def open_chat(self, chat_id: str | None) -> None:
        """Show another chat; what was typed stays with the one it was typed in."""
        assert self._services is not None
        await self._leave()
        try:
            chat = await self._services.chat.open(chat_id, newest=FIRST_ITEMS)
            self._show(chat)
            if chat.queue:
                await self._services.chat.take_over_waiting(chat.summary.id)
        except ServiceError as error:
            self.post_message(self.Failed(error.failure))
            if chat_id is None:
                self._show(await self._services.chat.new())

    async def new_chat(self) -> None:
        """Begin another chat."""
        if self._services is None:
            return
        self._writing.leave()
        kept = self.composer.text
        await self.keep_draft()
        chat = await self._services.chat.new()
        typed = self.composer.text
        self._show(chat)
        if typed != kept:
            # Whoever asked for a new chat and went on typing meant the new one.
            self.composer.edit(typed.removeprefix(kept))
        self.composer.focus_input()

    async def _leave(self) -> None:
        """What is written stays with the open chat, and nothing is asked about it any more."""
        self._writing.leave()
        await self.keep_draft()

    async def keep_draft(self) -> None:
        """Write to disk what is typed and not sent."""
        text = self.composer.draft
        await self._ask(lambda chat, chat_id: chat.save_draft(chat_id, text))

    def _show(self, chat: "Chat") -> None:
        is_first = self.summary is None
        self.summary = chat.summary
        self._earlier = chat.earlier
        self._usage = None
        self.context_tokens = chat.context_tokens
        self.transcript.load(chat.items, earlier=chat.earlier, open_ids=chat.open_ids)
        self.take_queue(chat.queue, chat.asked)
        typed = self.composer.text
        if not (is_first and typed):
            self.composer.load_text(chat.draft)
        assert self._services is not None
        self.is_answering = self._services.chat.is_running(chat.summary.id)
        self.status.state = self._services.chat.turn_state(chat.summary.id)
        self.status.summary = ""
        self.post_message(self.Changed())

    def hear(self, event: "AnyEvent") -> None:
        """Take one event."""
        # Making the classes of events takes a twentieth of the start, and none comes so early.
        from app.views.chat_events import tell

        tell(self, event)

    def begin_turn(self) -> None:
        """A turn of this chat runs now."""
        self.is_answering = True
        self._usage, self.status.tokens = None, 0
        self.status.summary = ""
        self.post_message(self.Changed())

    def take_usage(self, usage: "Usage") -> None:
        """The server counted a response of the running turn."""
        self._usage = usage
        self.context_tokens = usage.total_tokens or self.context_tokens
        self.status.tokens = usage.output_tokens

    def end_turn(self, seconds: float) -> None:
        """No turn of this chat runs any more."""
        self.is_answering = False
        self.status.state = None
        slug = slug_of(self.summary, self.model)
        self.status.summary = turn_summary(seconds, self._usage, slug, dot=self._dot)
        self.post_message(self.Changed())

    def reload(self) -> None:
        """Read the open chat anew, since events of it were lost."""
        if self.summary is not None:
            summary = self.summary
            self._run(lambda: self.open_chat(summary.id))

    async def _submit(self, text: str, attachments: "tuple[Attachment, ...]") -> None:
        if self._refusal is not None:
            self._give_back(text)
            self.post_message(self.Failed(self._refusal))
            return
        if self._services is None or self.summary is None:
            self._unsent.append(Unsent(text, attachments))
            return
        self.transcript.action_end()
        await self._services.chat.submit(self.summary.id, text, attachments)
        self.composer.history = (*self.composer.history, text)

    @property
    def refusal(self) -> Failure | None:
        """Why nothing can be sent in this run; None where it can."""
        return self._refusal

    def refuse(self, failure: Failure) -> None:
        """Nothing can be sent in this run: what was written stays in the composer."""
        self._refusal = failure
        for unsent in reversed(self._unsent):
            self._give_back(unsent.text)
        self._unsent.clear()

    async def interrupt(self) -> None:
        """Stop the running answer; what waited comes back into the composer."""
        if self._services is None or self.summary is None:
            return
        returned = await self._services.chat.interrupt(self.summary.id)
        if returned:
            parts = [*(message.text for message in returned), self.composer.text]
            self.composer.edit("\n\n".join(part for part in parts if part))

    async def send_now(self) -> None:
        """Stop the running answer and send what is written, else what waits for a time."""
        text = self.composer.text
        if self._services is None or self.summary is None:
            return
        if not text.strip():
            queue, is_idle = self.composer.queue, not self.is_answering
            waiting = (each for each in queue if is_idle or each.not_before is not None)
            if (first := next(waiting, None)) is not None:
                await self._services.chat.send_queued(self.summary.id, first.id)
            return
        self.composer.load_text("")
        await self._services.chat.send_now(self.summary.id, text)

    @on(Composer.Sent)
    def _on_message_sent(self, message: Composer.Sent) -> None:
        message.stop()
        self._run(lambda: self._submit(message.text, message.attachments))

    @on(Composer.Changed)
    def _on_typed(self, message: Composer.Changed) -> None:
        message.stop()
        self._run(self.keep_draft)
        if self._services is not None:
            self._run(self._services.catalogue.prepare)

    @on(Composer.QueueTaken)
    def _on_taken(self, message: Composer.QueueTaken) -> None:
        message.stop()
        self._remove_queued(message.id)

    @on(Composer.QueueRemoved)
    def _on_removed(self, message: Composer.QueueRemoved) -> None:
        message.stop()
        self._remove_queued(message.id)

    def _remove_queued(self, queued_id: str) -> None:
        self._act(lambda chat, chat_id: chat.remove_queued(chat_id, queued_id))

    @on(Composer.InterruptRequested)
    def _on_interrupt(self, message: Composer.InterruptRequested) -> None:
        message.stop()
        self._run(self.interrupt)

    @on(Composer.LeaveRequested)
    def _on_writing_left(self, message: Composer.LeaveRequested) -> None:
        message.stop()
        if self._is_esc_interrupting and self.is_answering:
            self._run(self.interrupt)
        elif not self.go_to_question():
            self.transcript.focus()

    @on(Transcript.EditRequested)
    def _on_edit(self, message: Transcript.EditRequested) -> None:
        message.stop()
        self._act(lambda chat, chat_id: self._fork(chat, chat_id, message.item_id))

    async def _fork(self, service: "ChatService", chat_id: str, item_id: str) -> None:
        await self._leave()
        chat, text = await service.fork(chat_id, item_id)
        self._show(chat)
        self.composer.edit(text)
        self.composer.focus_input()

    @on(Transcript.EarlierWanted)
    def _on_earlier(self, message: Transcript.EarlierWanted) -> None:
        message.stop()
        self._run(self.load_earlier)

    async def load_earlier(self, count: int = EARLIER_ITEMS) -> None:
        """Read at most `count` of the items that stand before those that are shown."""
        before = self._earlier
        if self._services is None or self.summary is None or not before:
            return
        chat_id = self.summary.id
        items = await self._services.chats.load_earlier(chat_id, before=before, count=count)
        if self.is_open(chat_id) and self._earlier == before:
            self._earlier = max(0, before - len(items))
            self.transcript.prepend(items)

    def watch_is_answering(self) -> None:
        self.composer.is_busy = self.is_answering

    def watch_is_low(self) -> None:
        self.composer.is_low = self.is_low
        self._writing.set_class(self.is_low, "-low")
        self._tell_facts()

    def watch_summary(self) -> None:
        self._tell_facts()

    def watch_models(self) -> None:
        self._tell_facts()

    def watch_context_tokens(self) -> None:
        self._tell_facts()

    def _tell_facts(self) -> None:
        model = self.model
        self.composer.facts = model_words(self.summary, model, is_short=self.is_low, dot=self._dot)
        self.composer.context = context_words(self.context_tokens, model)
        self._title.title = (self.summary.title if self.summary else "") or "New chat"
        self._title.facts = title_facts(self.summary, model, is_narrow=self.is_low, dot=self._dot)
