"""What is scripted, failing, held and noted: the state between the routes and the tests."""

import threading
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from simulator.faults import Fault
from simulator.playback import Playback
from simulator.recording import Recorded, Recording
from simulator.script import Gate, Script, Step, Usual, Work, as_steps


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark that was reached."""

    name: str
    at: float
    """Unix seconds."""

    def as_json(self) -> dict[str, Any]:
        """The form of `GET /_sim/marks`."""
        return {"name": self.name, "at": self.at}


class Stage:
    """Hands out what each call of a route plays. Safe to use from any thread."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.recording = Recording()
        self._lock = threading.Lock()
        self._faults = list(faults)
        self._scripts: defaultdict[str, deque[tuple[Step, ...]]] = defaultdict(deque)
        self._gates: defaultdict[str, list[Gate]] = defaultdict(list)
        self._marks: list[Marked] = []

    async def record(self, request: Request) -> Recorded:
        """Read the request whole and keep it."""
        return self.recording.add(
            method=request.method,
            path=request.url.path,
            query=dict(request.query_params),
            headers=dict(request.headers),
            raw=await request.body(),
            at=now(),
        )

    def script(self, route: str, steps: Script) -> None:
        """Put a script at the end of the route's queue; each call takes one."""
        whole = as_steps(steps)
        with self._lock:
            self._scripts[route].append(whole)

    def waiting(self, route: str) -> int:
        """How many scripts of the route have not been played."""
        with self._lock:
            return len(self._scripts[route])

    def fail(self, fault: Fault) -> None:
        """Inject a fault from now on."""
        with self._lock:
            self._faults.append(fault)

    def gate(self, name: str) -> Gate:
        """A new gate that `open_gates` knows by name."""
        gate = Gate(name)
        with self._lock:
            self._gates[name].append(gate)
        return gate

    def open_gates(self, name: str) -> int:
        """Open the gates of that name; says how many there were."""
        with self._lock:
            gates = self._gates.pop(name, [])
        for gate in gates:
            gate.open()
        return len(gates)

    def gates(self) -> list[Gate]:
        """The named gates that are closed."""
        with self._lock:
            return [gate for gates in self._gates.values() for gate in gates]

    def marks(self) -> list[Marked]:
        """The marks that were reached, oldest first."""
        with self._lock:
            return list(self._marks)

    def answer(
        self,
        route: str,
        request: Recorded,
        story: Callable[[], Iterable[Step]],
        *,
        headers: Mapping[str, str],
        cookies: Sequence[str] = (),
        is_named: bool = True,
    ) -> Playback:
        """What this call plays: its script, else the story, with the route's faults in it."""
        with self._lock:
            queue = self._scripts[route]
            script = queue.popleft() if queue else None
            faults = [fault for fault in self._faults if fault.route == route and fault.strikes()]
        steps: Iterable[Step] = story() if script is None else _filled(script, story)
        for fault in faults:
            steps = fault.applied(steps)

        def end(is_cut: bool) -> None:
            if is_cut:
                request.closed.set()
            request.ended.set()

        return Playback(
            steps,
            is_named=is_named,
            headers=headers,
            cookies=cookies,
            on_mark=self._mark,
            on_end=end,
        )

    def _mark(self, name: str, at: float) -> None:
        with self._lock:
            self._marks.append(Marked(name, at))


def now() -> float:
    """Unix seconds."""
    return time.time()


def request_id() -> str:
    """A new `x-request-id`."""
    return f"req_{uuid.uuid4().hex}"


def _filled(script: Iterable[Step], story: Callable[[], Iterable[Step]]) -> Iterator[Step]:
    """The script with the route's own answer in the place that it has for it."""
    done: list[Step] | None = None
    for step in script:
        match step:
            case Work():
                done = list(story())
            case Usual():
                yield from (step.edited(own) for own in (story() if done is None else done))
            case _:
                yield step
