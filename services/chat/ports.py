"""What the chat service asks of its collaborators: the least of each."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol

from services.inference.stream import InferenceRequest, StreamValue
from services.models.catalogue import ModelInfo
from services.models.chat import (
    Chat,
    ChatSummary,
    Item,
    QueuedMessage,
    TurnStatus,
    Usage,
    UserMessage,
)


class Inference(Protocol):
    """Runs one request of a turn, its retries included."""

    def run(self, request: InferenceRequest) -> AsyncGenerator[StreamValue, None]:
        """Yield what the model answers.

        Raises:
            ServiceError: The budget of retries is spent, or the failure is final.
        """
        ...


class Catalogue(Protocol):
    """The models that the provider offers."""

    async def default(self) -> str | None:
        """Slug of the model to take where the user named none."""
        ...

    def lookup(self, slug: str) -> ModelInfo:
        """What is known of a model; fallback values where nothing is."""
        ...


class Chats(Protocol):
    """Conversations on disk. Every call may raise `StorageError`."""

    async def create(
        self, *, chat_id: str, model: str | None, effort: str | None, provider: str | None
    ) -> ChatSummary:
        """Make a chat without turns."""
        ...

    async def summaries(self, *, limit: int = 200, query: str = "") -> tuple[ChatSummary, ...]:
        """Rows of the chat list, newest first."""
        ...

    async def last(self) -> ChatSummary | None:
        """The chat that was used last."""
        ...

    async def load(self, chat_id: str, newest: int | None = None) -> Chat:
        """A chat with its newest items."""
        ...

    async def history(self, chat_id: str) -> tuple[Mapping[str, Any], ...]:
        """Wire items in order."""
        ...

    async def append_item(
        self, chat_id: str, item: Item, raw: Mapping[str, Any] | None, *, turn_id: str
    ) -> None:
        """Keep an item that is whole."""
        ...

    async def replace_item(self, chat_id: str, item: Item, raw: Mapping[str, Any] | None) -> None:
        """Keep another version of an item."""
        ...

    async def remove_items(self, chat_id: str, ids: Sequence[str]) -> None:
        """Take items out, and what they had put into the history."""
        ...

    async def end_turn(
        self,
        chat_id: str,
        turn_id: str,
        *,
        status: TurnStatus,
        usage: Usage | None,
        model: str | None,
    ) -> None:
        """Keep how a turn ended."""
        ...

    async def save_draft(self, chat_id: str, text: str) -> None:
        """Keep what is typed."""
        ...

    async def enqueue(self, chat_id: str, message: QueuedMessage) -> None:
        """Put a message last."""
        ...

    async def update_queued(self, chat_id: str, queued_id: str, text: str) -> None:
        """Change the text of a message that waits."""
        ...

    async def remove_queued(self, chat_id: str, queued_id: str) -> None:
        """Take a message out."""
        ...

    async def take_queued(
        self, chat_id: str, queued_id: str, message: UserMessage, raw: Mapping[str, Any]
    ) -> None:
        """Make a message that waits the one that is sent, in one step."""
        ...

    async def set_title(self, chat_id: str, title: str) -> None:
        """Name a chat."""
        ...

    async def set_model(self, chat_id: str, *, model: str | None, effort: str | None) -> None:
        """Keep what the user chose."""
        ...

    async def remember_prompt(self, text: str) -> None:
        """Add to the prompts that the composer offers again."""
        ...

    async def fork(self, chat_id: str, *, before_item: str, new_id: str) -> Chat:
        """A copy of all that stands before an item."""
        ...
