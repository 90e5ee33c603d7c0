"""What somebody types while signing in: a key that is not shown, or an address."""

import asyncio
import os
import termios
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from app.cli.output import Output
from app.cli.question import stdin_descriptor
from services.errors import UsageError
from services.provider import Secret

LIMIT: Final = 64 * 1024
"""Bytes of a key or of a pasted line."""
_PIPE_IT: Final = "Pipe it in: printenv MY_KEY | foredeck login --api-key-stdin"


def read_key(output: Output, *, may_ask: bool) -> Secret:
    """An API key from stdin; on a terminal it is typed, and not shown.

    Args:
        output: Where it is asked for.
        may_ask: Whether a terminal may be read.

    Raises:
        UsageError: There is none.
    """
    stdin = stdin_descriptor()
    if stdin is None:
        raise UsageError("Nothing can be read: stdin is closed", next_step=_PIPE_IT)
    if not os.isatty(stdin):
        content = _read(stdin, until_line=False)
    elif may_ask:
        content = _read_unseen(stdin, output)
    else:
        raise UsageError("A terminal is not read with --no-input", next_step=_PIPE_IT)
    text = content.decode("utf-8", "replace").strip()
    if not text:
        raise UsageError("No API key came on stdin", next_step=_PIPE_IT)
    return Secret(text)


def _read_unseen(terminal: int, output: Output) -> bytes:
    before = termios.tcgetattr(terminal)
    unseen = termios.tcgetattr(terminal)
    unseen[3] &= ~termios.ECHO
    try:
        # What was typed ahead is shown already, so it is thrown away.
        termios.tcsetattr(terminal, termios.TCSAFLUSH, unseen)
        output.ask("API key (it is not shown): ")
        return _read(terminal, until_line=True)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        output.say("")


def _read(descriptor: int, *, until_line: bool) -> bytes:
    content = b""
    try:
        while piece := os.read(descriptor, LIMIT):
            content += piece
            if len(content) > LIMIT:
                raise UsageError("What came on stdin is no API key", next_step=_PIPE_IT)
            if until_line and content.endswith(b"\n"):
                break
    except OSError as error:
        raise UsageError(f"stdin cannot be read: {error.strerror}") from error
    return content


class Lines:
    """Hands on each line that is typed, while something else is awaited.

    Only a terminal is read, and only by the program in front of it.

    Args:
        take: Is given each line that is not blank.
        may_ask: Whether a terminal may be read at all.
    """

    def __init__(self, take: Callable[[str], None], *, may_ask: bool) -> None:
        self._take = take
        self._incomplete = b""
        stdin = stdin_descriptor()
        self._terminal = stdin if stdin is not None and may_ask and _is_ours(stdin) else None

    @property
    def are_read(self) -> bool:
        """Whether somebody may type."""
        return self._terminal is not None

    def __enter__(self) -> Self:
        if self._terminal is not None:
            asyncio.get_running_loop().add_reader(self._terminal, self._read, self._terminal)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _read(self, terminal: int) -> None:
        try:
            come = os.read(terminal, LIMIT)
        except OSError:
            come = b""
        if not come:
            self._stop()
            return
        *whole, rest = (self._incomplete + come).split(b"\n")
        self._incomplete = rest[:LIMIT]
        for line in whole:
            if text := line.decode("utf-8", "replace").strip():
                self._take(text)

    def _stop(self) -> None:
        if self._terminal is not None:
            asyncio.get_running_loop().remove_reader(self._terminal)
            self._terminal = None


def _is_ours(stdin: int) -> bool:
    """Whether stdin is a terminal, and this program stands in front of it.

    One in the background that reads is stopped by the system.
    """
    try:
        return os.isatty(stdin) and os.tcgetpgrp(stdin) == os.getpgrp()
    except OSError:
        # A terminal that controls nobody, as a test has it.
        return os.isatty(stdin)
