"""What others on this machine may learn from our files and memory: nothing."""

import os
import resource
import sys
from contextlib import suppress
from typing import Final

PR_SET_DUMPABLE: Final = 4
"""From linux/prctl.h."""


def stay_private() -> None:
    """Make new files the user's own, and keep tokens in memory from other programs.

    Best effort: no core dumps, and on Linux no other program without special rights may read our
    memory, not even one of the same user.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(ImportError, AttributeError, OSError):
            # The part in C alone: all of ctypes takes 2 ms before the first frame, this 0.4.
            from _ctypes import call_function, dlopen, dlsym

            # None is the program itself, which the types do not know.
            program = dlopen(None, os.RTLD_NOW)  # pyright: ignore[reportArgumentType]
            call_function(dlsym(program, "prctl"), (PR_SET_DUMPABLE, 0, 0, 0, 0))
