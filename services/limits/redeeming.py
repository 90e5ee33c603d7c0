"""Redeeming a reset: once, also where the answer to the first try never came.

Wire format: docs/protocols/limits.md.
"""

import logging
from collections.abc import Callable

from services.clock import Clock
from services.errors import ServiceError, StorageError, UnreachableError
from services.limits.ports import LimitStorage, UsageSource
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import LimitSource, Redeemed, ResetCredits, UsageReading

ANY = ""
"""Stands for "whichever the server takes" in the store."""
_log = logging.getLogger(__name__)


class Redeeming:
    """Redeems resets of one account.

    The id of a try is on disk before the server sees it. A try whose outcome is unknown is
    repeated with the same id, also by another process, so that it cannot happen twice.

    Args:
        account: Id in the store.
        storage: Keeps the ids of tries.
        source: The server.
        clock: Time.
        new_id: Makes ids that are never used again.
    """

    def __init__(
        self,
        account: str,
        storage: LimitStorage,
        source: UsageSource,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._account = account
        self._storage = storage
        self._source = source
        self._new_id = new_id

    async def credits(self) -> ResetCredits:
        """The resets that can be redeemed, one by one; they are kept, since polls only count them.

        Raises:
            ServiceError: The server could not be read.
        """
        resets = await self._source.reset_credits()
        told = UsageReading(source=LimitSource.POLL, as_of=self._clock.now(), reset_credits=resets)
        try:
            await self._storage.apply(self._account, told)
        except StorageError as error:
            _log.warning("when resets expire was not kept: %s", error.message)
        return resets

    async def redeem(self, credit_id: str | None) -> Redeemed:
        """Redeem one.

        Args:
            credit_id: Which; None for whichever the server takes.

        Raises:
            UnreachableError: Its outcome is unknown; to try again is safe.
            ServiceError: The server refused; nothing was redeemed.
        """
        which = credit_id or ANY
        request_id = await self._storage.redeem_id(self._account, which, self._new_id())
        try:
            redeemed = await self._source.redeem(request_id, credit_id)
        except UnreachableError:
            raise
        except ServiceError:
            await self._storage.redeem_ended(self._account, which)
            raise
        try:
            await self._keep(which, redeemed)
        except StorageError as error:
            # What counts has happened, and its id is known still.
            _log.warning("a reset was redeemed, which is not stored: %s", error.message)
        return redeemed

    async def _keep(self, which: str, redeemed: Redeemed) -> None:
        await self._storage.redeem_ended(self._account, which)
        if redeemed.code in {"reset", "already_redeemed"}:
            now = self._clock.now()
            freed = UsageReading(source=LimitSource.POLL, as_of=now, is_redeemed=True)
            await self._storage.apply(self._account, freed)
            entry = LedgerEntry(at=now, kind=LedgerKind.REDEEMED)
            await self._storage.note(self._account, entry)
