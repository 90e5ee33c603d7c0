"""`auth.json` on a disk: private, whole at every moment, and never through somebody else's link.

All of this blocks. Rules: docs/protocols/auth.md.
"""

import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from services.auth.stores.document import SIZE_LIMIT
from services.auth.stores.file_failures import foreign, refused, shown, storage_error
from services.auth.stores.limited import IsWanted
from services.clock import Clock

NAME: Final = "auth.json"
TEMPORARY: Final = ".auth.json.foredeck-"
"""How the names of files begin that will become `auth.json`."""
STALE_AGE: Final = 24 * 3600.0
"""Seconds after which such a file is what a crash left."""
PROBE_SIZE: Final = 16 * 1024
"""Bytes that must fit on the disk before a token is spent."""
_ABANDONED_AGE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies on the disk."""

    content: bytes | None = field(repr=False)
    """None where there is no file; one byte more than the limit where it is too large."""
    notices: tuple[str, ...] = ()


class AuthFile:
    """The file of one home. A link is followed once and kept, if it and its target are ours.

    Args:
        home: Folder of `auth.json`; made when something is written.
        clock: Time, for names of copies and the age of leftovers.
        may_write: Whether rights that are too wide may be tightened while reading.
    """

    def __init__(self, home: Path, clock: Clock, *, may_write: bool = True) -> None:
        self._home = home
        self._clock = clock
        self._may_write = may_write
        self.path = home / NAME

    def read(self) -> Found:
        """What the file holds.

        Raises:
            StorageError: It is not ours, no plain file, or cannot be read.
        """
        try:
            descriptor = self._opened()
            if descriptor is None:
                return Found(content=None)
            with os.fdopen(descriptor, "rb") as file:
                notices = self._tightened(descriptor)
                return Found(content=file.read(SIZE_LIMIT + 1), notices=notices)
        except OSError as error:
            raise storage_error(error, self.path, "read") from error

    def write(self, content: bytes, is_wanted: IsWanted = lambda: True) -> None:
        """Replace the file. Whoever reads sees the old content or the new, whole, at any moment.

        Raises:
            StorageError: It cannot be written, and is as it was.
        """
        try:
            make_home(self._home)
            target = self._writable_target()
            self._replace(target, content, is_wanted)
            _sync_folder(target.parent)
            self._clear(target.parent, STALE_AGE)
        except OSError as error:
            raise storage_error(error, self.path, "written") from error

    def check_writable(self) -> None:
        """Try all that `write` does but the last step.

        Raises:
            StorageError: It would fail.
        """
        try:
            make_home(self._home)
            target = self._writable_target()
            size = PROBE_SIZE
            with suppress(FileNotFoundError):
                # Finds what rights do not tell: a file that is sealed, a disk that is read-only.
                descriptor = os.open(target, os.O_WRONLY | _careful())
                size += os.fstat(descriptor).st_size
                os.close(descriptor)
            Path(self._temporary(target.parent, b"\0" * min(size, SIZE_LIMIT))).unlink()
        except OSError as error:
            raise storage_error(error, self.path, "written") from error

    def delete(self) -> bool:
        """Remove the file, and what killed writers left; False if there was no file.

        A link stays: Codex, too, writes through one that leads to nothing yet.

        Raises:
            StorageError: It is not ours, or cannot be removed.
        """
        try:
            target = self.target()
            if not target.parent.is_dir():
                return False
            self._clear(target.parent, _ABANDONED_AGE)
            try:
                self._require_owner(self.path, target.lstat())
                target.unlink()
            except FileNotFoundError:
                return False
            _sync_folder(target.parent)
        except OSError as error:
            raise storage_error(error, self.path, "deleted") from error
        return True

    def set_aside(self) -> str:
        """Copy the file to a dated name beside it.

        Returns:
            Path of the copy; empty where there is nothing to copy.

        Raises:
            StorageError: It cannot be copied.
        """
        try:
            descriptor = self._opened()
            if descriptor is None:
                return ""
            with os.fdopen(descriptor, "rb") as file:
                if not os.fstat(descriptor).st_size:
                    return ""
                path, copy = self._dated()
                try:
                    with os.fdopen(copy, "wb") as into:
                        shutil.copyfileobj(file, into)
                        into.flush()
                        os.fsync(into.fileno())
                except OSError:
                    path.unlink()
                    raise
                _sync_folder(self._home)
        except OSError as error:
            raise storage_error(error, self.path, "copied") from error
        return str(path)

    def target(self) -> Path:
        """Where the file really lies: the end of the link, where it is one.

        Raises:
            StorageError: The link is not ours, or leads nowhere.
            OSError: It cannot be looked at.
        """
        try:
            state = self.path.lstat()
        except FileNotFoundError:
            return self.path
        if not stat.S_ISLNK(state.st_mode):
            return self.path
        self._require_owner(self.path, state)
        try:
            real = self.path.resolve()
        except RuntimeError as error:
            raise refused(self.path, "is a link that leads to itself", "Remove it") from error
        if real.is_symlink() or not real.parent.is_dir():
            raise refused(self.path, "is a link that leads nowhere", "Remove it")
        return real

    def _opened(self) -> int | None:
        """A descriptor of the file, which is plain and ours; None where there is none."""
        try:
            descriptor = os.open(self.target(), os.O_RDONLY | _careful())
        except FileNotFoundError:
            return None
        try:
            self._require_own(self.path, os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _writable_target(self) -> Path:
        target = self.target()
        try:
            state = target.lstat()
        except FileNotFoundError:
            return target
        self._require_own(self.path, state)
        if state.st_nlink > 1:
            raise refused(
                self.path,
                "has a second name (a hard link), which would keep the old login",
                "Remove one of the two names",
            )
        if not state.st_mode & stat.S_IWUSR:
            raise refused(self.path, "is read-only", f"chmod u+w {shown(self.path)}")
        return target

    def _replace(self, target: Path, content: bytes, is_wanted: IsWanted) -> None:
        temporary = self._temporary(target.parent, content)
        try:
            if not is_wanted():
                raise refused(self.path, "took too long to be written", "Check the disk")
            os.replace(temporary, target)  # noqa: PTH105 a string, as mkstemp gives it
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise

    def _temporary(self, folder: Path, content: bytes) -> str:
        """A new private file with this content, safe on the disk."""
        descriptor, name = tempfile.mkstemp(prefix=TEMPORARY, suffix=".tmp", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if sys.platform != "win32":
                    os.fchmod(file.fileno(), 0o600)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108
            raise
        return name

    def _dated(self) -> tuple[Path, int]:
        stamp = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
        number = 1
        while True:
            suffix = f"-{number}" if number > 1 else ""
            path = self.path.with_name(f"{NAME}.broken-{stamp}{suffix}")
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _careful()
                return path, os.open(path, flags, 0o600)
            except FileExistsError:
                number += 1

    def _clear(self, folder: Path, age: float) -> None:
        """Remove what writers left that were killed."""
        with suppress(OSError):
            for path in folder.glob(f"{TEMPORARY}*.tmp"):
                state = path.lstat()
                is_ours = stat.S_ISREG(state.st_mode) and _is_own(state)
                if is_ours and state.st_mtime < self._clock.now() - age:
                    path.unlink()

    def _tightened(self, descriptor: int) -> tuple[str, ...]:
        if sys.platform == "win32" or not stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            return ()
        open_to_others = f"{shown(self.path)} could be read by other users"
        if not self._may_write:
            return (open_to_others,)
        try:
            os.fchmod(descriptor, 0o600)
        except OSError:
            return (f"{open_to_others}, and its rights cannot be changed",)
        return (f"{open_to_others}; its rights were tightened",)

    def _require_own(self, path: Path, state: os.stat_result) -> None:
        if not stat.S_ISREG(state.st_mode):
            raise refused(path, "is no plain file", "Move it away")
        self._require_owner(path, state)

    def _require_owner(self, path: Path, state: os.stat_result) -> None:
        if not _is_own(state):
            raise foreign(path)


def make_home(home: Path) -> None:
    """Make the folder 0700 where it is missing; one that is there stays as it is.

    Raises:
        OSError: It cannot be made.
    """
    for missing in reversed([home, *home.parents]):
        if not missing.exists():
            missing.mkdir(mode=0o700, exist_ok=True)


def _is_own(state: os.stat_result) -> bool:
    return sys.platform == "win32" or state.st_uid == os.geteuid()


def _careful() -> int:
    """Flags of every opening: no link, no waiting for the other end of a pipe, no heirs."""
    flags = ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY")
    return sum(getattr(os, name, 0) for name in flags)


def _sync_folder(folder: Path) -> None:
    """Make the name of a file as durable as its content, where the file system knows how."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
