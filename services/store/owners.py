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
        if owner == self.name:
            return True
        process = owner.partition(":")[0]
        if sys.platform == "win32" or not process.isdecimal() or int(process) == os.getpid():
            return False
        with suppress(ProcessLookupError, OverflowError):
            try:
                os.kill(int(process), 0)
            except PermissionError:
                return True
            return True
        return False
