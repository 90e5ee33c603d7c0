"""What is known of limits, as all programs see it."""

import logging
from dataclasses import replace

import pytest

from services.limits.board import Board
from services.limits.ports import LimitStorage
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import LimitSource
from services.store.database import Database
from services.store.limits import LimitStore
from tests.unit.store.conftest import StillClock
from tests.unit.store.limit_words import FIVE, HOUR, ME, T0, word


@pytest.fixture
def limits(database: Database, clock: StillClock) -> LimitStore:
    return LimitStore(database, clock)


async def test_the_store_is_what_the_service_asks_for(limits: LimitStore) -> None:
    storage: LimitStorage = limits
    assert storage is limits


async def test_of_an_account_that_was_never_read_nothing_is_known(limits: LimitStore) -> None:
    kept = await limits.board(ME)
    assert (kept.board, kept.version, await limits.version(ME)) == (Board(), 0, 0)
    assert await limits.ledger(ME) == ()
    assert await limits.costs(ME, since=0) == ()
    assert await limits.hours(ME, since=0) == ()
    assert await limits.turn_costs(ME, "chat-1", count=5) == ()
    assert await limits.samples(ME, FIVE, since=0) == ()
    assert await limits.series(ME, since=T0, until=T0 + HOUR, columns=10) == ()


async def test_each_reading_makes_a_version_that_every_program_sees(
    limits: LimitStore, database: Database, clock: StillClock
) -> None:
    other = LimitStore(database, clock)
    first = await limits.apply(ME, word(T0, 40, 20))
    second = await other.apply(ME, word(T0 + 60, 41, 20))
    assert (first.version, second.version) == (1, 2)
    kept = await limits.board(ME)
    assert (kept.board, kept.version, await limits.version(ME)) == (second.board, 2, 2)
    assert [window.used_percent for window in kept.board.windows] == [41, 20]


async def test_a_reading_that_comes_late_makes_no_version(limits: LimitStore) -> None:
    first = await limits.apply(ME, word(T0, 40, 20))
    late = await limits.apply(ME, word(T0 - 60, 39, 19))
    assert late == replace(first, entries=())
    assert await limits.samples(ME, FIVE, since=0) == ((T0, 40, T0 + 4 * HOUR),)


async def test_accounts_do_not_see_each_other(limits: LimitStore, clock: StillClock) -> None:
    clock.time = T0 + 60
    await limits.apply(ME, word(T0, 40))
    await limits.apply(ME, word(T0 + 60, 45))
    await limits.apply("account-2", word(T0 + 60, 90))
    assert (await limits.version(ME), await limits.version("account-2")) == (2, 1)
    assert len(await limits.costs(ME, since=0)) == 1
    assert await limits.costs("account-2", since=0) == ()
    assert await limits.samples("account-2", FIVE, since=0) == ((T0 + 60, 90, T0 + 4 * HOUR),)


async def test_what_the_server_did_is_told_once_and_kept(limits: LimitStore) -> None:
    await limits.apply(ME, word(T0, 40, 20))
    assert (await limits.apply(ME, word(T0 + 60, week=20))).entries == ()
    (told,) = (await limits.apply(ME, word(T0 + 120, week=20))).entries
    assert (told.kind, told.window_id, told.label) == (LedgerKind.VANISHED, FIVE, "5h")
    assert told.id > 0
    assert (await limits.apply(ME, word(T0 + 180, week=20))).entries == ()
    assert await limits.ledger(ME) == (told,)


async def test_the_ledger_is_read_newest_first_and_by_window(limits: LimitStore) -> None:
    kinds = (LedgerKind.MOVED, LedgerKind.PLAN, LedgerKind.REDEEMED)
    entries = [
        await limits.note(
            ME,
            LedgerEntry(
                at=T0 + number,
                kind=kind,
                window_id=None if kind is LedgerKind.PLAN else FIVE,
                before="plus" if kind is LedgerKind.PLAN else 1.5,
                after="pro" if kind is LedgerKind.PLAN else None,
            ),
        )
        for number, kind in enumerate(kinds)
    ]
    moved, plan, redeemed = entries
    assert await limits.ledger(ME) == (redeemed, plan, moved)
    assert await limits.ledger(ME, window_id=FIVE) == (redeemed, moved)
    assert await limits.ledger(ME, limit=1) == (redeemed,)
    assert (plan.before, moved.before, redeemed.after) == ("plus", 1.5, None)


async def test_what_is_of_no_window_that_there_is_can_be_read_alone(limits: LimitStore) -> None:
    plan = LedgerEntry(at=T0, kind=LedgerKind.PLAN, before="plus", after="pro")
    gone = LedgerEntry(at=T0 + 1, kind=LedgerKind.VANISHED, window_id="codex/9", label="9 s")
    there = LedgerEntry(at=T0 + 2, kind=LedgerKind.MOVED, window_id=FIVE)
    plan, gone, there = [await limits.note(ME, each) for each in (plan, gone, there)]
    assert await limits.ledger(ME, window_id="") == (there, gone, plan)
    await limits.apply(ME, word(T0, 40))
    # However many there are of a window, they take no place from the others.
    for number in range(120):
        await limits.note(ME, replace(there, at=T0 + 3 + number, id=0))
    assert await limits.ledger(ME, window_id="") == (gone, plan)
    assert len(await limits.ledger(ME)) == 100


async def test_what_a_newer_program_tells_is_left_out(
    limits: LimitStore, database: Database
) -> None:
    known = await limits.note(ME, LedgerEntry(at=T0, kind=LedgerKind.MOVED, window_id=FIVE))
    await limits.note(ME, LedgerEntry(at=T0, kind=LedgerKind.MOVED, window_id=FIVE))
    await database.run(
        lambda found: found.execute(
            "UPDATE limit_ledger SET kind = 'swapped' WHERE id <> ?", (known.id,)
        )
    )
    assert await limits.ledger(ME) == (known,)


@pytest.mark.parametrize("text", ["", "{", '{"v": 99}', '{"v": 1, "windows": [{"id": 3}]}'])
async def test_a_board_that_cannot_be_read_is_replaced_and_said_in_the_log(
    limits: LimitStore, database: Database, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    await limits.apply(ME, word(T0, 40))
    assert await limits.claim_alert(ME, FIVE, 0, "75")
    assert await limits.claim_alert(ME, FIVE, 4, "90")
    await database.run(lambda found: found.execute("UPDATE limit_boards SET board = ?", (text,)))
    assert (await limits.board(ME)).version == 1
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        applied = await limits.apply(ME, word(T0 + 60, 92))
    assert "begin anew" in caplog.text
    (window,) = applied.board.windows
    assert (window.used_percent, applied.version) == (92, 2)
    assert (await limits.board(ME)).board == applied.board
    # Its episode is a new one, so its alerts are told.
    assert await limits.claim_alert(ME, FIVE, window.period, "75")


async def test_names_that_no_column_takes_are_kept_as_near_as_can_be(limits: LimitStore) -> None:
    account = "a\ud800'; --"
    await limits.apply(account, word(T0, 40))
    assert await limits.version(account) == 1
    await limits.apply(account, word(T0 + 60, 41, source=LimitSource.HEADERS, plan="p\ud800"))
    assert (await limits.board(account)).board.plan == "p\ud800"
