"""The server to which the issuer sends the browser back, strict in what it takes.

Routes, answers and limits: docs/protocols/auth.md.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from services.auth.flows.callback_page import HEADERS, Kind, page
from services.auth.flows.callback_request import HEAD_LIMIT, CallbackRequest, read_request
from services.auth.flows.gate import Gate, StrangeAnswerError, UsedAnswerError
from services.auth.flows.ports import BoundPort

PATIENCE: Final = 5.0
"""Seconds in which a request must be here, and its answer taken."""
HOLD: Final = 20.0
"""Seconds that the browser waits to hear how the sign-in ended."""
_LINGER: Final = 0.5
_FAREWELL: Final = 0.1
_VISITS: Final = 32
_LEFT_OVER: Final = 64 * 1024
_PHRASES: Final = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class CallbackServer:
    """Listens on bound sockets, and hands the issuer's answer to a gate.

    Args:
        bound: The port and its sockets, which are closed here.
        gate: Where the answer goes.
        path: Of the callback.
        cancel: Called when another sign-in asks for the port.
        patience: Seconds for a request, and for its answer.
        hold: Seconds that the answer to the callback may wait for the outcome.
    """

    def __init__(
        self,
        bound: BoundPort,
        gate: Gate,
        path: str,
        cancel: Callable[[], None],
        *,
        patience: float = PATIENCE,
        hold: float = HOLD,
    ) -> None:
        self._bound = bound
        self._gate = gate
        self._path = path
        self._cancel = cancel
        self._patience = patience
        self._hold = hold
        self._hosts = {f"127.0.0.1:{bound.port}", f"localhost:{bound.port}"}
        self._servers: list[asyncio.Server] = []
        self._visits: dict[asyncio.Task[None], None] = {}
        """In the order in which they came."""
        self._answering: set[asyncio.Task[None]] = set()
        self._is_free = False

    async def open(self) -> None:
        """Begin to answer."""
        for listener in self._bound.sockets:
            self._servers.append(
                await asyncio.start_server(self._visited, sock=listener, limit=HEAD_LIMIT)
            )

    def free(self) -> None:
        """Give the port back at once; requests that are under way go on."""
        self._is_free = True
        for server in self._servers:
            server.close()
        for listener in self._bound.sockets:
            listener.close()

    async def close(self) -> None:
        """Free the port and end all requests; those that have their answer may finish it."""
        self.free()
        if answering := set(self._answering):
            await asyncio.wait(answering, timeout=_FAREWELL)
        visits = set(self._visits)
        for visit in visits:
            visit.cancel()
        if visits:
            await asyncio.wait(visits)

    def _visited(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_free or not self._has_room():
            writer.transport.abort()
            return
        visit = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._visits[visit] = None

        def gone(ended: asyncio.Task[None]) -> None:
            # Here and not at its end: who is cancelled before the first step has none.
            self._visits.pop(ended, None)
            writer.transport.abort()

        visit.add_done_callback(gone)

    def _has_room(self) -> bool:
        """Whether one more visitor can be heard; the one who is silent for longest has to go."""
        if len(self._visits) < _VISITS:
            return True
        for visit in self._visits:
            if visit not in self._answering:
                del self._visits[visit]
                visit.cancel()
                return True
        return False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        try:
            async with asyncio.timeout(self._patience):
                request = await _read(reader)
            self._answering.add(visit)
            reply = await self._reply(request)
            async with asyncio.timeout(self._patience):
                writer.write(reply)
                await writer.drain()
                writer.write_eof()
            self._answering.discard(visit)
            # Closed over unread bytes, the connection would be reset and the answer lost.
            async with asyncio.timeout(_LINGER):
                while await reader.read(_LEFT_OVER):
                    pass
        except (OSError, EOFError):
            # It went away, or was too slow: TimeoutError is an OSError.
            pass
        finally:
            self._answering.discard(visit)

    async def _reply(self, request: CallbackRequest | int) -> bytes:
        if isinstance(request, int):
            return _text(request)
        if request.headers.get("host") not in self._hosts:
            return _text(403)
        if request.method != "GET":
            return _text(405, ("Allow", "GET"), has_body=request.method != "HEAD")
        if request.is_prefetch:
            return _text(503)
        if request.path == self._path:
            return await self._called_back(request.query)
        if request.path == "/success":
            return _page(200, "idle")
        if request.path == "/cancel":
            if request.is_from_page:
                return _text(403)
            self._cancel()
            return _text(200)
        return _text(404)

    async def _called_back(self, query: str) -> bytes:
        try:
            self._gate.take(query)
        except UsedAnswerError:
            return _page(409, "used")
        except StrangeAnswerError:
            return _text(400)
        is_signed_in = await self._gate.settlement(self._hold)
        if is_signed_in is None:
            return _page(200, "waiting")
        return _page(200, "done" if is_signed_in else "failed")


async def _read(reader: asyncio.StreamReader) -> CallbackRequest | int:
    """The request, or the status that one gets which is none.

    Raises:
        EOFError: Nothing whole came.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return 431
    if len(head) > HEAD_LIMIT:
        return 431
    return read_request(head) or 400


def _page(status: int, kind: Kind) -> bytes:
    return _response(status, HEADERS, page(kind))


def _text(status: int, *headers: tuple[str, str], has_body: bool = True) -> bytes:
    plain = (
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    )
    body = f"{_PHRASES[status]}\n".encode("ascii")
    return _response(status, (*plain, *headers), body if has_body else b"")


def _response(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {_PHRASES[status]}",
        *(f"{name}: {value}" for name, value in headers),
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body
