"""The server's no, which outranks what polls say."""

import pytest

from services.limits.board import Board
from services.limits.merging import UNTOLD, Merged, merge
from services.models.limit_history import LedgerKind
from services.models.limits import LimitReading, LimitSource, RateWindow, Refusal, UsageReading

T0 = 1_700_000_000.0
FIVE_HOURS, WEEK = 18_000, 604_800
DUE, WEEK_DUE = T0 + 9_000, T0 + 400_000


def poll(
    at: float,
    five: float = 78,
    week: float = 40,
    *,
    due: float | None = DUE,
    week_due: float | None = WEEK_DUE,
    source: LimitSource = LimitSource.POLL,
    is_success: bool = False,
) -> UsageReading:
    windows = tuple(
        RateWindow(
            limit_id="codex",
            role=role,
            used_percent=used,
            window_seconds=seconds,
            resets_at=resets_at,
        )
        for role, used, seconds, resets_at in (
            ("primary", five, FIVE_HOURS, due),
            ("secondary", week, WEEK, week_due),
        )
    )
    limit = LimitReading(limit_id="codex", windows=windows, allowed=True, limit_reached=False)
    return UsageReading(
        source=source,
        as_of=at,
        is_whole=source is LimitSource.POLL,
        is_success=is_success,
        limits=(limit,),
    )


def refusal(
    at: float, resets_at: float | None = DUE, limit_id: str = "codex", said: str | None = None
) -> UsageReading:
    return UsageReading(
        source=LimitSource.ERROR,
        as_of=at,
        refusal=Refusal(limit_id=limit_id, resets_at=resets_at, reached_type=said),
    )


def run(*readings: UsageReading, board: Board | None = None) -> list[Merged]:
    board = board or Board()
    steps: list[Merged] = []
    for reading in readings:
        steps.append(merge(board, reading))
        board = steps[-1].board
    return steps


def refused(board: Board, at: float) -> list[str]:
    return [window.id for window in board.windows if window.is_refused(at)]


def test_a_refusal_is_told_at_once_and_marks_the_window_of_its_reset() -> None:
    _, last = run(poll(T0), refusal(T0 + 60, said="rate_limit_reached"))
    (entry,) = last.entries
    assert (entry.kind, entry.window_id, entry.before) == (LedgerKind.REFUSED, "codex/18000", 78)
    assert refused(last.board, T0 + 60) == ["codex/18000"]
    assert (last.board.allowed, last.board.limit_reached) == (False, True)
    assert last.board.reached_type == "rate_limit_reached"


def test_a_refusal_of_a_window_that_is_full_is_no_news() -> None:
    _, last = run(poll(T0, five=100), refusal(T0 + 60))
    assert last.entries == ()
    assert refused(last.board, T0 + 60) == ["codex/18000"]


def test_a_poll_does_not_take_a_refusal_back() -> None:
    steps = run(poll(T0), refusal(T0 + 60), poll(T0 + 90), poll(T0 + 150))
    for step in steps[1:]:
        assert refused(step.board, T0 + 150) == ["codex/18000"]
        assert (step.board.allowed, step.board.limit_reached) == (False, True)
        assert step.board.reached_type == "rate_limit_reached"
    assert steps[-1].board.window("codex/18000").used_percent == 78  # pyright: ignore


def test_a_call_that_is_let_through_takes_it_back() -> None:
    through = poll(T0 + 90, source=LimitSource.HEADERS, is_success=True)
    last = run(poll(T0), refusal(T0 + 60), through)[-1]
    assert refused(last.board, T0 + 90) == []
    assert (last.board.allowed, last.board.limit_reached, last.board.reached_type) == (
        True,
        False,
        None,
    )


def test_an_answer_of_before_the_refusal_does_not_take_it_back() -> None:
    late = poll(T0 + 50, source=LimitSource.HEADERS, is_success=True)
    last = run(poll(T0), refusal(T0 + 60), late)[-1]
    assert refused(last.board, T0 + 60) == ["codex/18000"]
    assert last.board.allowed is False


def test_a_refusal_of_before_the_clock_was_set_back_can_be_taken_back() -> None:
    through = poll(T0 - 7_200, source=LimitSource.HEADERS, is_success=True)
    last = run(poll(T0), refusal(T0 + 60), through)[-1]
    assert refused(last.board, T0) == []
    assert last.board.allowed is True


def test_it_ends_with_its_reset_at_the_first_reading_after_it() -> None:
    last = run(poll(T0), refusal(T0 + 60), poll(DUE + 5, five=0, due=DUE + FIVE_HOURS))[-1]
    window = last.board.window("codex/18000")
    assert window is not None
    assert (window.refused_at, window.refused_until) == (None, None)
    assert last.board.allowed is True


def test_an_early_reset_ends_it_once_two_readings_agree() -> None:
    early = [poll(T0 + at, five=0, due=T0 + at + FIVE_HOURS) for at in (120, 180)]
    _, _, first, second = run(poll(T0), refusal(T0 + 60), *early)
    assert refused(first.board, T0 + 120) == ["codex/18000"]
    assert refused(second.board, T0 + 180) == []
    assert second.board.allowed is True


def test_a_refusal_in_a_new_period_outlives_the_news_of_the_reset() -> None:
    new_due = DUE + 40_000
    at = new_due - 3_600
    steps = run(
        poll(T0, five=30),
        refusal(at, resets_at=new_due),
        poll(at + 60, five=97, due=new_due),
        poll(at + 120, five=97, due=new_due),
    )
    assert [entry.kind for step in steps for entry in step.entries] == [
        LedgerKind.REFUSED,
        LedgerKind.RESET,
    ]
    assert refused(steps[-1].board, at + 120) == ["codex/18000"]


def test_a_reset_that_only_a_refusal_names_is_no_move() -> None:
    steps = run(poll(T0), refusal(T0 + 60, resets_at=DUE + 3_000), poll(T0 + 120), poll(T0 + 180))
    assert steps[1].board.window("codex/18000").resets_at == DUE + 3_000  # pyright: ignore
    kinds = [entry.kind for step in steps for entry in step.entries]
    assert kinds == [LedgerKind.REFUSED]


@pytest.mark.parametrize(
    ("first", "resets_at", "meant"),
    [
        # The reset names it, though another one is fuller.
        (poll(T0, five=20, week=99), DUE + 100, "codex/18000"),
        # So far away lies only the end of the week.
        (poll(T0, five=99, due=None, week_due=None), T0 + 90_000, "codex/604800"),
        # The one whose reset is over may have another one now.
        (poll(T0 - 20_000, five=20, week=90, due=T0 - 5_000), T0 + 9_000, "codex/18000"),
        # Nothing names it: the fullest.
        (poll(T0, five=20, week=99), None, "codex/604800"),
    ],
)
def test_which_window_a_refusal_means(
    first: UsageReading, resets_at: float | None, meant: str
) -> None:
    last = run(first, refusal(T0 + 60, resets_at=resets_at))[-1]
    assert refused(last.board, T0 + 60) == [meant]


def test_without_any_reset_polls_are_believed_again_after_an_hour() -> None:
    start = poll(T0, due=None, week_due=None)
    later = [poll(T0 + at, due=None, week_due=None) for at in (60 + UNTOLD - 1, 60 + UNTOLD)]
    _, _, before, after = run(start, refusal(T0 + 60, resets_at=None), *later)
    assert before.board.allowed is False
    assert after.board.allowed is True
    assert refused(after.board, T0 + 60 + UNTOLD) == []


@pytest.mark.parametrize("limit_id", ["", "codex"])
def test_a_refusal_about_no_known_window_stands_beside_polls(limit_id: str) -> None:
    start = [] if limit_id else [poll(T0)]
    no = refusal(T0 + 60, resets_at=None, limit_id=limit_id, said="usage_not_included")
    steps = run(*start, no, poll(T0 + 120), poll(T0 + 60 + UNTOLD))
    assert (steps[-2].board.allowed, steps[-2].board.reached_type) == (
        False,
        "usage_not_included",
    )
    assert refused(steps[-2].board, T0 + 120) == []
    assert (steps[-1].board.allowed, steps[-1].board.refused_until) == (True, None)


def test_a_refusal_of_another_limit_does_not_close_the_main_one() -> None:
    fast = RateWindow(limit_id="codex_fast", role="primary", used_percent=50, window_seconds=WEEK)
    both = poll(T0)
    limits = (*both.limits, LimitReading(limit_id="codex_fast", windows=(fast,)))
    first = UsageReading(source=LimitSource.POLL, as_of=T0, is_whole=True, limits=limits)
    last = run(first, refusal(T0 + 60, resets_at=None, limit_id="codex_fast"))[-1]
    assert refused(last.board, T0 + 60) == ["codex_fast/604800"]
    assert last.board.allowed is True


def test_refused_twice_is_told_once_until_it_was_taken_back() -> None:
    through = poll(T0 + 180, source=LimitSource.HEADERS, is_success=True)
    steps = run(
        poll(T0), refusal(T0 + 60), refusal(T0 + 120), through, refusal(T0 + 240), poll(T0 + 300)
    )
    told = [entry.at for step in steps for entry in step.entries]
    assert told == [T0 + 60, T0 + 240]
