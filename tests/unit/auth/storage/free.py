"""Looks at locks as another program does."""

import sys
from pathlib import Path


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock of a file."""
    if sys.platform == "win32" or not path.exists():
        return True
    import fcntl

    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
