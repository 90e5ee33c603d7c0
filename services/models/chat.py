"""Chats as values: made by services, kept by the store, shown by widgets.

All text in here is clean (`services.clean`) and plain: never markup.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from services.models.failure import Failure

if TYPE_CHECKING:
    from services.models.limit_history import PreSend


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file or image that goes with a message."""

    name: str
    path: str
    media_type: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source that an answer names."""

    url: str
    title: str
    start: int
    end: int
    """Offsets in characters of the reply's text, half-open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """What the user said."""

    id: str
    turn_id: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    at: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model said: Markdown source."""

    id: str
    turn_id: str
    text: str = ""
    refusal: str = ""
    """Said instead of, or after, `text`."""
    phase: str | None = None
    """`commentary`, `final_answer`, another word, or unknown."""
    citations: tuple[Citation, ...] = ()
    is_partial: bool = False
    """It was interrupted or broke off, and this is what had come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """What the model thought, as far as the server tells."""

    id: str
    turn_id: str
    summary: str = ""
    """Markdown; paragraphs are separated by a blank line."""
    detail: str = ""
    """Raw reasoning, hidden unless asked for."""
    seconds: float | None = None


class CallStatus(StrEnum):
    """How far a call has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A function, custom tool or shell command that the model called."""

    id: str
    turn_id: str
    call_id: str
    name: str
    arguments: str
    """Indented JSON of a function, free text of a custom tool, command line of a shell call.

    For display: what goes back to the server is the wire item.
    """
    words: str = ""
    """The call in one short line; empty while its arguments still come."""
    output: str | None = None
    exit_code: int | None = None
    status: CallStatus = CallStatus.RUNNING
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSearch:
    """A search that ran on the server."""

    id: str
    turn_id: str
    action: str = "search"
    """`search`, `open_page`, `find_in_page`, or another word."""
    queries: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    """Addresses."""
    status: CallStatus = CallStatus.RUNNING
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownItem:
    """An item of a type we do not know: kept, and shown raw."""

    id: str
    turn_id: str
    type: str
    raw: str
    """The whole item as indented JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One calm line about the turn: a retry, another model, an empty answer."""

    id: str
    turn_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCard:
    """A turn that failed."""

    id: str
    turn_id: str
    failure: Failure


Item: TypeAlias = (
    UserMessage | Reply | Reasoning | ToolCall | WebSearch | UnknownItem | Notice | ErrorCard
)
"""One block of a transcript. `id` is ours, unique within the chat, and never the server's."""


class TurnPhase(StrEnum):
    """What a running turn does at this moment."""

    CONNECTING = "connecting"
    QUEUED = "queued"
    THINKING = "thinking"
    SEARCHING = "searching"
    CALLING = "calling"
    ANSWERING = "answering"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnState:
    """The state line of a running turn."""

    chat_id: str
    turn_id: str
    phase: TurnPhase
    started_at: float
    """Unix seconds at which the turn began."""
    model: str
    attempt: int = 0
    """Retry that is waited for or under way; 0 on the first try."""
    attempts: int = 0
    """How many retries there are at most; 0 where none is under way."""
    retry_at: float | None = None
    """Unix seconds of the next try, while one is waited for."""
    reason: str = ""
    """Why it waits, in a few words."""


class TurnStatus(StrEnum):
    """How a turn ended."""

    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one turn, as the server counted them. Missing numbers are 0."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """A message that waits for the running turn to end, or for a time."""

    id: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    not_before: float | None = None
    """Unix seconds before which it is not sent by itself; None where it waits for its turn only."""
    holder: str = ""
    """The program that sends it then; empty where it waits for its turn only."""
    window_id: str = ""
    """The limit's window whose reset it waits for; empty where the time alone counts."""
    period: int = 0
    """The one that window was in: a later one has begun anew."""
    needs_percent: float = 0.0
    """What a turn probably costs of it; 0 where that is not known."""
    retries: str = ""
    """The turn that is run again then, with its own message; empty where a new one begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSummary:
    """One row of the chat list."""

    id: str
    title: str
    """Empty until the first message gave it one."""
    created_at: float
    updated_at: float
    turns: int
    model: str | None = None
    effort: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A whole chat, as it is opened."""

    summary: ChatSummary
    items: tuple[Item, ...]
    """The newest items, oldest of them first."""
    open_ids: frozenset[str] = frozenset()
    """Items of the running turn that still grow."""
    earlier: int = 0
    """How many items stand before `items` and were not read yet."""
    draft: str = ""
    queue: tuple[QueuedMessage, ...] = ()
    asked: "PreSend | None" = None
    """Why the first of the queue does not go before the user says so."""
    context_tokens: int | None = None
    """Total tokens of the last response: how full the context is."""
