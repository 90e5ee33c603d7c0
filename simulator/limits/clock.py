"""The clock of a limit story: the server's time, running as fast as `--speed` says."""

import math
import threading
from collections.abc import Callable


class StoryClock:
    """Turns Unix seconds into seconds of the story and back. Safe to use from any thread.

    A window of five hours takes five minutes at speed 60, and every time that an answer names is
    the one at which it comes true: clients need no clock but their own.
    """

    def __init__(self, now: Callable[[], float], speed: float) -> None:
        """Begin the story at `now()`, Unix seconds.

        An infinite speed, which leaves out waits, lets the story go as fast as the server's
        clock: tests move it on by hand.
        """
        self._now = now
        self._scale = 1.0 if math.isinf(speed) else speed
        self._lock = threading.Lock()
        self._shift = 0.0
        self._origin = 0
        self.restart()

    def restart(self) -> None:
        """Begin the story now."""
        self._origin = math.floor(self.now())

    def now(self) -> float:
        """Unix seconds as the limits have them."""
        return self._now() + self._shift

    def advance(self, seconds: float) -> None:
        """Move it forward, or back if negative, by seconds of the server; resets stay in place."""
        with self._lock:
            self._shift += seconds

    def story_time(self, at: float) -> float:
        """Seconds since the beginning of the story, for Unix seconds."""
        return (at - self._origin) * self._scale

    def unix_time(self, seconds: float) -> float:
        """Unix seconds, for seconds since the beginning of the story."""
        return self._origin + seconds / self._scale
