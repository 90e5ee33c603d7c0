"""Steps of a scripted answer: what the server writes, when, and how it breaks off.

A script is a list of steps for one call of one route. A plain mapping in it counts as `Send`.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast


class ScriptError(ValueError):
    """A script that cannot be played; the text says which step and why."""


@dataclass(frozen=True, slots=True)
class Send:
    """Write one event: a named SSE event for Responses, a `data:` line for Chat Completions.

    Events of the Responses API get their `sequence_number` if they have none.
    """

    event: Any


@dataclass(frozen=True, slots=True)
class Raw:
    """Write these bytes as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Write nothing for a while; pauses follow one schedule, so that they do not add up late."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """Abort the TCP connection."""

    reset: bool = False
    """With a reset (RST) rather than the end of the stream (FIN)."""


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with this status and these headers; as first step, or after waits and gates.

    With a `body` (JSON value, text or bytes) the answer is whole; without one the steps that
    follow are streamed below this head.
    """

    code: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None


@dataclass(frozen=True, slots=True)
class Work:
    """Do what the call asks for and write nothing: what comes next may hold or lose the answer."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What the route answers without a script; its work is done here, unless `Work` did it."""

    without: tuple[str, ...] = ()
    """Members left out of a JSON object."""
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Members set in it."""

    def edited(self, step: "Step") -> "Step":
        """A step of the answer with the changes in it."""
        value: object = step.body if isinstance(step, Status) else None
        if not isinstance(step, Status) or not isinstance(value, dict):
            return step
        body = cast("dict[str, Any]", value)
        kept = {name: value for name, value in body.items() if name not in self.without}
        return Status(step.code, step.headers, kept | dict(self.changes))


@dataclass(frozen=True, slots=True)
class Mark:
    """Note the time (Unix seconds) at which the step before it was written."""

    name: str


@dataclass(frozen=True, slots=True)
class Burst:
    """Write events at an exact rate: encoded beforehand, due by the clock, never drifting."""

    events: tuple[Any, ...]
    rate: float
    """Events per second; 0 writes all at once."""


class Gate:
    """Holds the server at this step until `open` is called, from any thread."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._lock = threading.Lock()
        self._is_open = False
        self._reached = threading.Event()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    @property
    def is_open(self) -> bool:
        """Whether the server goes on when it gets here."""
        return self._is_open

    @property
    def is_reached(self) -> bool:
        """Whether the server has come to this step."""
        return self._reached.is_set()

    def wait_reached(self, seconds: float = 20.0) -> bool:
        """Wait in a thread until the server has come to this step; whether it has."""
        return self._reached.wait(seconds)

    def open(self) -> None:
        """Let the server go on, now and later."""
        with self._lock:
            self._is_open = True
            waiters, self._waiters = self._waiters, []
        for loop, future in waiters:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(_finish, future)

    async def passed(self) -> None:
        """Return once the gate is open."""
        with self._lock:
            self._reached.set()
            if self._is_open:
                return
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            self._waiters.append((loop, future))
        await future


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


Step: TypeAlias = Send | Raw | Wait | Gate | Drop | Status | Mark | Burst | Work | Usual
Script: TypeAlias = Iterable[Step | Mapping[str, Any]]

STEP_FORMS = (
    '{"send": EVENT}, {"raw": TEXT}, {"wait": SECONDS}, {"gate": NAME}, {"drop": true}, '
    '{"status": CODE, "headers": {}, "body": …}, {"mark": NAME}, {"burst": [EVENT…], "rate": N}, '
    '{"work": true}, {"usual": {"without": [NAME…], "with": {}}}'
)


def as_steps(script: Script) -> tuple[Step, ...]:
    """The script with each plain event made a `Send`."""
    return tuple(
        step
        if isinstance(step, Send | Raw | Wait | Gate | Drop | Status | Mark | Burst | Work | Usual)
        else Send(step)
        for step in script
    )


def parse_steps(value: object, make_gate: Callable[[str], Gate]) -> tuple[Step, ...]:
    """Read the JSON form of a script (`/_sim/script`, story files).

    Raises:
        ScriptError: A step has no known form.
    """
    if not isinstance(value, list):
        raise ScriptError("steps must be a list")
    steps = cast("list[object]", value)
    return tuple(_parse_step(index, step, make_gate) for index, step in enumerate(steps))


def _parse_step(index: int, step: object, make_gate: Callable[[str], Gate]) -> Step:
    match cast("Any", step):
        case {"send": event}:
            return Send(event)
        case {"raw": str(text)}:
            return Raw(text.encode("utf-8", "surrogatepass"))
        case {"wait": (int() | float()) as seconds} if seconds >= 0:
            return Wait(float(seconds))
        case {"gate": str(name)}:
            return make_gate(name)
        case {"drop": "reset"}:
            return Drop(reset=True)
        case {"drop": True}:
            return Drop()
        case {"mark": str(name)}:
            return Mark(name)
        case {"work": True}:
            return Work()
        case {"usual": True}:
            return Usual()
        case {"usual": {**edits}}:
            return Usual(tuple(edits.get("without") or ()), dict(edits.get("with") or {}))
        case {"burst": [*events], "rate": (int() | float()) as rate} if rate >= 0:
            return Burst(tuple(events), float(rate))
        case {"status": int(code)} if 200 <= code <= 599:
            fields = cast("dict[str, Any]", step)
            headers = cast("dict[str, Any]", fields.get("headers") or {})
            return Status(code, {name: str(v) for name, v in headers.items()}, fields.get("body"))
        case _:
            raise ScriptError(f"step {index} has none of the forms {STEP_FORMS}")
