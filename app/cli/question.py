"""What `ask` is asked: the argument, what is piped in, or both."""

import json
import os
import select
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from services.errors import UsageError

MAX_BYTES = 10_000_000
PATIENCE = 3.0
"""Seconds that a pipe may stay silent before a prompt that was given goes without it."""


def read_question(
    prompt: str | None,
    say: Callable[[str], None],
    descriptor: int | None = None,
    patience: float = PATIENCE,
) -> str:
    """The text to send.

    Args:
        prompt: The argument; `-` or None reads stdin.
        say: Tells that nothing came.
        descriptor: Of stdin; None for the one of this process.
        patience: Seconds.

    Raises:
        UsageError: There is nothing to ask.
    """
    stdin = stdin_descriptor() if descriptor is None else descriptor
    if prompt is not None and prompt != "-":
        if not prompt.strip():
            raise UsageError("The prompt is empty", next_step="Say what to ask")
        piped = _piped(stdin, say, patience)
        return f"{prompt}\n\n<stdin>\n{piped}\n</stdin>" if piped else prompt
    if stdin is None:
        raise UsageError("Nothing can be read: stdin is closed", next_step="Name a prompt")
    if prompt is None and os.isatty(stdin):
        raise UsageError(
            "There is no prompt", next_step='Name one: foredeck ask "What is a monad?"'
        )
    text = _read(stdin)
    if not text.strip():
        raise UsageError("Nothing came on stdin", next_step="Pipe the prompt in, or name one")
    return text


def read_schema(path: str) -> Mapping[str, Any]:
    """The JSON schema in a file.

    Raises:
        UsageError: It cannot be read, or is no JSON object.
    """
    try:
        value = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", next_step="Check the path"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid JSON", next_step="Check the schema") from error
    if not isinstance(value, dict):
        raise UsageError(f"{path} holds no JSON object", next_step="Check the schema")
    return cast("dict[str, Any]", value)


def stdin_descriptor() -> int | None:
    """Of this process; None where stdin is closed."""
    try:
        number = sys.stdin.fileno()
        os.fstat(number)
    except (AttributeError, OSError, ValueError):
        return None
    return number


def _piped(stdin: int | None, say: Callable[[str], None], patience: float) -> str:
    """What is piped in beside a prompt; a terminal and /dev/null have nothing."""
    if stdin is None:
        return ""
    mode = os.fstat(stdin).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISREG(mode)):
        return ""
    # A pipe that is inherited and never closed, as under a job runner, must not hang us.
    if not select.select([stdin], [], [], patience)[0]:
        say(f"note: nothing came on stdin within {patience:g} s; asked without it")
        return ""
    return _read(stdin).rstrip("\n")


def _read(stdin: int) -> str:
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := os.read(stdin, 65536):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES:
                raise UsageError(
                    f"More than {MAX_BYTES:,} bytes came on stdin", next_step="Send less"
                )
    except OSError as error:
        raise UsageError(f"stdin cannot be read: {error.strerror}") from error
    return b"".join(pieces).decode("utf-8", "replace")
