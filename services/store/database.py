"""One database, one thread that touches it, and a queue of work for that thread."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Self, TypeVar

from services.clock import Clock
from services.errors import StorageError
from services.store import opening
from services.store.chats_schema import CHATS
from services.store.failures import is_damage, storage_error
from services.store.limits_schema import LIMITS
from services.store.migrations import Migration, NewerVersionError, ordered

T = TypeVar("T")

MIGRATIONS: Final = ordered(CHATS, LIMITS)
"""All steps of all areas."""
WAIT_LIMIT: Final = 30.0
"""Seconds after which a disk counts as hung."""
CLOSE_LIMIT: Final = 5.0
"""Seconds that quitting waits for what is still to be written."""

Work = Callable[[], None]


class Database:
    """Runs functions of a connection, one after the other, in a thread of its own.

    The thread is a daemon: a disk that hangs costs what was not written, and never the exit.
    """

    def __init__(self, path: Path | None, clock: Clock, migrations: Sequence[Migration]) -> None:
        self._path = path
        self._clock = clock
        self._migrations = migrations
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._serve, name="database", daemon=True)
        self._is_closed = False
        self.is_saving = False
        """Whether what is written outlives the program."""
        self.notices: list[str] = []
        """What the user should know about how it was opened; clean lines."""

    @classmethod
    async def open(
        cls, path: Path, clock: Clock, *, migrations: Sequence[Migration] = MIGRATIONS
    ) -> Self:
        """Open the file at `path`, or go on in memory where it cannot be used.

        A damaged file is set aside. `notices` says so in both cases.

        Raises:
            StorageError: The database is of a newer version.
        """
        database = cls(path, clock, migrations)
        await database._start(database._open_file)
        return database

    @classmethod
    async def in_memory(cls, clock: Clock, *, migrations: Sequence[Migration] = MIGRATIONS) -> Self:
        """Open a database that ends with the program."""
        database = cls(None, clock, migrations)
        await database._start(database._open_memory)
        return database

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write: `work` runs in a transaction of its own, and what it returned is on disk.

        If the caller is cancelled, the work is done all the same.

        Raises:
            StorageError: It could not be written, and nothing of it was.
        """
        return await self._submit(lambda: self._transact("BEGIN IMMEDIATE", work))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read: `work` sees one state of the database, and must not write.

        Raises:
            StorageError: It could not be read.
        """
        return await self._submit(lambda: self._transact("BEGIN", work))

    async def close(self) -> None:
        """Write what is still to be written, and let go of the file. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        closed = asyncio.get_running_loop().create_future()
        self._queue.put(self._reporting(closed, self._disconnect))
        self._queue.put(None)
        try:
            async with asyncio.timeout(CLOSE_LIMIT):
                await closed
        except (TimeoutError, sqlite3.Error):
            return

    async def _start(self, connect: Callable[[], None]) -> None:
        self._thread.start()
        try:
            await self._submit(connect)
        except BaseException:
            self._is_closed = True
            self._queue.put(None)
            raise

    async def _submit(self, work: Callable[[], T]) -> T:
        if self._is_closed:
            raise StorageError("The database is closed")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(self._reporting(done, work))
        try:
            # Not `wait_for`, which swallows a cancellation that comes with the outcome (3.11).
            async with asyncio.timeout(WAIT_LIMIT):
                return await done
        except TimeoutError as error:
            raise StorageError(
                "The disk does not answer", next_step="Check the disk or the network drive"
            ) from error
        except (sqlite3.Error, OSError) as error:
            raise storage_error(error) from error
        except (OverflowError, UnicodeError) as error:
            raise StorageError("This cannot be saved as it is") from error

    def _reporting(self, done: "asyncio.Future[T]", work: Callable[[], T]) -> Work:
        """`work`, with its outcome told to the loop that waits for it."""
        loop = done.get_loop()

        def tell(outcome: Callable[[Any], None], value: object) -> None:
            if not done.done():
                outcome(value)

        def run() -> None:
            try:
                report: tuple[Callable[[Any], None], object] = (done.set_result, work())
            except Exception as error:
                report = (done.set_exception, error)
            try:
                loop.call_soon_threadsafe(tell, *report)
            except RuntimeError:
                # The loop is closed: nobody waits any more.
                return

        return run

    def _serve(self) -> None:
        while (work := self._queue.get()) is not None:
            work()

    def _transact(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection
        if connection is None:
            raise StorageError("The database is closed")
        try:
            connection.execute(begin)
            result = work(connection)
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if self._path is not None and is_damage(error):
                opening.mark_suspect(self._path)
            raise
        finally:
            # SQLite has rolled back by itself after some errors, a full disk for one.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return result

    def _open_file(self) -> None:
        assert self._path is not None
        try:
            self._connection, notices = opening.open_file(self._path, self._clock, self._migrations)
        except NewerVersionError:
            raise
        except (OSError, sqlite3.Error, StorageError) as error:
            self.notices.append(opening.unwritable_notice(error))
            self._connection = opening.open_copy(self._path, self._migrations)
        else:
            self.notices.extend(notices)
            self.is_saving = True

    def _open_memory(self) -> None:
        self._connection = opening.open_memory(self._migrations)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
