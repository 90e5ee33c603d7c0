"""What the chat view knows of its chat, and how it asks the services for something."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive

from services.errors import ServiceError
from services.models.failure import Failure

if TYPE_CHECKING:
    from app.wiring import Services
    from services.chat.service import ChatService
    from services.models.catalogue import ModelInfo
    from services.models.chat import ChatSummary


class ChatBase(Vertical):
    """The chat view without what it shows."""

    summary: "reactive[ChatSummary | None]" = reactive(None)
    models: "reactive[tuple[ModelInfo, ...]]" = reactive(())

    @dataclass
    class Failed(Message):
        """Something went wrong that has no place in the transcript."""

        failure: Failure

    def __init__(self) -> None:
        """A view without services yet."""
        super().__init__(id="chat")
        self._services: Services | None = None

    def is_open(self, chat_id: str) -> bool:
        """Whether this chat is the one that is shown."""
        return self.summary is not None and self.summary.id == chat_id

    def take_summary(self, chats: "tuple[ChatSummary, ...]") -> None:
        """Find the open chat among all of them, as it is now."""
        for summary in chats:
            if self.is_open(summary.id):
                self.summary = summary

    @property
    def model(self) -> "ModelInfo | None":
        """The model that answers, as far as it is known."""
        slug = self.summary.model if self.summary else None
        for model in self.models:
            if model.slug == slug or (slug is None and model.is_default):
                return model
        return None

    async def choose_model(self, slug: str) -> None:
        """Answer with another model from now on."""
        await self._ask(lambda chat, chat_id: chat.set_model(chat_id, slug))
        await self._ask(self._refresh_summary)

    async def choose_effort(self, effort: str | None) -> None:
        """Think more or less from now on."""
        await self._ask(lambda chat, chat_id: chat.set_effort(chat_id, effort))
        await self._ask(self._refresh_summary)

    async def _refresh_summary(self, chat: "ChatService", chat_id: str) -> None:
        self.summary = (await chat.open(chat_id, newest=0)).summary

    def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something with the services; a failure is said where there is room for it.

        Args:
            work: Called when it begins, so that nothing is left over where that never comes.
        """

        async def guarded() -> None:
            try:
                await work()
            except ServiceError as error:
                self.post_message(self.Failed(error.failure))

        self.run_worker(guarded)

    async def _ask(self, call: "Callable[[ChatService, str], Awaitable[None]]") -> None:
        """Ask something of the service about the open chat, if there are both."""
        if self._services is not None and self.summary is not None:
            await call(self._services.chat, self.summary.id)

    def _act(self, call: "Callable[[ChatService, str], Awaitable[None]]") -> None:
        """Ask something of the service, beside whatever goes on."""
        self._run(lambda: self._ask(call))
