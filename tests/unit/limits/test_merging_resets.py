"""Resets that are seen, moved and doubted."""

import pytest

from services.models.limit_history import LedgerEntry, LedgerKind
from tests.unit.limits.accounts import DUE, FIVE_HOURS, WEEK, WEEK_DUE, Account, five, week


@pytest.fixture
def account() -> Account:
    return Account()


def test_a_reset_is_told_when_a_second_reading_shows_it_too(account: Account) -> None:
    account.hear(five(60))
    account.hear(five(0, DUE + FIVE_HOURS), after=9_000)
    assert account.told == []
    assert account.window().period == 0
    seen_at = account.at
    account.hear(five(1, DUE + FIVE_HOURS))
    assert account.told == [
        LedgerEntry(
            at=seen_at,
            kind=LedgerKind.RESET,
            window_id="codex/18000",
            label="5h",
            before=60,
            after=0.0,
        )
    ]
    assert account.window().period == 1
    account.hear(five(2, DUE + FIVE_HOURS))
    assert (len(account.told), account.window().period) == (1, 1)
    assert account.grown() == 2


def test_a_reset_is_seen_though_more_was_used_since(account: Account) -> None:
    account.hear(five(5))
    for _ in range(2):
        account.hear(five(70, DUE + 4 * FIVE_HOURS), after=40_000)
    assert account.kinds() == [(LedgerKind.RESET, "codex/18000")]
    assert account.grown() == 0


def test_a_due_time_that_passed_is_no_reset_while_the_server_says_nothing_new(
    account: Account,
) -> None:
    account.hear(five(60))
    account.hear(five(60), after=9_600)
    account.hear(five(61), after=600)
    assert (account.told, account.window().period) == ([], 0)
    assert account.window().resets_at == DUE


@pytest.mark.parametrize("again", [60, 61])
def test_one_wrong_reading_is_no_reset_and_uses_nothing(account: Account, again: float) -> None:
    account.hear(five(60))
    account.hear(five(0, DUE + FIVE_HOURS))
    account.hear(five(again))
    account.hear(five(again))
    assert (account.told, account.window().period) == ([], 0)
    assert account.grown() == again - 60
    assert account.window().resets_at == DUE


def test_an_early_reset_names_when_it_was_due(account: Account) -> None:
    account.hear(week(60))
    account.hear(week(0, WEEK_DUE + WEEK))
    account.hear(week(3, WEEK_DUE + WEEK))
    (entry,) = account.told
    assert (entry.kind, entry.before, entry.after) == (
        LedgerKind.RESET_EARLY,
        WEEK_DUE,
        WEEK_DUE + WEEK,
    )


def test_a_window_that_was_cleared_and_keeps_its_reset_is_reset_early(account: Account) -> None:
    account.hear(five(60))
    account.hear(five(0))
    account.hear(five(4))
    assert account.kinds() == [(LedgerKind.RESET_EARLY, "codex/18000")]
    assert account.grown() == 4


def test_an_idle_window_after_a_reset_slides_along_and_is_told_once(account: Account) -> None:
    account.hear(five(60))
    account.at = DUE
    for _ in range(30):
        account.hear(five(0, account.at + FIVE_HOURS + 345), after=345)
    assert account.kinds() == [(LedgerKind.RESET, "codex/18000")]
    account.hear(five(2, account.at + FIVE_HOURS))
    for _ in range(5):
        account.hear(five(3, account.window().resets_at))
    assert len(account.told) == 1
    assert account.grown() == 3


def test_a_reset_that_moves_is_told_when_a_second_reading_agrees(account: Account) -> None:
    account.hear(week(60))
    account.hear(week(60, WEEK_DUE + 90_000))
    assert account.told == []
    account.hear(week(61, WEEK_DUE + 90_010))
    (entry,) = account.told
    assert (entry.kind, entry.before, entry.after) == (
        LedgerKind.MOVED,
        WEEK_DUE,
        WEEK_DUE + 90_000,
    )
    assert account.grown("codex/604800") == 1


def test_a_reset_that_moved_back_at_once_is_not_told(account: Account) -> None:
    account.hear(week(60))
    account.hear(week(60, WEEK_DUE + 90_000))
    for _ in range(3):
        account.hear(week(60))
    assert account.told == []


def test_a_reset_that_moves_twice_is_told_from_where_it_was_known(account: Account) -> None:
    account.hear(week(60))
    account.hear(week(60, WEEK_DUE + 90_000))
    account.hear(week(60, WEEK_DUE + 180_000))
    account.hear(week(60, WEEK_DUE + 180_000))
    (entry,) = account.told
    assert (entry.before, entry.after) == (WEEK_DUE, WEEK_DUE + 180_000)


def test_a_reset_that_creeps_is_found_out(account: Account) -> None:
    account.hear(week(60))
    for step in range(20):
        account.hear(week(60, WEEK_DUE - 100 * step))
    assert {kind for kind, _ in account.kinds()} == {LedgerKind.MOVED}
    assert len(account.told) >= 3


def test_seconds_more_or_less_are_no_move(account: Account) -> None:
    account.hear(week(60))
    for step in range(10):
        account.hear(week(60, WEEK_DUE + (-1) ** step * 120))
    assert account.told == []
