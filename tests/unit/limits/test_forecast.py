"""Forecasts of histories whose end is plain."""

from zoneinfo import ZoneInfo

from services.limits.forecast import forecast
from services.models.limits import Forecast, ForecastState

HOUR = 3600.0
NOW = 1_790_000_000.0
UTC = ZoneInfo("UTC")


def steady(percent_an_hour: float, hours: int) -> list[tuple[float, float, float | None]]:
    """Use at one rate through whole periods of five hours, read each quarter of an hour."""
    begun = NOW - hours * HOUR
    found: list[tuple[float, float, float | None]] = []
    for quarter in range(hours * 4 + 1):
        at = begun + quarter * HOUR / 4
        in_period = (quarter / 4) % 5.0
        resets_at = at + (5.0 - in_period) * HOUR
        found.append((at, float(int(in_period * percent_an_hour)), resets_at))
    return found


def of(samples: list[tuple[float, float, float | None]], **more: float) -> Forecast:
    used, resets_at = samples[-1][1], samples[-1][2]
    return forecast(
        samples,
        window_seconds=18_000,
        used=more.get("used", used),
        resets_at=more.get("resets_at", resets_at),
        now=NOW,
        zone=UTC,
    )


def test_steady_use_beyond_the_window_runs_out_about_when_a_line_says() -> None:
    said = of(steady(30.0, 24 * 7 + 4))
    assert said.state is ForecastState.RUNS_OUT
    assert said.p50_at is not None
    # Two hours into the period 60 % are used; 40 % more take 80 minutes.
    assert abs(said.p50_at - (NOW + 80 * 60)) < 20 * 60


def test_use_far_below_the_window_lasts() -> None:
    assert of(steady(5.0, 24 * 7 + 4)) == Forecast(state=ForecastState.LASTS)


def test_where_nothing_can_be_said_it_says_why() -> None:
    nothing = forecast(
        [], window_seconds=18_000, used=10.0, resets_at=NOW + HOUR, now=NOW, zone=UTC
    )
    assert nothing == Forecast(reason="too little history")
    assert of(steady(30.0, 26), resets_at=NOW - 1) == Forecast(reason="reset due")


def test_what_is_used_up_has_no_forecast() -> None:
    said = of(steady(30.0, 26), used=100.0)
    assert said == Forecast(state=ForecastState.EXHAUSTED)
