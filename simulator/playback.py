"""Plays a script into one HTTP response."""

import asyncio
import json
import logging
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from starlette.types import Receive, Scope
from starlette.types import Send as AsgiSend

from simulator.script import Burst, Drop, Gate, Mark, Raw, Send, Status, Step, Usual, Wait, Work

LOG = logging.getLogger("simulator")

LATE = 0.25
"""Seconds behind schedule after which the schedule starts anew instead of being caught up."""

BODILESS = frozenset({204, 304})
"""Statuses whose answers have no body, whatever a script gives them."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Playback:
    """An ASGI response that plays steps; ends early when the client goes away.

    The head is sent with the first step that writes, so waits and gates before it hold the
    headers as well; `Status` without a body sends it at once.
    """

    def __init__(
        self,
        steps: Iterable[Step],
        *,
        is_named: bool,
        headers: Mapping[str, str],
        cookies: Sequence[str] = (),
        on_mark: Callable[[str, float], None],
        on_end: Callable[[bool], None],
    ) -> None:
        """Take what is to be played.

        Args:
            steps: May be a generator; it is read as the answer goes on.
            is_named: Whether events have an `event:` line (Responses) or not (Chat Completions).
            headers: Of the answer, below those of a `Status` step.
            cookies: Values of its `set-cookie` headers.
            on_mark: Gets the name and the time of each mark.
            on_end: Gets whether the client went away before the end.
        """
        self._steps = steps
        self._is_named = is_named
        self._headers = headers
        self._cookies = cookies
        self._on_mark = on_mark
        self._on_end = on_end
        self._has_head = False
        self._sequence = 0

    @classmethod
    def of_status(
        cls, status: Status, headers: Mapping[str, str], cookies: Sequence[str] = ()
    ) -> "Playback":
        """A whole answer without a script."""
        return cls(
            [status],
            is_named=False,
            headers=headers,
            cookies=cookies,
            on_mark=lambda _name, _at: None,
            on_end=lambda _is_cut: None,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        """Write the answer."""
        transport = cast("asyncio.Transport", scope["state"]["transport"])
        playing = asyncio.create_task(self._play(transport, send))
        watching = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({playing, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_cut = not playing.done()
            playing.cancel()
            watching.cancel()
            await asyncio.gather(playing, watching, return_exceptions=True)
            self._on_end(is_cut)
        if not playing.cancelled() and (error := playing.exception()) is not None:
            LOG.error("the answer to %s broke off", scope["path"], exc_info=error)
            transport.abort()
            await asyncio.sleep(0)

    async def _play(self, transport: asyncio.Transport, send: AsgiSend) -> None:
        due = time.monotonic()
        for step in self._steps:
            match step:
                case Send():
                    await self._write(send, self._encode(step.event))
                case Raw():
                    await self._write(send, step.data)
                case Wait():
                    due = await _until(due + step.seconds)
                case Burst():
                    await self._burst(send, step)
                    due = time.monotonic()
                case Mark():
                    self._on_mark(step.name, time.time())
                case Gate():
                    await step.passed()
                    due = time.monotonic()
                case Work() | Usual():
                    continue  # the stage has put what the route does in its place
                case Status():
                    if await self._start(send, step):
                        return
                case Drop():
                    _abort(transport, is_reset=step.reset)
                    await asyncio.sleep(0)  # the loop tells the protocol that it is closed
                    return
        if not self._has_head:
            await self._head(send, 200, {})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, send: AsgiSend, status: Status) -> bool:
        """Send head, and body if there is one; says whether the answer is whole with it."""
        if status.body is None:
            await self._head(send, status.code, status.headers)
            return False
        body, content_type = encode_body(status.body)
        headers = {"content-type": content_type, "content-length": str(len(body))}
        if status.code in BODILESS:
            body, headers = b"", {}
        await self._head(send, status.code, headers | _lower(status.headers))
        await send({"type": "http.response.body", "body": body, "more_body": False})
        return True

    async def _head(self, send: AsgiSend, code: int, headers: Mapping[str, str]) -> None:
        self._has_head = True
        whole = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        whole |= _lower(self._headers) | _lower(headers)
        pairs = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in whole.items()]
        pairs += [(b"set-cookie", cookie.encode("latin-1")) for cookie in self._cookies]
        await send({"type": "http.response.start", "status": code, "headers": pairs})

    async def _write(self, send: AsgiSend, data: bytes) -> None:
        if not self._has_head:
            await self._head(send, 200, {})
        await send({"type": "http.response.body", "body": data, "more_body": True})

    async def _burst(self, send: AsgiSend, burst: Burst) -> None:
        chunks = [self._encode(event) for event in burst.events]
        if not burst.rate:
            for chunk in chunks:
                await self._write(send, chunk)
            return
        start = time.monotonic()
        sent = 0
        while sent < len(chunks):
            due = min(len(chunks), int((time.monotonic() - start) * burst.rate) + 1)
            if due > sent:
                await self._write(send, b"".join(chunks[sent:due]))
                sent = due
            if sent < len(chunks):
                await asyncio.sleep(max(0.0, start + sent / burst.rate - time.monotonic()))

    def _encode(self, event: object) -> bytes:
        name = ""
        if self._is_named and isinstance(event, dict):
            fields = cast("dict[str, Any]", event)
            kind = fields.get("type")
            name = kind if isinstance(kind, str) and kind.isprintable() else ""
            is_numbered = name.startswith("response.") or name in {"error", "keepalive"}
            if is_numbered and "sequence_number" not in fields:
                event = {**fields, "sequence_number": self._sequence}
            self._sequence += 1
        return encode_event(cast("Any", event), name)


def encode_event(event: object, name: str = "") -> bytes:
    """One SSE event; `name` becomes the `event:` line, none without it."""
    data = json_bytes(event)
    if name:
        return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"


def json_bytes(value: object) -> bytes:
    """Compact JSON; a lone surrogate, which UTF-8 cannot hold, makes all of it escapes."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def encode_body(body: object) -> tuple[bytes, str]:
    """Bytes of a whole body and their content type: HTML, text, or JSON."""
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    if isinstance(body, str):
        is_html = body.lstrip().startswith("<")
        return body.encode(), f"text/{'html' if is_html else 'plain'}; charset=utf-8"
    return json_bytes(body), "application/json"


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


async def _until(due: float) -> float:
    """Sleep until `due` (monotonic seconds); the schedule from which the next wait counts."""
    now = time.monotonic()
    if due > now:
        await asyncio.sleep(due - now)
        return due
    return due if now - due < LATE else now


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _abort(transport: asyncio.Transport, *, is_reset: bool) -> None:
    if is_reset:
        connection = cast("socket.socket | None", transport.get_extra_info("socket"))
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()
