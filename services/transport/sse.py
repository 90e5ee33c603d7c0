"""Server-sent events: bytes in, the data of each event out.

Why this is not httpx-sse: docs/decisions/0003-sse.md. Wire format: docs/protocols/turns.md.
"""

from typing import Final

from services.errors import BadPayloadError

EVENT_LIMIT: Final = 16 * 1024 * 1024
"""Bytes between two blank lines."""
STREAM_LIMIT: Final = 256 * 1024 * 1024
"""Bytes of one answer."""
_BOM: Final = b"\xef\xbb\xbf"


class EventParser:
    """Splits a stream of bytes into the data of its events, wherever the pieces are cut.

    Names, ids and comments are dropped: the payload says what an event is. Costs a constant
    number of copies a byte, also where an event comes in many pieces.
    """

    def __init__(self, *, event_limit: int = EVENT_LIMIT, stream_limit: int = STREAM_LIMIT) -> None:
        self._event_limit = event_limit
        self._stream_limit = stream_limit
        self._parts: list[bytes] = []
        """What came since the last blank line, with LF as its line ends."""
        self._waiting = 0
        """Bytes in `_parts`."""
        self._seen = 0
        self._after_return = False
        self._start: bytes | None = b""
        """First bytes while they may still be a byte order mark, then None."""

    def feed(self, chunk: bytes) -> list[str]:
        """Take the next bytes; return the data of the events that they completed.

        Raises:
            BadPayloadError: An event, or the whole stream, is larger than allowed.
        """
        self._seen += len(chunk)
        if self._seen > self._stream_limit:
            raise _too_large("The answer is", self._stream_limit)
        if self._start is not None:
            chunk = self._without_mark(chunk)
        chunk = self._with_line_feeds(chunk)
        if not chunk:
            return []
        is_cut_between = chunk[0] == 0x0A and bool(self._parts) and self._parts[-1].endswith(b"\n")
        if b"\n\n" not in chunk and not is_cut_between:
            self._parts.append(chunk)
            self._waiting += len(chunk)
            self._check()
            return []
        self._parts.append(chunk)
        blocks = b"".join(self._parts).split(b"\n\n")
        rest = blocks.pop()
        self._parts = [rest] if rest else []
        self._waiting = len(rest)
        if len(max(blocks, key=len)) > self._event_limit:
            raise _too_large("An event is", self._event_limit)
        self._check()
        return [data for block in blocks if (data := _data(block))]

    def flush(self) -> list[str]:
        """The stream is at its end: an event that only lacks its blank line counts."""
        data = _data((self._start or b"") + b"".join(self._parts))
        self._parts = []
        self._waiting = 0
        self._start = None
        return [data] if data else []

    def _check(self) -> None:
        if self._waiting > self._event_limit:
            raise _too_large("An event is", self._event_limit)

    def _without_mark(self, chunk: bytes) -> bytes:
        start = (self._start or b"") + chunk
        if len(start) < len(_BOM) and _BOM.startswith(start):
            self._start = start
            return b""
        self._start = None
        return start.removeprefix(_BOM)

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        if not chunk:
            return chunk
        if self._after_return and chunk[0] == 0x0A:
            chunk = chunk[1:]
        if chunk:
            self._after_return = chunk[-1] == 0x0D
            if b"\r" in chunk:
                chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            self._after_return = False
        return chunk


def _data(block: bytes) -> str:
    """The `data` lines of one event, joined."""
    # One data line, and perhaps a name before it, is what nearly all events are.
    values = [
        line[6:] if line[5:6] == b" " else line[5:]
        for line in block.split(b"\n")
        if line[:5] == b"data:"
    ]
    return (values[0] if len(values) == 1 else b"\n".join(values)).decode("utf-8", "replace")


def _too_large(what: str, limit: int) -> BadPayloadError:
    return BadPayloadError(
        f"{what} larger than {limit // (1024 * 1024)} MiB, so it was not read on",
        next_step="Ask for a shorter answer",
        code="too_large",
    )
