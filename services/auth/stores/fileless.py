"""Logins that no file of ours holds: in the memory of this process, or only read."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

from services.auth.credentials import Credentials
from services.auth.stores.storage import CredentialStorage, Stored
from services.errors import StorageError
from services.models.account import StoragePlace


class MemoryStorage:
    """A login that ends with this process."""

    is_shared = False

    def __init__(self) -> None:
        self._stored = Stored(credentials=None, storage=None)

    async def load(self) -> Stored:
        """What this process has."""
        return self._stored

    async def save(self, credentials: Credentials) -> Stored:
        """Keep it."""
        self._stored = Stored(credentials=credentials, storage=StoragePlace.MEMORY)
        return self._stored

    async def check_writable(self) -> None:
        """Memory takes what it is given."""

    async def delete(self) -> bool:
        """Forget it."""
        was_there = self._stored.credentials is not None
        self._stored = replace(self._stored, credentials=None, storage=None)
        return was_there

    async def set_aside(self) -> str:
        """There is nothing to copy."""
        return ""

    def refresh_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """No other process knows of it."""
        return free()

    def commit_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """No other process knows of it."""
        return free()


class ReadOnlyStorage:
    """A login of Codex's that is used and never touched: Codex renews it.

    Args:
        inner: Where it lies.
    """

    def __init__(self, inner: CredentialStorage) -> None:
        self._inner = inner

    @property
    def is_shared(self) -> bool:
        """Whether Codex uses the same home."""
        return self._inner.is_shared

    async def load(self) -> Stored:
        """What is stored."""
        return await self._inner.load()

    async def save(self, credentials: Credentials) -> Stored:
        """Never."""
        raise self._refusal("Sign in with Codex")

    async def check_writable(self) -> None:
        """Never."""
        raise self._refusal("Start Codex once, which renews the login")

    async def delete(self) -> bool:
        """Never."""
        raise self._refusal("Sign out with Codex")

    async def set_aside(self) -> str:
        """Never."""
        return ""

    def refresh_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Nothing is renewed, so nothing is locked."""
        return free()

    def commit_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Nothing is written, so nothing is locked."""
        return free()

    def _refusal(self, instead: str) -> StorageError:
        return StorageError(
            "auth.mode is read_only, so Codex's login is not changed",
            next_step=f"{instead}, or set auth.mode to shared or own",
            code="read_only",
        )


@asynccontextmanager
async def free() -> AsyncGenerator[bool]:
    """Nobody else has to be kept out."""
    yield True
