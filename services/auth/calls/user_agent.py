"""Who we say we are. Form and reasons: docs/protocols/auth.md."""

import re
from collections.abc import Mapping
from typing import Final

NAME: Final = "foredeck"
ORIGINATOR_VARIABLE: Final = "CODEX_INTERNAL_ORIGINATOR_OVERRIDE"
_ORIGINATOR: Final = re.compile(r"(?!codex)[A-Za-z0-9._-]{1,64}", re.IGNORECASE | re.ASCII)
_UNPRINTABLE: Final = re.compile(r"[^ -~]")
_PART_LIMIT: Final = 64
_TERMINALS: Final[tuple[tuple[str, str, bool], ...]] = (
    ("WEZTERM_VERSION", "WezTerm", True),
    ("ITERM_SESSION_ID", "iTerm.app", False),
    ("TERM_SESSION_ID", "Apple_Terminal", False),
    ("KITTY_WINDOW_ID", "kitty", False),
    ("ALACRITTY_SOCKET", "Alacritty", False),
    ("KONSOLE_VERSION", "Konsole", True),
    ("GNOME_TERMINAL_SCREEN", "gnome-terminal", False),
    ("VTE_VERSION", "VTE", True),
    ("WT_SESSION", "WindowsTerminal", False),
)
"""Variable, what its terminal is called, and whether its value is a version."""


def is_honest(originator: str) -> bool:
    """Whether a name may be sent as `originator`: a plain word, and no name of Codex."""
    return _ORIGINATOR.fullmatch(originator) is not None


def choose_originator(environ: Mapping[str, str], own: str = NAME) -> str:
    """The name that logs of a workspace show for our calls: what the user set, else our own.

    Args:
        environ: Environment variables.
        own: The name of the provider record.
    """
    wanted = environ.get(ORIGINATOR_VARIABLE, "").strip()
    return wanted if is_honest(wanted) else own


def user_agent(version: str, environ: Mapping[str, str]) -> str:
    """The header of that name: `foredeck/1.0 (Debian 12; x86_64) xterm-256color`.

    Args:
        version: Our version.
        environ: Environment variables.
    """
    # Not needed before the first frame.
    import platform

    system = f"{_part(_system())}; {_part(platform.machine() or 'unknown')}"
    return f"{NAME}/{_part(version)} ({system}) {_part(terminal(environ))}"


def terminal(environ: Mapping[str, str]) -> str:
    """Name of the terminal, with its version where that is known."""
    if program := environ.get("TERM_PROGRAM", "").strip():
        return _versioned(program, environ.get("TERM_PROGRAM_VERSION", ""))
    for variable, name, is_version in _TERMINALS:
        if value := environ.get(variable, "").strip():
            return _versioned(name, value if is_version else "")
    return environ.get("TERM", "").strip() or "unknown"


def _versioned(name: str, version: str) -> str:
    version = version.strip()
    return f"{name}/{version}" if version else name


def _system() -> str:
    import platform

    match platform.system():
        case "Darwin":
            return f"Mac OS {platform.mac_ver()[0]}".strip()
        case "Linux":
            try:
                release = platform.freedesktop_os_release()
            except OSError:
                return f"Linux {platform.release()}"
            name = release.get("NAME", "Linux").removesuffix(" GNU/Linux")
            return f"{name} {release.get('VERSION_ID', '')}".strip()
        case name:
            return f"{name or 'unknown'} {platform.version()}".strip()


def _part(text: str) -> str:
    return _UNPRINTABLE.sub("_", text)[:_PART_LIMIT]
