"""A saved conversation of 10,000 messages: opened, read and resized."""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Budget, Kind, Row, counted
from benchmarks.material import plain_turn
from benchmarks.programs import COLUMNS, READY, ROWS, Bench, fill_store
from benchmarks.terminal import Terminal
from benchmarks.typing_keys import type_keys

MESSAGES, QUICK_MESSAGES = 10_000, 1_000
LAST = "Zwölfende"
PAGE_UP, PAGE_DOWN, HOME, END = "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F"
TO_TRANSCRIPT, TO_COMPOSER = "\x1b", "i"
PAGES = 12
QUIET = 0.12
"""Seconds without output after which a repaint counts as over."""


def saved(bench: Bench) -> list[Row]:
    """Opened at its end, paged through, made narrow and wide again."""
    count = QUICK_MESSAGES if bench.is_quick else MESSAGES
    texts = [plain_turn(400, seed=number) for number in range(count // 2)]
    texts[-1] += f"\n\n{LAST}"
    opened: list[float] = []
    empty: list[float] = []
    pages: list[float] = []
    resized: list[float] = []
    blocked: list[float] = []
    with tempfile.TemporaryDirectory(prefix="foredeck-bench-") as folder:
        home = Path(folder)
        fill_store(home, texts)
        for _ in range(bench.runs + 1):
            with bench.start("empty_app") as terminal:
                empty.append(terminal.wait_for(READY["empty_app"]) - terminal.started)
            with bench.start("app", home=home) as terminal:
                opened.append(terminal.wait_for(LAST.encode()) - terminal.started)
                terminal.wait_quiet(0.7, limit=10)
                pages.append(max(_page_through(terminal)))
                repaints, waits = _resize(terminal)
                resized.append(max(repaints))
                blocked.append(max(0.0, max(waits) - statistics.median(waits)))
    return [
        Row(
            name=f"{count} messages, opened at the end",
            unit="s",
            kind=Kind.RATIO,
            budget=Budget(limit=2.0),
            values=counted(opened),
            references=counted(empty),
            reference_name="empty app",
        ),
        _worst("worst page of scrolling in it", pages, Budget(limit=50, beyond=16)),
        _worst("worst repaint, 120 to 80 to 120 columns", resized, Budget(limit=100)),
        _worst("worst wait of a key after that", blocked, Budget(limit=50)),
    ]


def _worst(name: str, figures: list[float], budget: Budget) -> Row:
    return Row(
        name=name,
        unit="ms",
        kind=Kind.PLAIN,
        budget=budget,
        values=counted(figures),
        digits=0,
    )


def _page_through(terminal: Terminal) -> list[float]:
    """Milliseconds of each page: at the end, at the start of what is known, and back."""
    terminal.send(TO_TRANSCRIPT)
    terminal.wait_quiet(0.5, limit=3)
    taken = [_repaint(terminal, PAGE_UP) for _ in range(PAGES)]
    for _ in range(2):
        terminal.send(HOME)
        terminal.wait_quiet(1.0, limit=5)
        taken += [_repaint(terminal, PAGE_DOWN) for _ in range(PAGES)]
    taken += [_repaint(terminal, PAGE_UP) for _ in range(PAGES)]
    terminal.send(END)
    terminal.wait_quiet(0.5, limit=3)
    return taken


def _repaint(terminal: Terminal, key: str) -> float:
    """Milliseconds from a key to the last byte of what it changed."""
    pressed = terminal.send(key)
    terminal.wait_quiet(QUIET, limit=2)
    return max(0.0, terminal.last_at - pressed) * 1000


def _resize(terminal: Terminal) -> tuple[list[float], list[float]]:
    """Milliseconds until each size was painted, and of each key typed right after."""
    terminal.send(TO_COMPOSER)
    terminal.wait_quiet(0.5, limit=3)
    repaints: list[float] = []
    waits: list[float] = []
    for columns in (80, COLUMNS):
        began = time.monotonic()
        terminal.resize(columns, ROWS)
        terminal.wait_quiet(QUIET, limit=3)
        repaints.append(max(0.0, terminal.last_at - began) * 1000)
    for columns in (80, COLUMNS):
        terminal.resize(columns, ROWS)
        time.sleep(0.02)
        waits += type_keys(terminal, 15, pause=0.3)
    return repaints, waits
