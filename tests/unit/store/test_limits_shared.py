"""What one program does for all, what a status line reads, and what is kept for how long."""

import itertools
import sqlite3
from dataclasses import replace
from typing import Any

import pytest

from services.models.failure import Failure, FailureKind
from services.models.limits import (
    Forecast,
    ForecastState,
    LimitSource,
    LimitsState,
    RedeemTry,
    Standing,
    WindowState,
)
from services.store.database import Database
from services.store.limits import LimitStore
from tests.unit.store.conftest import StillClock
from tests.unit.store.limit_words import DAY, FIVE, HOUR, ME, T0, WEEK

FAILURE = Failure(
    kind=FailureKind.UNREACHABLE,
    message="The server does not answer",
    next_step="Check the network",
    status=503,
    retry_at=T0 + 5,
)


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


# --- polls ---------------------------------------------------------------------------------------


async def test_one_program_polls_within_an_interval(
    limits: LimitStore, other: LimitStore, clock: StillClock
) -> None:
    assert await limits.claim_poll(ME, interval=60)
    assert not await other.claim_poll(ME, interval=60)
    assert await other.claim_poll("account-2", interval=60)
    clock.time += 59
    assert not await limits.claim_poll(ME, interval=60)
    assert (await other.last_poll(ME)).asked_at == T0
    clock.time += 1
    assert await other.claim_poll(ME, interval=60)
    assert not await limits.claim_poll(ME, interval=60)


async def test_nobody_polls_before_the_server_said_so(
    limits: LimitStore, other: LimitStore, clock: StillClock
) -> None:
    assert await limits.claim_poll(ME, interval=60)
    told = replace(FAILURE, retry_at=T0 + 600)
    await limits.poll_ended(ME, told, not_before=T0 + 600)
    clock.time += 599
    assert not await other.claim_poll(ME, interval=10)
    clock.time += 1
    assert await other.claim_poll(ME, interval=10)


async def test_whoever_asks_for_it_waits_for_the_server_and_not_for_our_own_pause(
    limits: LimitStore, other: LimitStore, clock: StillClock
) -> None:
    assert await limits.claim_poll(ME, interval=60)
    await limits.poll_ended(ME, replace(FAILURE, retry_at=T0 + 30), not_before=T0 + 600)
    clock.time = T0 + 29
    assert not await other.claim_poll(ME, interval=10)
    clock.time = T0 + 100
    assert not await other.claim_poll(ME, interval=60)
    assert await other.claim_poll(ME, interval=10)
    await other.poll_ended(ME, replace(FAILURE, retry_at=None), not_before=T0 + 600)
    clock.time = T0 + 109
    assert not await other.claim_poll(ME, interval=10)
    clock.time = T0 + 110
    assert await other.claim_poll(ME, interval=10)


async def test_failures_in_a_row_are_counted_until_a_poll_succeeds(
    limits: LimitStore, other: LimitStore, clock: StillClock
) -> None:
    for number in (1, 2):
        assert await limits.claim_poll(ME, interval=60)
        await limits.poll_ended(ME, FAILURE, not_before=clock.time + 30)
        last = await other.last_poll(ME)
        assert (last.failure, last.failures, last.not_before) == (
            FAILURE,
            number,
            clock.time + 30,
        )
        clock.time += 60
    assert await limits.claim_poll(ME, interval=60)
    # It has not ended yet.
    assert (await other.last_poll(ME)).failures == 2
    await limits.poll_ended(ME)
    last = await other.last_poll(ME)
    assert (last.asked_at, last.failure, last.failures, last.not_before) == (
        clock.time,
        None,
        0,
        None,
    )


async def test_a_time_of_before_the_clock_was_set_back_counts_as_none(
    limits: LimitStore, clock: StillClock
) -> None:
    assert await limits.claim_poll(ME, interval=60)
    await limits.poll_ended(ME, FAILURE, not_before=T0 + 1_800)
    clock.time = T0 - DAY
    assert await limits.claim_poll(ME, interval=60)
    assert not await limits.claim_poll(ME, interval=60)


@pytest.mark.parametrize("back", [1, 30, 60])
async def test_a_clock_that_was_set_back_a_little_brings_no_second_poll_within_the_interval(
    limits: LimitStore, other: LimitStore, clock: StillClock, back: int
) -> None:
    assert await limits.claim_poll(ME, interval=60)
    clock.time = T0 - back
    assert not await other.claim_poll(ME, interval=60)
    clock.time = T0 + 59
    assert not await limits.claim_poll(ME, interval=60)
    clock.time = T0 + 60
    assert await limits.claim_poll(ME, interval=60)


async def test_minutes_after_which_the_clock_was_set_back_cost_one_poll_and_then_one_a_minute(
    limits: LimitStore, other: LimitStore, clock: StillClock
) -> None:
    assert await limits.claim_poll(ME, interval=60)
    asked: list[float] = []
    clock.time = T0 - 300
    while clock.time < T0 + 120:
        asked += [clock.time for each in (limits, other) if await each.claim_poll(ME, interval=60)]
        clock.time += 7
    assert asked[0] == T0 - 300
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert len(asked) == 7
    assert all(60 <= gap < 67 for gap in gaps)


async def test_a_pause_that_was_noted_while_the_clock_was_ahead_holds_nobody_up(
    limits: LimitStore, other: LimitStore, clock: StillClock
) -> None:
    assert await limits.claim_poll(ME, interval=60)
    # Between question and answer the clock was a day ahead.
    await limits.poll_ended(ME, FAILURE, not_before=T0 + DAY + 120)
    clock.time = T0 + 59
    assert not await other.claim_poll(ME, interval=60)
    clock.time = T0 + 60
    assert await other.claim_poll(ME, interval=60)


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "bored"}', '{"kind": "storage"}'])
async def test_a_failure_that_cannot_be_read_is_one_all_the_same(
    limits: LimitStore, database: Database, text: str
) -> None:
    await limits.poll_ended(ME, FAILURE)
    await database.run(lambda found: found.execute("UPDATE limit_polls SET failure = ?", (text,)))
    failure = (await limits.last_poll(ME)).failure
    assert failure is not None
    assert failure.message == "The last reading of the limits failed"


# --- alerts and resets ---------------------------------------------------------------------------


async def test_an_alert_is_told_once_an_episode(limits: LimitStore, other: LimitStore) -> None:
    assert await limits.claim_alert(ME, FIVE, 0, "75")
    assert not await other.claim_alert(ME, FIVE, 0, "75")
    assert await other.claim_alert(ME, FIVE, 0, "90")
    assert await other.claim_alert(ME, FIVE, 1, "75")
    assert await other.claim_alert("account-2", FIVE, 0, "75")
    assert not await limits.claim_alert(ME, FIVE, 1, "75")


async def test_a_threshold_that_was_told_tells_the_lower_ones_of_its_episode_too(
    limits: LimitStore, other: LimitStore
) -> None:
    assert await limits.claim_alert(ME, FIVE, 0, "95")
    assert not await other.claim_alert(ME, FIVE, 0, "90")
    assert not await limits.claim_alert(ME, FIVE, 0, "75")
    assert await other.claim_alert(ME, FIVE, 0, "runs_out")
    assert await other.claim_alert(ME, FIVE, 0, "100")
    # Another episode, and another window, are told for themselves.
    assert await other.claim_alert(ME, FIVE, 1, "runs_out")
    assert await other.claim_alert(ME, FIVE, 1, "75")
    assert await other.claim_alert(ME, WEEK, 0, "90")


async def test_a_try_to_redeem_keeps_its_id_until_its_end_is_known(
    limits: LimitStore, other: LimitStore
) -> None:
    assert await limits.redeem_id(ME, "credit", "id-1") == "id-1"
    assert await other.redeem_id(ME, "credit", "id-2") == "id-1"
    assert await other.redeem_id(ME, "", "id-3") == "id-3"
    await other.redeem_ended(ME, "credit")
    assert await limits.redeem_id(ME, "credit", "id-4") == "id-4"
    await limits.purge()
    assert await limits.redeem_id(ME, "credit", "id-5") == "id-4"


async def test_a_try_to_redeem_is_open_for_a_day_and_the_oldest_comes_first(
    limits: LimitStore, other: LimitStore, clock: StillClock
) -> None:
    assert await other.open_redeem(ME) is None
    begun = clock.time
    await limits.redeem_id(ME, "first", "id-1")
    clock.time += 60
    await limits.redeem_id(ME, "", "id-2")
    # To repeat it does not make it younger.
    await limits.redeem_id(ME, "first", "id-3")
    assert await other.open_redeem(ME) == RedeemTry(credit_id="first", request_id="id-1", at=begun)
    assert await other.open_redeem("somebody else") is None
    clock.time = begun + 86_400
    assert await other.open_redeem(ME) == RedeemTry(
        credit_id=None, request_id="id-2", at=begun + 60
    )
    assert await other.redeem_id(ME, "first", "id-4") == "id-4"
    # A clock that is set back by a month says nothing about how old it is.
    clock.time = begun - 30 * 86_400
    assert await other.open_redeem(ME) is None


# --- the status line -----------------------------------------------------------------------------


STATE = LimitsState(
    standing=Standing.KNOWN,
    account=ME,
    plan="pro",
    windows=(
        WindowState(
            id=FIVE,
            limit_id="codex",
            window_seconds=18_000,
            used_percent=42.5,
            resets_at=T0 + HOUR,
            as_of=T0,
            source=LimitSource.POLL,
            forecast=Forecast(state=ForecastState.RUNS_OUT, p10_at=T0 + 60, p50_at=T0 + 90),
        ),
        WindowState(
            id="codex_fast/604800",
            limit_id="codex_fast",
            limit_name="Fast",
            window_seconds=604_800,
            used_percent=100.0,
            as_of=T0 - 5,
            source=LimitSource.HEADERS,
            is_refused=True,
        ),
    ),
    allowed=True,
    limit_reached=False,
    as_of=T0,
    source=LimitSource.POLL,
    version=7,
)


async def facts(database: Database) -> dict[str, Any]:
    names = ("account", "standing", "version", "as_of", "plan", "failure", "shows")
    (row,) = await read(database, f"SELECT {', '.join(names)} FROM limit_facts")
    return dict(zip(names, row, strict=True))


async def test_a_status_line_reads_windows_in_their_order_and_the_facts(
    limits: LimitStore, database: Database
) -> None:
    await limits.set_status(STATE)
    shown = "window_id, limit_name, label, window_seconds, used, is_refused, resets_at, as_of"
    rows = await read(database, f"SELECT {shown} FROM limit_status ORDER BY position")
    assert rows == [
        (FIVE, None, "5h", 18_000, 42.5, 0, T0 + HOUR, T0),
        ("codex_fast/604800", "Fast", "week", 604_800, 100.0, 1, None, T0 - 5),
    ]
    shown = "limit_id, source, forecast, p10_at, p50_at, p90_at"
    rows = await read(database, f"SELECT {shown} FROM limit_status ORDER BY position")
    assert rows == [
        ("codex", "poll", "runs_out", T0 + 60, T0 + 90, None),
        ("codex_fast", "headers", "unknown", None, None, None),
    ]
    assert await facts(database) == {
        "account": ME,
        "standing": "known",
        "version": 7,
        "as_of": T0,
        "plan": "pro",
        "failure": None,
        "shows": "left",
    }
    await limits.set_status(replace(STATE, windows=STATE.windows[:1], failure=FAILURE))
    assert len(await read(database, "SELECT 1 FROM limit_status")) == 1
    assert (await facts(database))["failure"] == "The server does not answer"


async def test_a_state_of_an_earlier_version_is_not_written(
    limits: LimitStore, other: LimitStore, database: Database
) -> None:
    await limits.set_status(STATE)
    await other.set_status(replace(STATE, version=6, plan="plus"))
    assert (await facts(database))["plan"] == "pro"
    await other.set_status(replace(STATE, version=7, plan="plus"))
    assert (await facts(database))["plan"] == "plus"


async def test_another_account_takes_the_place_and_nobody_too(
    limits: LimitStore, database: Database
) -> None:
    await limits.set_status(STATE)
    await limits.set_status(replace(STATE, account="account-2", version=1, plan="plus"))
    assert (await facts(database))["account"] == "account-2"
    await limits.set_status(LimitsState(standing=Standing.SIGNED_OUT))
    assert await read(database, "SELECT * FROM limit_status") == []
    found = await facts(database)
    assert (found["account"], found["standing"], found["plan"]) == ("", "signed_out", None)


async def test_left_or_used_outlives_every_state(limits: LimitStore, database: Database) -> None:
    await limits.set_shows("used")
    await limits.set_status(STATE)
    await limits.purge()
    assert (await facts(database))["shows"] == "used"
    await limits.set_shows("left")
    assert (await facts(database))["shows"] == "left"
