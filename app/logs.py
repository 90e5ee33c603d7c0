"""The log: a rotating file of our own, never the terminal, never a secret."""

import logging
import os
import stat
import sys
from collections.abc import Iterable, Mapping
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, cast

from app.children import key_names
from app.settings import Settings
from app.version import __version__
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
    """A rotating file that only its owner can read, and no link to another one."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self.baseFilename, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(0, "it is no regular file")
            os.fchmod(descriptor, 0o600)
        except OSError:
            os.close(descriptor)
            raise
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")


def log_start(settings: Settings, what: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Begin the log of a run, and say in it what runs.

    Args:
        settings: Of this run.
        what: `app`, or the command.
        environ: Environment variables.

    Returns:
        A sentence where the file cannot be written, and nothing is logged then.
    """
    path = settings.log_file or settings.folders.state / "foredeck.log"
    trouble = start_log(path, settings.log_level, secrets_of(settings, environ))
    log = logging.getLogger(__name__)
    python = ".".join(map(str, sys.version_info[:3]))
    log.info("foredeck %s starts: %s, Python %s, %s", __version__, what, python, sys.platform)
    for problem in settings.problems:
        log.warning("configuration: %s", problem)
    return trouble


def log_end(code: int) -> None:
    """Say in the log how the run ended."""
    logging.getLogger(__name__).info("foredeck ends with %d", code)


def secrets_of(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Values that must never stand in the log: keys, and what goes into headers and queries."""
    found = [environ.get(name, "") for name in sorted(key_names(settings))]
    for table in settings.providers.values():
        found += _texts(table.get("http_headers")) + _texts(table.get("query_params"))
    return tuple(text for text in found if text)


def _texts(table: Any) -> list[str]:
    return (
        [str(v) for v in cast("dict[str, Any]", table).values()] if isinstance(table, dict) else []
    )


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
