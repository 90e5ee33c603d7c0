"""What is kept for how long, and what purging leaves."""

import sqlite3
from typing import Any

import pytest

from services.limits.state import state_of
from services.models.limit_history import LedgerEntry, LedgerKind
from services.store.database import Database
from services.store.limits import LimitStore
from services.store.limits_upkeep import AWAY, KEPT, SAMPLES_KEPT
from tests.unit.store.conftest import StillClock
from tests.unit.store.limit_words import DAY, FIVE, HOUR, ME, T0, spent, turn, word


@pytest.fixture
def limits(database: Database, clock: StillClock) -> LimitStore:
    return LimitStore(database, clock)


@pytest.fixture
def other(database: Database, clock: StillClock) -> LimitStore:
    return LimitStore(database, clock)


async def read(database: Database, statement: str) -> list[tuple[Any, ...]]:
    def work(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
        return connection.execute(statement).fetchall()

    return await database.read(work)


async def fill(limits: LimitStore, clock: StillClock, at: float) -> None:
    """An hour with a turn, a cost, an alert and an entry."""
    clock.time = at
    await limits.apply(ME, word(at, 10, resets_at=at + HOUR))
    await limits.work_began(ME, turn(f"t{at:.0f}", at))
    clock.time = at + 60
    await limits.apply(ME, word(clock.time, 15, resets_at=at + HOUR))
    await limits.work_ended(ME, "turn", f"t{at:.0f}")
    await limits.claim_alert(ME, FIVE, int(at), "75")
    await limits.note(ME, LedgerEntry(at=at, kind=LedgerKind.REDEEMED, window_id=FIVE))


async def counts(database: Database) -> dict[str, int]:
    tables = ("samples", "hours", "costs", "work", "ledger", "alerts")
    return {
        table: (await read(database, f"SELECT count(*) FROM limit_{table}"))[0][0]
        for table in tables
    }


ONE = {"samples": 2, "hours": 1, "costs": 1, "work": 1, "ledger": 1, "alerts": 1}


async def live_to(limits: LimitStore, clock: StillClock, end: float) -> None:
    """A reading each week, of a window that nobody uses."""
    while clock.time < end:
        clock.time = min(end, clock.time + 7 * DAY)
        await limits.apply(ME, word(clock.time, week=0))


async def test_samples_go_after_five_weeks_and_hours_stay_for_more_than_a_year(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    await fill(limits, clock, T0)
    mine = f"SELECT count(*) FROM limit_samples WHERE window_id = '{FIVE}'"
    hours = f"SELECT count(*) FROM limit_hours WHERE window_id = '{FIVE}'"
    await live_to(limits, clock, T0 + SAMPLES_KEPT)
    assert await read(database, mine) == [(2,)]
    await live_to(limits, clock, T0 + SAMPLES_KEPT + DAY + 60)
    assert await read(database, mine) == [(0,)]
    await live_to(limits, clock, T0 + KEPT)
    assert (await read(database, hours), len(await limits.costs(ME, since=0))) == ([(1,)], 1)
    assert await limits.turn_costs(ME, "chat-1", count=1) != ()
    await live_to(limits, clock, T0 + KEPT + DAY + HOUR)
    assert await read(database, hours) == [(0,)]
    assert await limits.costs(ME, since=0) == ()
    assert await limits.turn_costs(ME, "chat-1", count=1) == ()
    assert [entry for entry in await limits.ledger(ME) if entry.at <= T0] == []


async def test_old_rows_are_looked_for_once_a_day(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    clock.time = T0
    await limits.apply(ME, word(T0, 10))
    clock.time = T0 + DAY
    await limits.apply(ME, word(clock.time, 10))
    await database.run(
        lambda found: found.execute(
            "INSERT INTO limit_samples VALUES (?, ?, ?, 1, NULL, 'poll')", (ME, FIVE, 1.0)
        )
    )
    old = "SELECT count(*) FROM limit_samples WHERE at < 2"
    clock.time += DAY - 1
    await limits.apply(ME, word(clock.time, 10))
    assert await read(database, old) == [(1,)]
    clock.time += 1
    await limits.apply(ME, word(clock.time, 10))
    assert await read(database, old) == [(0,)]


async def test_a_clock_that_leaps_by_years_for_an_hour_costs_no_history(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    await fill(limits, clock, T0)
    clock.time = T0 + DAY
    await limits.apply(ME, word(clock.time, week=0))
    before = await counts(database)
    clock.time = T0 + AWAY + 10 * KEPT
    await limits.claim_alert("account-2", FIVE, 0, "75")
    await limits.apply("account-2", word(clock.time, 10))
    await limits.apply("account-2", word(clock.time + HOUR, 10))
    clock.time = T0 + 2 * DAY
    await limits.apply("account-2", word(clock.time, 10))
    after = await counts(database)
    assert all(after[table] >= count for table, count in before.items())


async def test_purge_deletes_what_is_older_than_a_time_and_says_how_much(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    await fill(limits, clock, T0)
    await fill(limits, clock, T0 + 10 * DAY)
    before = await counts(database)
    deleted = await limits.purge(before=T0 + DAY)
    after = await counts(database)
    assert deleted == sum(before.values()) - sum(after.values()) >= sum(ONE.values()) - 1
    # The reset between the two is told of the second; which alerts were told is no history.
    assert after == {**ONE, "ledger": 2, "alerts": 2}
    assert not await limits.claim_alert(ME, FIVE, int(T0), "75")
    assert (await limits.board(ME)).board.windows != ()
    assert await limits.purge(before=T0 + DAY) == 0


async def test_purge_of_everything_leaves_nothing_and_every_program_sees_it(
    limits: LimitStore, other: LimitStore, clock: StillClock, database: Database
) -> None:
    await fill(limits, clock, T0)
    kept = await limits.board(ME)
    state = state_of(
        kept.board, account=ME, version=kept.version, now=clock.time, forecasts={}, last_turns={}
    )
    await limits.set_status(state)
    assert await other.purge() == sum(ONE.values()) + 1 + len(state.windows)
    assert set((await counts(database)).values()) == {0}
    after = await limits.board(ME)
    assert (after.board.windows, after.version) == ((), kept.version + 1)
    # A program that has not seen it yet does not bring the old numbers back.
    await limits.set_status(state)
    assert await read(database, "SELECT * FROM limit_status") == []
    facts = "SELECT standing, as_of, plan FROM limit_facts"
    assert await read(database, facts) == [("unknown", None, None)]
    await limits.apply(ME, word(clock.time, 20))
    await limits.apply(ME, word(clock.time + 60, 21))
    assert spent(await limits.costs(ME, since=0)) == {"elsewhere": 1.0}
