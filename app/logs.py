"""The log: a rotating file of our own, never the terminal, never a secret."""

import logging
import os
from collections.abc import Iterable
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from services.redact import redact

MAX_BYTES = 2_000_000
KEPT = 3
LOUD_LIBRARIES = ("httpx", "httpcore", "websockets", "markdown_it", "asyncio", "uvicorn")
"""They log headers and addresses with queries, so they speak only when something is wrong."""


class RedactingFormatter(logging.Formatter):
    """Takes secrets out of the finished line, tracebacks included."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without secrets and without line breaks that would forge another one."""
        return redact(super().format(record), self._secrets).replace("\n", "\n    ")


class PrivateFileHandler(RotatingFileHandler):
    """A rotating file that only its owner can read."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")


def start_log(path: Path, level: str, secrets: Iterable[str] = ()) -> str | None:
    """Send all log records to `path`.

    Args:
        path: The file; its folder is made with mode 0700.
        level: `debug` also lets prompt text through, since only debug records hold any.
        secrets: Values that are taken out wherever they appear.

    Returns:
        A sentence where the file cannot be written, and nothing is logged then.
    """
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = PrivateFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8")
    except OSError as error:
        root.addHandler(logging.NullHandler())
        return f"No log is written: {path}: {error.strerror}"
    handler.setFormatter(RedactingFormatter(secrets))
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    return None
