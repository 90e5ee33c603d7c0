"""What the rest of sign-in asks of the place where credentials lie.

`services/auth/stores/opening.py` makes one by configuration. Rules: docs/protocols/auth.md.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from services.auth.credentials import Credentials
from services.models.account import StoragePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What was found, or where something was put."""

    credentials: Credentials | None
    """None where nothing usable is stored."""
    storage: StoragePlace | None
    """None where nothing is stored at all."""
    place: str = ""
    """Path or entry, for people."""
    notices: tuple[str, ...] = ()
    """What the user should know: fallback used, rights tightened, …"""
    problem: str = ""
    """Why what is stored cannot be used, a sentence; it is left alone then."""
    barred: Credentials | None = field(default=None, repr=False)
    """A login that may not be used here; told only so that it can be ended."""
    is_broken: bool = False
    """Whether that is since it cannot be read, rather than a kind of login that is not ours."""


class CredentialStorage(Protocol):
    """One home of credentials. Its calls run in threads and end within a time limit."""

    @property
    def is_shared(self) -> bool:
        """Whether Codex uses the same home."""
        ...

    async def load(self) -> Stored:
        """Read what is stored. A file that is being written is read again after 100 ms.

        Raises:
            StorageError: The place itself cannot be reached (no keyring, no rights).
        """
        ...

    async def save(self, credentials: Credentials) -> Stored:
        """Write durably, then read back. Unknown members of the document stay.

        Raises:
            StorageError: It cannot be written, or what is read back is something else.
        """
        ...

    async def check_writable(self) -> None:
        """Find out whether `save` would work, without changing what is stored.

        Raises:
            StorageError: It would not.
        """
        ...

    async def delete(self) -> bool:
        """Forget what is stored, everywhere where it may lie; False if there was nothing.

        Raises:
            StorageError: It could not be deleted.
        """
        ...

    async def set_aside(self) -> str:
        """Copy a document that cannot be read to a dated name beside it, before it is replaced.

        Returns:
            Where the copy lies; empty where there is nothing to copy.
        """
        ...

    def refresh_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Hold the lock under which a refresh happens, across processes.

        Yields:
            False where it was not had within `timeout` seconds.
        """
        ...

    def commit_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Hold the locks that Codex too takes to write (`auth.lock`, `auth.json.lock`).

        Nothing to hold where the home is not shared. Yields as `refresh_lock`.
        """
        ...
