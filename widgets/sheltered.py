"""Characters that a terminal must never be sent, kept in a text that is drawn.

An input field has to send what was pasted, but must not draw an ESC. While it is being edited
such a character is held as one private-use character (plane 16) of one cell, so that columns,
wrapping and caret stay right; it is drawn as a mark and turned back before the text leaves.
Plane 16 has no assigned characters and no fonts; a text that uses one of these places all the
same is not told apart.
"""

import re
from typing import Final

_PLANE: Final = 0x100000
_TAGS: Final = 0xE0000
_TAGS_AT: Final = 0x10E000
"""Where the tags, 0x1000 of them, are held."""
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_RANGES: Final = (
    (0x01, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x061C, 0x061C),
    (0x115F, 0x1160), (0x180E, 0x180E), (0x200B, 0x200B), (0x200E, 0x200F),
    (0x2028, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB),
)  # fmt: skip


def _any_of(*ranges: tuple[int, int]) -> re.Pattern[str]:
    return re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + "]")


# Patterns and not tables for `str.translate`, which would take a megabyte for the tags.
_IN: Final = _any_of((0, 0), *_RANGES, (0xD800, 0xDFFF), (_TAGS, _TAGS + 0xFFF))
_OUT: Final = _any_of(
    *((_PLANE + first, _PLANE + last) for first, last in _RANGES), (_TAGS_AT, _TAGS_AT + 0xFFF)
)


def shelter(text: str) -> str:
    """`text` as it is edited: safe to draw, one character for one but for NUL, which goes."""
    return _IN.sub(_held, text)


def unshelter(text: str) -> str:
    """The text as it was before `shelter`."""
    return text if text.isascii() else _OUT.sub(_freed, text)


def drawn(text: str) -> str:
    """What is shown of a sheltered text: a visible mark of one cell for each hidden character."""
    return text if text.isascii() else _OUT.sub(_marked, text)


def _held(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code == 0:
        return ""
    if 0xD800 <= code <= 0xDFFF:
        return _REPLACEMENT
    return chr(code - _TAGS + _TAGS_AT if code >= _TAGS else code + _PLANE)


def _freed(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(code - _TAGS_AT + _TAGS if _TAGS_AT <= code < _TAGS_AT + 0x1000 else code - _PLANE)


def _marked(found: re.Match[str]) -> str:
    code = ord(found[0]) - _PLANE
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else _REPLACEMENT


def one_newline(text: str) -> str:
    """`text` with every line end as LF; terminals paste CR."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
