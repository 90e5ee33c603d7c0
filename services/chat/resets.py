"""What a message waits for when it waits for a limit, as limits have it now: pure.

Rules: docs/chat.md.
"""

from dataclasses import dataclass, replace
from typing import Final

from services.models.chat import QueuedMessage
from services.models.limit_history import PreSend
from services.models.limits import LimitsState, Standing

SAME: Final = 60.0
"""Seconds by which a reset may be told otherwise and still be the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How the window of a message stands."""

    is_open: bool = False
    """Whether it began anew since the message waits, or is no more."""
    is_full: bool = False
    """Whether there is still too little left for a turn."""
    resets_at: float | None = None
    """When it begins anew, in Unix seconds, where that is not what the message waits for."""
    period: int = 0
    """The one it is in."""


UNKNOWN: Final = Sight()
"""Nothing is known: the time counts."""


def sight(message: QueuedMessage, state: LimitsState) -> Sight:
    """How the window stands that a message waits for.

    One word alone opens nothing: the window is open when two readings agreed that it began anew,
    which its period counts.
    """
    if not message.window_id or state.standing is not Standing.KNOWN:
        return UNKNOWN
    window = next((each for each in state.windows if each.id == message.window_id), None)
    if window is None:
        return Sight(is_open=bool(state.windows))
    left = 0.0 if window.is_refused else window.left_percent
    if left > 0.0 and left >= message.needs_percent:
        return Sight(is_open=window.period > message.period, period=window.period)
    resets_at, until = window.resets_at, message.not_before
    is_same = resets_at is None or until is None or abs(resets_at - until) <= SAME
    return Sight(is_full=True, resets_at=None if is_same else resets_at, period=window.period)


def for_window(message: QueuedMessage, asked: PreSend) -> QueuedMessage:
    """The same message, waiting until the window that was asked about begins anew."""
    return replace(
        message,
        not_before=asked.resets_at,
        window_id=asked.window_id,
        period=asked.period,
        needs_percent=asked.cost_percent,
    )
