"""One renewal of the login: lock, read again, adopt or spend the refresh token, write, read back.

This is the only code that spends refresh tokens. Facts: docs/protocols/auth.md.
"""

import logging
from dataclasses import replace
from typing import Final

import httpx

from services.auth.calls.origins import require_origin
from services.auth.credentials import Credentials, Tokens
from services.auth.issuer.endpoint import Renewed, TokenEndpoint
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.auth.keeping.held import Held, busy
from services.auth.keeping.refresh_rules import (
    Pause,
    Reason,
    is_same_account,
    merged,
    needs_refresh,
)
from services.auth.settings import AuthSettings
from services.auth.signed_out import signed_out
from services.auth.stores.storage import CredentialStorage, Stored
from services.clock import Clock
from services.errors import CredentialsError, ServiceError, StorageError
from services.provider import Secret

LOCK_WAIT: Final = 60.0
SHORT_LOCK_WAIT: Final = 2.0
"""Seconds for the lock while the token at hand is still good."""
COMMIT_WAIT: Final = 10.0
BEATEN_WAITS: Final = (0.0, 0.2, 0.5, 1.0)
"""Seconds between looks for what a faster program stored."""
_log = logging.getLogger(__name__)


class Refresher:
    """Renews what is held.

    Args:
        held: The login of this process.
        storage: Where it lies.
        endpoint: Who renews it.
        settings: Of sign-in.
        clock: Time.
    """

    def __init__(
        self,
        held: Held,
        storage: CredentialStorage,
        endpoint: TokenEndpoint,
        settings: AuthSettings,
        clock: Clock,
    ) -> None:
        self._held = held
        self._storage = storage
        self._endpoint = endpoint
        self._settings = settings
        self._clock = clock
        self._pause = Pause()
        self._spent: Credentials | None = None
        """What lay there when its token was spent, and is to be replaced."""
        self.is_spending = False
        """Whether a token is out whose answer is not stored yet; nothing may end that early."""
        self.renewed_at = float("-inf")
        """When it last succeeded, by the monotonic clock."""

    async def run(self, seen: str, reason: Reason) -> None:
        """Renew the login that was seen, or adopt the newer one that is stored.

        Raises:
            RefreshFailedError: The issuer refused or was not reached.
            CredentialsError: Nobody or somebody else is signed in now.
            StorageError: What is stored cannot be read, or may not be written.
        """
        current = self._held.require()
        if held := self._pause.holds(current.snapshot, self._clock.monotonic()):
            if await self._adopt(seen, reason):
                return
            if self._held.require().snapshot == current.snapshot:
                # Afresh each time: it would grow by the way of everybody who meets it.
                raise held.with_traceback(None)
        # Whoever has a token that is good need not wait for a program that was stopped.
        wait = SHORT_LOCK_WAIT if self._held.is_alive(current) else LOCK_WAIT
        async with self._storage.refresh_lock(wait) as is_held:
            if await self._adopt(seen, reason):
                return
            if not is_held:
                self._note(busy())
                raise busy()
            if self._settings.mode == "read_only":
                raise CredentialsError(
                    "The login has to be renewed, and auth.mode is read_only",
                    next_step="Start Codex once, or set auth.mode to shared",
                    code="read_only",
                )
            credentials = self._held.require()
            # Not always what was seen: another program may have stored one that is due as well.
            snapshot = credentials.snapshot
            if held := self._pause.holds(snapshot, self._clock.monotonic()):
                raise held.with_traceback(None)
            try:
                await self._spend(credentials, reason)
            except RefreshFailedError as error:
                if error.reason == "exhausted" and await self._was_beaten(snapshot, reason):
                    return
                self._note(error, snapshot)
                raise
            except ServiceError as error:
                self._note(error, snapshot)
                raise

    async def _was_beaten(self, seen: str, reason: Reason) -> bool:
        """Whether another program spent the token and stored what it got, now or in a moment.

        Codex asks without a lock and writes only after the answer.
        """
        for wait in BEATEN_WAITS:
            await self._clock.sleep(wait)
            if await self._adopt(seen, reason):
                return True
        return False

    def _note(self, error: ServiceError, sent: str | None = None) -> None:
        """Leave what is held now alone for a while: the answer may have replaced what was sent."""
        held = self._held.stored.credentials
        if held is not None:
            now, wall = self._clock.monotonic(), self._clock.now()
            self._pause.after(held.snapshot, error, now, wall, sent=sent)

    async def _adopt(self, seen: str, reason: Reason) -> bool:
        """Whether what is stored now makes the refresh needless; holds it then."""
        if self._held.is_unsaved:
            return False
        stored = await self._storage.load()
        if stored.problem:
            raise StorageError(
                stored.problem, next_step="Sign in again to replace it", code="unreadable"
            )
        if stored.credentials is None:
            self._held.hold(stored)
            raise signed_out()
        if stored.credentials.snapshot == seen:
            return False
        self._held.guard(stored)
        self._held.hold(stored)
        if reason == "unauthorized_recovery":
            return True
        now = self._clock.now()
        return needs_refresh(stored.credentials, now, is_shared=self._storage.is_shared) is None

    async def _spend(self, credentials: Credentials, reason: Reason) -> None:
        tokens = credentials.tokens
        if tokens is None:
            return
        require_issuer(tokens, self._settings)
        await self._storage.check_writable()
        if not self._held.is_unsaved:
            self._spent = credentials
        self.is_spending = True
        try:
            await self._ask_and_commit(credentials, tokens, reason)
        finally:
            self.is_spending = False
        if not self._held.is_alive(self._held.require()):
            raise RefreshFailedError(
                "The issuer renewed the login with a token that has ended already",
                next_step="Check this machine's clock",
                is_permanent=False,
                reason="other",
            )

    async def _ask_and_commit(
        self, credentials: Credentials, tokens: Tokens, reason: Reason
    ) -> None:
        begun = self._clock.monotonic()
        renewed = await self._endpoint.refresh(
            tokens.refresh_token,
            reason=reason,
            issuer=tokens.issuer,
            client_id=tokens.client_id,
        )
        new = merged(tokens, renewed)
        if new is None:
            raise await self._signed_out_stranger(credentials, renewed)
        if new.access_token == tokens.access_token:
            if new.refresh_token != tokens.refresh_token:
                await self._commit(replace(credentials, tokens=new))
            raise RefreshFailedError(
                "The issuer gave no new token",
                next_step="Try again later",
                is_permanent=False,
                reason="other",
            )
        await self._commit(credentials.renewed(new, self._clock.now()))
        self.renewed_at = self._clock.monotonic()
        _log.info("login renewed (%s) within %.2f s", reason, self._clock.monotonic() - begun)

    async def _commit(self, new: Credentials) -> None:
        """Put new tokens where those of the same login lie; into memory where that fails.

        Raises:
            CredentialsError: The login was ended or replaced meanwhile; the tokens were dropped.
        """
        try:
            saved = await self._store(new)
        except StorageError as error:
            _log.error("the renewed login is only in memory: %s", error.code)
            self._held.is_unsaved = True
            note = f"{error.message}. The renewed login is kept in memory only"
            self._held.hold(replace(self._held.stored, credentials=new, notices=(note,)))
            return
        self._held.is_unsaved = False
        self._held.hold(saved)

    async def _store(self, new: Credentials) -> Stored:
        # The lock is Codex's and may be stuck; losing what was spent would be worse.
        async with self._storage.commit_lock(COMMIT_WAIT):
            try:
                stored = await self._storage.load()
            except StorageError:
                # A keyring that has locked meanwhile; there may be a file to save to.
                return await self._storage.save(new)
            if stored.credentials is None and not stored.problem:
                await self._drop(new)
                self._held.hold(stored)
                raise signed_out()
            if stored.credentials is not None and not is_same_account(stored.credentials, new):
                await self._drop(new)
                self._held.guard(stored)
            if stored.problem and not stored.is_broken:
                await self._drop(new)
                raise CredentialsError(
                    "Another kind of login was stored meanwhile",
                    next_step="Start again to go on with that one",
                    code="account_changed",
                )
            if stored.problem:
                await self._storage.set_aside()
            if stored.credentials is not None and self._is_newer(stored.credentials):
                _log.warning("a newer login was stored meanwhile; the renewed one is dropped")
                return stored
            return await self._storage.save(new)

    def _is_newer(self, stored: Credentials) -> bool:
        """Whether somebody signed in, or renewed the login, after ours was read.

        What is only different may be older: the copy that a keyring leaves in a file.
        """
        spent = self._spent
        if spent is None or stored.snapshot == spent.snapshot:
            return False
        return (stored.last_refresh or 0.0) > (spent.last_refresh or 0.0)

    async def save_again(self) -> None:
        """Try to store what the disk refused before; nothing is lost where it refuses again.

        Raises:
            CredentialsError: The login was ended or replaced meanwhile.
        """
        try:
            saved = await self._store(self._held.require())
        except StorageError:
            return
        self._held.is_unsaved = False
        self._held.hold(saved)

    async def _drop(self, new: Credentials) -> None:
        """Nobody shall hold tokens of a login that was ended meanwhile."""
        if new.tokens is not None:
            await self._revoke(new.tokens.refresh_token, new.tokens)

    async def _revoke(self, token: Secret, of: Tokens) -> None:
        try:
            await self._endpoint.revoke(
                token, hint="refresh_token", issuer=of.issuer, client_id=of.client_id
            )
        except ServiceError as error:
            _log.warning("dropped tokens could not be revoked: %s", error.code)

    async def _signed_out_stranger(self, spent: Credentials, renewed: Renewed) -> CredentialsError:
        """The issuer answered with somebody else's tokens: nobody may go on with those."""
        try:
            async with self._storage.commit_lock(COMMIT_WAIT):
                stored = await self._storage.load()
                found = stored.credentials
                if found is not None and found.snapshot == spent.snapshot:
                    await self._storage.delete()
        except StorageError as error:
            _log.error("a login that has ended could not be deleted: %s", error.code)
        self._held.hold(Stored(credentials=None, storage=None))
        if renewed.refresh_token is not None and spent.tokens is not None:
            await self._revoke(renewed.refresh_token, spent.tokens)
        return CredentialsError(
            "The issuer answered with another account's login, which was not kept",
            next_step="Sign in again",
            code="other_account",
        )


def require_issuer(tokens: Tokens, settings: AuthSettings) -> None:
    """Refuse a stored issuer that nobody chose to trust: the file may have been planted.

    Raises:
        CredentialsError: It is neither OpenAI's, nor the configured one.
    """
    try:
        url = httpx.URL(tokens.issuer or settings.provider.issuer)
    except httpx.InvalidURL:
        url = httpx.URL()
    require_origin(url, kind="issuer", settings=settings)
