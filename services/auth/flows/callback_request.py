"""One request to the callback server, read strictly: whoever reaches the port may have sent it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

HEAD_LIMIT: Final = 16 * 1024
"""Bytes of request line and headers."""
_LINE: Final = re.compile(r"([A-Z]{1,20}) (/[!-~]*) HTTP/1\.[01]")
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """What was asked for."""

    method: str
    path: str
    """As sent: not decoded, so that it can be compared exactly."""
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case; of a header that comes twice both values, joined by a comma."""

    @property
    def is_prefetch(self) -> bool:
        """Whether a browser asks ahead of its user."""
        purposes = (self.headers.get("sec-purpose", ""), self.headers.get("purpose", ""))
        return any("prefetch" in purpose.lower() for purpose in purposes)

    @property
    def is_from_page(self) -> bool:
        """Whether a page in a browser made it."""
        return any(name in self.headers for name in ("origin", "sec-fetch-site", "sec-fetch-mode"))


def read_request(head: bytes) -> CallbackRequest | None:
    """Read a request line and its headers, up to the empty line; None for what is not HTTP/1."""
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        return None
    headers: dict[str, str] = {}
    for each in lines:
        header = _HEADER.fullmatch(each)
        if header is None:
            return None
        name, value = header[1].lower(), header[2].rstrip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path, _, query = line[2].partition("?")
    return CallbackRequest(
        method=line[1], path=path, query=query.partition("#")[0], headers=headers
    )
