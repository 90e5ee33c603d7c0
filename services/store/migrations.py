"""Versions of the database, and the way from one to the next. How to add one: docs/store.md."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.errors import StorageError
from services.store.files import beside, create_private

BACKUPS: Final = 3
"""How many backups are kept beside the database."""


class NewerVersionError(StorageError):
    """The database knows things that this program does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step."""

    version: int
    """`user_version` after it: steps count up by one, over all areas together."""
    area: str
    """Which tables it is about: `chats`, …"""
    statements: tuple[str, ...]


def ordered(*areas: Sequence[Migration]) -> tuple[Migration, ...]:
    """The steps of all areas in the order in which they are taken."""
    return tuple(sorted((step for area in areas for step in area), key=lambda step: step.version))


def upgrade(
    connection: sqlite3.Connection, path: Path | None, migrations: Sequence[Migration]
) -> None:
    """Bring the database to the newest version.

    A copy of it is made before each step, unless it was empty.

    Args:
        connection: To the database, outside a transaction.
        path: The database's file, or None for one in memory.
        migrations: All steps in order.

    Raises:
        NewerVersionError: The database is newer than this program.
        sqlite3.Error: A step failed; the database is as it was before that step.
        OSError: The copy could not be made.
    """
    newest = migrations[-1].version if migrations else 0
    if not version(connection):
        path = None
    while (found := version(connection)) != newest:
        if found > newest:
            raise NewerVersionError(
                f"The database was made by a newer Foredeck (version {found}, "
                f"this one knows {newest})",
                next_step="Update Foredeck, or set FOREDECK_HOME to another folder",
            )
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have taken this step while we waited for the lock.
            if version(connection) == found:
                _take_step(connection, path, migrations, found)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def version(connection: sqlite3.Connection) -> int:
    """The version that the database has."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _take_step(
    connection: sqlite3.Connection, path: Path | None, migrations: Sequence[Migration], found: int
) -> None:
    step = next(step for step in migrations if step.version == found + 1)
    if path is not None:
        _back_up(path, found)
    for statement in step.statements:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {step.version:d}")


def _back_up(path: Path, found: int) -> None:
    """Copy the database; the caller holds its write lock, so that the copy is whole."""
    target = beside(path, f".backup-v{found}")
    target.unlink(missing_ok=True)
    create_private(target)
    try:
        # A connection of its own: SQLite does not copy from one that is writing.
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    backups = path.parent.glob(f"{path.name}.backup-v*[0-9]")
    for old in sorted(backups, key=_number)[:-BACKUPS]:
        with suppress(OSError):
            old.unlink()


def _number(backup: Path) -> int:
    digits = backup.name.rpartition("v")[2]
    return int(digits) if digits.isdecimal() else 0
