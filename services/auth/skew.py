"""How far this machine's clock is from the server's: tokens are judged by it."""

from typing import Final

LIMIT: Final = 300.0
"""Seconds by which a clock may be wrong before it is said."""
_HOUR: Final = 3600.0
_DAY: Final = 86_400.0


class Skew:
    """The difference that was last seen; none while it is small."""

    def __init__(self) -> None:
        self._seconds = 0.0
        """By which this machine's clock is ahead."""

    def compare(self, now: float, theirs: float) -> bool:
        """Take note of the server's time; whether that changes what there is to say.

        Args:
            now: Unix seconds here.
            theirs: Unix seconds there.
        """
        before, seconds = self._seconds, now - theirs
        self._seconds = seconds if abs(seconds) > LIMIT else 0.0
        return bool(before) != bool(self._seconds)

    @property
    def words(self) -> str:
        """What is wrong, a sentence; empty where nothing is."""
        if not self._seconds:
            return ""
        side = "ahead of" if self._seconds > 0 else "behind"
        span = _span(abs(self._seconds))
        return f"This machine's clock is {span} {side} the server's; set it right"


def _span(seconds: float) -> str:
    """A time in the largest unit of which there are two."""
    for unit, size in (("days", _DAY), ("hours", _HOUR)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 60:.0f} minutes"
