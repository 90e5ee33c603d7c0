"""Parts that all words of the server about limits are made of: headers, events, polls.

Wire format: docs/protocols/limits.md.
"""

from datetime import UTC, datetime
from typing import Final

from services.clean import clean_line
from services.models.limits import RateWindow
from services.transport.failures import clamp_time
from services.wire.reading import as_number, as_text

MAX_PERCENT: Final = 1000.0
LONGEST_WINDOW: Final = 3660 * 86_400
"""Seconds, ten years: a longer window is nonsense."""
NAME_LIMIT: Final = 60
"""Characters of an id or a name."""
_AMOUNT_LIMIT: Final = 40
_TIME_LIMIT: Final = 64
_FIRST_MILLISECOND: Final = 1e12
"""A time from here on counts milliseconds: as seconds it lies 30,000 years ahead."""


def window_of(
    limit_id: str, role: str, *, used: float, seconds: int | None, resets_at: float | None
) -> RateWindow | None:
    """A window; None for a slot that is only filled up: nothing used, no length, no reset."""
    if used == 0 and seconds is None and resets_at is None:
        return None
    return RateWindow(
        limit_id=limit_id,
        role=role,
        used_percent=read_percent(used),
        window_seconds=seconds,
        resets_at=resets_at,
    )


def read_percent(number: float) -> float:
    """A percentage within 0 and 1000."""
    return min(max(number, 0.0), MAX_PERCENT)


def read_limit_id(value: object) -> str:
    """A limit's id as headers spell it, who know no capitals and write `-` for `_`; or empty."""
    return clean_line(as_text(value) or "", NAME_LIMIT).lower().replace("-", "_")


def read_length(seconds: float | None) -> int | None:
    """The length of a window in whole seconds; None for one that cannot be."""
    return int(seconds) if seconds is not None and 1 <= seconds <= LONGEST_WINDOW else None


def read_time(value: object) -> float | None:
    """Unix seconds from a number of seconds or milliseconds, a text that holds one, or ISO 8601."""
    number = as_number(value)
    if number is not None:
        return clamp_time(number / 1000 if number >= _FIRST_MILLISECOND else number)
    text = as_text(value)
    if text is None or len(text) > _TIME_LIMIT:
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return clamp_time((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def read_reset(at: object, after: object, now: float) -> float | None:
    """When a window begins anew, in Unix seconds.

    Args:
        at: The server's time.
        after: Seconds from now, which count where there is no such time.
        now: Unix seconds.
    """
    if (resets_at := read_time(at)) is not None:
        return resets_at
    wait = as_number(after)
    return clamp_time(now + wait) if wait is not None and wait > 0 else None


def read_amount(value: object) -> str | None:
    """An amount as it was written; of a number at most four decimals."""
    if isinstance(value, str):
        return clean_line(value, _AMOUNT_LIMIT) or None
    number = as_number(value)
    return None if number is None else f"{number:.4f}".rstrip("0").rstrip(".")


def read_whole(value: object) -> int | None:
    """A whole number that is not negative; None for what is no number."""
    number = as_number(value)
    return None if number is None else max(0, int(number))
