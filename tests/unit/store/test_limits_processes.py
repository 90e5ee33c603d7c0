"""Programs that share limits: one board, each entry once, each poll and alert by one of them."""

import asyncio
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.limits.board import Board
from services.limits.merging import merge
from services.limits.ports import Applied
from services.models.limit_history import Work
from services.models.limits import UsageReading
from services.store.database import Database
from services.store.limits import LimitStore
from tests.property.test_limits_merging import readings
from tests.unit.store.conftest import StillClock
from tests.unit.store.limit_words import FIVE, ME, T0, spent, turn, word

WORKS = st.lists(
    st.builds(
        Work,
        kind=st.sampled_from(["turn", "task"]),
        id=st.sampled_from("abcd"),
        group=st.just("chat-1"),
        started_at=st.floats(min_value=T0 - 4_000, max_value=T0 + 4_000),
        ended_at=st.one_of(st.none(), st.floats(min_value=T0 - 4_000, max_value=T0 + 9_000)),
    ),
    max_size=4,
)


async def shared(
    path: Path, sequence: Sequence[UsageReading], works: Sequence[Work]
) -> tuple[list[tuple[UsageReading, Applied]], list[Any]]:
    """Two programs hear a sequence at once; what each call did, and what is stored in the end."""
    clock = StillClock()
    clock.time = max(reading.as_of for reading in sequence)
    databases = [await Database.open(path, clock) for _ in range(2)]
    stores = [LimitStore(database, clock) for database in databases]
    for work in works:
        await stores[0].work_began(ME, work)
    applied = await asyncio.gather(
        *(stores[number % 2].apply(ME, reading) for number, reading in enumerate(sequence))
    )
    boards = [(await store.board(ME)).board for store in stores]
    costs = await stores[1].costs(ME, since=0)
    ledger = await stores[0].ledger(ME, limit=1_000)
    rows = [cost.percents for cost in await stores[0].hours(ME, since=0)]
    for database in databases:
        await database.close()
    return list(zip(sequence, applied, strict=True)), [boards, costs, ledger, rows]


@settings(max_examples=40, deadline=None)
@given(readings(), WORKS)
def test_two_programs_that_hear_the_same_server_end_with_one_truth(
    sequence: list[UsageReading], works: list[Work]
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        heard, (boards, costs, ledger, hours) = asyncio.run(
            shared(folder / "data" / "foredeck.db", sequence, works)
        )
    finally:
        shutil.rmtree(folder)
    board, told, grown = Board(), list[Any](), Counter[str]()
    for version in range(1, max(applied.version for _, applied in heard) + 1):
        # Several may know of a version: the one that made it, and those that changed nothing.
        merged = next(
            merged
            for reading, applied in heard
            if applied.version == version and (merged := merge(board, reading)).board != board
            if merged.board == applied.board
        )
        board = merged.board
        told += merged.entries
        for change in merged.changes:
            grown[change.window_id] += change.grown  # pyright: ignore
    assert boards == [board, board]
    entries = [entry for _, applied in heard for entry in applied.entries]
    entries.sort(key=lambda entry: entry.id)
    assert entries == sorted(ledger, key=lambda entry: entry.id)
    assert [(e.kind, e.at, e.window_id) for e in entries] == [
        (e.kind, e.at, e.window_id) for e in told
    ]
    for percents in ([cost.percents for cost in costs], hours):
        stored = Counter[str]()
        for window_id, percent in (each for one in percents for each in one):
            stored[window_id] += percent
        assert stored.keys() == {window_id for window_id in grown if grown[window_id] > 0}
        assert all(abs(stored[each] - grown[each]) < 1e-6 for each in stored)


PROGRAM = """
import asyncio, json, os, sys
from pathlib import Path
from services.clock import SystemClock
from services.store.database import Database
from services.store.limits import LimitStore
from tests.unit.store.limit_words import FIVE, ME, word

def tell(value):
    os.write(1, (json.dumps(value) + "\\n").encode())

async def main():
    clock = SystemClock()
    database = await Database.open(Path(sys.argv[1]), clock)
    limits = LimitStore(database, clock)
    tell("ready")
    sys.stdin.readline()
    polls, alerts, entries = 0, [], []
    for number in range(60):
        now = clock.now()
        polls += await limits.claim_poll(ME, interval=3600)
        # The week comes and goes every ten readings of a program, and both hear of it.
        week = 20 if number // 10 % 2 == 0 else None
        applied = await limits.apply(ME, word(now, number / 2, week, resets_at=now + 9000))
        entries += [entry.id for entry in applied.entries]
        for kind in ("75", "90"):
            if await limits.claim_alert(ME, FIVE, number // 20, kind):
                alerts.append([number // 20, kind])
    tell([polls, alerts, entries])
    await database.close()

asyncio.run(main())
"""


async def test_real_programs_poll_once_and_tell_everything_once(
    path: Path, program: Callable[..., Any]
) -> None:
    programs = [program(PROGRAM) for _ in range(2)]
    for each in programs:
        assert json.loads(each.stdout.readline()) == "ready"
    for each in programs:
        each.stdin.write("\n")
        each.stdin.flush()
    told: list[Any] = []
    for each in programs:
        output, errors = each.communicate(timeout=60)
        assert (each.returncode, errors) == (0, "")
        told.append(json.loads(output))
    assert sum(polls for polls, _, _ in told) == 1
    alerts = [tuple(alert) for _, mine, _ in told for alert in mine]
    assert sorted(alerts) == [(period, kind) for period in range(3) for kind in ("75", "90")]
    entries = sorted(entry for _, _, mine in told for entry in mine)
    clock = StillClock()
    database = await Database.open(path, clock)
    limits = LimitStore(database, clock)
    stored = await limits.ledger(ME, limit=10_000)
    assert entries == sorted(entry.id for entry in stored) != []
    kept = await limits.board(ME)
    # A reading that came after a newer one of the other program made no version.
    assert 60 <= kept.version <= 120
    window = kept.board.window(FIVE)
    assert window is not None
    assert window.used_percent == 59 / 2
    await database.close()


async def test_readings_of_both_are_charged_once(path: Path, clock: StillClock) -> None:
    databases = [await Database.open(path, clock) for _ in range(2)]
    stores = [LimitStore(database, clock) for database in databases]
    await stores[0].work_began(ME, turn("a", T0))
    clock.time = T0 + 60
    await stores[0].apply(ME, word(T0 + 30, 10))
    # Both hear the same answer of the server.
    await asyncio.gather(*(store.apply(ME, word(T0 + 60, 14)) for store in stores))
    assert spent(await stores[1].costs(ME, since=0)) == {"a": 4.0}
    for database in databases:
        await database.close()
