"""A desk to test chats at: scripted answers, a store in memory, and all that was published."""

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Literal, TypeAlias, TypeVar

import pytest

from services.bus import EventBus
from services.chat.service import ChatService
from services.clock import Clock
from services.errors import ServiceError, StorageError
from services.events import AnyEvent, ItemEnded, TurnEnded
from services.inference.stream import InferenceRequest, StreamValue
from services.models.catalogue import ModelInfo
from services.models.chat import (
    Item,
)
from services.provider import Provider
from services.store.chats import ChatStore
from services.store.database import Database

T = TypeVar("T")

Step: TypeAlias = StreamValue | asyncio.Event | ServiceError | Literal["silence"]
"""An event holds the answer back until it is set, silence for ever; an error ends it."""


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
                elif step == "silence":
                    await asyncio.Event().wait()
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


class ShakyDatabase(Database):
    """A database in memory that refuses to write while `is_full`."""

    is_full = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self.is_full:
            raise StorageError("The disk is full, nothing could be saved")
        return await super().run(work)


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
    def __init__(self, database: ShakyDatabase, clock: Clock | None = None) -> None:
        self.database = database
        self.clock = clock or FakeClock()
        self.numbers = itertools.count(1)
        self.inference = FakeInference()
        self.catalogue = FakeCatalogue()
        self.store = ChatStore(database, self.clock)
        self.bus = EventBus()
        self.told = Listener(self.bus)
        self.chat = self.make()

    def make(self, provider: str = "p") -> ChatService:
        """A service on the same store, as another start of the program has one."""
        return ChatService(
            inference=self.inference,
            provider=Provider(id=provider, name=provider, base_url="http://127.0.0.1:1/v1"),
            catalogue=self.catalogue,
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            new_id=lambda: f"id-{next(self.numbers)}",
            instructions="Be brief.",
            model=None,
            effort=None,
        )

    async def stored(self, chat_id: str) -> tuple[Item, ...]:
        """Items on disk."""
        return (await self.store.load(chat_id)).items

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
    database = await ShakyDatabase.in_memory(FakeClock())
    desk = Desk(database)
    async with desk.chat:
        yield desk
    await database.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so, one second at most."""
    async with asyncio.timeout(1):
        while not condition():  # noqa: ASYNC110 whatever the condition is about has no event
            await asyncio.sleep(0)
