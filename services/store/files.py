"""The files of a database: private from the first byte, and never through a planted link.

SQLite gives `-wal` and `-shm` the mode of the database file, so that file is made by us, 0600,
before SQLite opens it. No descriptor of an existing database is opened and closed here: that would
drop the locks that another connection of this process holds.
"""

import os
import stat
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from services.errors import StorageError

SIDE_FILES: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""
LOCK_LIMIT: Final = 30.0
"""Seconds to wait for another process that opens the same database."""


def prepare_folder(folder: Path) -> None:
    """Make the folder, or make sure that it is ours and private.

    Raises:
        OSError: It cannot be made.
        StorageError: It belongs to somebody else, or is none.
    """
    if not folder.exists():
        for missing in reversed([folder, *folder.parents]):
            if not missing.exists():
                missing.mkdir(mode=0o700, exist_ok=True)
    state = folder.stat()
    if not stat.S_ISDIR(state.st_mode):
        raise StorageError(f"{folder} is no folder", next_step="Move that file away")
    _check_owner(folder, state)
    if state.st_mode & stat.S_ISVTX:
        raise StorageError(f"{folder} is shared with others", next_step="Use a folder of your own")
    if stat.S_IMODE(state.st_mode) != 0o700:
        folder.chmod(0o700)


def prepare_file(path: Path) -> None:
    """Make an empty file that only we can read, or make sure that the one there is such a file.

    Raises:
        OSError: It cannot be made.
        StorageError: It is a link, no plain file, or belongs to somebody else.
    """
    for name in (path, *(beside(path, suffix) for suffix in SIDE_FILES)):
        try:
            state = name.lstat()
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(state.st_mode):
            raise StorageError(f"{name} is a link or no plain file", next_step="Move it away")
        _check_owner(name, state)
        if stat.S_IMODE(state.st_mode) != 0o600:
            name.chmod(0o600)
    if not path.exists():
        create_private(path)


def create_private(path: Path) -> None:
    """Make an empty file, 0600 whatever the umask.

    Raises:
        OSError: It exists already, or cannot be made.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _no_follow(), 0o600)
    try:
        if sys.platform != "win32":
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def set_aside(path: Path, now: float) -> Path:
    """Move a damaged database and what lies beside it out of the way.

    Args:
        path: The database.
        now: Unix seconds, for the name.

    Returns:
        Where the database is now.
    """
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    target = beside(path, f".damaged-{stamp}")
    number = 1
    while os.path.lexists(target):
        number += 1
        target = beside(path, f".damaged-{stamp}-{number}")
    for suffix in SIDE_FILES:
        side = beside(path, suffix)
        if os.path.lexists(side):
            side.rename(beside(target, suffix))
    path.rename(target)
    return target


def beside(path: Path, suffix: str) -> Path:
    """The path with something added to its name."""
    return path.with_name(path.name + suffix)


@contextmanager
def lock(path: Path) -> Generator[None]:
    """Be the only process that opens, upgrades or sets aside the database beside `path`.

    Raises:
        OSError: The lock file cannot be made.
        StorageError: Another process holds it for too long.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | _no_follow(), 0o600)
    try:
        if sys.platform != "win32":
            _wait_for_lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    end = time.monotonic() + LOCK_LIMIT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise StorageError(
                    "Another process has been opening the database for too long",
                    next_step="End the other Foredeck, then start again",
                ) from error
            time.sleep(0.02)
        else:
            return


def _check_owner(path: Path, state: os.stat_result) -> None:
    if sys.platform != "win32" and state.st_uid != os.geteuid():
        raise StorageError(
            f"{path} belongs to another user", next_step="Set FOREDECK_HOME to a folder of your own"
        )


def _no_follow() -> int:
    return getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
