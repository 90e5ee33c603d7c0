"""Copies text by the surest way there is, and says which."""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.children import child_environment

OSC52_LIMIT = 74_994
"""Bytes of text that fit into the 100,000 bytes which terminals take in one OSC 52."""
TOOL_LIMIT = 3.0
"""Seconds that a tool may take."""

NATIVE_TOOLS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("WAYLAND_DISPLAY", "wl-copy", ()),
    ("DISPLAY", "xclip", ("-selection", "clipboard", "-in")),
    ("DISPLAY", "xsel", ("--clipboard", "--input")),
    ("", "pbcopy", ()),
    ("WSL_DISTRO_NAME", "clip.exe", ()),
)
"""Variable that must be set, program, its arguments; the text goes to its input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """How a copy went."""

    is_copied: bool
    words: str
    """One line for the user."""


async def copy(
    text: str, *, environ: Mapping[str, str], ask_terminal: Callable[[str], None]
) -> CopyResult:
    """Put `text` on the clipboard.

    The desktop's own tool comes first unless the session is remote, where it would reach the
    wrong machine; then tmux, which passes the text on to the terminal; then OSC 52.

    Args:
        text: To copy.
        environ: From `app.children.surroundings`; tells desktop, tmux and remote sessions.
        ask_terminal: Has the terminal take the text (OSC 52).
    """
    if not text:
        return CopyResult(is_copied=False, words="nothing to copy")
    data = text.encode("utf-8", "replace")
    amount = f"copied {len(text):,} character{'' if len(text) == 1 else 's'}"
    if not _is_remote(environ):
        for variable, program, arguments in NATIVE_TOOLS:
            if variable and not environ.get(variable):
                continue
            if await _feed(program, arguments, data, environ):
                return CopyResult(is_copied=True, words=f"{amount} ({program})")
    if environ.get("TMUX") and await _feed("tmux", ("load-buffer", "-w", "-"), data, environ):
        return CopyResult(is_copied=True, words=f"{amount} (tmux)")
    if len(data) > OSC52_LIMIT:
        return CopyResult(
            is_copied=False,
            words=f"not copied: {len(data):,} bytes are more than the terminal takes"
            f" ({OSC52_LIMIT:,}); no clipboard tool was found",
        )
    ask_terminal(data.decode("utf-8"))
    return CopyResult(is_copied=True, words=f"{amount} (terminal, OSC 52)")


def _is_remote(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in ("SSH_TTY", "SSH_CONNECTION", "SSH_CLIENT"))


async def _feed(
    program: str, arguments: tuple[str, ...], data: bytes, environ: Mapping[str, str]
) -> bool:
    """Whether the program exists, took all of `data` and ended well."""
    path = shutil.which(program, path=environ.get("PATH"))
    if path is None:
        return False
    try:
        # Not a pipe for its output: xclip and wl-copy stay in the background and would hold it.
        process = await asyncio.create_subprocess_exec(
            path,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=child_environment(environ),
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(TOOL_LIMIT):
            await process.communicate(data)
    except (TimeoutError, OSError):
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode == 0
