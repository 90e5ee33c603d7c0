"""What a command costs that needs no screen."""

import asyncio
import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Budget, Kind, Row, counted
from benchmarks.programs import PROGRAM_CPU, Bench
from benchmarks.server import TREE
from services.clock import SystemClock
from services.store.database import Database

CALLS = 20


def version(bench: Bench) -> list[Row]:
    """`--version` beside Python that does nothing."""
    nothing: list[float] = []
    ours: list[float] = []
    home = Path(os.devnull)
    for _ in range(bench.runs + 1):
        nothing.append(_milliseconds([bench.python, "-c", "pass"], bench.environ(home)))
        ours.append(_milliseconds([bench.python, "-m", "app", "--version"], bench.environ(home)))
    return [
        Row(
            name="foredeck --version, CPU",
            unit="ms",
            kind=Kind.RATIO,
            budget=Budget(limit=2.5),
            values=counted(ours),
            references=counted(nothing),
            reference_name="python -c pass",
            digits=1,
        )
    ]


def status_line(bench: Bench) -> list[Row]:
    """`limits --format tmux` of a store with two windows, beside Python that does nothing."""
    nothing: list[float] = []
    ours: list[float] = []
    command = [bench.python, "-m", "app", "limits", "--format", "tmux"]
    with tempfile.TemporaryDirectory(prefix="foredeck-bench-") as folder:
        home = Path(folder)
        asyncio.run(_fill_limits(home))
        for _ in range(bench.runs + 1):
            nothing.append(_milliseconds([bench.python, "-c", "pass"], bench.environ(home)))
            ours.append(_milliseconds(command, bench.environ(home)))
    return [
        Row(
            name="foredeck limits --format tmux, CPU",
            unit="ms",
            kind=Kind.RATIO,
            budget=Budget(limit=2.5, beyond=2.0),
            values=counted(ours),
            references=counted(nothing),
            reference_name="python -c pass",
            digits=1,
        )
    ]


async def _fill_limits(home: Path) -> None:
    """Store what a status line shows."""
    now = time.time()

    def fill(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO limit_status (window_id, limit_id, label, window_seconds, used,"
            " is_refused, resets_at, as_of, source, forecast)"
            " VALUES (?, 'codex', ?, ?, ?, 0, ?, ?, 'poll', ?)",
            [
                ("codex/18000", "5h", 18_000, 38.0, now + 4_000, now, "runs_out"),
                ("codex/604800", "week", 604_800, 92.0, now + 300_000, now, "lasts"),
            ],
        )
        connection.execute("UPDATE limit_facts SET standing = 'known', as_of = ?", (now,))

    database = await Database.open(home / "data" / "foredeck.db", SystemClock())
    try:
        await database.run(fill)
    finally:
        await database.close()


def _milliseconds(command: Sequence[str], environ: dict[str, str]) -> float:
    """CPU of one call, on average."""
    before = os.times()
    for _ in range(CALLS):
        subprocess.run(
            command,
            check=True,
            cwd=TREE,
            env=environ,
            stdout=subprocess.DEVNULL,
            preexec_fn=_pin,
        )
    after = os.times()
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return spent * 1000 / CALLS


def _pin() -> None:
    os.sched_setaffinity(0, {PROGRAM_CPU})
