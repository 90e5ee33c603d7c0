"""Redeeming a reset: once, also where the answer to the first try never came.

Wire format: docs/protocols/limits.md.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from services.clock import Clock
from services.errors import ServiceError, StorageError, UnreachableError, UsageError
from services.limits.ports import OUTCOME_UNKNOWN, LimitStorage, UsageSource
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import LimitSource, Redeemed, RedeemTry, ResetCredits, UsageReading

ANY = ""
"""Stands for "whichever the server takes" in the store."""
DONE: Final = frozenset({"reset", "already_redeemed"})
"""Outcomes after which a reset is spent."""
ABOUT_THE_WISH: Final = frozenset({400, 404, 409, 410, 422})
"""Refusals by which the server says no to this wish, and not to whoever asks or how often."""
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

    async def open(self) -> RedeemTry | None:
        """The try of which it is not known what came, by whichever process; None where all is.

        Raises:
            StorageError: The store cannot be read.
        """
        return await self._storage.open_redeem(self._account)

    async def redeem(self, credit_id: str | None) -> Redeemed:
        """Redeem one, or repeat the try that is open.

        Args:
            credit_id: Which; None for whichever the server takes.

        Raises:
            UsageError: A try to redeem another one is open; nothing was sent.
            UnreachableError: With the code `OUTCOME_UNKNOWN`, it may have happened; to try again is
                safe.
            ServiceError: The server refused, or was not reached; nothing was redeemed.
        """
        before = await self.open()
        if before is not None and before.credit_id != credit_id:
            raise UsageError(
                "It is not known yet what came of the last try to redeem a reset",
                next_step="Ask for that one again first",
            )
        which = credit_id or ANY
        request_id = await self._storage.redeem_id(self._account, which, self._new_id())
        now = self._clock.now()
        try:
            redeemed = await self._source.redeem(request_id, credit_id)
        except ServiceError as error:
            if error.code == OUTCOME_UNKNOWN:
                await self._doubt(now)
                raise
            if before is None or error.status in ABOUT_THE_WISH:
                await self._storage.redeem_ended(self._account, which)
                raise
            raise _still_unknown(error) from error
        except BaseException:
            # It was stopped, or fell, after the server may have seen it.
            await self._doubt(now)
            raise
        is_old = redeemed.code == "already_redeemed"
        try:
            await self._keep(which, redeemed, before.at if is_old and before else now)
        except StorageError as error:
            # What counts has happened, and its id is known still.
            _log.warning("a reset was redeemed, which is not stored: %s", error.message)
        return redeemed

    async def _keep(self, which: str, redeemed: Redeemed, at: float) -> None:
        await self._storage.redeem_ended(self._account, which)
        if redeemed.code in DONE:
            await self._note(at, is_sure=True)
            told = await self._storage.ledger(self._account)
            if any(each.kind is LedgerKind.REDEEMED and each.at >= at for each in told):
                return
            await self._storage.note(self._account, LedgerEntry(at=at, kind=LedgerKind.REDEEMED))

    async def _doubt(self, at: float) -> None:
        """Remember that what windows do next may be the user's doing."""
        with suppress(StorageError):
            await self._note(at, is_sure=False)

    async def _note(self, at: float, *, is_sure: bool) -> None:
        said = UsageReading(
            source=LimitSource.POLL,
            as_of=self._clock.now(),
            redeemed_at=at,
            is_redeemed=is_sure,
        )
        await self._storage.apply(self._account, said)


def _still_unknown(error: ServiceError) -> UnreachableError:
    """That a repeated try was not taken says nothing about the one before."""
    return UnreachableError(
        f"It is still not known whether the reset was redeemed: {error.message}",
        next_step=error.next_step,
        status=error.status,
        request_id=error.request_id,
        code=OUTCOME_UNKNOWN,
    )
