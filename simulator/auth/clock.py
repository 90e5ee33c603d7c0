"""The issuer's clock, which tests can move."""

import threading
import time
from email.utils import formatdate


class Clock:
    """Unix seconds, shifted against the machine's. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shift = 0.0

    def now(self) -> float:
        """Unix seconds as the issuer has them."""
        return time.time() + self._shift

    def advance(self, seconds: float) -> None:
        """Move it forward, or back if negative."""
        with self._lock:
            self._shift += seconds

    def date(self) -> str:
        """Value of a `date` header."""
        return formatdate(self.now(), usegmt=True)
