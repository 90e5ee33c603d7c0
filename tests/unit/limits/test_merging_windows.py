"""Windows that come and go, and the plan they belong to."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import LimitSource
from tests.unit.limits.accounts import FIVE_HOURS, MONTH, T0, Account, five, week


@pytest.fixture
def account() -> Account:
    return Account()


def test_a_window_appears_when_two_readings_name_it(account: Account) -> None:
    account.hear(week(20))
    account.hear(week(20), five(0))
    seen_at = account.at
    assert account.told == []
    account.hear(week(20), five(0))
    (entry,) = account.told
    assert (entry.kind, entry.window_id, entry.at) == (
        LedgerKind.APPEARED,
        "codex/18000",
        seen_at,
    )
    assert entry.after == FIVE_HOURS


def test_what_the_first_poll_adds_to_the_first_answer_has_not_appeared(account: Account) -> None:
    account.hear(five(1), source=LimitSource.HEADERS)
    for _ in range(3):
        account.hear(five(1), week(1), replace(week(1), limit_id="code_review"))
    assert account.told == []


def test_a_window_vanishes_when_two_whole_readings_do_not_name_it(account: Account) -> None:
    account.hear(five(40), week(20))
    account.hear(week(20))
    seen_at = account.at
    account.hear(week(20), source=LimitSource.HEADERS)
    assert len(account.board.windows) == 2
    assert account.told == []
    account.hear(week(20))
    (entry,) = account.told
    assert (entry.kind, entry.window_id, entry.at) == (
        LedgerKind.VANISHED,
        "codex/18000",
        seen_at,
    )
    assert [window.id for window in account.board.windows] == ["codex/604800"]


def test_a_window_that_one_reading_left_out_is_still_there(account: Account) -> None:
    for _ in range(5):
        account.hear(five(40), week(20))
        account.hear(week(20))
    assert account.told == []
    assert account.window().used_percent == 40


def test_a_window_that_only_answers_name_does_not_come_and_go(account: Account) -> None:
    extra = replace(week(5), limit_id="codex_fast")
    account.hear(five(40))
    for _ in range(5):
        account.hear(extra, source=LimitSource.HEADERS)
        account.hear(five(40))
        account.hear(five(40))
    assert account.told == []


def test_a_window_that_comes_back_is_in_a_new_period(account: Account) -> None:
    account.hear(five(40), week(20))
    for _ in range(2):
        account.hear(week(20))
    for _ in range(2):
        account.hear(five(80), week(20))
    assert [kind for kind, _ in account.kinds()] == [LedgerKind.VANISHED, LedgerKind.APPEARED]
    assert account.window().period == 1
    assert account.grown() == 0


def test_a_window_of_another_length_in_the_same_slot_is_resized(account: Account) -> None:
    account.hear(five(40), week(20))
    month = replace(five(10, T0 + MONTH), window_seconds=MONTH)
    account.hear(month, week(20))
    assert account.told == []
    account.hear(month, week(20))
    (entry,) = account.told
    assert (entry.kind, entry.window_id, entry.label) == (
        LedgerKind.RESIZED,
        "codex/2592000",
        "month",
    )
    assert (entry.before, entry.after) == (FIVE_HOURS, MONTH)
    account.hear(month, week(20))
    assert len(account.told) == 1
    assert [window.id for window in account.board.windows] == ["codex/604800", "codex/2592000"]


def test_a_window_that_changes_its_slot_is_the_same(account: Account) -> None:
    account.hear(five(40), week(20))
    for _ in range(3):
        account.hear(week(20, role="primary"))
    assert account.kinds() == [(LedgerKind.VANISHED, "codex/18000")]


def test_a_wrong_length_in_one_reading_is_forgotten(account: Account) -> None:
    account.hear(five(40), week(20))
    account.hear(replace(five(40), window_seconds=MONTH), week(20))
    for _ in range(3):
        account.hear(five(40), week(20))
    assert account.told == []
    assert [window.id for window in account.board.windows] == ["codex/18000", "codex/604800"]


def plans(told: Sequence[LedgerEntry]) -> list[tuple[object, object]]:
    return [(entry.before, entry.after) for entry in told if entry.kind is LedgerKind.PLAN]


def test_a_plan_is_told_when_two_readings_that_name_one_agree(account: Account) -> None:
    account.hear(five(1), plan="pro")
    account.hear(five(1), plan="free")
    account.hear(five(1), plan=None, source=LimitSource.HEADERS)
    assert account.told == []
    account.hear(five(1), plan="free")
    assert plans(account.told) == [("pro", "free")]


def test_a_plan_that_is_not_said_stays_and_one_said_once_is_not_told(account: Account) -> None:
    account.hear(five(1), plan="pro")
    account.hear(five(1), plan=None)
    assert account.board.plan == "pro"
    account.hear(five(1), plan="free")
    account.hear(five(1), plan="pro")
    account.hear(five(1), plan="pro")
    assert account.told == []


def test_a_plan_that_changes_twice_is_told_from_where_it_was_known(account: Account) -> None:
    for plan in ("pro", "free", "plus", "plus"):
        account.hear(five(1), plan=plan)
    assert plans(account.told) == [("pro", "plus")]


def test_a_lapsed_plan_leaves_no_windows(account: Account) -> None:
    account.hear(five(40), week(20))
    for _ in range(2):
        account.hear(plan="free")
    assert account.board.windows == ()
    assert account.board.allowed is None
    assert [kind for kind, _ in account.kinds()] == [
        LedgerKind.VANISHED,
        LedgerKind.VANISHED,
        LedgerKind.PLAN,
    ]
