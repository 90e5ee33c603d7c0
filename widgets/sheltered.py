"""Characters that a terminal must never be sent, kept in a text that is drawn.

An input field has to send what was pasted, but must not draw an ESC. While it is being edited
such a character is held as one private-use character (plane 16) of one cell, so that columns,
wrapping and caret stay right; it is drawn as a mark and turned back before the text leaves.
Plane 16 has no assigned characters and no fonts; a text that uses one of these places all the
same is not told apart.
"""

from collections.abc import Mapping

_PLANE = 0x100000
_TAGS_AT = 0x10E000
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def _hidden() -> list[int]:
    ranges = (
        (0x01, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x061C, 0x061C),
        (0x115F, 0x1160), (0x180E, 0x180E), (0x200B, 0x200B), (0x200E, 0x200F),
        (0x2028, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB),
    )  # fmt: skip
    return [code for first, last in ranges for code in range(first, last + 1)]


def _mark(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else _REPLACEMENT


_HELD: Mapping[int, int] = {
    **{code: _PLANE + code for code in _hidden()},
    **{0xE0000 + low: _TAGS_AT + low for low in range(0x1000)},
}
_IN: Mapping[int, int | str] = {
    **_HELD,
    **dict.fromkeys(range(0xD800, 0xE000), _REPLACEMENT),
    0: "",
}
_OUT: Mapping[int, int] = {held: code for code, held in _HELD.items()}
_DRAWN: Mapping[int, str] = {held: _mark(code) for code, held in _HELD.items()}


def shelter(text: str) -> str:
    """`text` as it is edited: safe to draw, one character for one but for NUL, which goes."""
    return text.translate(_IN)


def unshelter(text: str) -> str:
    """The text as it was before `shelter`."""
    return text.translate(_OUT)


def drawn(text: str) -> str:
    """What is shown of a sheltered text: a visible mark of one cell for each hidden character."""
    return text if text.isascii() else text.translate(_DRAWN)


def one_newline(text: str) -> str:
    """`text` with every line end as LF; terminals paste CR."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
