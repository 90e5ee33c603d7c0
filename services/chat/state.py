"""What the chat service knows of one chat while it is open."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from services.bus import EventBus
from services.errors import NotFoundError, ServiceError, StorageError
from services.events import ServiceFailed
from services.models.chat import ChatSummary, QueuedMessage, UserMessage
from services.models.limit_history import PreSend

if TYPE_CHECKING:
    from services.chat.turn import Turn

_log = logging.getLogger(__name__)
T = TypeVar("T")


def _no_history() -> list[Mapping[str, Any]]:
    return []


def _no_schemas() -> dict[str, Mapping[str, Any]]:
    return {}


def _no_ids() -> list[str]:
    return []


@dataclass(slots=True)
class LastTurn:
    """The newest turn of a chat: what is taken away when it is tried again."""

    message: UserMessage
    start: int
    """Length of the history that its user message ends."""
    item_ids: list[str] = field(default_factory=_no_ids)
    """Items after the user message."""
    can_be_retried: bool = False
    """Whether it has ended without a whole answer."""
    schema: Mapping[str, Any] | None = None
    is_again: bool = False
    """Whether it ran before."""


@dataclass(slots=True)
class ChatState:
    """One open chat."""

    summary: ChatSummary
    is_stored: bool
    """Whether the store knows it; a new chat is made there when something is typed."""
    queue: tuple[QueuedMessage, ...] = ()
    schemas: dict[str, Mapping[str, Any]] = field(default_factory=_no_schemas)
    """What answers to queued messages must fit, by id of the message."""
    asked: PreSend | None = None
    """Why the first of the queue does not go before the user says so."""
    draft: str = ""
    history: list[Mapping[str, Any]] = field(default_factory=_no_history)
    """Wire items, the same as in the store."""
    has_history: bool = False
    """Whether `history` was read, or begun."""
    last: LastTurn | None = None
    turn: "Turn | None" = None
    """The one that runs."""
    without_reasoning: int = 0
    """How many items from the start go without reasoning, because the server refused it."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a turn begins, ends, or the queue changes."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> str:
        """The chat's id."""
        return self.summary.id


class Keeper:
    """Tries to keep things on disk, and lets the chat go on where that fails."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self.has_failed = False
        """From then on memory, not the disk, knows what was said."""

    async def keep(self, work: Awaitable[T]) -> T | None:
        """Do `work` at the store; its failure is told once, and None returned."""
        try:
            return await work
        except (StorageError, NotFoundError) as error:
            # A chat that another process has deleted meanwhile also goes on in memory.
            self.tell(error)
            return None

    def tell(self, error: ServiceError) -> None:
        """The store cannot keep things: said once."""
        if not self.has_failed:
            self.has_failed = True
            _log.warning("the store fails: %s", error.message)
            self._bus.publish(ServiceFailed(failure=error.failure))
