"""Limits on the screen: what their countdowns cost, and how much of the screen a step repaints."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figures import Budget, Kind, Row
from benchmarks.programs import STILL, Bench
from benchmarks.terminal import Terminal

SECONDS, QUICK_SECONDS = 20, 5
GAUGE = "% left"
"""What the header says once limits are known."""
LIMITS_VIEW = "\x1b5"
"""Esc, out of the composer; then the view of the limits."""
REDRAW = "\x0c"
SETTLE = 2.5
"""Seconds until a program has done what it does after its first frame."""
MINUTE = 61.0
"""Seconds in which a gauge in the header, which counts whole minutes, makes a step."""
APART = 0.2
"""Seconds without output between two steps."""


def limits_shown(bench: Bench) -> list[Row]:
    """Both at the same time: the gauge beside a chat, and the view of all limits."""
    seconds = QUICK_SECONDS if bench.is_quick else SECONDS
    with tempfile.TemporaryDirectory(prefix="foredeck-bench-") as folder, ExitStack() as stack:
        home = Path(folder)
        bench.sign_in(home)
        pairs: list[tuple[Terminal, Terminal]] = []
        for _ in range(bench.runs):
            gauge, view = (
                stack.enter_context(bench.ready("app", home=home, is_signed_in=True))
                for _ in range(2)
            )
            for terminal in (gauge, view):
                terminal.wait_screen(GAUGE)
            view.send(LIMITS_VIEW)
            view.wait_screen("resets")
            pairs.append((gauge, view))
        time.sleep(SETTLE)
        shares = _idle([each for pair in pairs for each in pair], seconds)
        views = [_step_and_screen(view, 2.0) for _, view in pairs]
        gauges = [] if bench.is_quick else _wait_a_minute([gauge for gauge, _ in pairs])
    return [
        _cpu(f"CPU of the gauge for {seconds} s", shares[::2]),
        _cpu(f"CPU of the Limits view for {seconds} s", shares[1::2]),
        _repaint("a second's step in the Limits view", views),
        *([_repaint("a minute's step of the gauge", gauges)] if gauges else ()),
    ]


def _idle(programs: Sequence[Terminal], seconds: float) -> list[float]:
    """Percent of a processor that each takes."""
    before = [each.cpu_seconds() for each in programs]
    began = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    after = [each.cpu_seconds() for each in programs]
    return [100 * (end - begin) / passed for begin, end in zip(before, after, strict=True)]


def _wait_a_minute(programs: Sequence[Terminal]) -> list[tuple[float, float]]:
    starts = [each.received for each in programs]
    time.sleep(MINUTE)
    return [(_largest_step(t, at), _screen(t)) for t, at in zip(programs, starts, strict=True)]


def _step_and_screen(terminal: Terminal, seconds: float) -> tuple[float, float]:
    """Bytes of the largest step within these seconds, and of a repaint of everything."""
    start = terminal.received
    time.sleep(seconds)
    return _largest_step(terminal, start), _screen(terminal)


def _largest_step(terminal: Terminal, start: int) -> float:
    place, last, size, largest = 0, float("-inf"), 0, 0
    for chunk in terminal.chunks:
        place += len(chunk.data)
        if place <= start:
            continue
        size = size + len(chunk.data) if chunk.at - last < APART else len(chunk.data)
        last, largest = chunk.at, max(largest, size)
    if not largest:
        raise TimeoutError("no step was drawn")
    return largest


def _screen(terminal: Terminal) -> float:
    start = terminal.received
    terminal.send(REDRAW)
    terminal.wait_quiet(STILL, limit=3)
    return terminal.received - start


def _cpu(name: str, shares: Sequence[float]) -> Row:
    return Row(
        name=name,
        unit="%",
        kind=Kind.PLAIN,
        budget=Budget(limit=0.5, beyond=0.2),
        values=tuple(shares),
    )


def _repaint(name: str, bytes_of: Sequence[tuple[float, float]]) -> Row:
    """One region and not the screen: a fifth of its bytes is far from all of them."""
    return Row(
        name=name,
        unit="B",
        kind=Kind.RATIO,
        budget=Budget(limit=0.2),
        values=tuple(step for step, _ in bytes_of),
        references=tuple(screen for _, screen in bytes_of),
        reference_name="the screen",
        digits=0,
    )
