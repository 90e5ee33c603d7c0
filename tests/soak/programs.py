"""Programs that use the login over and over, and that somebody may kill at any time."""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.terminal import Terminal
from tests.soak.ground import HEARD, ROOT, Ground

READY = rb"message"
"""Written by the app once it takes a question."""
PACE = 1.0
"""Seconds between an answer and the next question, where somebody asks or a script is run."""
LIMIT = 60.0
"""Seconds after which a program counts as hung, on a machine that has other things to do."""
STANDSTILL = 10.0
WORKER = Path(__file__).with_name("worker.py")
NUMBERS = itertools.count(1)
"""Questions; no two are the same."""


class Program(ABC):
    """One that is begun again whenever it has ended, by a thread of its own.

    Args:
        ground: Where it runs.
        name: Its originator.
    """

    def __init__(self, ground: Ground, name: str) -> None:
        self.ground = ground
        self.name = name
        self.done = 0
        """Actions that came to a good end."""
        self.lives = 0
        self.kills = 0
        self.faults: list[str] = []
        self._lock = threading.Lock()
        self._process: int | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let it end by itself."""
        self._stop.set()
        self._thread.join(LIMIT)
        if self._thread.is_alive():
            self.faults.append(f"{self.name} did not come to its end")

    @property
    def is_stopping(self) -> bool:
        """Whether no new life is wanted."""
        return self._stop.is_set()

    @contextmanager
    def standing_still(self) -> Generator[int | None]:
        """Its process, stopped for as long as the context lasts; None where there is none."""
        with self._lock:
            process = self._process
            if process is None:
                yield None
                return
            os.kill(process, signal.SIGSTOP)
            try:
                _wait_stopped(process)
                yield process
            finally:
                if self._process is not None:
                    os.kill(process, signal.SIGCONT)

    def kill(self, process: int) -> None:
        """End it in the middle of whatever it does."""
        os.kill(process, signal.SIGKILL)
        self._process = None
        self.kills += 1

    def began(self, process: int) -> None:
        """A process of it may be killed from now on."""
        with self._lock:
            self._process = process
            self.lives += 1

    def ended(self) -> bool:
        """The process is over and is about to be buried; whether it was killed."""
        with self._lock:
            was_killed = self._process is None
            self._process = None
            return was_killed

    def _run(self) -> None:
        try:
            self.run()
        except Exception:
            self.faults.append(f"{self.name}: {traceback.format_exc()}")

    @abstractmethod
    def run(self) -> None:
        """Live until `is_stopping`."""


class Script(Program):
    """`foredeck ask` and `foredeck models` in turn, as a loop in a shell would."""

    def run(self) -> None:
        while not self._stop.wait(PACE):
            number = f"n{next(NUMBERS)}"
            is_question = self.lives % 3 != 2
            self._command(["ask", number] if is_question else ["models", "--refresh"], number)

    def _command(self, arguments: list[str], number: str) -> None:
        said = self.ground.folder / f"{self.name}.out"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", *arguments],
                env=self.ground.environ(self.name),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.began(process.pid)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        was_killed = self.ended()
        code = process.wait()
        wanted = HEARD + number if arguments[0] == "ask" else "gpt-"
        if code == 0 and wanted in said.read_text():
            self.done += 1
        elif not (was_killed and code == -signal.SIGKILL):
            self.faults.append(f"{arguments} ended with {code}: {said.read_text()}")


class Worker(Program):
    """A process that opens the services and uses them for a while, without a screen."""

    def run(self) -> None:
        process = subprocess.Popen(
            [sys.executable, str(WORKER)],
            env=self.ground.environ(self.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdin is not None
            while not self.is_stopping:
                self._life(process)
            process.stdin.close()
            process.wait(LIMIT)

    def _life(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        print(random.randint(1, 3), file=process.stdin, flush=True)
        was_killed = False
        for line in process.stdout:
            match json.loads(line):
                case {"began": int(number)}:
                    self.began(number)
                case {"did": _}:
                    self.done += 1
                case {"failed": str(words)}:
                    self.faults.append(f"{self.name}: {words}")
                case {"ended": _}:
                    was_killed = self.ended()
                    print(file=process.stdin, flush=True)
                case {"code": int(code)}:
                    if code != 0 and not (was_killed and code == -signal.SIGKILL):
                        self.faults.append(f"{self.name} ended with {code}")
                    return
                case other:
                    raise AssertionError(other)
        raise AssertionError(f"{self.name} is gone")


class Deck(Program):
    """The app in a terminal, asked by keys."""

    def run(self) -> None:
        while not self.is_stopping:
            self._life()

    def _life(self) -> None:
        terminal = Terminal(
            [sys.executable, "-m", "app"],
            environ=self.ground.environ(self.name),
            folder=self.ground.folder,
            columns=80,
            rows=24,
        )
        with ExitStack() as stack:
            stack.enter_context(terminal)
            self.began(terminal.process.pid)
            # Before the terminal waits for its process.
            stack.callback(self.ended)
            try:
                terminal.wait_for(READY, limit=LIMIT)
                while not self._stop.wait(PACE):
                    self._question(terminal)
            except (TimeoutError, OSError) as error:
                if terminal.wait_end() != -signal.SIGKILL:
                    screen = "\n".join(terminal.screen())
                    self.faults.append(f"{self.name}: {error!r}\n{screen}")

    def _question(self, terminal: Terminal) -> None:
        number = f"n{next(NUMBERS)}"
        before = terminal.received
        terminal.send(f"{number}\r")
        terminal.wait_for((HEARD + number).encode(), after=before, limit=LIMIT)
        self.done += 1


def _wait_stopped(process: int) -> None:
    """Return once no thread of it runs any more."""
    deadline = time.monotonic() + STANDSTILL
    while time.monotonic() < deadline:
        if all(state in "TtZX" for state in _states(process)):
            return
        time.sleep(0.0002)
    raise TimeoutError(f"{process} does not stand still")


def _states(process: int) -> list[str]:
    found: list[str] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            found.append((task / "stat").read_text().rpartition(")")[2].split()[0])
        except OSError:
            continue
    return found


def told(programs: list[Any]) -> str:
    """How often each lived, was killed, and did what it should."""
    return ", ".join(f"{p.name}: {p.lives} lives, {p.kills} kills, {p.done} done" for p in programs)
