"""What happened, in the words of the product.

Three kinds (see docs/architecture.md): a *delta* is more of something and is joined with what
waits under the same key; a *snapshot* is the whole new state of one thing, of which the newest
wins; a *fact* happened once, keeps its place, and nothing merges across it.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self, TypeAlias

from services.models.account import Account
from services.models.catalogue import ModelInfo
from services.models.chat import ChatSummary, Item, QueuedMessage, TurnState, TurnStatus, Usage
from services.models.failure import Failure
from services.models.limit_history import Alert, PreSend
from services.models.limits import LimitsState, UsageReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""

    kind: ClassVar[Literal["delta", "snapshot", "fact"]] = "fact"

    @property
    def key(self) -> Hashable:
        """What this is about; events of one key are merged while they wait."""
        return type(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta(Event):
    """More text of one transcript item. Lossless: merging concatenates."""

    kind: ClassVar[Literal["delta", "snapshot", "fact"]] = "delta"

    chat_id: str
    item_id: str
    text: str
    """Clean plain text, never markup; may end inside a word."""

    @property
    def key(self) -> Hashable:
        """One key for each item and kind of text."""
        return type(self), self.chat_id, self.item_id

    def absorb(self, later: Self) -> Self:
        """This delta and the one that came after it, as one."""
        return replace(self, text=self.text + later.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta(Delta):
    """More of a reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalDelta(Delta):
    """More of a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDelta(Delta):
    """More of a reasoning summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningDetailDelta(Delta):
    """More of the raw reasoning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentsDelta(Delta):
    """More of the arguments of a tool call; for display only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Event):
    """The whole new state of one thing."""

    kind: ClassVar[Literal["delta", "snapshot", "fact"]] = "snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStateChanged(Snapshot):
    """A running turn does something else now, or waits."""

    state: TurnState

    @property
    def key(self) -> Hashable:
        """One key for each chat."""
        return TurnStateChanged, self.state.chat_id


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged(Snapshot):
    """Messages that wait in a chat, first to be sent first."""

    chat_id: str
    queue: tuple[QueuedMessage, ...]
    asked: PreSend | None = None
    """Why the first of them does not go before the user says so."""

    @property
    def key(self) -> Hashable:
        """One key for each chat."""
        return QueueChanged, self.chat_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatListChanged(Snapshot):
    """All chats, newest first."""

    chats: tuple[ChatSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsChanged(Snapshot):
    """The models that the provider offers."""

    models: tuple[ModelInfo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsRead(Snapshot):
    """An answer said something about a rate limit."""

    reading: UsageReading

    @property
    def key(self) -> Hashable:
        """One key for each source and what it names: of two parts neither is dropped."""
        named = tuple(limit.limit_id for limit in self.reading.limits)
        return LimitsRead, self.reading.source, named, self.reading.refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsChanged(Snapshot):
    """What is known of the account's limits, after each change by any process."""

    state: LimitsState


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsAlerted(Event):
    """Something about a window that is said once, by one process."""

    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted(Event):
    """A turn began; its user message is on disk."""

    chat_id: str
    turn_id: str
    model: str
    transport: Literal["sse", "websocket", "chat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemStarted(Event):
    """A transcript item opened; deltas with its id follow."""

    chat_id: str
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEnded(Event):
    """A transcript item is whole.

    It replaces what deltas had built, or is new (user message, notice, error card).
    """

    chat_id: str
    item: Item
    raw: str | None = None
    """The finished wire item as JSON, where it came from the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsDimmed(Event):
    """A try broke off: what it had brought stays, dimmed, until new text replaces it."""

    chat_id: str
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsDropped(Event):
    """These items are gone: the new try has brought its first one."""

    chat_id: str
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReported(Event):
    """The server counted a response."""

    chat_id: str
    turn_id: str
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Event):
    """A turn is over, in whatever way."""

    chat_id: str
    turn_id: str
    status: TurnStatus
    reason: str | None = None
    """Why, where it is not completed: `max_output_tokens`, the failure's message, …"""
    failure: Failure | None = None
    text: str = ""
    """The whole answer."""
    response_id: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFailed(Event):
    """Something outside a turn failed (store, catalogue); shown where there is no better place."""

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Snapshot):
    """Somebody signed in or out, or the tokens were renewed."""

    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInNeeded(Event):
    """The login is over for good: nothing can be asked until somebody signs in again."""

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Lagged(Event):
    """Too many facts waited; they were dropped, and whoever listens reads the state anew."""


AnyEvent: TypeAlias = (
    TextDelta
    | RefusalDelta
    | ReasoningDelta
    | ReasoningDetailDelta
    | ArgumentsDelta
    | TurnStateChanged
    | QueueChanged
    | ChatListChanged
    | ModelsChanged
    | LimitsRead
    | LimitsChanged
    | LimitsAlerted
    | TurnStarted
    | ItemStarted
    | ItemEnded
    | ItemsDimmed
    | ItemsDropped
    | UsageReported
    | TurnEnded
    | ServiceFailed
    | AccountChanged
    | SignInNeeded
    | Lagged
)
