"""Time, handed in, so that a test can own it."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What services know of time."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait, cancellable at any moment."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait, cancellable at any moment."""
        await asyncio.sleep(seconds)
