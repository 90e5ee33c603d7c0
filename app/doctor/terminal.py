"""The terminal: what it can draw, and which language it speaks."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from app.doctor.finding import Surroundings, Verdict, fine, skipped, warning

SMALLEST: Final = (80, 24)
"""Columns and rows for which every screen is made."""
POWERLESS: Final = ("", "dumb", "unknown")
"""Values of TERM with which nothing can be drawn."""
PROGRAMS: Final = (
    ("WT_SESSION", "Windows Terminal"),
    ("KITTY_WINDOW_ID", "kitty"),
    ("GHOSTTY_RESOURCES_DIR", "Ghostty"),
    ("WEZTERM_EXECUTABLE", "WezTerm"),
    ("ALACRITTY_WINDOW_ID", "Alacritty"),
    ("ITERM_SESSION_ID", "iTerm2"),
    ("KONSOLE_VERSION", "Konsole"),
    ("VTE_VERSION", "VTE"),
    ("XTERM_VERSION", "xterm"),
)
"""Variables by which terminals can be told, where they set no TERM_PROGRAM."""


def terminal_name(environ: Mapping[str, str]) -> str:
    """What the terminal calls itself; empty where it does not say."""
    if program := environ.get("TERM_PROGRAM", ""):
        version = environ.get("TERM_PROGRAM_VERSION", "")
        return f"{program} {version}".strip()
    return next((name for variable, name in PROGRAMS if environ.get(variable)), "")


def terminal(around: Surroundings) -> Verdict:
    """Whether there is a terminal that the app can draw on."""
    kind = around.environ.get("TERM", "")
    if kind in POWERLESS:
        return warning(
            f"TERM is {kind or 'not set'}, which cannot draw a screen",
            "Open foredeck in a terminal emulator, or use foredeck --plain",
        )
    name = terminal_name(around.environ)
    found = f"{name}, TERM={kind}" if name else f"TERM={kind}"
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        found += "; input or output is no terminal now, so the app would not open here"
    return fine(found)


def colours(around: Surroundings) -> Verdict:
    """How many colours there are, as the terminal announces them."""
    environ = around.environ
    if environ.get("NO_COLOR"):
        return fine("none, since NO_COLOR is set")
    kind = environ.get("TERM", "")
    if kind in POWERLESS:
        return skipped("no terminal to show them")
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or kind.endswith("-direct"):
        return fine("16.7 million")
    if kind.endswith("-256color") or kind in {"xterm-kitty", "xterm-ghostty", "alacritty", "foot"}:
        return fine("256")
    return warning(
        "16 or fewer announced",
        "Set TERM to one that ends in 256color, or use --theme ansi-dark or ansi-light",
    )


def size(around: Surroundings) -> Verdict:
    """Whether every screen fits."""
    del around
    for descriptor in (2, 1, 0):
        with suppress(OSError, ValueError):
            columns, rows = os.get_terminal_size(descriptor)
            if columns and rows:
                return judge_size(columns, rows)
    return skipped("no terminal to measure")


def judge_size(columns: int, rows: int) -> Verdict:
    """What a size is good for."""
    found = f"{columns} columns, {rows} rows"
    if columns < SMALLEST[0] or rows < SMALLEST[1]:
        return warning(found, f"Make the window at least {SMALLEST[0]} by {SMALLEST[1]}")
    return fine(found)


def language(around: Surroundings) -> Verdict:
    """Whether the locale is UTF-8, which programs on the way (tmux, ssh) decide by."""
    environ = around.environ
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        if value := environ.get(name, ""):
            break
    else:
        name, value = "LANG", ""
    if "utf8" in value.lower().replace("-", ""):
        return fine(f"{name}={value}")
    if sys.platform == "darwin":
        return fine(f"{name}={value}; macOS terminals speak UTF-8" if value else "UTF-8")
    return warning(
        f"{name}={value} is no UTF-8 locale" if value else "no locale is set",
        "Set LANG to a UTF-8 locale such as C.UTF-8, or start foredeck with --ascii",
    )
