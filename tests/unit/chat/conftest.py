"""A desk to test chats at: scripted answers, a store in memory, and all that was published."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import pytest

from services.bus import EventBus
from services.chat.service import ChatService
from services.errors import NotFoundError, ServiceError, StorageError
from services.events import AnyEvent, ItemEnded, TurnEnded
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
from services.provider import Provider

Step: TypeAlias = StreamValue | asyncio.Event | ServiceError
"""An event holds the answer back until it is set; an error ends it."""


class FakeInference:
    """Plays one script a request."""

    def __init__(self) -> None:
        self.scripts: list[Sequence[Step]] = []
        self.requests: list[InferenceRequest] = []
        self.closed = 0

    async def run(self, request: InferenceRequest) -> AsyncGenerator[StreamValue, None]:
        self.requests.append(request)
        try:
            for step in self.scripts.pop(0):
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, ServiceError):
                    raise step
                else:
                    yield step
        finally:
            self.closed += 1


class FakeCatalogue:
    def __init__(self) -> None:
        self.default_slug: str | None = "alpha"

    async def default(self) -> str | None:
        return self.default_slug

    def lookup(self, slug: str) -> ModelInfo:
        return ModelInfo(slug=slug, name=slug, provider="p", efforts=("low", "high"))


@dataclass
class Row:
    summary: ChatSummary
    items: list[tuple[Item, Mapping[str, Any] | None]] = field(
        default_factory=list[tuple[Item, Mapping[str, Any] | None]]
    )
    queue: list[QueuedMessage] = field(default_factory=list[QueuedMessage])
    draft: str = ""
    ends: list[tuple[str, TurnStatus]] = field(default_factory=list[tuple[str, TurnStatus]])


class FakeStore:
    """Chats in memory; refuses everything while `is_full`."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.is_full = False

    def _row(self, chat_id: str) -> Row:
        if self.is_full:
            raise StorageError("The disk is full")
        if chat_id not in self.rows:
            raise NotFoundError("There is no such chat")
        return self.rows[chat_id]

    async def create(
        self, *, chat_id: str, model: str | None, effort: str | None, provider: str | None
    ) -> ChatSummary:
        if self.is_full:
            raise StorageError("The disk is full")
        summary = ChatSummary(
            id=chat_id,
            title="",
            created_at=0,
            updated_at=0,
            turns=0,
            model=model,
            effort=effort,
            provider=provider,
        )
        self.rows[chat_id] = Row(summary)
        return summary

    async def summaries(self, *, limit: int = 200, query: str = "") -> tuple[ChatSummary, ...]:
        del limit, query
        return tuple(row.summary for row in reversed(self.rows.values()))

    async def last(self) -> ChatSummary | None:
        return next(reversed([row.summary for row in self.rows.values()]), None)

    async def load(self, chat_id: str, newest: int | None = None) -> Chat:
        del newest
        row = self._row(chat_id)
        return Chat(
            summary=row.summary,
            items=tuple(item for item, _ in row.items),
            draft=row.draft,
            queue=tuple(row.queue),
        )

    async def history(self, chat_id: str) -> tuple[Mapping[str, Any], ...]:
        return tuple(raw for _, raw in self._row(chat_id).items if raw is not None)

    async def append_item(
        self, chat_id: str, item: Item, raw: Mapping[str, Any] | None, *, turn_id: str
    ) -> None:
        del turn_id
        self._row(chat_id).items.append((item, raw))

    async def replace_item(self, chat_id: str, item: Item, raw: Mapping[str, Any] | None) -> None:
        row = self._row(chat_id)
        row.items = [(item, raw) if old.id == item.id else (old, was) for old, was in row.items]

    async def remove_items(self, chat_id: str, ids: Sequence[str]) -> None:
        row = self._row(chat_id)
        row.items = [(item, raw) for item, raw in row.items if item.id not in ids]

    async def end_turn(
        self,
        chat_id: str,
        turn_id: str,
        *,
        status: TurnStatus,
        usage: Usage | None,
        model: str | None,
    ) -> None:
        del usage, model
        self._row(chat_id).ends.append((turn_id, status))

    async def save_draft(self, chat_id: str, text: str) -> None:
        self._row(chat_id).draft = text

    async def enqueue(self, chat_id: str, message: QueuedMessage) -> None:
        self._row(chat_id).queue.append(message)

    async def update_queued(self, chat_id: str, queued_id: str, text: str) -> None:
        row = self._row(chat_id)
        row.queue = [replace(q, text=text) if q.id == queued_id else q for q in row.queue]

    async def remove_queued(self, chat_id: str, queued_id: str) -> None:
        row = self._row(chat_id)
        row.queue = [queued for queued in row.queue if queued.id != queued_id]

    async def take_queued(
        self, chat_id: str, queued_id: str, message: UserMessage, raw: Mapping[str, Any]
    ) -> None:
        await self.remove_queued(chat_id, queued_id)
        self._row(chat_id).items.append((message, raw))

    async def set_title(self, chat_id: str, title: str) -> None:
        row = self._row(chat_id)
        row.summary = replace(row.summary, title=title)

    async def set_model(self, chat_id: str, *, model: str | None, effort: str | None) -> None:
        row = self._row(chat_id)
        row.summary = replace(row.summary, model=model, effort=effort)

    async def remember_prompt(self, text: str) -> None:
        del text

    async def fork(self, chat_id: str, *, before_item: str, new_id: str) -> Chat:
        row = self._row(chat_id)
        kept = [*itertools.takewhile(lambda entry: entry[0].id != before_item, row.items)]
        self.rows[new_id] = Row(replace(row.summary, id=new_id), kept)
        return await self.load(new_id)


class FakeClock:
    def now(self) -> float:
        return 1_800_000_000.0

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0))


class Listener:
    """Keeps every event, unmerged."""

    def __init__(self, bus: EventBus) -> None:
        self.events: list[AnyEvent] = []
        bus.publish = self._publish  # type: ignore[method-assign]

    def _publish(self, event: AnyEvent) -> None:
        self.events.append(event)

    def items(self) -> list[Item]:
        """Items that were told as whole, each in its last version."""
        newest = {
            event.item.id: event.item for event in self.events if isinstance(event, ItemEnded)
        }
        return list(newest.values())

    def ends(self) -> list[TurnEnded]:
        return [event for event in self.events if isinstance(event, TurnEnded)]


class Desk:
    def __init__(self) -> None:
        self.inference = FakeInference()
        self.catalogue = FakeCatalogue()
        self.store = FakeStore()
        self.bus = EventBus()
        self.told = Listener(self.bus)
        self.chat = self.make()

    def make(self, provider: str = "p") -> ChatService:
        """A service on the same store, as another start of the program has one."""
        numbers = itertools.count(1 + 1000 * len(self.store.rows))
        return ChatService(
            inference=self.inference,
            provider=Provider(id=provider, name=provider, base_url="http://127.0.0.1:1/v1"),
            catalogue=self.catalogue,
            store=self.store,
            bus=self.bus,
            clock=FakeClock(),
            new_id=lambda: f"id-{next(numbers)}",
            instructions="Be brief.",
            model=None,
            effort=None,
        )

    async def say(self, text: str, *scripts: Sequence[Step], chat_id: str | None = None) -> str:
        """Submit, and wait for the end; the chat's id."""
        self.inference.scripts.extend(scripts)
        if chat_id is None:
            chat_id = (await self.chat.new()).summary.id
        await self.chat.submit(chat_id, text)
        await self.chat.wait(chat_id)
        return chat_id


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    async with desk.chat:
        yield desk


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, one second at most."""
    async with asyncio.timeout(1):
        while not condition():  # noqa: ASYNC110 whatever the condition is about has no event
            await asyncio.sleep(0)
