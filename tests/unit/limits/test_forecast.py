"""Forecasts of histories whose end is plain."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.limits.forecast import forecast
from services.limits.growth import Sample
from services.models.limits import Forecast, ForecastState

HOUR = 3600.0
WEEK = 604_800
NOW = 1_790_000_000.0
UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


def steady(percent_an_hour: float, hours: int) -> list[Sample]:
    """Use at one rate through whole periods of five hours, read each quarter of an hour."""
    begun = NOW - hours * HOUR
    found: list[Sample] = []
    for quarter in range(hours * 4 + 1):
        at = begun + quarter * HOUR / 4
        in_period = (quarter / 4) % 5.0
        resets_at = at + (5.0 - in_period) * HOUR
        used = min(100.0, float(int(in_period * percent_an_hour)))
        found.append((at, used, resets_at))
    return found


def of(samples: list[Sample], **more: float | None) -> Forecast:
    return forecast(
        samples,
        window_seconds=18_000,
        used=more.get("used", samples[-1][1]) or 0.0,
        resets_at=more.get("resets_at", samples[-1][2]),
        now=NOW,
        zone=UTC,
    )


def working_week(now: datetime) -> Iterator[Sample]:
    """Five weeks of 3 % an hour from nine to six on workdays, read each ten minutes till `now`."""
    at = now - timedelta(days=35)
    used, week = 0.0, at.isocalendar().week
    while at <= now:
        if at.isocalendar().week != week:
            used, week = 0.0, at.isocalendar().week
        monday = (at - timedelta(days=at.weekday())).replace(hour=0, minute=0)
        ends = (monday + timedelta(weeks=1)).timestamp()
        yield at.timestamp(), min(100.0, float(int(used))), ends
        if at.weekday() < 5 and 9 <= at.hour < 18:
            used += 0.5
        at += timedelta(minutes=10)


def at_work(now: datetime) -> Forecast:
    samples = list(working_week(now))
    return forecast(
        samples,
        window_seconds=WEEK,
        used=samples[-1][1],
        resets_at=samples[-1][2],
        now=now.timestamp(),
        zone=BERLIN,
    )


def local(at: float | None) -> datetime:
    assert at is not None
    return datetime.fromtimestamp(at, BERLIN)


def test_steady_use_beyond_the_window_runs_out_about_when_a_line_says() -> None:
    said = of(steady(30.0, 24 * 7 + 4))
    assert said.state is ForecastState.RUNS_OUT
    assert said.p10_at is not None
    assert said.p50_at is not None
    assert said.p90_at is not None
    # Two hours into the period 60 % are used; 40 % more take 80 minutes.
    assert abs(said.p50_at - (NOW + 80 * 60)) < 15 * 60
    assert said.p10_at < NOW + 80 * 60 < said.p90_at


def test_use_far_below_the_window_lasts() -> None:
    assert of(steady(5.0, 24 * 7 + 4)) == Forecast(state=ForecastState.LASTS)


def test_who_uses_next_to_nothing_lasts() -> None:
    assert of(steady(0.1, 24 * 7 + 4)) == Forecast(state=ForecastState.LASTS)


def test_a_week_of_workdays_runs_out_at_work_and_not_in_the_night_before() -> None:
    # 27 % a day: Monday to Wednesday make 81, and the rest of it is used up on Thursday.
    said = at_work(datetime(2026, 11, 18, 18, 0, tzinfo=BERLIN))
    assert local(said.p50_at).strftime("%a") == "Thu"
    assert 13 <= local(said.p50_at).hour <= 17
    assert 9 <= local(said.p10_at).hour < 18


def test_hours_of_work_are_local_ones_in_a_week_in_which_clocks_change() -> None:
    said = at_work(datetime(2026, 10, 28, 18, 0, tzinfo=BERLIN))
    assert local(said.p50_at).strftime("%a") == "Thu"
    assert 13 <= local(said.p50_at).hour <= 17


def test_a_weekend_without_work_is_none_in_the_forecast_either() -> None:
    samples = list(working_week(datetime(2026, 11, 20, 18, 0, tzinfo=BERLIN)))
    at, _, resets_at = samples[-1]
    said = forecast(
        [(each, used * 0.7, ends) for each, used, ends in samples],
        window_seconds=WEEK,
        used=94.0,
        resets_at=resets_at,
        now=at,
        zone=BERLIN,
    )
    assert said.p50_at is None


def first_read(hours_ago: float) -> Forecast:
    """60 % of a week are used in three days, and were so when it was read first."""
    resets_at = NOW + 4 * 24 * HOUR
    return forecast(
        [(NOW - hours_ago * HOUR, 60.0, resets_at), (NOW - 60.0, 60.0, resets_at)],
        window_seconds=WEEK,
        used=60.0,
        resets_at=resets_at,
        now=NOW,
        zone=UTC,
    )


def test_what_was_used_before_the_first_reading_was_used_since_the_window_began() -> None:
    said = first_read(hours_ago=10.0)
    assert said.state is ForecastState.RUNS_OUT
    assert said.p10_at is not None
    assert said.p50_at is not None
    assert said.p10_at < NOW + 2 * 24 * HOUR
    assert abs(said.p50_at - (NOW + 2 * 24 * HOUR)) < 24 * HOUR


def test_one_number_since_the_window_began_is_too_little_to_go_by() -> None:
    assert first_read(hours_ago=1.0) == Forecast(reason="too little history")


def test_the_range_is_wider_where_less_is_known() -> None:
    short, long = of(steady(30.0, 7)), of(steady(30.0, 24 * 20 + 2))
    assert short.p10_at is not None
    assert long.p10_at is not None
    assert short.p10_at < long.p10_at


def test_where_nothing_can_be_said_it_says_why() -> None:
    little: list[Sample] = [(NOW - 60.0, 0.0, NOW + HOUR)]
    assert of(little) == Forecast(reason="too little history")
    assert of(steady(30.0, 26), resets_at=NOW - 1) == Forecast(reason="reset due")
    assert of(steady(30.0, 26), resets_at=None) == Forecast(reason="no reset known")
    nothing = forecast(
        [], window_seconds=18_000, used=10.0, resets_at=NOW + HOUR, now=NOW, zone=UTC
    )
    assert nothing == Forecast(reason="too little history")


def test_what_is_used_up_has_no_forecast() -> None:
    said = of(steady(30.0, 26), used=100.0)
    assert said == Forecast(state=ForecastState.EXHAUSTED)
