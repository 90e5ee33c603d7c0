"""The store of limits with 500,000 samples: charts, forecasts, and one reading more."""

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.figures import Budget, Kind, Row, counted
from benchmarks.programs import Bench
from services.clock import SystemClock
from services.models.limits import LimitReading, LimitSource, RateWindow, UsageReading
from services.store.database import Database
from services.store.limits import LimitStore

SAMPLES, QUICK_SAMPLES = 500_000, 50_000
WINDOWS = 4
DAY = 86_400.0
KEPT = 35 * DAY
ACCOUNT = "benchmark"
READINGS = 20
COLUMNS = 400


def limits_store(bench: Bench) -> list[Row]:
    """CPU of the calls that a screen and a reading make."""
    count = QUICK_SAMPLES if bench.is_quick else SAMPLES
    with tempfile.TemporaryDirectory(prefix="foredeck-bench-") as folder:
        taken = asyncio.run(_measure(Path(folder) / "data" / "foredeck.db", count, bench.runs))
    budgets = {
        "chart of 24 hours, all windows": 40.0,
        "chart of 30 days, all windows": 40.0,
        "history for a forecast": 20.0,
        "one reading more": 5.0,
    }
    return [
        Row(
            name=f"limits, {count} samples: {name}, CPU",
            unit="ms",
            kind=Kind.PLAIN,
            budget=Budget(limit=limit),
            values=counted(taken[name]),
            digits=1,
        )
        for name, limit in budgets.items()
    ]


async def _measure(path: Path, count: int, runs: int) -> dict[str, list[float]]:
    clock = SystemClock()
    database = await Database.open(path, clock)
    store = LimitStore(database, clock)
    now = clock.now()
    await database.run(_filler(count, now))
    number = 0

    async def read() -> None:
        nonlocal number
        for _ in range(READINGS):
            number += 1
            await store.apply(ACCOUNT, _reading(clock.now(), number / 10))

    taken: dict[str, list[float]] = {}
    for _ in range(runs + 1):
        for name, share, call in (
            ("chart of 24 hours, all windows", 1, _chart(store, now, DAY)),
            ("chart of 30 days, all windows", 1, _chart(store, now, 30 * DAY)),
            ("history for a forecast", 1, _history(store, now)),
            ("one reading more", READINGS, read),
        ):
            began = time.process_time()
            await call()
            spent = (time.process_time() - began) * 1000 / share
            taken.setdefault(name, []).append(spent)
    await database.close()
    return taken


def _chart(store: LimitStore, now: float, seconds: float) -> Callable[[], Awaitable[object]]:
    return lambda: store.series(ACCOUNT, since=now - seconds, until=now, columns=COLUMNS)


def _history(store: LimitStore, now: float) -> Callable[[], Awaitable[object]]:
    return lambda: store.samples(ACCOUNT, _window_id(0), since=now - KEPT)


def _reading(at: float, used: float) -> UsageReading:
    windows = tuple(
        RateWindow(
            limit_id="codex",
            role="primary",
            used_percent=used % 100,
            window_seconds=_seconds(number),
            resets_at=at + 3_600,
        )
        for number in range(WINDOWS)
    )
    limit = LimitReading(limit_id="codex", windows=windows)
    return UsageReading(source=LimitSource.POLL, as_of=at, is_whole=True, limits=(limit,))


def _filler(count: int, now: float) -> Callable[[sqlite3.Connection], None]:
    """Every window's use, which changes with each sample."""
    each = count // WINDOWS

    def work(connection: sqlite3.Connection) -> None:
        rng = random.Random(1)
        for number in range(WINDOWS):
            used = 0.0
            rows: list[tuple[str, str, float, float, float, str]] = []
            for place in range(each):
                used = (used + rng.random()) % 100
                at = now - KEPT + place * KEPT / each
                rows.append((ACCOUNT, _window_id(number), at, used, now + 3_600, "poll"))
            connection.executemany("INSERT INTO limit_samples VALUES (?, ?, ?, ?, ?, ?)", rows)

    return work


def _seconds(number: int) -> int:
    return 18_000 * (number + 1)


def _window_id(number: int) -> str:
    return f"codex/{_seconds(number)}"
