"""Use over time: what is stored of it, and what charts and forecasts read."""

import sqlite3
from itertools import pairwise
from typing import Any

import pytest

from services.models.limit_history import LedgerEntry, LedgerKind, Series
from services.store.database import Database
from services.store.limits import LimitStore
from services.store.limits_samples import FINE, HOLD
from tests.unit.store.conftest import StillClock
from tests.unit.store.limit_words import DAY, FIVE, HOUR, ME, T0, WEEK, word


@pytest.fixture
def limits(database: Database, clock: StillClock) -> LimitStore:
    return LimitStore(database, clock)


async def read(database: Database, statement: str) -> list[tuple[Any, ...]]:
    def work(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
        return connection.execute(statement).fetchall()

    return await database.read(work)


async def poll(
    limits: LimitStore, clock: StillClock, used: list[tuple[float, float]], **more: Any
) -> None:
    """Readings of five hours: seconds after T0, and percent."""
    for after, percent in used:
        clock.time = T0 + after
        await limits.apply(ME, word(clock.time, percent, **more))


def points(series: Series) -> list[tuple[float, float, float, float]]:
    return [(round(p.at - T0, 3), p.low, p.high, p.last) for p in series.points]


# --- what is stored ------------------------------------------------------------------------------


async def test_of_a_number_that_stays_both_ends_are_kept(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    await poll(limits, clock, [(60.0 * minute, 40.0) for minute in range(11)])
    await poll(limits, clock, [(660, 42), (720, 42), (780, 42)])
    rows = await read(database, "SELECT at, used FROM limit_samples ORDER BY at")
    assert [(at - T0, used) for at, used in rows] == [(0, 40), (600, 40), (660, 42), (780, 42)]


async def test_it_is_stored_again_each_quarter_of_an_hour(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    await poll(limits, clock, [(60.0 * minute, 40.0) for minute in range(61)])
    rows = await read(database, "SELECT at FROM limit_samples ORDER BY at")
    gaps = [after[0] - before[0] for before, after in pairwise(rows)]
    assert max(gaps) <= HOLD
    assert len(rows) <= 9


async def test_a_day_of_polls_is_a_hundred_rows(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    minutes = range(0, 1440, 5)
    await poll(limits, clock, [(60.0 * minute, minute // 60) for minute in minutes])
    ((count,),) = await read(database, "SELECT count(*) FROM limit_samples")
    assert count <= 150
    ((hours,),) = await read(database, "SELECT count(*) FROM limit_hours")
    assert hours in {24, 25}


async def test_two_periods_of_one_number_are_not_joined(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    await poll(limits, clock, [(0, 40), (60, 40)])
    await poll(limits, clock, [(120, 40), (180, 40)], resets_at=T0 + 20 * HOUR)
    rows = await read(database, "SELECT at, resets_at FROM limit_samples ORDER BY at")
    assert [(at - T0, (due - T0) / HOUR) for at, due in rows] == [
        (0, 4),
        (60, 4),
        (120, 20),
        (180, 20),
    ]


async def test_a_window_that_nobody_uses_slides_along_without_filling_the_disk(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    for minute in range(14):
        clock.time = T0 + 60 * minute
        await limits.apply(ME, word(clock.time, 0, resets_at=clock.time + 5 * HOUR))
    rows = await read(database, "SELECT at, resets_at FROM limit_samples ORDER BY at")
    assert [(at - T0, due - at) for at, due in rows] == [(0, 5 * HOUR), (780, 5 * HOUR)]


async def test_a_second_word_of_one_moment_takes_the_place_of_the_first(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    await poll(limits, clock, [(0, 40), (0, 42), (0, 42), (60, 42)])
    rows = await read(database, "SELECT at, used FROM limit_samples ORDER BY at")
    assert [(at - T0, used) for at, used in rows] == [(0, 42), (60, 42)]


async def test_hours_know_lowest_highest_and_last_whatever_the_order(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    begin = T0 // HOUR * HOUR
    for after, used in ((60, 10), (600, 50), (1_200, 20), (4_000, 21)):
        clock.time = begin + after
        await limits.apply(ME, word(clock.time, used))
    # The clock was set back by an hour: the last of the hour is what its clock says.
    clock.time = begin + 300
    await limits.apply(ME, word(clock.time, 5))
    rows = await read(database, "SELECT hour, low, high, last, last_at FROM limit_hours")
    assert [(hour - begin, *rest, at - begin) for hour, *rest, at in rows] == [
        (0, 5, 50, 20, 1_200),
        (HOUR, 21, 21, 21, 4_000),
    ]


# --- charts --------------------------------------------------------------------------------------


async def test_a_chart_has_a_point_a_column_where_somebody_looked(
    limits: LimitStore, clock: StillClock
) -> None:
    await poll(limits, clock, [(30, 10), (90, 12), (110, 11), (130, 14), (5_000, 20)])
    (found,) = await limits.series(ME, since=T0, until=T0 + 6_000, columns=60)
    assert (found.window_id, found.label) == (FIVE, "5h")
    # Nobody looked for more than half an hour after the third column.
    assert points(found) == [(50, 10, 12, 12), (150, 11, 14, 14), (5_050, 20, 20, 20)]


async def test_a_number_that_held_fills_the_columns_between(
    limits: LimitStore, clock: StillClock
) -> None:
    await poll(limits, clock, [(60.0 * minute, 40.0) for minute in range(31)])
    await poll(limits, clock, [(1_860, 50)])
    (found,) = await limits.series(ME, since=T0, until=T0 + 1_860, columns=31)
    assert [point[1:] for point in points(found)] == [(40, 40, 40)] * 30 + [(40, 50, 50)]
    (zoomed,) = await limits.series(ME, since=T0 + 300, until=T0 + 1_860, columns=26)
    assert [point[1:] for point in points(zoomed)] == [(40, 40, 40)] * 25 + [(40, 50, 50)]


async def test_what_was_long_before_the_chart_is_not_drawn_into_it(
    limits: LimitStore, clock: StillClock
) -> None:
    await poll(limits, clock, [(0, 40), (5_000, 50)])
    (found,) = await limits.series(ME, since=T0 + 100, until=T0 + 6_100, columns=60)
    assert points(found) == [(5_050, 50, 50, 50)]


async def test_windows_stand_in_their_order_and_one_that_has_gone_last(
    limits: LimitStore, clock: StillClock
) -> None:
    for number in range(4):
        clock.time = T0 + 60 * number
        await limits.apply(ME, word(clock.time, 10 if number < 1 else None, 20))
    found = await limits.series(ME, since=T0, until=clock.time, columns=10)
    assert [(series.window_id, series.label) for series in found] == [(WEEK, "week"), (FIVE, "5h")]


@pytest.mark.parametrize("days", [1.0, 30.0])
async def test_resets_are_marked_where_they_were_seen(
    limits: LimitStore, clock: StillClock, days: float
) -> None:
    await poll(limits, clock, [(0, 40)])
    kinds = (LedgerKind.RESET, LedgerKind.RESET_EARLY, LedgerKind.MOVED)
    for number, kind in enumerate(kinds):
        await limits.note(ME, LedgerEntry(at=T0 + number, kind=kind, window_id=FIVE))
    await limits.note(ME, LedgerEntry(at=T0, kind=LedgerKind.RESET, window_id=WEEK))
    await limits.note(ME, LedgerEntry(at=T0 - days * DAY, kind=LedgerKind.RESET, window_id=FIVE))
    (found,) = await limits.series(
        ME, since=T0 - days * DAY / 2, until=T0 + days * DAY / 2, columns=40
    )
    assert found.resets == (T0, T0 + 1)


async def test_a_long_time_is_drawn_from_hours_and_reads_no_samples(
    limits: LimitStore, clock: StillClock, database: Database
) -> None:
    begin = T0 // HOUR * HOUR
    for hour in range(24):
        for minute, used in ((5, hour), (35, hour + 0.5), (55, hour + 0.75)):
            clock.time = begin + hour * HOUR + 60 * minute
            await limits.apply(ME, word(clock.time, used))
    await database.run(lambda found: found.execute("DELETE FROM limit_samples"))
    since = begin - 6 * DAY
    (found,) = await limits.series(ME, since=since, until=begin + DAY, columns=7)
    assert [(p.low, p.high, p.last) for p in found.points] == [(0, 23.75, 23.75)]
    (found,) = await limits.series(ME, since=since, until=begin + DAY, columns=7 * 24 * 2)
    # Half an hour a column: the middle of each hour, and what held between.
    assert len(found.points) == 24 + 23
    assert [p.high for p in found.points[::2]] == [hour + 0.75 for hour in range(24)]


@pytest.mark.parametrize("columns", [1, 7, 100, 400])
async def test_no_chart_has_more_points_than_columns_nor_one_outside_of_it(
    limits: LimitStore, clock: StillClock, columns: int
) -> None:
    await poll(limits, clock, [(137.0 * number, number / 3) for number in range(200)])
    for span in (HOUR, 7 * HOUR, FINE + 1, 30 * DAY):
        until = clock.time
        (found,) = await limits.series(ME, since=until - span, until=until, columns=columns)
        times = [point.at for point in found.points]
        assert 1 <= len(times) <= columns
        assert times == sorted(set(times))
        assert until - span < times[0] <= times[-1] < until
        assert all(p.low <= p.last <= p.high for p in found.points)


@pytest.mark.parametrize(("since", "until", "columns"), [(0, 0, 9), (9, 0, 9), (0, 9, 0)])
async def test_a_chart_of_nothing_is_empty(
    limits: LimitStore, clock: StillClock, since: float, until: float, columns: int
) -> None:
    await poll(limits, clock, [(0, 40)])
    found = await limits.series(ME, since=T0 + since, until=T0 + until, columns=columns)
    assert found == ()


# --- forecasts -----------------------------------------------------------------------------------


async def test_a_forecast_reads_hours_and_of_two_days_every_change(
    limits: LimitStore, clock: StillClock
) -> None:
    due = T0 + 4 * HOUR
    for day in range(5):
        for after, used in ((0, 1), (60, 2), (120, 3)):
            clock.time = T0 + day * DAY + after
            await limits.apply(ME, word(clock.time, 10 * day + used))
    found = await limits.samples(ME, FIVE, since=0)
    fine = [
        (T0 + day * DAY + at, 10 * day + at / 60 + 1, due)
        for day in (2, 3, 4)
        for at in (0, 60, 120)
    ]
    assert list(found) == [(T0 + 120, 3, due), (T0 + DAY + 120, 13, due), *fine]
    assert (await limits.samples(ME, FIVE, since=T0 + 4 * DAY + 60))[0][0] == T0 + 4 * DAY + 60


async def test_samples_of_a_clock_that_ran_ahead_are_not_read(
    limits: LimitStore, clock: StillClock
) -> None:
    await poll(limits, clock, [(9 * DAY, 70), (0, 40), (60, 41)])
    found = await limits.samples(ME, FIVE, since=0)
    assert [(at - T0, used) for at, used, _ in found] == [(0, 40), (60, 41)]
