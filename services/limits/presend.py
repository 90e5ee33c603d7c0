"""Whether the next turn fits into what is left. Rules: docs/forecast.md."""

from collections.abc import Sequence

from services.models.limit_history import Cost, PreSend
from services.models.limits import LimitsState


def warning(costs: Sequence[Cost], state: LimitsState, now: float) -> PreSend | None:
    """What the next turn costs, where that is more than is left."""
    del costs, state, now
    return None
