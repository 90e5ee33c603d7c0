"""Telling the desktop through the terminal, for whoever does not look at it.

Terminals know three sequences; one that is unknown to them may be printed as text, so a terminal
that cannot be told gets the bell, which all of them know.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final

BELL: Final = "\a"
TEXT_LIMIT: Final = 200
"""Characters of a notification; desktops cut it anyway."""
_OSC_9: Final = ("iTerm.app", "WezTerm", "ghostty", "WindowsTerminal", "rio")
_OSC_777: Final = ("foot", "rxvt", "contour")
"""By how `TERM_PROGRAM`, or `TERM`, begins."""


def sequence(text: str, environ: Mapping[str, str]) -> str:
    """What is written to the terminal to have a text shown.

    Args:
        text: One sentence.
        environ: Tells which terminal it is.
    """
    words = _plain(text)
    if environ.get("TMUX") or environ.get("STY"):
        # Which terminal is attached, and whether it gets through, is not known in there.
        return BELL
    program = environ.get("TERM_PROGRAM", "") or environ.get("TERM", "")
    if "KITTY_WINDOW_ID" in environ or program.startswith("xterm-kitty"):
        return f"\x1b]99;;{words}\x1b\\"
    if program.startswith(_OSC_9):
        return f"\x1b]9;{words}\x1b\\"
    if program.startswith(_OSC_777):
        return f"\x1b]777;notify;Foredeck;{words}\x1b\\"
    return BELL


def _plain(text: str) -> str:
    """Nothing that would end the sequence, or begin another field of it."""
    kept = (
        " " if each == ";" or unicodedata.category(each).startswith("C") else each
        for each in text[:TEXT_LIMIT]
    )
    return "".join(kept)
