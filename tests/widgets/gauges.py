"""Limits for tests of what shows them: a Sunday at 17:00 in Berlin."""

from services.models.limits import (
    Forecast,
    ForecastState,
    LimitSource,
    LimitsState,
    Standing,
    WindowState,
)

NOW = 1_795_363_200.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
RUNS_OUT = Forecast(
    state=ForecastState.RUNS_OUT, p10_at=NOW + HOUR, p50_at=NOW + 2 * HOUR, p90_at=NOW + 3 * HOUR
)


def window(used: float, seconds: int | None = 18_000, reset: float | None = 72.0 * MINUTE,
           **other: object) -> WindowState:  # fmt: skip
    """A window of the main limit that begins anew `reset` seconds after `NOW`."""
    members: dict[str, object] = {
        "id": f"codex/{seconds or 'primary'}",
        "limit_id": "codex",
        "window_seconds": seconds,
        "used_percent": used,
        "resets_at": None if reset is None else NOW + reset,
        "as_of": NOW - 20,
        "source": LimitSource.POLL,
    }
    return WindowState(**{**members, **other})  # pyright: ignore[reportArgumentType]


def week(used: float, reset: float = 4 * DAY + HOUR, **other: object) -> WindowState:
    """The window of a week."""
    return window(used, 604_800, reset, **other)


def known(*windows: WindowState, **other: object) -> LimitsState:
    """These windows, read a moment ago."""
    members: dict[str, object] = {
        "standing": Standing.KNOWN,
        "account": "a",
        "windows": windows,
        "as_of": max((each.as_of for each in windows), default=NOW - 20),
        "source": LimitSource.POLL,
    }
    return LimitsState(**{**members, **other})  # pyright: ignore[reportArgumentType]
