"""A storage whose login counts only where the configuration allows it."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from services.auth.credentials import Credentials
from services.auth.settings import AuthSettings
from services.auth.stores.storage import CredentialStorage, Stored
from services.models.account import AccountMode


def violation(credentials: Credentials, settings: AuthSettings) -> str:
    """Why a login may not be used here, a sentence; empty where it may."""
    method = "api" if credentials.mode is AccountMode.API_KEY else "chatgpt"
    if settings.only_method is not None and settings.only_method != method:
        kind = "an API key" if method == "api" else "a login with ChatGPT"
        return f"The stored login is {kind}, which Codex's configuration does not allow"
    allowed = settings.provider.workspaces
    if credentials.tokens is not None and allowed and credentials.tokens.workspace not in allowed:
        return "The stored login is of a workspace that the configuration does not allow"
    return ""


class RestrictedStorage:
    """Reads a login that is not allowed as one that cannot be used; it is left alone.

    Args:
        inner: Where it lies.
        settings: Of sign-in.
    """

    def __init__(self, inner: CredentialStorage, settings: AuthSettings) -> None:
        self._inner = inner
        self._settings = settings

    @property
    def is_shared(self) -> bool:
        """Whether Codex uses the same home."""
        return self._inner.is_shared

    async def load(self) -> Stored:
        """What is stored, if it may be used."""
        stored = await self._inner.load()
        if stored.credentials is None:
            return stored
        problem = violation(stored.credentials, self._settings)
        if not problem:
            return stored
        return replace(stored, credentials=None, barred=stored.credentials, problem=problem)

    async def save(self, credentials: Credentials) -> Stored:
        """Write durably."""
        return await self._inner.save(credentials)

    async def check_writable(self) -> None:
        """Find out whether `save` would work."""
        await self._inner.check_writable()

    async def delete(self) -> bool:
        """Forget what is stored."""
        return await self._inner.delete()

    async def set_aside(self) -> str:
        """Copy a document that cannot be read."""
        return await self._inner.set_aside()

    def refresh_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Hold the lock under which a refresh happens."""
        return self._inner.refresh_lock(timeout)

    def commit_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Hold the locks that Codex too takes to write."""
        return self._inner.commit_lock(timeout)
