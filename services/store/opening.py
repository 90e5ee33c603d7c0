"""Opening a database: private, upgraded, and set aside where it is damaged."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from services.clock import Clock
from services.errors import StorageError
from services.store import files
from services.store.failures import is_damage, primary_code, storage_error
from services.store.migrations import Migration, upgrade, version

BUSY_LIMIT: Final = 5.0
"""Seconds that a write waits for another process."""
COPY_LIMIT: Final = 256 * 2**20
"""Bytes of a database that is copied into memory where it cannot be written."""


def open_file(
    path: Path, clock: Clock, migrations: Sequence[Migration]
) -> tuple[sqlite3.Connection, list[str]]:
    """Open the database at `path`, made where there is none.

    Returns:
        The connection, and what the user should know.

    Raises:
        OSError: The folder or the file cannot be used.
        StorageError: The file is not ours, or of a newer version.
        sqlite3.Error: The database cannot be written.
    """
    notices: list[str] = []
    folder = path.parent
    files.prepare_folder(folder)
    path = folder.resolve(strict=True) / path.name
    with files.lock(files.beside(path, ".lock")):
        files.prepare_file(path)
        connection = _connect(path)
        try:
            _set_up(connection, path, migrations)
        except BaseException as error:
            if not is_damage(error):
                connection.close()
                raise
            # Before the connection is closed, which would delete the -wal.
            aside = files.set_aside(path, clock.now())
            connection.close()
            files.beside(path, ".suspect").unlink(missing_ok=True)
        else:
            return connection, notices
        notices.append(
            f"The database was damaged. It is kept as {aside}, and a new one was started"
        )
        files.prepare_file(path)
        connection = _connect(path)
        try:
            _set_up(connection, path, migrations)
        except BaseException:
            connection.close()
            raise
        return connection, notices


def open_memory(migrations: Sequence[Migration]) -> sqlite3.Connection:
    """A database that ends with the program."""
    connection = _configure(sqlite3.connect(":memory:", isolation_level=None))
    upgrade(connection, None, migrations)
    return connection


def open_copy(path: Path, migrations: Sequence[Migration]) -> sqlite3.Connection:
    """A database in memory, with what can be read of the one at `path`."""
    with suppress(sqlite3.Error, OSError, StorageError):
        if 0 < path.stat().st_size <= COPY_LIMIT and not path.is_symlink():
            # Without `immutable`, a database in WAL mode cannot be read where its folder cannot be
            # written; what stands only in its -wal is then missing.
            for mode in ("mode=ro", "mode=ro&immutable=1"):
                connection = _copy(f"{path.absolute().as_uri()}?{mode}", migrations)
                if connection is not None:
                    return connection
    return open_memory(migrations)


def _copy(uri: str, migrations: Sequence[Migration]) -> sqlite3.Connection | None:
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with closing(sqlite3.connect(uri, uri=True)) as source:
            source.backup(memory)
        if not version(memory):
            raise sqlite3.DatabaseError
        upgrade(_configure(memory), None, migrations)
    except (sqlite3.Error, StorageError):
        memory.close()
        return None
    return memory


def mark_suspect(path: Path) -> None:
    """Have the database at `path` checked when it is next opened."""
    with suppress(OSError):
        files.create_private(files.beside(path, ".suspect"))


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_LIMIT, isolation_level=None)


def _set_up(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    _configure(connection)
    _use_write_ahead_log(connection)
    suspect = files.beside(path, ".suspect")
    if suspect.exists():
        _check(connection)
        suspect.unlink(missing_ok=True)
    upgrade(connection, path, migrations)


def _configure(connection: sqlite3.Connection) -> sqlite3.Connection:
    # A byte that is no UTF-8 must not cost the row it stands in.
    connection.text_factory = _decode
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # The change of the mode does not wait for other processes as a write does.
    end = time.monotonic() + BUSY_LIMIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous = NORMAL")


def _check(connection: sqlite3.Connection) -> None:
    answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        error = sqlite3.DatabaseError(answer)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def unwritable_notice(error: OSError | sqlite3.Error | StorageError) -> str:
    """What the user is told where nothing can be saved."""
    if not isinstance(error, StorageError):
        error = storage_error(error)
    return f"Chats are not saved in this run. {error}. {error.next_step}"
