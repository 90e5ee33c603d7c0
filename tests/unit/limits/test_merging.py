"""What is known of a window after each word of the server."""

from dataclasses import replace

import pytest

from services.limits.merging import Change
from services.models.limits import LimitSource
from tests.unit.limits.accounts import DUE, T0, Account, five, week


@pytest.fixture
def account() -> Account:
    return Account()


def test_the_first_reading_is_known_and_says_nothing_about_use(account: Account) -> None:
    account.hear(five(40), week(20))
    assert [window.id for window in account.board.windows] == ["codex/18000", "codex/604800"]
    assert account.board.plan == "pro"
    assert [(change.used_percent, change.since) for change in account.changes] == [
        (40, None),
        (20, None),
    ]
    assert account.told == []


def test_the_newest_word_wins_whichever_source_said_it(account: Account) -> None:
    account.hear(five(40))
    account.hear(five(42.5), source=LimitSource.HEADERS)
    assert (account.window().used_percent, account.window().source) == (42.5, LimitSource.HEADERS)
    account.hear(five(43))
    assert (account.window().used_percent, account.window().source) == (43, LimitSource.POLL)


def test_a_word_that_comes_late_changes_nothing(account: Account) -> None:
    account.hear(five(40))
    account.hear(five(45), source=LimitSource.HEADERS)
    account.hear(five(41), after=-30)
    assert account.window().used_percent == 45
    assert len(account.changes) == 2


def test_after_the_clock_was_set_back_words_count_again(account: Account) -> None:
    account.hear(five(40))
    account.hear(five(45), after=-7_200)
    assert account.window().used_percent == 45
    assert account.board.as_of == account.at
    assert account.changes[-1].grown == 5


def test_a_part_of_an_answer_leaves_the_rest_as_it_is(account: Account) -> None:
    account.hear(five(40), week(20))
    account.hear(five(41, resets_at=None), source=LimitSource.HEADERS, plan=None)
    assert account.window().resets_at == DUE
    assert account.window("codex/604800").used_percent == 20
    assert account.board.plan == "pro"


def test_lengths_that_servers_say_differently_are_one_window(account: Account) -> None:
    account.hear(five(40))
    account.hear(replace(five(41), window_seconds=17_940), source=LimitSource.HEADERS)
    assert [window.id for window in account.board.windows] == ["codex/18000"]


def test_a_window_without_a_length_is_the_one_of_that_reset_else_of_that_slot(
    account: Account,
) -> None:
    account.hear(five(40), week(20))
    by_time = replace(week(21, role="primary"), window_seconds=None)
    account.hear(by_time, source=LimitSource.HEADERS)
    assert account.window("codex/604800").used_percent == 21
    by_slot = replace(five(41, resets_at=None), window_seconds=None)
    account.hear(by_slot, source=LimitSource.HEADERS)
    assert account.window().used_percent == 41
    assert len(account.board.windows) == 2


def test_a_window_known_by_its_slot_gets_its_name_once_its_length_is_said(
    account: Account,
) -> None:
    account.hear(replace(five(40), window_seconds=None), source=LimitSource.HEADERS)
    assert [window.id for window in account.board.windows] == ["codex/primary"]
    for _ in range(3):
        account.hear(five(41))
    assert [window.id for window in account.board.windows] == ["codex/18000"]
    assert account.told == []
    assert account.grown() == 1


def test_of_two_windows_that_cannot_be_told_apart_the_fuller_counts(account: Account) -> None:
    account.hear(five(40), five(60, role="secondary"))
    assert [window.used_percent for window in account.board.windows] == [60]
    assert len(account.changes) == 1


@pytest.mark.parametrize(("said", "known"), [(-3.0, 0.0), (250.0, 100.0), (float("inf"), 100.0)])
def test_a_percentage_stays_between_nothing_and_all(
    account: Account, said: float, known: float
) -> None:
    account.hear(five(said))
    assert account.window().used_percent == known


def test_numbers_that_are_none_are_not_taken(account: Account) -> None:
    account.hear(five(40))
    account.hear(five(float("nan")))
    account.hear(five(41, resets_at=float("nan")))
    assert (account.window().used_percent, account.window().resets_at) == (41, DUE)


def test_windows_stand_in_their_order(account: Account) -> None:
    account.hear(
        replace(week(1), limit_id="codex_fast"),
        replace(week(1), limit_id="code_review"),
        week(1, role="primary"),
        five(1, role="secondary"),
    )
    assert [window.id for window in account.board.windows] == [
        "codex/18000",
        "codex/604800",
        "code_review/604800",
        "codex_fast/604800",
    ]


def test_use_grows_from_the_reading_before(account: Account) -> None:
    account.hear(five(40))
    account.hear(five(43))
    assert account.changes[-1] == Change(
        window_id="codex/18000",
        at=T0 + 120,
        used_percent=43,
        resets_at=DUE,
        source=LimitSource.POLL,
        since=T0 + 60,
        grown=3,
    )


def test_sources_that_round_differently_use_nothing(account: Account) -> None:
    account.hear(five(43))
    for _ in range(20):
        account.hear(five(42.6), source=LimitSource.HEADERS)
        account.hear(five(43))
    assert account.grown() == 0


def test_sources_that_disagree_for_good_use_nothing(account: Account) -> None:
    account.hear(five(78))
    for _ in range(20):
        account.hear(five(97), source=LimitSource.HEADERS)
        account.hear(five(78))
        account.hear(five(78))
    # Once, when the first word of the other source came.
    assert account.grown() == 19
    assert account.told == []


def test_use_that_a_source_takes_back_is_counted_anew_from_there(account: Account) -> None:
    account.hear(five(80))
    account.hear(five(30))
    assert account.changes[-1].since is None
    account.hear(five(35))
    assert account.grown() == 5
    assert account.told == []
