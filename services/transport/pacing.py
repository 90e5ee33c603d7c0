"""Connections that read from the network in few large pieces instead of many small ones.

A fast stream wakes the loop for every token. The screen takes a frame each 33 ms, so nothing is
lost when the kernel collects what comes in between: it halves what the wire part of a stream
costs. A few reads go through at once, so a slow stream is never held back. Pacing happens below
TLS, whose records are as small as the sender's writes.
"""

import select
import socket
import ssl
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, cast

import anyio
import httpcore
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute, TLSStream

from services.clock import Clock

INTERVAL: Final = 1 / 30
"""Seconds that a small read is worth."""
BURST: Final = 4
"""Small reads that go through without waiting."""
SMALL: Final = 16 * 1024
"""Bytes. A larger read says that the sender is not waiting for us, and costs nothing."""

_Facts: TypeAlias = Mapping[Any, Callable[[], Any]]


class PacedBytes(ByteStream):
    """A stream of bytes whose small reads are spread over time."""

    def __init__(self, stream: ByteStream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._free_at = 0.0
        """When the reads of the past are paid for, by the monotonic clock."""

    @property
    def extra_attributes(self) -> _Facts:
        """Facts of the connection below."""
        return cast("_Facts", self._stream.extra_attributes)  # pyright: ignore[reportUnknownMemberType]

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Read what is there, after the pause that earlier reads are worth."""
        debt = self._free_at - self._clock.monotonic() - (BURST - 1) * INTERVAL
        if debt > 0:
            await self._clock.sleep(min(debt, INTERVAL))
        data = await self._stream.receive(max_bytes)
        if len(data) < SMALL:
            self._free_at = max(self._free_at, self._clock.monotonic()) + INTERVAL
        return data

    async def send(self, item: bytes) -> None:
        """Send at once."""
        await self._stream.send(item)

    async def send_eof(self) -> None:
        """Say that nothing more will be sent."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()


class Connection(httpcore.AsyncNetworkStream):
    """One connection, as httpcore wants it."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes; none at the end of the stream."""
        with _mapped(httpcore.ReadTimeout, httpcore.ReadError), anyio.fail_after(timeout):
            try:
                return await self._stream.receive(max_bytes)
            except anyio.EndOfStream:
                return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        if buffer:
            with _mapped(httpcore.WriteTimeout, httpcore.WriteError), anyio.fail_after(timeout):
                await self._stream.send(buffer)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, secured."""
        try:
            with _mapped(httpcore.ConnectTimeout, httpcore.ConnectError), anyio.fail_after(timeout):
                secured = await TLSStream.wrap(
                    self._stream,
                    ssl_context=ssl_context,
                    hostname=server_hostname,
                    standard_compatible=False,
                    server_side=False,
                )
        except BaseException:
            # A cancelled handshake too must not leave its connection open.
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise
        return Connection(secured)

    def get_extra_info(self, info: str) -> Any:
        """A fact of the connection, by httpcore's names."""
        match info:
            case "ssl_object":
                return self._fact(TLSAttribute.ssl_object)
            case "client_addr":
                return self._fact(SocketAttribute.local_address)
            case "server_addr":
                return self._fact(SocketAttribute.remote_address)
            case "socket":
                return self._fact(SocketAttribute.raw_socket)
            case "is_readable":
                return _is_readable(self._fact(SocketAttribute.raw_socket))
            case _:
                return None

    def _fact(self, attribute: Any) -> Any:
        facts = cast("_Facts", self._stream.extra_attributes)  # pyright: ignore[reportUnknownMemberType]
        found = facts.get(attribute)
        return None if found is None else found()


class PacedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections whose small reads are spread over time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection; options of the socket are the defaults of asyncio."""
        with _mapped(httpcore.ConnectTimeout, httpcore.ConnectError), anyio.fail_after(timeout):
            stream = await anyio.connect_tcp(host, port, local_host=local_address)
        return Connection(PacedBytes(stream, self._clock))

    async def sleep(self, seconds: float) -> None:
        """Wait before a new try."""
        await self._clock.sleep(seconds)


@contextmanager
def _mapped(timeout: type[Exception], failure: type[Exception]) -> Generator[None]:
    """Raise errors of the network as the two that httpcore expects here."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except (
        OSError,
        anyio.BrokenResourceError,
        anyio.ClosedResourceError,
        anyio.EndOfStream,
    ) as error:
        raise failure(str(error)) from error


def _is_readable(raw: socket.socket | None) -> bool:
    """Whether an idle connection has something to say: the server has closed it."""
    if raw is None or raw.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([raw], [], [], 0)[0])
    poll = select.poll()
    poll.register(raw, select.POLLIN)
    return bool(poll.poll(0))
