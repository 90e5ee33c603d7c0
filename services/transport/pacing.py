"""Reads from the network in few large pieces instead of many small ones.

A fast stream wakes the loop for every token. The screen takes a frame each 33 ms, so nothing is
lost when the kernel collects what comes in between: it halves what the wire part of a stream
costs. A few reads go through at once, so a slow stream is never held back.
"""

import ssl
from collections.abc import Iterable
from typing import Any, Final, cast

import anyio
import httpcore

from services.clock import Clock

INTERVAL: Final = 1 / 30
"""Seconds that a small read is worth."""
BURST: Final = 4
"""Small reads that go through without waiting."""
SMALL: Final = 16 * 1024
"""Bytes. A larger read says that the sender is not waiting for us, and costs nothing."""


class PacedStream(httpcore.AsyncNetworkStream):
    """One connection whose small reads are spread over time."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._free_at = 0.0
        """When the reads of the past are paid for, by the monotonic clock."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, after the pause that earlier reads are worth."""
        now = self._clock.monotonic()
        debt = self._free_at - now - (BURST - 1) * INTERVAL
        if debt > 0:
            await self._clock.sleep(min(debt, INTERVAL))
        data = await self._stream.read(max_bytes, timeout)
        if len(data) < SMALL:
            self._free_at = max(self._free_at, self._clock.monotonic()) + INTERVAL
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send at once."""
        await self._stream.write(buffer, timeout)

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
            secured = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            # httpcore forgets the connection when a handshake is cancelled.
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise
        return PacedStream(secured, self._clock)

    def get_extra_info(self, info: str) -> Any:
        """Facts of the connection below."""
        return self._stream.get_extra_info(info)


class PacedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections whose small reads are spread over time."""

    def __init__(self, clock: Clock) -> None:
        self._backend = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())
        self._clock = clock

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection."""
        stream = await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return PacedStream(stream, self._clock)

    async def sleep(self, seconds: float) -> None:
        """Wait before a new try."""
        await self._clock.sleep(seconds)
