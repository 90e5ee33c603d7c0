"""What the server says beside windows: verdicts on limits, and resets that can be redeemed."""

from dataclasses import replace

from services.limits.board import Board
from services.limits.merging import merge
from services.limits.state import state_of
from services.models.limits import (
    LimitReading,
    LimitSource,
    LimitsState,
    RateWindow,
    Refusal,
    ResetCredit,
    ResetCredits,
    UsageReading,
)

T0 = 1_700_000_000.0
FIVE = RateWindow(limit_id="codex", role="primary", used_percent=40, window_seconds=18_000)
MAIN = LimitReading(limit_id="codex", windows=(FIVE,), allowed=True, limit_reached=False)
BLOCKED = LimitReading(
    limit_id="codex_blocked", limit_name="Blocked", allowed=False, limit_reached=False
)
SINGLE = ResetCredit(id="credit-1", status="available", expires_at=T0 + 9_000)


def poll(*limits: LimitReading, after: float = 0.0, resets: int | None = None) -> UsageReading:
    return UsageReading(
        source=LimitSource.POLL,
        as_of=T0 + after,
        is_whole=True,
        limits=(MAIN, *limits),
        reset_credits=None if resets is None else ResetCredits(available=resets),
    )


def known(*readings: UsageReading) -> Board:
    board = Board()
    for reading in readings:
        board = merge(board, reading).board
    return board


def shown(board: Board, now: float = T0) -> LimitsState:
    return state_of(board, account="a", version=1, now=now, forecasts={}, last_turns={})


def refused(*readings: UsageReading) -> list[tuple[str, str, float]]:
    return [(each.limit_id, each.name, each.as_of) for each in shown(known(*readings)).refused]


def test_a_limit_that_is_refused_is_known_although_it_has_no_window() -> None:
    assert refused(poll(BLOCKED)) == [("codex_blocked", "Blocked", T0)]
    assert refused(poll(replace(BLOCKED, limit_name=None))) == [
        ("codex_blocked", "codex blocked", T0)
    ]


def test_the_main_limit_is_as_it_was_while_another_one_is_refused() -> None:
    state = shown(known(poll(BLOCKED)))
    assert (state.allowed, state.limit_reached) == (True, False)
    assert [window.id for window in state.windows] == ["codex/18000"]


def test_it_is_over_when_a_whole_reading_allows_it_or_does_not_name_it() -> None:
    assert refused(poll(BLOCKED), poll(replace(BLOCKED, allowed=True), after=60)) == []
    assert refused(poll(BLOCKED), poll(after=60)) == []


def test_a_part_of_an_answer_leaves_verdicts_that_it_does_not_name() -> None:
    part = UsageReading(source=LimitSource.STREAM, as_of=T0 + 60, limits=(MAIN,))
    assert refused(poll(BLOCKED), part) == [("codex_blocked", "Blocked", T0)]
    silent = replace(part, limits=(replace(BLOCKED, allowed=None, limit_reached=None),))
    assert refused(poll(BLOCKED), silent) == [("codex_blocked", "Blocked", T0)]
    again = replace(part, limits=(replace(BLOCKED, limit_name=None),))
    assert refused(poll(BLOCKED), again) == [("codex_blocked", "Blocked", T0 + 60)]


def test_a_refused_call_on_a_limit_without_windows_closes_that_one_and_not_the_main_one() -> None:
    no = UsageReading(
        source=LimitSource.ERROR, as_of=T0 + 60, refusal=Refusal(limit_id="codex_blocked")
    )
    readings = poll(replace(BLOCKED, allowed=True)), no
    assert refused(*readings) == [("codex_blocked", "Blocked", T0 + 60)]
    board = known(*readings)
    assert (board.allowed, board.refused_until, shown(board).allowed) == (True, None, True)


def test_without_a_verdict_a_limit_that_is_reached_counts_as_refused() -> None:
    reached = replace(BLOCKED, allowed=None, limit_reached=True)
    assert refused(poll(reached)) == [("codex_blocked", "Blocked", T0)]
    assert refused(poll(replace(reached, allowed=True))) == []


def test_a_window_that_is_used_up_says_it_already_and_a_fuller_one_does_not() -> None:
    fast = replace(FIVE, limit_id="codex_blocked", used_percent=100.0)
    assert refused(poll(replace(BLOCKED, windows=(fast,)))) == []
    low = replace(BLOCKED, windows=(replace(fast, used_percent=14.0),))
    assert refused(poll(low)) == [("codex_blocked", "Blocked", T0)]


def test_verdicts_on_a_flood_of_limits_are_not_all_kept() -> None:
    flood = tuple(replace(BLOCKED, limit_id=f"b{number}") for number in range(200))
    assert len(known(poll(*flood)).verdicts) == 64


def test_single_resets_stay_known_while_polls_count_as_many() -> None:
    told = UsageReading(
        source=LimitSource.POLL,
        as_of=T0 + 30,
        reset_credits=ResetCredits(available=1, credits=(SINGLE,)),
    )
    board = known(poll(resets=1), told, poll(after=60, resets=1))
    assert board.reset_credits == ResetCredits(available=1, credits=(SINGLE,))
    for other in (poll(after=120, resets=0), poll(after=120, resets=2)):
        assert merge(board, other).board.reset_credits == other.reset_credits
    assert merge(board, poll(after=120)).board.reset_credits is None


def test_a_word_about_resets_makes_no_number_of_a_window_newer() -> None:
    before = known(poll(BLOCKED, resets=1))
    resets = ResetCredits(available=1, credits=(SINGLE,))
    told = UsageReading(source=LimitSource.HEADERS, as_of=T0 + 500, reset_credits=resets)
    assert merge(before, told).board == replace(before, reset_credits=resets)
