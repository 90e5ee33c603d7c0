from dataclasses import replace

from services.limits.presend import warning
from services.models.limit_history import Cost, PreSend
from services.models.limits import Credits, LimitSource, LimitsState, Standing, WindowState

NOW = 1_790_000_000.0
FIVE = WindowState(
    id="codex/18000",
    limit_id="codex",
    window_seconds=18_000,
    used_percent=99.0,
    resets_at=NOW + 600.0,
    as_of=NOW,
    source=LimitSource.HEADERS,
)
WEEK = replace(
    FIVE, id="codex/604800", window_seconds=604_800, used_percent=50.0, resets_at=NOW + 86_400.0
)


def state(*windows: WindowState, beyond: Credits | None = None) -> LimitsState:
    return LimitsState(standing=Standing.KNOWN, windows=windows or (FIVE, WEEK), credits=beyond)


def turns(*costs: float, window: str = "codex/18000") -> list[Cost]:
    return [
        Cost(
            kind="turn",
            id=str(place),
            title="",
            at=NOW - 60.0 * place,
            percents=((window, cost),) if cost else (),
        )
        for place, cost in enumerate(costs)
    ]


def on_both(five: float, week: float) -> list[Cost]:
    percents = (("codex/18000", five), ("codex/604800", week))
    return [replace(cost, percents=percents) for cost in turns(1, 1, 1)]


def test_a_turn_that_costs_more_than_is_left_is_named_with_its_window() -> None:
    assert warning(turns(1.0, 2.0, 1.2, 1.0), state(), NOW) == PreSend(
        window_id="codex/18000",
        label="5h",
        cost_percent=1.3,
        left_percent=1.0,
        resets_at=NOW + 600.0,
    )


def test_a_turn_that_fits_is_not_mentioned() -> None:
    assert warning(turns(1.0, 1.0, 1.0, 1.0), state(), NOW) is None


def test_two_turns_say_too_little() -> None:
    assert warning(turns(9.0, 9.0), state(), NOW) is None
    assert warning(turns(9.0, 9.0, 0.0, 0.0), state(), NOW) is None
    assert warning([], state(), NOW) is None


def test_whole_percents_now_and_then_are_a_cheap_turn_each() -> None:
    cheap = turns(0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0)
    assert warning(cheap, state(), NOW) is None
    found = warning(cheap, state(replace(FIVE, used_percent=99.8)), NOW)
    assert found is not None
    assert found.cost_percent == 0.3


def test_one_dear_turn_among_cheap_ones_counts_by_the_average() -> None:
    found = warning(turns(20.0, 1.0, 1.0, 0.0, 0.0), state(replace(FIVE, used_percent=97.0)), NOW)
    assert found is not None
    assert found.cost_percent == 4.4


def test_of_two_windows_the_tighter_one_is_named() -> None:
    both = on_both(3.0, 3.0)
    tight = replace(WEEK, used_percent=99.5)
    found = warning(both, state(FIVE, tight), NOW)
    assert found is not None
    assert found.label == "week"


def test_of_two_that_are_used_up_the_later_reset_is_named() -> None:
    both = on_both(3.0, 1.0)
    used_up = state(replace(FIVE, used_percent=100.0), replace(WEEK, used_percent=100.0))
    found = warning(both, used_up, NOW)
    assert found is not None
    assert found.label == "week"


def test_where_nothing_is_left_it_matters_not_what_a_turn_costs() -> None:
    used_up = state(replace(FIVE, used_percent=100.0), WEEK)
    for costs in ([], turns(1.0), turns(0.0, 0.0)):
        found = warning(costs, used_up, NOW)
        assert found is not None
        assert (found.label, found.cost_percent, found.left_percent) == ("5h", 0.0, 0.0)
    refused = state(replace(FIVE, used_percent=77.0, is_refused=True, period=4))
    found = warning([], refused, NOW)
    assert found is not None
    assert (found.left_percent, found.period) == (0.0, 4)
    assert warning([], state(replace(FIVE, used_percent=99.0)), NOW) is None
    # The server lets calls through, and of other limits turns take nothing.
    assert warning([], replace(used_up, allowed=True), NOW) is None
    assert warning([], state(replace(FIVE, used_percent=100.0, limit_id="review")), NOW) is None


def test_a_refused_window_has_nothing_left() -> None:
    found = warning(turns(1, 1, 1), state(replace(FIVE, used_percent=60.0, is_refused=True)), NOW)
    assert found is not None
    assert found.left_percent == 0.0


def test_a_window_that_is_due_to_begin_anew_stands_in_nobodys_way() -> None:
    assert warning(turns(9, 9, 9), state(replace(FIVE, resets_at=NOW)), NOW) is None


def test_without_a_known_reset_the_warning_names_none() -> None:
    found = warning(turns(9, 9, 9), state(replace(FIVE, resets_at=None)), NOW)
    assert found is not None
    assert found.resets_at is None


def test_credits_are_spent_beyond_the_windows() -> None:
    none = Credits(has_credits=False, unlimited=False)
    assert warning(turns(9, 9, 9), state(beyond=none), NOW) is not None
    for beyond in (replace(none, has_credits=True), replace(none, unlimited=True)):
        assert warning(turns(9, 9, 9), state(beyond=beyond), NOW) is None
