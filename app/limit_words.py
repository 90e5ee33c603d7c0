"""Limits in sentences, for the Limits view and the commands; single words: `limit_terms`."""

from services.models.limit_terms import Level, level_of
from services.models.limits import Forecast, ForecastState, LimitSource, WindowState
from services.models.times import age, day_time, full_time, span

SOURCES = {
    LimitSource.POLL: "asked the server",
    LimitSource.HEADERS: "from an answer",
    LimitSource.STREAM: "from a stream",
    LimitSource.ERROR: "from a refusal",
    LimitSource.STORE: "as stored",
}


def age_words(at: float, source: LimitSource, now: float) -> str:
    """How old a number is and where it comes from: `3m old, from an answer`.

    Args:
        at: When it was said, Unix seconds.
        source: Who said it.
        now: Unix seconds.
    """
    return f"{age(now - at)} old, {SOURCES[source]}"


def reset_words(window: WindowState, now: float) -> str:
    """When it begins anew: weekday, date, zone and countdown."""
    if window.is_redeemed:
        return "reset redeemed, not yet confirmed"
    return time_words(window.resets_at, now)


def time_words(resets_at: float | None, now: float) -> str:
    """When something begins anew: weekday, date, zone and countdown."""
    if resets_at is None:
        return "no reset known"
    if resets_at <= now:
        return f"reset due since {full_time(resets_at)}, not yet confirmed"
    return f"resets {full_time(resets_at)}, in {span(resets_at - now)}"


def forecast_words(window: WindowState, now: float) -> str:
    """Whether it lasts, and if not, between which times it runs out.

    An exhausted window has no forecast: empty.
    """
    if window.is_redeemed or level_of(window) in {Level.OUT, Level.REFUSED}:
        return ""
    forecast = window.forecast
    match forecast.state:
        case ForecastState.LASTS:
            return "lasts until the reset"
        case ForecastState.RUNS_OUT:
            return f"runs out {_range(forecast, now)}".rstrip()
        case ForecastState.EXHAUSTED:
            return ""
        case ForecastState.UNKNOWN:
            return f"no forecast: {forecast.reason}" if forecast.reason else "no forecast yet"


def _range(forecast: Forecast, now: float) -> str:
    early = forecast.p50_at if forecast.p10_at is None else forecast.p10_at
    late = forecast.p90_at
    if early is None:
        return ""
    if late is None:
        return f"after {day_time(early, now)}, or lasts until the reset"
    return f"{day_time(early, now)} to {day_time(late, now)}"
