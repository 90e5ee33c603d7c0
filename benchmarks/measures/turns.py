"""Whether the two-thousandth turn costs what the first did."""

import time

from benchmarks.figures import Budget, Kind, Row
from benchmarks.material import answer, plain_turn
from benchmarks.programs import Bench
from benchmarks.terminal import Terminal

TURNS, QUICK_TURNS = 2000, 100
MEASURED = 20
SIZE = 1000
QUIET = 0.15
"""Seconds without output after which a measured turn counts as over."""
MEGABYTE = 1e6


def turns(bench: Bench) -> list[Row]:
    """Turns of 1 KB in one process; a single run, since it takes minutes."""
    count = QUICK_TURNS if bench.is_quick else TURNS
    with bench.ready("app") as terminal:
        time.sleep(1)
        size_before = terminal.resident_bytes()
        _turn(bench, terminal, 0, is_measured=True)
        first = _cost(bench, terminal, 1)
        for number in range(MEASURED + 1, count - MEASURED):
            _turn(bench, terminal, number, is_measured=False)
        terminal.wait_quiet(1.0, limit=5)
        last = _cost(bench, terminal, count - MEASURED)
        size_after = terminal.resident_bytes()
    return [
        Row(
            name=f"CPU of a turn, the last 20 of {count}",
            unit="ms",
            kind=Kind.RATIO,
            budget=Budget(limit=1.1, beyond=1.0),
            values=(last,),
            references=(first,),
            reference_name="the first 20",
            digits=0,
        ),
        Row(
            name=f"memory after {count} turns",
            unit="MB",
            kind=Kind.EXTRA,
            budget=Budget(limit=60, beyond=30),
            values=(size_after / MEGABYTE,),
            references=(size_before / MEGABYTE,),
            reference_name="after start",
            digits=0,
        ),
    ]


def _cost(bench: Bench, terminal: Terminal, first: int) -> float:
    """Milliseconds of CPU that one of the next turns takes."""
    before = terminal.cpu_seconds()
    for number in range(first, first + MEASURED):
        _turn(bench, terminal, number, is_measured=True)
    return (terminal.cpu_seconds() - before) * 1000 / MEASURED


def _turn(bench: Bench, terminal: Terminal, number: int, *, is_measured: bool) -> None:
    marker = f"Zwölf{number:04}"
    bench.server.script(answer(plain_turn(SIZE, seed=number), marker, rate=0, size=16))
    after = terminal.received
    terminal.send(f"q{number:04}\r")
    terminal.wait_for(marker.encode(), after=after, limit=30)
    if is_measured:
        terminal.wait_quiet(QUIET, limit=5)
