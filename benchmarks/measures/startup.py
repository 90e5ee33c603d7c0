"""First frame, first key, memory after the start, and the cost of doing nothing."""

import time
from contextlib import ExitStack

from benchmarks.figures import Budget, Kind, Row, counted
from benchmarks.programs import READY, Bench
from benchmarks.terminal import Terminal

SETTLE = 2.5
"""Seconds until a program has done what it does after its first frame."""
MEGABYTE = 1e6
STARTS = 3
"""Starts for each counted run: they are short, and other programs disturb them most."""


def start(bench: Bench) -> list[Row]:
    """How soon it can be typed at, beside the empty app."""
    names = ("app", "empty_app")
    frames: dict[str, list[float]] = {name: [] for name in names}
    keys: dict[str, list[float]] = {name: [] for name in names}
    sizes: dict[str, list[float]] = {name: [] for name in names}
    for run in range(STARTS * bench.runs + 1):
        for name in names:
            with bench.start(name) as terminal:
                frame = terminal.wait_for(READY[name])
                frames[name].append(frame - terminal.started)
                after = terminal.received
                terminal.send("ж")
                keys[name].append(terminal.wait_for("ж".encode(), after=after) - terminal.started)
                if run <= bench.runs:
                    time.sleep(SETTLE)
                    sizes[name].append(terminal.resident_bytes() / MEGABYTE)
    return [
        _beside(name, unit, figures, limit, beyond)
        for name, unit, figures, limit, beyond in (
            ("first frame", "s", frames, 1.3, 1.15),
            ("first key seen", "s", keys, 1.3, 1.15),
            ("memory after start", "MB", sizes, 1.6, 1.4),
        )
    ]


def _beside(
    name: str, unit: str, figures: dict[str, list[float]], limit: float, beyond: float
) -> Row:
    return Row(
        name=name,
        unit=unit,
        kind=Kind.RATIO,
        budget=Budget(limit=limit, beyond=beyond),
        values=counted(figures["app"]),
        references=counted(figures["empty_app"]),
        reference_name="empty app",
    )


def idle(bench: Bench) -> list[Row]:
    """What doing nothing costs; all programs of this measure do it at the same time."""
    seconds = 5 if bench.is_quick else 20
    budget = Budget(limit=0.5, beyond=0.2)
    with ExitStack() as stack:
        programs = {
            name: [stack.enter_context(bench.ready(name)) for _ in range(bench.runs + 1)]
            for name in ("app", "empty_app")
        }
        counting = [stack.enter_context(bench.ready("app")) for _ in range(bench.runs + 1)]
        for terminal in counting:
            _wait_for_a_retry(bench, terminal)
        time.sleep(SETTLE)
        before = [t.cpu_seconds() for t in (*programs["app"], *programs["empty_app"], *counting)]
        began = time.monotonic()
        time.sleep(seconds)
        passed = time.monotonic() - began
        after = [t.cpu_seconds() for t in (*programs["app"], *programs["empty_app"], *counting)]
    shares = [100 * (end - begin) / passed for begin, end in zip(before, after, strict=True)]
    size = bench.runs + 1
    app, empty, countdown = (counted(shares[at : at + size]) for at in (0, size, 2 * size))
    return [
        Row(
            name=name,
            unit="%",
            kind=Kind.PLAIN,
            budget=budget,
            values=values,
            references=empty,
            reference_name="empty app",
        )
        for name, values in (
            (f"CPU of doing nothing for {seconds} s", app),
            (f"CPU of a countdown for {seconds} s", countdown),
        )
    ]


def _wait_for_a_retry(bench: Bench, terminal: Terminal) -> None:
    """Bring the app to where it counts seconds until it asks again."""
    error = {"error": {"code": "rate_limit_exceeded", "message": "try later"}}
    bench.server.script([{"status": 429, "headers": {"retry-after": "50"}, "body": error}])
    terminal.send("hello")
    terminal.wait_for(b"hello")
    after = terminal.received
    terminal.send("\r")
    terminal.wait_for(rb"retry|Retry", after=after)
