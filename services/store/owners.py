"""Which program something in the store belongs to, and whether that program still runs."""

import os
import sys
import uuid
from contextlib import suppress
from typing import Final


class Program:
    """This program, as rows name it: `PID:TOKEN`."""

    def __init__(self) -> None:
        """A name that no other program has, even of the same number."""
        self.name: Final = f"{os.getpid()}:{uuid.uuid4()}"

    def is_alive(self, owner: str) -> bool:
        """Whether the program of this name is still there."""
        # One of our number and another token was there before us.
        return owner == self.name or (_number(owner) != os.getpid() and bool(runs(owner)))


def runs(owner: str) -> bool | None:
    """Whether a process of the number in this name runs; None where that cannot be told."""
    process = _number(owner)
    # On Windows, asking would end it.
    if sys.platform == "win32" or process is None:
        return None
    with suppress(ProcessLookupError, OverflowError):
        try:
            os.kill(process, 0)
        except PermissionError:
            return True
        return True
    return False


def _number(owner: str) -> int | None:
    process = owner.partition(":")[0]
    return int(process) if process.isdecimal() else None
