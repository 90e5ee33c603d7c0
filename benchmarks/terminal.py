"""A program in a real pseudo-terminal, read by a thread that notes when each byte came.

Used by the benchmarks and by the tests that need a real terminal.
"""

import bisect
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
QUERY_ANSWERS = (
    (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
    (b"\x1b[?2048$p", b"\x1b[?2048;0$y"),
)
"""What a modern terminal answers, so that the program finds what it would find there."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as they left the program."""

    at: float
    """Monotonic seconds."""
    data: bytes


class Terminal:
    """One program in one pseudo-terminal; leave the context to end it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        columns: int = 120,
        rows: int = 40,
        cpu: int | None = None,
        folder: Path | None = None,
    ) -> None:
        """Describe the run; it begins with the context.

        Args:
            command: Program and arguments.
            environ: Its whole environment.
            columns: Width of the terminal in cells.
            rows: Height of the terminal in cells.
            cpu: The one processor it may use; None for all.
            folder: Its working folder.
        """
        self._command = list(command)
        self._environ = dict(environ)
        self._size = (rows, columns)
        self._cpu = cpu
        self._folder = folder
        self._lock = threading.Condition()
        self._chunks: list[Chunk] = []
        self._ends: list[int] = []
        self._total = bytearray()
        self.started = 0.0
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        self._set_size(*self._size)

        def prepare() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if self._cpu is not None:
                os.sched_setaffinity(0, {self._cpu})

        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self._command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self._environ,
            cwd=self._folder,
            preexec_fn=prepare,  # noqa: PLW1509 no thread of ours holds a lock here
            close_fds=True,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        while True:
            try:
                ready, _, _ = select.select([self._master], [], [], 0.5)
                if not ready:
                    if self.process.poll() is not None:
                        break
                    continue
                data = os.read(self._master, 1 << 16)
            except OSError:
                break
            if not data:
                break
            for question, answer in QUERY_ANSWERS:
                if question in data:
                    os.write(self._master, answer)
            with self._lock:
                self._chunks.append(Chunk(time.monotonic(), data))
                self._total += data
                self._ends.append(len(self._total))
                self._lock.notify_all()
        with self._lock:
            self._lock.notify_all()

    def _set_size(self, rows: int, columns: int) -> None:
        packed = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, packed)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; the program is told by the kernel."""
        self._size = (rows, columns)
        self._set_size(rows, columns)

    def send(self, data: bytes | str) -> float:
        """Type or paste bytes.

        Returns:
            Monotonic seconds of the moment before they were written.
        """
        now = time.monotonic()
        os.write(self._master, data.encode() if isinstance(data, str) else data)
        return now

    @property
    def output(self) -> bytes:
        """Everything that came so far."""
        with self._lock:
            return bytes(self._total)

    @property
    def received(self) -> int:
        """How many bytes came so far: the offset of the next one."""
        return len(self._total)

    @property
    def last_at(self) -> float:
        """Monotonic seconds of the newest bytes; of the start where none came."""
        with self._lock:
            return self._chunks[-1].at if self._chunks else self.started

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """Everything that came so far, with its times."""
        with self._lock:
            return tuple(self._chunks)

    def wait_for(self, pattern: bytes, *, after: int = 0, limit: float = 20.0) -> float:
        """Wait until bytes came that match.

        Args:
            pattern: A regular expression over raw bytes.
            after: Offset into `output` before which nothing counts.
            limit: Seconds.

        Returns:
            Monotonic seconds of the chunk that completed the match.

        Raises:
            TimeoutError: They did not come, or the program ended before.
        """
        expression = re.compile(pattern, re.DOTALL)
        deadline = time.monotonic() + limit
        with self._lock:
            while True:
                found = expression.search(self._total, after)
                if found:
                    return self._time_of(found.end())
                left = deadline - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    raise TimeoutError(f"{pattern!r} not in {bytes(self._total[-2000:])!r}")
                self._lock.wait(min(left, 0.5))

    def has(self, data: bytes, *, after: int = 0) -> bool:
        """Whether these bytes came, not counting those before the offset `after`."""
        with self._lock:
            return self._total.find(data, after) >= 0

    def _time_of(self, offset: int) -> float:
        return self._chunks[bisect.bisect_left(self._ends, offset)].at

    def screen(self) -> list[str]:
        """The rows as a person would see them now, blanks at the end cut."""
        rows, columns = self._size
        screen = pyte.Screen(columns, rows)
        stream = pyte.ByteStream(screen)
        stream.feed(_without_unknown(self.output))
        return [line.rstrip() for line in screen.display]

    def wait_screen(self, text: str, *, limit: float = 20.0) -> list[str]:
        """Wait until the interpreted screen shows `text`.

        Returns:
            The rows that show it.

        Raises:
            TimeoutError: It never did; the message holds the last screen.
        """
        return self.wait_for_screen(lambda rows: any(text in row for row in rows), text, limit)

    def wait_for_screen(
        self, condition: Callable[[list[str]], bool], words: str = "", limit: float = 20.0
    ) -> list[str]:
        """Wait until the interpreted screen is as wanted.

        Args:
            condition: Says so of the rows.
            words: What is waited for, for the message.
            limit: Seconds.

        Returns:
            The rows that are.

        Raises:
            TimeoutError: They never were; the message holds the last screen.
        """
        deadline = time.monotonic() + limit
        while True:
            seen = len(self.output)
            rows = self.screen()
            if condition(rows):
                return rows
            with self._lock:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{words!r} is not on the screen:\n" + "\n".join(rows))
                if len(self._total) == seen:
                    self._lock.wait(min(left, 0.5))

    def wait_quiet(self, seconds: float = 0.3, *, limit: float = 20.0) -> None:
        """Wait until nothing came for a while."""
        deadline = time.monotonic() + limit
        with self._lock:
            while time.monotonic() < deadline:
                count = len(self._chunks)
                self._lock.wait(seconds)
                if len(self._chunks) == count:
                    return

    def wait_end(self, limit: float = 10.0) -> int:
        """Wait until the program ended.

        Returns:
            Its exit code; negative where a signal ended it.
        """
        code = self.process.wait(limit)
        self._reader.join(2)
        return code

    def family(self) -> list[int]:
        """The program's process and all below it."""
        parents: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                parents.setdefault(int(stat[1]), []).append(int(entry.name))
        found, waiting = [self.process.pid], [self.process.pid]
        while waiting:
            children = parents.get(waiting.pop(), [])
            found += children
            waiting += children
        return found

    def modes(self) -> list[object]:
        """The terminal's own settings: input, output, control, local flags and the rest."""
        return list(termios.tcgetattr(self._master))

    def cpu_seconds(self, *, only_self: bool = False) -> float:
        """User and system time so far, of the program and all below it."""
        total = 0
        for number in [self.process.pid] if only_self else self.family():
            try:
                stat = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += int(stat[11]) + int(stat[12])
        return total / CLOCK_TICKS

    def resident_bytes(self) -> int:
        """Resident memory of the program's own process."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE


def _without_unknown(data: bytes) -> bytes:
    """Take out sequences that pyte would print as text."""
    data = re.sub(rb"\x1b\[[<>=?][0-9;:]*[a-zA-Z]", lambda m: _known_private(m.group()), data)
    return re.sub(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*\$[a-z]", b"", data)


def _known_private(sequence: bytes) -> bytes:
    return sequence if sequence.startswith(b"\x1b[?") else b""
