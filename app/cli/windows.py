"""Rate-limit windows as scripts read them while an answer streams. The keys: docs/cli.md."""

from typing import Any

from services.models.limits import UsageReading
from services.models.windows import canonical, label


def window_values(reading: UsageReading) -> list[dict[str, Any]]:
    """Every window of one reading."""
    values: list[dict[str, Any]] = []
    for limit in reading.limits:
        for window in limit.windows:
            seconds = None if window.window_seconds is None else canonical(window.window_seconds)
            resets_in = None
            if window.resets_at is not None:
                resets_in = max(0, round(window.resets_at - reading.as_of))
            values.append(
                {
                    "id": window.id,
                    "limit_id": window.limit_id,
                    "limit_name": limit.limit_name,
                    "label": None if seconds is None else label(seconds),
                    "used_percent": window.used_percent,
                    "window_seconds": window.window_seconds,
                    "resets_at": window.resets_at,
                    "reset_in_seconds": resets_in,
                    "as_of": reading.as_of,
                    "source": reading.source.value,
                }
            )
    return values
