"""Which windows a reading means: pure. Rules: docs/limits.md."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.limits.board import BoardWindow
from services.limits.periods import is_same_time
from services.models.limits import RateWindow, UsageReading
from services.models.windows import CODE_REVIEW, MAIN, canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A window that a reading named."""

    id: str
    """`codex/18000`."""
    limit_id: str
    limit_name: str | None
    role: str
    window_seconds: int | None
    """Canonical length."""
    used_percent: float
    """Within 0 and 100."""
    resets_at: float | None
    """Unix seconds."""


def named(reading: UsageReading, known: Mapping[str, BoardWindow]) -> dict[str, Said]:
    """Each window that a reading names, once, by its id.

    A window whose length was left out is a known one: that of the same reset, else of the same
    slot. Of two windows of one length in one limit, which cannot be told apart, the fuller counts.
    """
    given = {window.id for limit in reading.limits for window in limit.windows}
    found: dict[str, Said] = {}
    for limit in reading.limits:
        for each in limit.windows:
            if math.isnan(each.used_percent):
                continue
            resets_at = finite(each.resets_at)
            seconds = _length(each) or _length_of_known(each, resets_at, known, given)
            window_id = replace(each, window_seconds=seconds).id
            used = min(100.0, max(0.0, each.used_percent))
            twin = found.get(window_id)
            if twin is None or twin.used_percent < used:
                found[window_id] = Said(
                    id=window_id,
                    limit_id=each.limit_id,
                    limit_name=limit.limit_name,
                    role=each.role,
                    window_seconds=seconds,
                    used_percent=used,
                    resets_at=resets_at,
                )
    return found


def meant(
    windows: list[BoardWindow], limit_id: str, until: float | None, at: float
) -> BoardWindow | None:
    """The window that a refusal means.

    The one that has the reset it named; else the fullest of those that can have it.

    Args:
        windows: All that are known.
        limit_id: Of the refusal.
        until: The reset it named, Unix seconds.
        at: When it came.
    """
    mine = [window for window in windows if window.limit_id == limit_id]
    for window in mine:
        if is_same_time(window.resets_at, until):
            return window

    def likelihood(window: BoardWindow) -> tuple[bool, bool, float]:
        length, due = window.window_seconds, window.resets_at
        is_too_far = until is not None and length is not None and until - at > length * 1.1
        is_another = until is not None and due is not None and due > at
        return not is_too_far, not is_another, window.used_percent

    return max(mine, key=likelihood, default=None)


def place(window: BoardWindow) -> tuple[int, str, int, str]:
    """Main limit first, then code review, then others; the shorter window first."""
    rank = {MAIN: 0, CODE_REVIEW: 1}.get(window.limit_id, 2)
    return rank, window.limit_id, window.window_seconds or 0, window.id


def finite(value: float | None) -> float | None:
    """A time, unless it is none."""
    return value if value is not None and math.isfinite(value) else None


def _length(said: RateWindow) -> int | None:
    seconds = said.window_seconds
    return canonical(seconds) if seconds is not None and seconds > 0 else None


def _length_of_known(
    said: RateWindow, resets_at: float | None, known: Mapping[str, BoardWindow], given: set[str]
) -> int | None:
    mine = [
        window
        for window in known.values()
        if window.limit_id == said.limit_id and window.window_seconds and window.id not in given
    ]
    by_time = [window for window in mine if is_same_time(window.resets_at, resets_at)]
    by_slot = [window for window in mine if window.role == said.role]
    found = (*by_time, *by_slot)
    return found[0].window_seconds if found else None
