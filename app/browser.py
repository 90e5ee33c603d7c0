"""Opening an address that a model named: shown in full first, and never through a shell."""

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.children import child_environment
from services.clean import clean_line
from services.errors import UsageError

Start = Callable[[Sequence[str]], None]
EARLY_END: Final = 0.5
"""Seconds in which a browser that cannot open anything has said so, as a rule."""


def plain_address(url: str) -> str:
    """The address as it really is: http or https, its host in ASCII.

    Raises:
        UsageError: It is none that may be opened.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        parts, host, port = urlsplit(""), "", ""
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError("That is no web address", next_step="Only http and https are opened")
    if parts.username or parts.password:
        raise UsageError("An address with a name in it is not opened")
    host = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=host + port).geturl()


async def open_and_watch(url: str, *, environ: Mapping[str, str]) -> None:
    """The same as `open_address` beside the event loop, and with a look at how it goes.

    Raises:
        UsageError: There is no browser, or it ended with a failure at once.
    """
    await asyncio.to_thread(open_address, url, environ=environ, patience=EARLY_END)


def open_address(
    url: str,
    *,
    environ: Mapping[str, str],
    start: Start | None = None,
    patience: float = 0.0,
) -> None:
    """Open an address in the user's browser, which gets no terminal of ours.

    Args:
        url: From `plain_address`.
        environ: From `app.children.surroundings`; `BROWSER` may name one there.
        start: Starts the command; replaced in tests.
        patience: Seconds to wait for an early end.

    Raises:
        UsageError: There is no browser, or it ended with a failure while it was waited for.
    """
    command = _command(url, environ)
    if command is None:
        raise UsageError("No browser was found", next_step="Set BROWSER, or copy the address")
    (start or partial(_start, environ=environ, patience=patience))(command)


def has_browser(environ: Mapping[str, str]) -> bool:
    """Whether `open_address` would find something to start."""
    return _command("", environ) is not None


def _command(url: str, environ: Mapping[str, str]) -> list[str] | None:
    for named in environ.get("BROWSER", "").split(os.pathsep):
        try:
            words = shlex.split(named)
        except ValueError:
            # A quote without its end: no command, and no reason to give up on the others.
            continue
        if words and shutil.which(words[0], path=environ.get("PATH")):
            filled = [word.replace("%s", url) for word in words]
            return filled if filled != words else [*words, url]
    for name in ("open",) if sys.platform == "darwin" else ("xdg-open", "wslview"):
        if found := shutil.which(name, path=environ.get("PATH")):
            return [found, url]
    return None


def _start(command: Sequence[str], *, environ: Mapping[str, str], patience: float) -> None:
    try:
        # The address was checked, and no shell reads the command.
        process = subprocess.Popen(  # noqa: S603
            list(command),
            env=child_environment(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise UsageError(f"The browser did not start: {error.strerror}") from error
    try:
        code = process.wait(patience)
    except subprocess.TimeoutExpired:
        code = None
    if code:
        name = clean_line(Path(command[0]).name)
        raise UsageError(
            f"No browser was opened: {name} ended with {code}",
            next_step="Set BROWSER, or copy the address",
        )
    # It may stay open as long as it likes; nobody else would take note of its end.
    threading.Thread(target=process.wait, daemon=True).start()
