"""Exclusive locks across processes: BSD `flock`, which Codex takes too. docs/protocols/auth.md.

The files stay for ever: removing one would let two programs hold "the" lock.
"""

import errno
import os
import stat
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from services.auth.stores.disk import on_disk
from services.auth.stores.file_failures import foreign, refused, shown, storage_error
from services.auth.stores.files import make_home
from services.clock import Clock
from services.errors import StorageError

REFRESH: Final = "foredeck-auth.lock"
"""Ours, in the home: held from the second look at the storage until the answer is stored."""
CODEX: Final = "auth.lock"
"""Codex's, in the home: held while something is written."""
SUFFIX: Final = ".lock"
"""Codex's second lock is the real path of `auth.json` and this."""
POLL: Final = 0.02
_UNSUPPORTED: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


@asynccontextmanager
async def hold(
    paths: Sequence[Path],
    timeout: float,
    clock: Clock,
    warn: Callable[[str], None] = lambda _: None,
) -> AsyncGenerator[bool]:
    """Hold the locks of these files, taken in this order.

    Args:
        paths: Lock files, made 0600 where they are missing, as is the folder of the first.
        timeout: Seconds for all of them.
        clock: Time.
        warn: Told where a file system has no locks, from another thread; work goes on without.

    Yields:
        False where they were not had in time; none is held then.

    Raises:
        StorageError: A file is a link, no plain file or not ours, or cannot be made; or the disk
            does not answer.
    """
    end = clock.monotonic() + timeout
    held: list[int] = []
    try:
        for path in paths:
            descriptor = await _take(path, end, clock, warn)
            if descriptor is None:
                await _let_go(held)
                break
            held.append(descriptor)
        yield len(held) == len(paths)
    finally:
        await _let_go(held)


def check(paths: Sequence[Path]) -> None:
    """Make sure that these locks could be taken, without waiting for any.

    Raises:
        StorageError: A file is a link, no plain file or not ours, or cannot be made.
    """
    for path in paths:
        os.close(_open(path))


async def _take(path: Path, end: float, clock: Clock, warn: Callable[[str], None]) -> int | None:
    while True:
        descriptor = await on_disk(lambda _: _attempt(path, warn), discard=_close)
        if descriptor is not None or clock.monotonic() >= end:
            return descriptor
        await clock.sleep(POLL)


async def _let_go(held: list[int]) -> None:
    """Give up all of them, the last one first; a disk that hangs lets go when it answers."""
    descriptors = tuple(reversed(held))
    held.clear()
    if descriptors:
        with suppress(StorageError):
            await on_disk(lambda _: _close(*descriptors), is_finished_when_cancelled=True)


def _attempt(path: Path, warn: Callable[[str], None]) -> int | None:
    """The file, opened and locked; None while somebody else holds it. Blocks."""
    with ExitStack() as opened:
        descriptor = _open(path)
        opened.callback(os.close, descriptor)
        # Somebody may remove the file before it is locked: the lock of another then counts.
        if not _try(descriptor, path, warn) or not _is_at(descriptor, path):
            return None
        opened.pop_all()
        return descriptor


def _close(*descriptors: int | None) -> None:
    for descriptor in descriptors:
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)


def _open(path: Path) -> int:
    try:
        make_home(path.parent)
        flags = os.O_RDWR | os.O_CREAT
        for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY"):
            flags |= getattr(os, name, 0)
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise storage_error(error, path, "locked") from error
    state = os.fstat(descriptor)
    is_own = sys.platform == "win32" or state.st_uid == os.geteuid()
    if not stat.S_ISREG(state.st_mode) or not is_own:
        os.close(descriptor)
        raise foreign(path) if not is_own else refused(path, "is no plain file", "Move it away")
    return descriptor


def _try(descriptor: int, path: Path, warn: Callable[[str], None]) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise storage_error(error, path, "locked") from error
        warn(
            f"{shown(path.parent)} lies on a disk without locks: programs that renew the login at"
            " the same moment may sign each other out"
        )
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    return False
