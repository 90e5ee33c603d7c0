"""What a chat is called: the first line of what was asked first."""

import unicodedata

MAX_CELLS = 60


def title_of(text: str) -> str:
    """First line with words in it, at most 60 cells wide, an ellipsis where it was cut.

    Args:
        text: Clean text.
    """
    line = next((line for line in text.splitlines() if line.strip()), "")
    line = " ".join(line.split())
    if sum(map(_cells, line)) <= MAX_CELLS:
        return line
    width = 0
    kept: list[str] = []
    for character in line:
        width += _cells(character)
        if width > MAX_CELLS - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
