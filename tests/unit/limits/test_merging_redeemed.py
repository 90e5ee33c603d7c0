"""What windows do after the user redeemed a reset, or tried to, is the user's doing."""

import pytest

from services.limits.merging import merge
from services.models.limit_history import LedgerKind
from services.models.limits import LimitSource, UsageReading
from tests.unit.limits.accounts import DUE, FIVE_HOURS, Account, five


@pytest.fixture
def account() -> Account:
    account = Account()
    for _ in range(2):
        account.hear(five(60))
    return account


def redeem(account: Account, *, at: float | None = None, is_sure: bool = True) -> float:
    """The user redeems a reset; when."""
    account.at += 10.0
    redeemed_at = account.at if at is None else at
    said = UsageReading(
        source=LimitSource.POLL, as_of=account.at, redeemed_at=redeemed_at, is_redeemed=is_sure
    )
    account.board = merge(account.board, said).board
    return redeemed_at


def begin_anew(account: Account, after: float = 60.0) -> None:
    account.hear(five(0, account.at + after + FIVE_HOURS), after=after)
    account.hear(five(0, account.at + FIVE_HOURS), after=60.0)


@pytest.mark.parametrize("after", [60.0, 290.0, 1800.0, 6000.0])
def test_a_redeemed_reset_is_no_early_one_however_late_it_is_read(
    account: Account, after: float
) -> None:
    redeem(account)
    begin_anew(account, after)
    assert account.told == []
    assert account.window().period == 1


@pytest.mark.parametrize("after", [60.0, 1800.0])
def test_a_try_whose_end_is_not_known_is_told_once_windows_begin_anew(
    account: Account, after: float
) -> None:
    at = redeem(account, is_sure=False)
    assert account.told == []
    begin_anew(account, after)
    [entry] = account.told
    assert (entry.kind, entry.at) == (LedgerKind.REDEEMED, at)
    assert account.board.is_redeem_sure


def test_what_the_server_resets_later_by_itself_is_told_as_its_own_doing(account: Account) -> None:
    redeem(account, is_sure=False)
    for _ in range(6):
        account.hear(five(60))
    begin_anew(account)
    assert [kind for kind, _ in account.kinds()] == [LedgerKind.RESET_EARLY]


def test_a_window_that_was_due_says_nothing_about_a_try_whose_end_is_not_known(
    account: Account,
) -> None:
    redeem(account, is_sure=False)
    begin_anew(account, DUE - account.at + 30.0)
    assert [kind for kind, _ in account.kinds()] == [LedgerKind.RESET]
    assert not account.board.is_redeem_sure


def test_an_answer_to_a_repeated_try_does_not_make_the_reset_later_than_it_was(
    account: Account,
) -> None:
    first = redeem(account)
    account.hear(five(0, account.at + FIVE_HOURS))
    redeem(account, at=first)
    assert account.board.redeemed_at == first
    account.hear(five(0, account.at + FIVE_HOURS))
    assert account.told == []


def test_a_redeemed_reset_makes_no_number_newer(account: Account) -> None:
    before = account.board
    redeem(account)
    assert (account.board.as_of, account.board.windows) == (before.as_of, before.windows)
