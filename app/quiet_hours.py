"""Hours in which nobody wants to be told of limits: `22:00-07:00`, in local time."""

import re
import time

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")
DAY = 24 * 60


def parse(text: str) -> tuple[int, int] | None:
    """First minute of the day and the one behind the last, which may lie on the next day.

    Returns:
        None where it is no such range; a range that ends where it begins is the whole day.
    """
    found = _HOURS.fullmatch(text.replace(" ", ""))
    if found is None:
        return None
    hour, minute, last_hour, last_minute = map(int, found.groups())
    return hour * 60 + minute, last_hour * 60 + last_minute


def is_quiet(text: str, at: float) -> bool:
    """Whether a moment in Unix seconds lies within; never where `text` is no range."""
    hours = parse(text)
    if hours is None:
        return False
    start, end = hours
    local = time.localtime(at)
    now = local.tm_hour * 60 + local.tm_min
    return (now - start) % DAY < ((end - start) % DAY or DAY)
