"""What may stand in the header of a request."""

import re
from typing import Final

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def is_sendable(text: str) -> bool:
    """Whether a key or token can be sent as it is: visible ASCII, no blank."""
    return bool(text) and " " not in text and is_header(text)


def is_header(text: str) -> bool:
    """Whether a text can be the value of a header: visible ASCII and blanks."""
    return text.isascii() and text.isprintable()


def is_header_name(text: str) -> bool:
    """Whether a text can be the name of a header (RFC 9110, 5.6.2)."""
    return _NAME.fullmatch(text) is not None
