"""What a model answers, as values: the same for Responses and for Chat Completions.

`InferenceClient.run` yields these for one request of a turn, its retries included. Between two
`Retrying` values lies what one try brought. Names of wire fields do not come through here, but
for `ItemDone.raw`, which goes back to the server in the next request as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from services.errors import ServiceError
from services.models.chat import Item, TurnPhase, Usage
from services.models.limits import UsageReading


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceRequest:
    """One request of a turn."""

    turn_id: str
    """Put into the items that come back."""
    conversation_id: str
    """One UUID per conversation; routes to warm caches."""
    model: str
    instructions: str
    history: tuple[Mapping[str, Any], ...]
    """Whole conversation in order, in the shape of the Responses API, whatever the wire."""
    effort: str | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] | None = None
    """JSON schema that the answer must fit."""
    turn_state: str | None = None
    """Opaque routing value of this user turn; the first that a response brought."""
    supports_reasoning: bool = True
    supports_verbosity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """Response headers are here."""

    request_id: str | None
    turn_state: str | None
    models_etag: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChanged:
    """The model does something else now."""

    phase: TurnPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOpened:
    """An item began; `item.id` is fresh and never used again."""

    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """More of an open item, clean."""

    item_id: str
    channel: Literal["text", "refusal", "reasoning", "reasoning_detail", "arguments"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDone:
    """An item is whole; it may never have been opened. Each comes once.

    Items that never got their end are sent as done, from what deltas had brought, before
    `Finished`.
    """

    item: Item
    raw: Mapping[str, Any] | None
    """Wire item for the history, in the Responses shape; None for what is not sent back."""
    whole: Mapping[str, Any] | None = None
    """The finished item exactly as it came, members and types that we do not know included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReported:
    """The server answers with another model than was asked for."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReported:
    """The answer said something about rate limits."""

    reading: UsageReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """This try failed, and another follows by itself after `delay`.

    What it brought is void but for items that were done (`kept`), which stand in the history of
    the next try as well.
    """

    attempt: int
    """1 for the first retry of a request that is told; it only grows."""
    attempts: int
    """How many are told at most; the same for all retries of a request."""
    delay: float
    """Seconds."""
    error: ServiceError
    lost_item_ids: tuple[str, ...]
    """Items that were open and whose text will be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The response is whole; always the last value."""

    response_id: str
    usage: Usage | None
    status: Literal["completed", "incomplete"]
    reason: str | None = None
    """Why it is incomplete: `max_output_tokens`, `content_filter`, …"""
    end_turn: bool | None = None
    """False asks for one more request of the same turn."""


StreamValue: TypeAlias = (
    Connected
    | PhaseChanged
    | ItemOpened
    | Text
    | ItemDone
    | ModelReported
    | LimitReported
    | Retrying
    | Finished
)
