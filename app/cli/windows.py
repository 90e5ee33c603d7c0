"""Rate-limit windows as scripts read them. The keys: docs/cli.md."""

from typing import Any

from services.models.limits import LimitReading

_LABELS = {18_000: "5h", 86_400: "day", 604_800: "week", 2_592_000: "month", 31_536_000: "year"}
_TOLERANCE = 0.02


def window_values(reading: LimitReading) -> list[dict[str, Any]]:
    """Every window of one reading."""
    values: list[dict[str, Any]] = []
    for window in reading.windows:
        seconds = None if window.window_seconds is None else canonical(window.window_seconds)
        resets_in = None
        if window.resets_at is not None:
            resets_in = max(0, round(window.resets_at - reading.as_of))
        values.append(
            {
                "id": f"{window.limit_id}/{window.role if seconds is None else seconds}",
                "limit_id": window.limit_id,
                "limit_name": reading.limit_name,
                "label": None if seconds is None else label(seconds),
                "used_percent": window.used_percent,
                "window_seconds": window.window_seconds,
                "resets_at": window.resets_at,
                "reset_in_seconds": resets_in,
                "as_of": reading.as_of,
                "source": reading.source,
            }
        )
    return values


def canonical(seconds: int) -> int:
    """The usual length that a window is within 2 % of, else whole minutes, in seconds."""
    for usual in _LABELS:
        if abs(seconds - usual) <= usual * _TOLERANCE:
            return usual
    return round(seconds / 60) * 60


def label(seconds: int) -> str:
    """What a canonical length is called."""
    return _LABELS.get(seconds) or f"{seconds / 3600:g}h"
