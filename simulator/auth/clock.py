"""The issuer's clock, which tests can move."""

import threading
import time
from collections.abc import Callable
from email.utils import formatdate


class Clock:
    """Unix seconds, shifted against a source's. Safe to use from any thread."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        """Follow `source`, the machine's clock unless a test has one of its own."""
        self._source = source
        self._lock = threading.Lock()
        self._shift = 0.0

    def now(self) -> float:
        """Unix seconds as the issuer has them."""
        return self._source() + self._shift

    def advance(self, seconds: float) -> None:
        """Move it forward, or back if negative."""
        with self._lock:
            self._shift += seconds

    def date(self) -> str:
        """Value of a `date` header."""
        return formatdate(self.now(), usegmt=True)
