"""The user's own editor for a prompt that outgrew one line."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from app.children import child_environment
from services.errors import UsageError

USUAL = ("nano", "vim", "vi")
"""Tried in this order where neither VISUAL nor EDITOR names one."""

Run = Callable[[Sequence[str]], int]
"""Runs a program in the foreground, without a shell, and returns its exit code."""


def run_in_foreground(command: Sequence[str], *, environ: Mapping[str, str]) -> int:
    """Run a program on this terminal until it ends.

    Raises:
        OSError: It cannot be started.
    """
    # The user's own choice, and no shell reads it.
    ended = subprocess.run(list(command), check=False, env=child_environment(environ))  # noqa: S603
    return ended.returncode


def edit(text: str, *, environ: Mapping[str, str], run: Run | None = None) -> str:
    """Let the user edit `text` in an editor; the caller gives the terminal away meanwhile.

    The file is readable by the user only, lies in a directory of its own, and is gone afterwards.

    Args:
        text: To begin with.
        environ: From `app.children.surroundings`; names the editor in VISUAL or EDITOR, which may
            hold arguments.
        run: Runs the editor; replaced in tests.

    Returns:
        What was saved, without the line end that editors add.

    Raises:
        UsageError: There is no editor, it cannot be started, it failed, or it left no text.
    """
    command = _command(environ)
    run = run or partial(run_in_foreground, environ=environ)
    with tempfile.TemporaryDirectory(prefix="foredeck-", dir=environ.get("TMPDIR")) as folder:
        path = Path(folder) / "prompt.md"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        try:
            code = run([*command, str(path)])
        except OSError as error:
            words = error.strerror or "it failed"
            raise UsageError(f"the editor {command[0]} cannot be started: {words}") from error
        if code != 0:
            raise UsageError(f"the editor {command[0]} ended with {code}; the text is unchanged")
        try:
            saved = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"what {command[0]} saved cannot be read as text") from error
    return saved if text.endswith("\n") else saved.removesuffix("\n")


def _command(environ: Mapping[str, str]) -> list[str]:
    wanted = environ.get("VISUAL", "").strip() or environ.get("EDITOR", "").strip()
    if wanted:
        try:
            words = shlex.split(wanted)
        except ValueError as error:
            raise UsageError("VISUAL or EDITOR has an open quote") from error
        if words:
            return words
    for name in USUAL:
        found = shutil.which(name, path=environ.get("PATH"))
        if found is not None:
            return [found]
    raise UsageError("no editor is known: set EDITOR, for example EDITOR=nano")
