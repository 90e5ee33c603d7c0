"""A bug of ours ends in one short line and a report in a file: no locals, no secrets."""

import logging
import os
import platform
import sys
import time
import traceback
from pathlib import Path

from app.version import __version__
from services.redact import redact

EXIT_BUG = 70
_log = logging.getLogger(__name__)


def write_report(error: BaseException, folder: Path) -> str:
    """Write the report and say in one sentence where it is.

    Args:
        error: What nobody expected. Its traceback is kept, the values of its locals are not.
        folder: Made with mode 0700 where it is missing.
    """
    _log.error("a bug of ours: %s", type(error).__name__)
    lines = traceback.format_exception(error)
    head = (
        f"foredeck {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"TERM={os.environ.get('TERM', '')} argv={len(sys.argv) - 1} arguments\n\n"
    )
    text = redact(head + "".join(lines))
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError:
        return f"foredeck: a bug of ours ({type(error).__name__}); no report could be written"
    return f"foredeck: a bug of ours ({type(error).__name__}). Report: {path}"
