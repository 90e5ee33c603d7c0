"""What is said of a window, once an episode. Rules: docs/forecast.md."""

from services.models.limit_history import Alert
from services.models.limits import LimitsState


def due(before: LimitsState | None, state: LimitsState) -> tuple[Alert, ...]:
    """Alerts that are due now."""
    del before, state
    return ()
