from dataclasses import replace

from services.limits.alerts import due
from services.models.limit_history import Alert
from services.models.limits import (
    Forecast,
    ForecastState,
    LimitSource,
    LimitsState,
    Standing,
    WindowState,
)

NOW = 1_790_000_000.0
WEEK = WindowState(
    id="codex/604800",
    limit_id="codex",
    window_seconds=604_800,
    used_percent=50.0,
    resets_at=NOW + 86_400.0,
    as_of=NOW,
    source=LimitSource.POLL,
)
RUNS_OUT = Forecast(
    state=ForecastState.RUNS_OUT, p10_at=NOW + 100.0, p50_at=NOW + 200.0, p90_at=NOW + 300.0
)


def state(*windows: WindowState, account: str = "a") -> LimitsState:
    return LimitsState(standing=Standing.KNOWN, account=account, windows=windows)


def week(used: float, **changes: object) -> LimitsState:
    return state(replace(WEEK, used_percent=used, **changes))


def when(at: float) -> str:
    return f"T{at - NOW:+.0f}"


def kinds(before: LimitsState | None, after: LimitsState) -> list[str]:
    return [alert.kind for alert in due(before, after, when=when)]


def test_a_threshold_is_told_when_it_is_reached_with_what_is_left_and_the_reset() -> None:
    assert due(week(89.0), week(91.0), when=when) == (
        Alert(
            window_id="codex/604800",
            label="week",
            kind="90",
            text="week: 9 % left, resets T+86400",
        ),
    )


def test_reset_is_named_with_weekday_date_and_zone() -> None:
    [alert] = due(None, week(91.0))
    assert alert.text == "week: 9 % left, resets Tue 22 Sep 14:13 UTC"


def test_a_jump_over_several_tells_the_highest_only() -> None:
    assert kinds(week(10.0), week(96.0)) == ["95"]
    assert kinds(None, week(100.0)) == ["100"]


def test_what_is_known_is_not_told_again_nor_when_use_is_taken_back() -> None:
    assert kinds(week(91.0), week(92.0)) == []
    assert kinds(week(96.0), week(94.0)) == []
    assert kinds(week(91.0), week(91.0)) == []


def test_the_same_call_gives_the_same_alerts() -> None:
    assert due(week(74.0), week(75.0)) == due(week(74.0), week(75.0)) != ()


def test_each_period_is_an_episode_of_its_own() -> None:
    assert kinds(week(96.0, period=1), week(76.0, period=2)) == ["75"]


def test_another_account_has_been_told_nothing() -> None:
    before = state(replace(WEEK, used_percent=96.0), account="b")
    assert kinds(before, week(96.0)) == ["95"]


def test_only_wanted_thresholds_are_told() -> None:
    assert due(None, week(92.0), thresholds=("95", "100")) == ()
    [alert] = due(None, week(99.0), thresholds=("100", "95"))
    assert alert.kind == "95"


def test_calm_windows_and_those_of_nobody_are_not_mentioned() -> None:
    assert due(None, week(74.9)) == ()
    assert due(None, LimitsState(standing=Standing.API_KEY)) == ()


def test_a_used_up_and_a_refused_window_say_so() -> None:
    [out] = due(None, week(100.0), when=when)
    assert out.text == "week: used up, resets T+86400"
    [refused] = due(week(96.0), week(100.0, is_refused=True), when=when)
    assert (refused.kind, refused.text) == ("100", "week: refused by the server, resets T+86400")


def test_little_is_never_written_as_nothing() -> None:
    [alert] = due(None, week(99.7), when=when)
    assert alert.text.startswith("week: less than 1 % left")


def test_a_reset_that_has_passed_or_is_not_known_is_left_out() -> None:
    [late] = due(None, week(95.0, resets_at=NOW - 10.0), when=when)
    [unknown] = due(None, week(95.0, resets_at=None), when=when)
    assert late.text == unknown.text == "week: 5 % left"


def test_a_window_of_another_limit_is_named_with_it() -> None:
    review = replace(
        WEEK,
        id="code_review/604800",
        limit_id="code_review",
        limit_name="Code review",
        used_percent=90.0,
    )
    [alert] = due(None, state(review), when=when)
    assert alert.text == "Code review week: 10 % left, resets T+86400"


def test_running_out_is_told_when_it_is_likely() -> None:
    [alert] = due(week(50.0), week(50.0, forecast=RUNS_OUT), when=when)
    assert alert.kind == "runs_out"
    assert alert.text == "week: likely to run out about T+200, resets T+86400"


def test_running_out_is_not_told_when_it_is_only_possible() -> None:
    possible = replace(RUNS_OUT, p50_at=None, p90_at=None)
    assert due(week(50.0), week(50.0, forecast=possible)) == ()


def test_running_out_is_told_once_and_not_of_what_is_used_up() -> None:
    assert kinds(week(50.0, forecast=RUNS_OUT), week(51.0, forecast=RUNS_OUT)) == []
    assert kinds(None, week(100.0, forecast=RUNS_OUT)) == ["100"]


def test_two_windows_are_told_apart() -> None:
    five = replace(WEEK, id="codex/18000", window_seconds=18_000, used_percent=75.0)
    found = due(None, state(five, replace(WEEK, used_percent=90.0)), when=when)
    assert [alert.text for alert in found] == [
        "5h: 25 % left, resets T+86400",
        "week: 10 % left, resets T+86400",
    ]
