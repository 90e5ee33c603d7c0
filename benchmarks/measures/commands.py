"""What a command costs that needs no screen."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Budget, Kind, Row, counted
from benchmarks.programs import PROGRAM_CPU, Bench
from benchmarks.server import TREE

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
