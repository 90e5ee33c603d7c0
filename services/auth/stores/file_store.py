"""A login in `auth.json`. Rules: docs/protocols/auth.md."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

from services.auth.credentials import Credentials
from services.auth.stores import locks
from services.auth.stores.disk import on_disk
from services.auth.stores.document import parse
from services.auth.stores.file_failures import storage_error
from services.auth.stores.files import NAME, AuthFile
from services.auth.stores.limited import IsWanted
from services.auth.stores.storage import Stored
from services.auth.stores.stored import document_of, require_same, stored_as, with_notices
from services.clock import Clock
from services.models.account import StoragePlace

READ_AGAIN: Final = 0.1
"""Seconds in which somebody who is writing the file in place should be done."""


class FileStorage:
    """`auth.json` in a home.

    Args:
        home: Its folder.
        clock: Time.
        is_shared: Whether Codex uses it too.
        may_write: Whether rights that are too wide may be tightened.
    """

    def __init__(
        self, home: Path, clock: Clock, *, is_shared: bool, may_write: bool = True
    ) -> None:
        self.is_shared = is_shared
        self._home = home
        self._clock = clock
        self._file = AuthFile(home, clock, may_write=may_write)
        self._notices: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The path, for people."""
        return str(self._file.path)

    async def load(self) -> Stored:
        """Read the file, and once more where it looks as if somebody were writing it."""
        stored, is_broken = await on_disk(lambda _: self._look())
        if is_broken:
            await self._clock.sleep(READ_AGAIN)
            stored, _ = await on_disk(lambda _: self._look())
        return stored

    async def save(self, credentials: Credentials) -> Stored:
        """Replace the file by one that says this, and read it back."""
        return await on_disk(
            lambda is_wanted: self._save(credentials, is_wanted), is_finished_when_cancelled=True
        )

    async def check_writable(self) -> None:
        """Find out whether `save` would work."""
        await on_disk(lambda _: self._check())

    async def delete(self) -> bool:
        """Remove the file."""
        return await on_disk(lambda _: self._file.delete(), is_finished_when_cancelled=True)

    async def set_aside(self) -> str:
        """Copy the file beside itself, if it cannot be used."""
        stored = await self.load()
        if not stored.problem:
            return ""
        return await on_disk(lambda _: self._file.set_aside(), is_finished_when_cancelled=True)

    def refresh_lock(self, timeout: float) -> AbstractAsyncContextManager[bool]:
        """Our own lock of this home."""
        return locks.hold((self._home / locks.REFRESH,), timeout, self._clock, self._warn)

    @asynccontextmanager
    async def commit_lock(self, timeout: float) -> AsyncGenerator[bool]:
        """The locks of Codex, where it uses this home."""
        paths = await on_disk(lambda _: self._codex_locks())
        async with locks.hold(paths, timeout, self._clock, self._warn) as is_held:
            yield is_held

    def _codex_locks(self) -> tuple[Path, ...]:
        if not self.is_shared:
            return ()
        try:
            target = self._file.target()
        except OSError as error:
            raise storage_error(error, self._file.path, "locked") from error
        return (self._home / locks.CODEX, target.with_name(target.name + locks.SUFFIX))

    def _warn(self, notice: str) -> None:
        if notice not in self._notices:
            self._notices += (notice,)

    def _look(self) -> tuple[Stored, bool]:
        found = self._file.read()
        if found.content is None:
            return Stored(credentials=None, storage=None, place=self.place), False
        reading = parse(found.content, NAME)
        stored = stored_as(reading, StoragePlace.FILE, self.place)
        return with_notices(stored, *found.notices, *self._notices), reading.is_broken

    def _save(self, credentials: Credentials, is_wanted: IsWanted) -> Stored:
        found = self._file.read()
        text = document_of(credentials, found.content, compact=False)
        self._file.write(text.encode(), is_wanted)
        stored, _ = self._look()
        require_same(stored, credentials, NAME)
        return with_notices(stored, *found.notices)

    def _check(self) -> None:
        self._file.check_writable()
        locks.check((self._home / locks.REFRESH, *self._codex_locks()))
