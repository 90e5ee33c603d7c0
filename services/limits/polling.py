"""When the server is asked for usage, and by which process. Rules: docs/limits.md."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from services.clock import Clock
from services.errors import ServiceError, StorageError
from services.limits.ports import LONGEST_PAUSE, ON_REQUEST, LimitStorage, UsageSource
from services.limits.whose import is_other
from services.models.failure import Failure, FailureKind
from services.models.limits import UsageReading

LOOKED_AT: Final = 60.0
"""Seconds between two polls while somebody looks; no process of the account asks sooner."""
UNWATCHED: Final = 300.0
"""Seconds between two polls while nobody does."""
APART: Final = 1.0
"""Seconds that lie between two polls in any case."""
JITTER: Final = 0.15
"""Share by which waits are longer at random, so that processes do not come together."""
FIRST_PAUSE: Final = 120.0
"""Seconds after the first failure; doubled each time."""
OFFLINE: Final = frozenset({"connect", "connect_timeout", "dns", "no_network", "refused_port"})
"""Codes of failures of which no server knows anything: it is looked again before long."""
_log = logging.getLogger(__name__)


def wait(*, is_looking: bool, rng: random.Random) -> float:
    """Seconds until it is looked again whether a poll is due."""
    return (LOOKED_AT if is_looking else UNWATCHED) * (1.0 + JITTER * rng.random())


def pause(failures: int) -> float:
    """Seconds after so many failures in a row until anybody asks again."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(20, max(0, failures - 1)))


def _pause_after(error: ServiceError, failures: int) -> float:
    """Seconds after a failure, which is one of so many in a row."""
    if error.kind is FailureKind.CREDENTIALS and error.status is None:
        # Nobody is signed in, so nobody was asked; whoever signs in does not wait.
        return LOOKED_AT
    seconds = pause(failures)
    return min(seconds, UNWATCHED) if error.code in OFFLINE else seconds


class Poller:
    """Asks the server as often as it should be asked, over all processes of the account.

    Args:
        account: Id in the store.
        storage: Where it is agreed who asks.
        source: The server.
        clock: Time.
        heard: Given each reading.
        failed: Told why the server could not be read; the last good numbers stay.
        stored: Called where another process asks, whose reading is in the store.
        rng: Of the jitter.
    """

    def __init__(
        self,
        account: str,
        storage: LimitStorage,
        source: UsageSource,
        clock: Clock,
        heard: Callable[[UsageReading], Awaitable[None]],
        failed: Callable[[Failure], Awaitable[None]],
        stored: Callable[[], Awaitable[None]],
        rng: random.Random | None = None,
    ) -> None:
        self._account = account
        self._storage = storage
        self._source = source
        self._clock = clock
        self._heard = heard
        self._failed = failed
        self._stored = stored
        self._rng = rng or random.Random()  # noqa: S311 spreads processes
        self.signed_in_at: float | None = None
        """When the login was made or renewed last, Unix seconds."""
        self.is_held = False
        """Whether the login that would ask is not that of the account."""
        self._looked = asyncio.Event()
        self._looked.set()

    @property
    def is_looking(self) -> bool:
        """Whether somebody looks at the numbers."""
        return self._looked.is_set()

    def watch(self, *, is_looking: bool) -> None:
        """Ask as often as for somebody who looks, or seldom."""
        if is_looking:
            self._looked.set()
        else:
            self._looked.clear()

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                await self.poll(LOOKED_AT if self.is_looking else UNWATCHED)
            except StorageError as error:
                _log.warning("it cannot be agreed who polls: %s", error.message)
            except ServiceError:
                # It is told already, and the next one comes.
                pass
            except Exception:
                # A bug of ours shall not be the last poll of this run.
                _log.exception("a poll failed in a way that nobody expected")
            was_looking = self.is_looking
            seconds = wait(is_looking=was_looking, rng=self._rng)
            await self._rest(seconds - (await self._since_asked(seconds) or 0.0))
            if not was_looking and self.is_looking:
                # Whoever looks again after a while sees a fresh number soon. The wall's clock
                # counts, also for a machine that was asleep.
                asked = await self._since_asked(LOOKED_AT)
                if asked is not None:
                    await self._clock.sleep(LOOKED_AT - asked)

    async def _since_asked(self, limit: float) -> float | None:
        """How many seconds ago some process asked; None where it was longer ago than `limit`."""
        try:
            asked_at = (await self._storage.last_poll(self._account)).asked_at
        except StorageError as error:
            _log.warning("it is not known when the limits were read: %s", error.message)
            return 0.0
        age = limit if asked_at is None else self._clock.now() - asked_at
        return age if 0.0 <= age < limit else None

    async def poll(self, interval: float) -> None:
        """Ask now, unless some process did within `interval` seconds, or a pause holds.

        Nobody is asked while it is held.

        Raises:
            ServiceError: The server could not be read, or the store.
        """
        if self.is_held:
            return
        if await self._is_mended():
            interval = min(interval, ON_REQUEST)
        if not await self._storage.claim_poll(self._account, interval=interval):
            await self._stored()
            return
        try:
            reading = await self._source.usage()
        except ServiceError as error:
            await self._note(error)
            raise
        await self._storage.poll_ended(self._account)
        await self._heard(self._ours(reading))

    async def poll_now(self) -> None:
        """Ask whatever the interval: what is known was changed by the user.

        Twice within a second nobody asks, over all processes. Only the server's word holds it up.

        Raises:
            ServiceError: As `poll`.
        """
        asked = await self._since_asked(APART)
        if asked is not None:
            await self._clock.sleep(APART - asked)
        await self.poll(APART)

    async def _is_mended(self) -> bool:
        """Whether there is another login than the one that was refused, which waits for no pause.

        A poll that is refused renews the login itself, which does not count.
        """
        if self.signed_in_at is None:
            return False
        last = await self._storage.last_poll(self._account)
        is_refused = last.failure is not None and last.failure.kind is FailureKind.CREDENTIALS
        return is_refused and self.signed_in_at > (last.asked_at or 0.0) + LOOKED_AT

    def _ours(self, reading: UsageReading) -> UsageReading:
        """The reading without its verdict where it names another account than the one signed in.

        The real client does not believe the verdict then, and shows the windows all the same.
        """
        for sentence in reading.skipped:
            _log.warning("usage: %s", sentence)
        if not is_other(self._account, reading.account_id, reading.user_id):
            return reading
        _log.warning("usage: it names another account than the one that is signed in")
        limits = tuple(replace(each, allowed=None, limit_reached=None) for each in reading.limits)
        return replace(reading, limits=limits)

    async def _note(self, error: ServiceError) -> None:
        _log.warning("the limits were not read: %s", error.code or type(error).__name__)
        now = self._clock.now()
        with suppress(StorageError):
            last = await self._storage.last_poll(self._account)
            until = now + _pause_after(error, last.failures + 1)
            if error.retry_at is not None:
                until = max(until, min(error.retry_at, now + LONGEST_PAUSE))
            await self._storage.poll_ended(self._account, error.failure, not_before=until)
        with suppress(StorageError):
            await self._failed(error.failure)

    async def _rest(self, seconds: float) -> None:
        """Wait, or until somebody looks again who did not."""
        if self.is_looking:
            await self._clock.sleep(seconds)
            return
        loop = asyncio.get_running_loop()
        waits = (
            loop.create_task(self._clock.sleep(seconds)),
            loop.create_task(self._only_wait()),
        )
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _only_wait(self) -> None:
        await self._looked.wait()
