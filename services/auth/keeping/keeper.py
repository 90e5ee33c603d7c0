"""Keeps the login of this process: loads, stores, forgets it, and has it renewed in time.

Facts: docs/protocols/auth.md.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Literal

from services.auth.claims import IdClaims
from services.auth.credentials import Credentials
from services.auth.issuer.endpoint import TokenEndpoint
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.auth.keeping.held import Held, busy
from services.auth.keeping.lasting import look_at, to_its_end
from services.auth.keeping.refresh_rules import FIRST_PAUSE, Reason, is_same_account, needs_refresh
from services.auth.keeping.refresher import COMMIT_WAIT, LOCK_WAIT, SHORT_LOCK_WAIT, Refresher
from services.auth.settings import AuthSettings
from services.auth.stores.storage import CredentialStorage, Stored
from services.clock import Clock
from services.errors import CredentialsError, ServiceError
from services.provider import Secret

_log = logging.getLogger(__name__)


class Keeper:
    """Holds the credentials of this process and renews them.

    Args:
        storage: Where they lie.
        endpoint: Who renews them.
        settings: Of sign-in.
        clock: Time.
        changed: Called after the credentials in memory became others, or None.
    """

    def __init__(
        self,
        storage: CredentialStorage,
        endpoint: TokenEndpoint,
        settings: AuthSettings,
        clock: Clock,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._storage = storage
        self._settings = settings
        self._clock = clock
        self._held = Held(clock, changed)
        self._refresher = Refresher(self._held, storage, endpoint, settings, clock)
        self._running: asyncio.Task[None] | None = None

    @property
    def stored(self) -> Stored:
        """What this process works with, and where it lies."""
        return self._held.stored

    @property
    def is_shared(self) -> bool:
        """Whether Codex uses the same login."""
        return self._storage.is_shared

    @property
    def credentials(self) -> Credentials | None:
        """The login of this process; None where nobody is signed in."""
        return self._held.stored.credentials

    def holds(self, refresh_token: Secret) -> bool:
        """Whether this is the token that the login of this process is renewed with."""
        tokens = self.credentials.tokens if self.credentials is not None else None
        return tokens is not None and tokens.refresh_token == refresh_token

    @property
    def is_renewing(self) -> bool:
        """Whether a refresh is under way, or waits for its lock."""
        return self._running is not None and not self._running.done()

    @property
    def is_spending(self) -> bool:
        """Whether a refresh token is out whose answer is not stored yet."""
        return self._refresher.is_spending

    async def load(self) -> Stored:
        """Read what is stored, whatever was held before.

        Raises:
            StorageError: The place cannot be reached.
        """
        self._held.hold(await self._storage.load())
        return self._held.stored

    async def replace(
        self,
        credentials: Credentials,
        replaced: Callable[[Credentials | None], None] = lambda _: None,
    ) -> None:
        """Store a new login in place of whatever is there.

        Args:
            credentials: The new one.
            replaced: Given the login that was replaced, also where the caller has gone.

        Raises:
            StorageError: It cannot be stored; the old login is untouched.
            CancelledError: Also after it was stored, where that had begun; it is held then.
        """
        await self._settled()
        async with self._storage.refresh_lock(LOCK_WAIT) as is_held:
            if not is_held:
                raise busy()
            before = await self._storage.load()
            aside = await self._storage.set_aside() if before.problem else ""
            async with self._storage.commit_lock(COMMIT_WAIT) as may_write:
                if not may_write:
                    raise busy()
                await to_its_end(self._put(credentials, before, aside, replaced))

    async def _put(
        self,
        credentials: Credentials,
        before: Stored,
        aside: str,
        replaced: Callable[[Credentials | None], None],
    ) -> None:
        stored = await self._storage.save(credentials)
        mine, old = self.credentials, before.credentials or before.barred
        if aside:
            note = f"What could not be used before is kept as {aside}"
            stored = replace(stored, notices=(*stored.notices, note))
        if mine and old and not is_same_account(mine, old):
            # It is another program's, which may hold these tokens still.
            note = "Another program had signed in meanwhile; its login was replaced"
            stored = replace(stored, notices=(*stored.notices, note))
            old = mine
        self._held.hold(stored)
        replaced(old)

    async def check_writable(self) -> None:
        """Find out whether a login could be stored.

        Raises:
            StorageError: It could not, or another program holds the lock.
        """
        await self._storage.check_writable()
        async with self._storage.refresh_lock(SHORT_LOCK_WAIT) as is_held:
            if not is_held:
                raise busy()

    async def forget(self) -> tuple[Credentials | None, bool]:
        """Delete the login of this process, but not one of somebody else that lies there now.

        Returns:
            What has ended, for its revocation, and whether somebody else's was left.

        Raises:
            StorageError: It could not be deleted.
        """
        await self._settled()
        # A program that was stopped with a lock in its hand shall not keep anybody signed in.
        async with self._storage.refresh_lock(SHORT_LOCK_WAIT):
            stored = await self._storage.load()
            mine, ended = self.credentials, stored.credentials or stored.barred
            is_other = bool(mine and ended and not is_same_account(mine, ended))
            if is_other:
                ended = mine
            else:
                async with self._storage.commit_lock(SHORT_LOCK_WAIT):
                    await self._storage.delete()
        self._held.hold(Stored(credentials=None, storage=None))
        return ended, is_other

    async def fresh(self) -> Credentials:
        """Credentials that are good for a call, renewed first where they are near their end.

        Raises:
            CredentialsError: Nobody is signed in, or the login has ended for good.
        """
        if self._held.is_unsaved:
            await self._refresher.save_again()
        credentials = self._held.require()
        reason = self._due(credentials)
        if reason is None:
            return credentials
        try:
            await self._renew(credentials.snapshot, reason)
        except ServiceError as error:
            current = self.credentials
            is_final = isinstance(error, CredentialsError) or (
                isinstance(error, RefreshFailedError) and error.is_permanent
            )
            is_told = is_final or isinstance(error, RefreshFailedError)
            if current is None or (is_told and not self._held.is_alive(current)):
                # Sent all the same, it would be refused, and look like a login that has ended.
                raise
            # The token at hand may be good still, and after a 401 there is another way.
            _log.warning("the login was not renewed: %s", error.code)
            return current
        return self._held.require()

    async def reload(self, seen: str) -> Literal["changed", "same", "gone"]:
        """Read the storage again after a 401, and adopt what another process put there.

        Args:
            seen: Snapshot that was refused.

        Raises:
            CredentialsError: Another account is signed in there now.
            StorageError: The place cannot be reached.
        """
        if self.credentials is not None and self.credentials.snapshot != seen:
            return "changed"
        if self._held.is_unsaved:
            return "same"
        stored = await self._storage.load()
        if stored.problem:
            return "same"
        if stored.credentials is None:
            self._held.hold(stored)
            return "gone"
        if stored.credentials.snapshot == seen:
            return "same"
        self._held.guard(stored)
        self._held.hold(stored)
        return "changed"

    async def renew(self, seen: str, reason: Reason) -> None:
        """Renew the login now, unless it is no longer the one that was seen.

        Raises:
            RefreshFailedError: The issuer refused or was not reached.
            CredentialsError: Nobody or somebody else is signed in now.
        """
        if self._held.require().snapshot == seen:
            await self._renew(seen, reason)

    def identify(self, claims: IdClaims) -> None:
        """Note whose the tokens are, where the issuer had to be asked."""
        credentials = self._held.require()
        if credentials.tokens is not None:
            tokens = replace(credentials.tokens, identity=claims, account_id=claims.account_id)
            known = replace(credentials, tokens=tokens)
            self._held.hold(replace(self._held.stored, credentials=known))

    async def close(self) -> None:
        """Let a refresh whose token is spent come to its end; one that still waits is given up."""
        if self._running is not None and not self._refresher.is_spending:
            self._running.cancel()
        await self._settled()
        if self._held.is_unsaved:
            with suppress(ServiceError):
                await self._refresher.save_again()

    def _due(self, credentials: Credentials) -> Reason | None:
        now = self._clock.now()
        reason = needs_refresh(credentials, now, is_shared=self.is_shared)
        if reason is None:
            return None
        is_just_renewed = self._clock.monotonic() - self._refresher.renewed_at < FIRST_PAUSE
        return None if is_just_renewed and self._held.is_alive(credentials) else reason

    async def _renew(self, seen: str, reason: Reason) -> None:
        """One refresh for all who wait.

        It is a task of its own, outside every group: once its request is out, the token is spent,
        and nobody's impatience may keep the answer from being stored. `close` waits for it.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(
                self._refresher.run(seen, reason), name="refresh"
            )
            self._running.add_done_callback(look_at)
        await asyncio.shield(self._running)

    async def _settled(self) -> None:
        if self._running is not None and not self._running.done():
            await asyncio.wait([self._running])
