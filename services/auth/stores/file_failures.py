"""What went wrong with a file of credentials, in the words of the product."""

import errno
import os
from pathlib import Path
from typing import Final, Literal

from services.clean import clean_code, clean_line
from services.errors import StorageError

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM)


def storage_error(
    error: OSError, path: Path, done: Literal["read", "written", "deleted", "copied", "locked"]
) -> StorageError:
    """The same failure as an error that may leave `services`."""
    folder = shown(path.parent)
    if error.errno in _FULL:
        reason, next_step = "the disk is full", "Free some space, then try again"
    elif error.errno == errno.EROFS:
        reason, next_step = "its disk is read-only", "Make it writable, or set auth.mode to own"
    elif error.errno in _FORBIDDEN:
        reason, next_step = "it is not allowed", f"Check the rights of {folder} and what is in it"
    elif error.errno == errno.ELOOP:
        reason, next_step = "a link stands in its place", "Remove the link"
    else:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        next_step = f"Check the folder {folder}"
    return StorageError(
        f"{shown(path)} cannot be {done}: {reason}", next_step=next_step, code="file"
    )


def refused(path: Path, why: str, next_step: str) -> StorageError:
    """We do not touch this file, and say why."""
    return StorageError(f"{shown(path)} {why}", next_step=next_step, code="file")


def foreign(path: Path) -> StorageError:
    """A file that somebody else could change, or could have planted."""
    return refused(path, "belongs to another user", "Make it yours, or set auth.mode to own")


def shown(path: Path) -> str:
    """A path for people."""
    return clean_line(clean_code(str(path)), 300)
