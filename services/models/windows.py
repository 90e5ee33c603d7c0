"""Which window is which: by its length, never by the slot it came in. Rules: docs/limits.md.

The status line reads this without anything else of ours, so nothing is imported but typing.
"""

from typing import Final

LABELS: Final = {
    18_000: "5h",
    86_400: "day",
    604_800: "week",
    2_592_000: "month",
    31_536_000: "year",
}
"""Usual lengths in seconds, and what they are called."""
TOLERANCE: Final = 0.02
"""Share by which a length may differ from a usual one and still be it."""
MAIN: Final = "codex"
"""Id of the limit that chats and tasks draw on."""
CODE_REVIEW: Final = "code_review"


def canonical(seconds: float) -> int:
    """The usual length that a window is within 2 % of, else whole minutes (at least one)."""
    for usual in LABELS:
        if abs(seconds - usual) <= usual * TOLERANCE:
            return usual
    return max(1, round(seconds / 60)) * 60


def label(seconds: int) -> str:
    """What a canonical length is called: `5h`, `week`, or hours (`1h`, `0.25h`)."""
    return LABELS.get(seconds) or f"{seconds / 3600:g}h"


def window_id(limit_id: str, seconds: float | None, role: str) -> str:
    """Names a window across sources and processes: `codex/18000`.

    Args:
        limit_id: Of the bucket.
        seconds: Length as it was said; None where it was not.
        role: Slot, which names the window only where its length is not known (`codex/primary`).
    """
    return f"{limit_id}/{role if seconds is None else canonical(seconds)}"
