"""What is scripted, failing, held and noted: the state between the routes and the tests."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.faults import Fault
from simulator.playback import Playback
from simulator.recording import Recorded, Recording
from simulator.script import Gate, Script, Step, as_steps


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
        is_named: bool = True,
    ) -> Playback:
        """What this call plays: its script, else the story, with the route's faults in it."""
        with self._lock:
            queue = self._scripts[route]
            script = queue.popleft() if queue else None
            faults = [fault for fault in self._faults if fault.route == route and fault.strikes()]
        steps: Iterable[Step] = story() if script is None else script
        for fault in faults:
            steps = fault.applied(steps)

        def end(is_cut: bool) -> None:
            if is_cut:
                request.closed.set()
            request.ended.set()

        return Playback(steps, is_named=is_named, headers=headers, on_mark=self._mark, on_end=end)

    def _mark(self, name: str, at: float) -> None:
        with self._lock:
            self._marks.append(Marked(name, at))


def now() -> float:
    """Unix seconds."""
    return time.time()
