"""Time that passes only when everybody waits for it, so that hours of polling take seconds."""

import asyncio
import heapq
import itertools
import math
from collections.abc import Callable


class SharedClock:
    """A clock for several services in one event loop.

    Args:
        now: Unix seconds at the beginning.
        passed: Told how many seconds have passed, before anybody wakes.
    """

    def __init__(self, now: float, passed: Callable[[float], None] = lambda _: None) -> None:
        self._now = now
        self._passed = passed
        self._count = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Unix seconds."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until so much time has passed."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._count), woken))
        await woken

    @property
    def sleeping(self) -> int:
        """How many wait."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def run(self, seconds: float, waiters: int) -> None:
        """Let time pass, from one waking to the next.

        Args:
            seconds: How much.
            waiters: How many wait when everybody has nothing else to do.
        """
        end = self._now + seconds
        while True:
            await self.settle(waiters)
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            due = self._sleepers[0][0] if self._sleepers else math.inf
            self._move(min(due, end))
            if due > end:
                return
            heapq.heappop(self._sleepers)[2].set_result(None)

    async def settle(self, waiters: int) -> None:
        """Until so many wait: nobody is doing anything any more."""
        async with asyncio.timeout(8):
            while self.sleeping < waiters:  # noqa: ASYNC110 threads and sockets have no event
                await asyncio.sleep(0.0005)

    def _move(self, to: float) -> None:
        if to > self._now:
            self._passed(to - self._now)
            self._now = to
