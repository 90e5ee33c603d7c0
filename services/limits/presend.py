"""Whether the next turn of a chat fits into what is left: pure. Rules: docs/forecast.md."""

from collections.abc import Sequence
from typing import Final

from services.models.limit_history import Cost, PreSend
from services.models.limit_terms import window_name
from services.models.limits import LimitsState, WindowState
from services.models.windows import MAIN

ENOUGH: Final = 3
"""Turns in which a window has moved, from which on the next one's cost can be guessed."""
UPPER: Final = 0.75
"""Share of the turns that cost no more than what is held against what is left."""


def warning(costs: Sequence[Cost], state: LimitsState, now: float) -> PreSend | None:
    """What the next turn probably costs, where that is more than what is left, or nothing is.

    Args:
        costs: Of the chat's last turns; those that cost nothing too, since a window moves by whole
            percents, and a cheap turn moves it only now and then.
        state: What is left.
        now: Unix seconds.

    Returns:
        The window that the turn exceeds most; None where it fits, where too little is known and
        something is left, and where credits are spent beyond the windows.
    """
    beyond = state.credits
    if beyond is not None and (beyond.unlimited or beyond.has_credits):
        return None
    found: list[tuple[float, float, PreSend]] = []
    for window in state.windows:
        cost = _cost(costs, window.id)
        left = _left(window, now)
        if left is None or not (_is_shut(window, left, state) if cost is None else cost > left):
            continue
        cost = cost or 0.0
        asked = PreSend(
            window_id=window.id,
            label=window_name(window),
            cost_percent=cost,
            left_percent=left,
            resets_at=window.resets_at,
            period=window.period,
        )
        # Of two that are used up, the one that is so for longer stands in the way.
        found.append((left / cost if cost else 0.0, -(window.resets_at or float("inf")), asked))
    return min(found, key=lambda each: each[:2])[2] if found else None


def _cost(costs: Sequence[Cost], window_id: str) -> float | None:
    """Percent of a window that a turn costs on average, or three of four at most, if more."""
    each = sorted(max(0.0, dict(cost.percents).get(window_id, 0.0)) for cost in costs)
    if sum(1 for cost in each if cost > 0.0) < ENOUGH:
        return None
    upper = each[int(UPPER * (len(each) - 1))]
    return max(sum(each) / len(each), upper)


def _is_shut(window: WindowState, left: float, state: LimitsState) -> bool:
    """Whether no turn at all fits, whatever it costs, and the server does not say otherwise."""
    if window.is_refused:
        return True
    return left <= 0.0 and window.limit_id == MAIN and state.allowed is not True


def _left(window: WindowState, now: float) -> float | None:
    """Percent; None where the window should have begun anew by now."""
    if window.is_redeemed:
        return None
    if window.resets_at is not None and window.resets_at <= now:
        return None
    return 0.0 if window.is_refused else window.left_percent
