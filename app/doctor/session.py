"""Where the terminal stands: in a multiplexer, on another machine, beside which clipboard."""

import asyncio
import re
import shutil
from collections.abc import Mapping
from typing import Final

from app.clipboard import NATIVE_TOOLS
from app.doctor.finding import Surroundings, Verdict, fine, warning
from app.doctor.terminal import terminal_name
from app.sign_in_ways import is_in_container

LONG_ESCAPE: Final = 50
"""Milliseconds of `escape-time` from which on Esc is felt to be late."""
TMUX_LIMIT: Final = 3.0
"""Seconds that tmux may take to answer."""
_FIRST_WITH_COPY: Final = (3, 2)
"""The first tmux whose `load-buffer` knows `-w`."""
_FIELDS: Final = ("version", "escape-time", "allow-passthrough", "set-clipboard")
_PASSED_ON: Final = ("PATH", "HOME", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "TMUX", "TMUX_PANE")
TAKES_COPIES: Final = ("kitty", "ghostty", "wezterm", "alacritty", "foot", "windows terminal")
"""Terminals that take OSC 52 as they come."""
DOUBTFUL: Final = {
    "apple_terminal": ("Terminal.app takes no copies", "Copy with the mouse, or use iTerm2"),
    "iterm": (
        "iTerm2 takes copies only where that is switched on",
        "Switch on Settings, General, Selection, Applications in terminal may access clipboard",
    ),
    "xterm": (
        "xterm takes copies only where allowWindowOps is on",
        "Set XTerm*allowWindowOps: true, or install a clipboard tool",
    ),
    "vte": (
        "not every terminal of this family takes copies",
        "If nothing arrives, install a clipboard tool or copy with Shift and the mouse",
    ),
}
"""Beginnings of names, each with what is known and what helps."""


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the terminal stands on another machine."""
    return any(environ.get(name) for name in ("SSH_TTY", "SSH_CONNECTION", "SSH_CLIENT"))


async def multiplexer(around: Surroundings) -> Verdict:
    """What stands between the app and the terminal, and how it is set."""
    environ = around.environ
    if environ.get("TMUX"):
        return judge_tmux(await _ask_tmux(environ))
    if environ.get("ZELLIJ"):
        return fine("zellij; it keeps Ctrl-G/P/T/N/S/O/H/Q for itself, which Ctrl-X stands in for")
    if environ.get("STY"):
        return warning(
            "GNU screen, which passes on neither all colours nor copies",
            "Prefer tmux 3.2 or later, or keep screen and copy with the mouse",
        )
    return fine("none")


def judge_tmux(values: Mapping[str, str]) -> Verdict:
    """What the settings of tmux mean.

    Args:
        values: By name; empty where tmux did not answer.
    """
    if not values:
        return warning("tmux, which did not answer", "Check that tmux is on PATH")
    milliseconds = _number(values.get("escape-time", ""))
    passes = values.get("allow-passthrough", "")
    said = [
        f"tmux {values.get('version', '')}".rstrip(),
        f"escape-time {milliseconds if milliseconds is not None else 'unknown'} ms",
        f"allow-passthrough {'off' if passes in {'', '0', 'off'} else 'on'}",
        f"set-clipboard {values.get('set-clipboard') or 'unknown'}",
    ]
    steps: list[str] = []
    if milliseconds is not None and milliseconds > LONG_ESCAPE:
        said.append("Esc is felt late")
        steps.append('Put "set -sg escape-time 10" into ~/.tmux.conf')
    version = re.match(r"\D*(\d+)\.(\d+)", values.get("version", ""))
    if version and (int(version[1]), int(version[2])) < _FIRST_WITH_COPY:
        said.append("copies are not passed on")
        steps.append("Update tmux to 3.2 or later")
    found = "; ".join(said)
    return warning(found, ". ".join(steps)) if steps else fine(found)


async def _ask_tmux(environ: Mapping[str, str]) -> Mapping[str, str]:
    path = shutil.which("tmux", path=environ.get("PATH"))
    if path is None:
        return {}
    wanted = "\n".join(f"#{{{name}}}" for name in _FIELDS)
    try:
        process = await asyncio.create_subprocess_exec(
            path,
            "display-message",
            "-p",
            wanted,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: environ[name] for name in _PASSED_ON if name in environ},
        )
    except OSError:
        return {}
    try:
        async with asyncio.timeout(TMUX_LIMIT):
            out, _ = await process.communicate()
    except TimeoutError:
        return {}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = out.decode("utf-8", "replace").splitlines()
    if process.returncode or len(lines) != len(_FIELDS):
        return {}
    return dict(zip(_FIELDS, lines, strict=True))


def session(around: Surroundings) -> Verdict:
    """Whether this machine is the one with the browser and the clipboard."""
    if is_remote(around.environ):
        return fine("over SSH; sign in with foredeck login --device, or paste the address back")
    if name := around.environ.get("WSL_DISTRO_NAME"):
        return fine(f"WSL ({name})")
    if is_in_container():
        return fine("in a container; sign in with foredeck login --device")
    return fine("on this machine")


def clipboard(around: Surroundings) -> Verdict:
    """Which way a copy would take, as `app.clipboard` goes."""
    environ = around.environ
    if not is_remote(environ):
        for variable, program, _ in NATIVE_TOOLS:
            if variable and not environ.get(variable):
                continue
            if shutil.which(program, path=environ.get("PATH")):
                return fine(program)
        for variable, packages in (("WAYLAND_DISPLAY", "wl-clipboard"), ("DISPLAY", "xclip")):
            if environ.get(variable):
                way = _terminal_way(environ)
                return warning(
                    f"no clipboard tool for this desktop; {way.found}", f"Install {packages}"
                )
    return _terminal_way(environ)


def _terminal_way(environ: Mapping[str, str]) -> Verdict:
    if environ.get("TMUX"):
        return fine("tmux, which passes copies on to the terminal")
    name = terminal_name(environ)
    if environ.get("TERM") == "linux":
        return warning("the Linux console takes no copies", "Copy with the mouse (gpm)")
    if name.lower().startswith(TAKES_COPIES):
        return fine(f"the terminal itself (OSC 52), which {name} takes")
    for beginning, (found, next_step) in DOUBTFUL.items():
        if name.lower().startswith(beginning):
            return warning(f"the terminal itself (OSC 52); {found}", next_step)
    return fine("the terminal itself (OSC 52); whether it takes copies cannot be asked")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
