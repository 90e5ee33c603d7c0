"""The programs that are measured, each in a terminal of its own on its own processor."""

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.server import TREE, Server
from benchmarks.terminal import Terminal
from services.clock import SystemClock
from services.models.chat import Reply, TurnStatus, UserMessage
from services.store import rows
from services.store.chats import ChatStore
from services.store.database import Database

PROGRAM_CPU = 0
OTHERS_CPU = 1
PRIORITY = -15
"""Nice value, where it may be set."""
COLUMNS, ROWS = 120, 40
REFERENCES = TREE / "benchmarks" / "references"
READY = {"app": b"Message|message", "empty_app": b"Ready", "markdown_stream": b"Ready"}
"""What the first frame of each holds."""
STILL = 0.4
"""Seconds without output after which a program has settled; a blinking caret needs 0.5."""
FILL_STEP = 500
"""Messages that are stored in one transaction."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measure works with."""

    server: Server
    runs: int
    """Counted ones; one more comes before them."""
    is_quick: bool = False
    python: str = field(default=sys.executable)

    @contextmanager
    def start(
        self,
        name: str,
        *,
        home: Path | None = None,
        columns: int = COLUMNS,
        rows: int = ROWS,
        is_signed_in: bool = False,
    ) -> Generator[Terminal]:
        """Run `app` or a reference program; its first frame may not be there yet.

        Args:
            name: `app`, or a module of `benchmarks/references`.
            home: Where it finds and keeps its files; None for a new empty folder.
            columns: Width of the terminal.
            rows: Height of the terminal.
            is_signed_in: Whether it uses the login in `home`, and no key.
        """
        command = [self.python, "-m", "app"]
        if name != "app":
            command = [self.python, str(REFERENCES / f"{name}.py")]
        with tempfile.TemporaryDirectory(prefix="foredeck-bench-") as folder:
            place = home or Path(folder)
            environ = self.login_environ(place) if is_signed_in else self.environ(place)
            with Terminal(
                command,
                environ=environ,
                columns=columns,
                rows=rows,
                cpu=PROGRAM_CPU,
                folder=TREE,
            ) as terminal:
                yield terminal

    @contextmanager
    def ready(
        self, name: str, *, home: Path | None = None, is_signed_in: bool = False
    ) -> Generator[Terminal]:
        """Run a program, and go on once it was quiet after its first frame."""
        with self.start(name, home=home, is_signed_in=is_signed_in) as terminal:
            terminal.wait_for(READY.get(name, b"Ready"))
            terminal.wait_quiet(STILL, limit=5)
            yield terminal

    def sign_in(self, home: Path) -> None:
        """Put a login of the server's into `home`, by device code."""
        command = [self.python, "-m", "app", "login", "--device"]
        (home / "codex").mkdir()
        subprocess.run(
            command,
            check=True,
            cwd=TREE,
            env=self.login_environ(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )

    def login_environ(self, home: Path) -> dict[str, str]:
        """The whole environment of a program that finds its login in `home`."""
        environ = self.environ(home)
        del environ["OPENAI_API_KEY"], environ["FOREDECK_OPENAI_BASE_URL"]
        return environ | {
            "CODEX_HOME": str(home / "codex"),
            "FOREDECK_ISSUER": self.server.issuer,
            "FOREDECK_CHATGPT_BASE_URL": self.server.chatgpt_base_url,
        }

    def environ(self, home: Path) -> dict[str, str]:
        """The whole environment of a measured program."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "FOREDECK_HOME": str(home),
            "FOREDECK_OPENAI_BASE_URL": self.server.openai_base_url,
            "OPENAI_API_KEY": self.server.api_key,
            "BENCH_BASE_URL": self.server.openai_base_url,
        }


def take_places() -> None:
    """Keep this process and the server off the measured program's processor, and go first.

    All that is measured inherits the priority, so that other work on the machine disturbs it less.
    """
    if OTHERS_CPU in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {OTHERS_CPU})
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)


def send_and_wait(terminal: Terminal, text: str, marker: str, *, limit: float = 120) -> float:
    """Enter a line, and wait for a word of the answer.

    Returns:
        Monotonic seconds at which the word left the program.
    """
    after = terminal.received
    terminal.send(text)
    terminal.wait_for(re.escape(text.encode()), after=after)
    after = terminal.received
    terminal.send("\r")
    return terminal.wait_for(re.escape(marker.encode()), after=after, limit=limit)


def fill_store(home: Path, texts: Sequence[str]) -> None:
    """Store one chat: a short question before each of the texts."""

    async def fill() -> None:
        clock = SystemClock()
        database = await Database.open(home / "data" / "foredeck.db", clock)
        try:
            store = ChatStore(database, clock)
            await store.create(chat_id="saved", model=None, effort=None, provider=None)
            await store.set_title("saved", "A long conversation")
            for start in range(0, len(texts), FILL_STEP):
                await database.run(_filler(start, texts[start : start + FILL_STEP], clock.now()))
        finally:
            await database.close()

    asyncio.run(fill())


def _filler(start: int, texts: Sequence[str], now: float) -> Callable[[sqlite3.Connection], None]:
    def work(connection: sqlite3.Connection) -> None:
        rows.touch(connection, "saved", now)
        for number, text in enumerate(texts, start):
            turn = f"t{number}"
            question = f"Question {number}: why is that so?"
            asked = UserMessage(id=f"q{number}", turn_id=turn, text=question, at=now)
            said = Reply(id=f"a{number}", turn_id=turn, text=text)
            rows.begin_turn(connection, "saved", turn, "", now)
            rows.put_item(connection, "saved", asked, _raw("user", "input_text", question))
            rows.put_item(connection, "saved", said, _raw("assistant", "output_text", text))
            rows.end_turn(
                connection,
                "saved",
                turn,
                status=TurnStatus.COMPLETED,
                usage=None,
                model=None,
                now=now,
            )

    return work


def _raw(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
