"""What a story answers, said once for both wires: an `Answer` is a list of parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from simulator.events import Event, Item
from simulator.script import Status


@dataclass(frozen=True, slots=True)
class Think:
    """Reasoning: paragraphs of a summary, and raw text where the server shows it."""

    summary: Sequence[str]
    raw: str | None = None
    seconds: float = 0.6
    """Silence before it, as a model that is starting."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A page that stands behind a piece of text."""

    url: str
    title: str
    quote: str
    """Piece of the message's text that it is put on."""


@dataclass(frozen=True, slots=True)
class Say:
    """A message."""

    text: str
    phase: str | None = None
    """`commentary` for progress before tools, `final_answer` for the answer."""
    citations: Sequence[Citation] = ()
    is_cut: bool = False
    """Whether it breaks off after its text, without its closing events."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """A message that refuses."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function that the client is to run."""

    name: str
    arguments: Mapping[str, Any]
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class CallCustom:
    """A tool with free text as input."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Other:
    """Any other item: how it opens, what it goes through, how it ends.

    Items of the server's own tools; Chat Completions has none of them and leaves them out.
    """

    opened: Item
    done: Item
    progress: Sequence[tuple[str, Mapping[str, Any]]] = ()
    """Events between, as (type without `response.`, more members)."""
    seconds: float = 0.5
    """Silence before each of them."""


@dataclass(frozen=True, slots=True)
class Emit:
    """An event that belongs to no item; left out of Chat Completions."""

    event: Event


@dataclass(frozen=True, slots=True)
class Reading:
    """The rate limits as they stand, as an event; left out of Chat Completions."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence, in seconds at speed 1."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fail:
    """The response fails here."""

    code: str
    message: str
    is_plain: bool = False
    """As a bare `error` event rather than as `response.failed`."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The response ends incomplete here: `max_output_tokens` or `content_filter`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks here."""


Part: TypeAlias = (
    Think | Say | Refuse | Call | CallCustom | Other | Emit | Reading | Pause | Fail | Stop | Cut
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a story gives back: parts of an answer, or a refusal of the whole request."""

    parts: Sequence[Part] = ()
    status: Status | None = None
    is_queued: bool = False
    """Whether the response waits in a queue first."""
    end_turn: bool | None = None
    model: str | None = None
    """The model that answers, where it is not the one that was asked for."""
