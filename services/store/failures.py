"""What went wrong at the database, in the words of the product."""

import sqlite3
from typing import Final

from services.errors import StorageError

_KEPT: Final = "what is open stays in memory until you quit"
_ONLY_KEPT: Final = "What is open stays in memory until you quit"

# Primary result codes (https://www.sqlite.org/rescode.html): message and next step.
_WORDING: Final = {
    sqlite3.SQLITE_FULL: ("The disk is full, nothing could be saved", f"Free some space; {_KEPT}"),
    sqlite3.SQLITE_READONLY: ("The database cannot be written", f"Check its folder; {_KEPT}"),
    sqlite3.SQLITE_PERM: ("The database cannot be opened", f"Check its folder; {_KEPT}"),
    sqlite3.SQLITE_CANTOPEN: ("The database cannot be opened", f"Check its folder; {_KEPT}"),
    sqlite3.SQLITE_IOERR: ("The disk failed while saving", f"Check the disk; {_KEPT}"),
    sqlite3.SQLITE_BUSY: ("Another program keeps the database busy", "Try again"),
    sqlite3.SQLITE_LOCKED: ("Another program keeps the database busy", "Try again"),
    sqlite3.SQLITE_CORRUPT: (
        "The database is damaged",
        "Start again: the damaged file is then set aside",
    ),
    sqlite3.SQLITE_NOTADB: (
        "The database is damaged",
        "Start again: the damaged file is then set aside",
    ),
    sqlite3.SQLITE_TOOBIG: ("This is too large to be saved", _ONLY_KEPT),
}


def primary_code(error: sqlite3.Error) -> int:
    """The primary result code, or 0 where the error did not come from SQLite."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return (code or 0) & 0xFF


def is_damage(error: BaseException) -> bool:
    """Whether the file, and not the access to it, is at fault."""
    return isinstance(error, sqlite3.DatabaseError) and primary_code(error) in {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }


def storage_error(error: sqlite3.Error | OSError) -> StorageError:
    """The same failure as an error that may leave `services`."""
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return StorageError(f"Nothing can be saved: {reason}", next_step=_ONLY_KEPT)
    wording = _WORDING.get(primary_code(error))
    if wording is None:
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return StorageError(f"The database refused a change ({name})", next_step=_ONLY_KEPT)
    return StorageError(wording[0], next_step=wording[1])
