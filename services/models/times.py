"""Moments and spans in words, in local time: for gauges, views and commands alike.

Only `time` is imported, since the status line uses this too.
"""

import time
from typing import Final

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400
NO_TIME: Final = "a time that no calendar has"


def countdown(seconds: float) -> str:
    """What is left of a span in one word: `<1m`, `42m`, `1h12`, `4d04h`; whole minutes, down."""
    if seconds < MINUTE:
        return "<1m" if seconds > 0 else "0m"
    minutes = int(seconds // MINUTE)
    if seconds < HOUR:
        return f"{minutes}m"
    if seconds < DAY:
        return f"{minutes // 60}h{minutes % 60:02}"
    hours = minutes // 60
    return f"{hours // 24}d{hours % 24:02}h"


def span(seconds: float) -> str:
    """The same for a sentence: `less than a minute`, `42 min`, `1 h 12 min`, `4 d 4 h`."""
    if seconds < MINUTE:
        return "less than a minute"
    minutes = int(seconds // MINUTE)
    if seconds < HOUR:
        return f"{minutes} min"
    if seconds < DAY:
        parts = ((minutes // 60, "h"), (minutes % 60, "min"))
    else:
        hours = minutes // 60
        parts = ((hours // 24, "d"), (hours % 24, "h"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def age(seconds: float) -> str:
    """How old something is, in at most three characters: `<1m`, `3m`, `2h`, `4d`, `14w`."""
    if seconds < MINUTE:
        return "<1m"
    for unit, size, end in (("m", MINUTE, HOUR), ("h", HOUR, DAY), ("d", DAY, 99 * DAY)):
        if seconds < end:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // (7 * DAY))}w"


def clock_time(at: float) -> str:
    """The time of day: `14:05`. `at` in Unix seconds, as everywhere here."""
    return _written("%H:%M", at)


def short_day(at: float, now: float) -> str:
    """The day: `Thu` within the next six days, else `27 Nov`, with the year if that is far."""
    days = _day(at) - _day(now)
    if 0 <= days < 7:
        return _written("%a", at)
    return _written("%d %b" if abs(days) < 300 else "%d %b %Y", at).lstrip("0")


def day_time(at: float, now: float) -> str:
    """Day and time where there is little room: `14:05` today, else `Thu 14:05`, `27 Nov 14:05`."""
    return clock_time(at) if _day(at) == _day(now) else f"{short_day(at, now)} {clock_time(at)}"


def full_time(at: float) -> str:
    """Weekday, date, time and zone: `Sun 22 Nov 18:05 CET`."""
    return _written("%a %d %b %H:%M %Z", at)


def moment(at: float, now: float) -> str:
    """For a sentence: `14:05` today, else with weekday, date and zone."""
    return clock_time(at) if _day(at) == _day(now) else full_time(at)


def _written(form: str, at: float) -> str:
    try:
        return time.strftime(form, time.localtime(at))
    except (ValueError, OverflowError, OSError):
        return NO_TIME


def _day(at: float) -> int:
    """Number of the local day."""
    try:
        return int((at + time.localtime(at).tm_gmtoff) // DAY)
    except (ValueError, OverflowError, OSError):
        return -1
