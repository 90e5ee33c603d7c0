"""The way onto the network: what may be reached, through which proxy, with whose certificates."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any, Final, cast

import httpcore
import httpx

from services.clock import Clock
from services.errors import UsageError
from services.hosts import is_loopback
from services.transport.environment import Network, read_network
from services.transport.failures import place
from services.transport.pacing import PacedBackend

KEEPALIVE: Final = 30.0
"""Seconds that an unused connection is kept."""
_CONNECTIONS: Final = 32

_ERRORS: Final[Mapping[type[Exception], type[httpx.TransportError]]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}
_RAISED = tuple(_ERRORS)


class NetworkTransport(httpx.AsyncBaseTransport):
    """Sends requests, and refuses each that would leave this machine in the clear.

    The network's settings are read with the first https request, the certificates in a thread.
    """

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        self._environ = environ
        self._backend = PacedBackend(clock)
        self._plain: httpcore.AsyncConnectionPool | None = None
        self._direct: httpcore.AsyncConnectionPool | None = None
        self._proxied: httpcore.AsyncConnectionPool | None = None
        self._network: Network | None = None
        self._preparing = asyncio.Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            UsageError: The address may not be reached this way, or the settings are unusable.
            httpx.TransportError: It failed on the way.
        """
        pool, is_proxied = await self._pool_for(request.url)
        stream = cast("AsyncIterable[bytes]", request.stream)
        try:
            answer = await pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=stream,
                    extensions=request.extensions,
                )
            )
        except httpcore.ConnectError as error:
            if is_proxied:
                raise httpx.ProxyError("the proxy was not reached") from error
            raise httpx.ConnectError("not connected") from error
        except _RAISED as error:
            raise _ERRORS[type(error)](str(error)) from error
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(cast("AsyncIterable[bytes]", answer.stream)),
            extensions=cast("dict[str, Any]", answer.extensions),  # pyright: ignore[reportUnknownMemberType]
        )

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in (self._plain, self._direct, self._proxied):
            if pool is not None:
                await pool.aclose()

    async def _pool_for(self, url: httpx.URL) -> tuple[httpcore.AsyncConnectionPool, bool]:
        if url.scheme == "http":
            if not is_loopback(url.host):
                raise UsageError(
                    f"http would send everything to {place(url)} in the clear",
                    next_step="Use https, or a server on this machine",
                    code="insecure",
                )
            if self._plain is None:
                self._plain = httpcore.AsyncConnectionPool(
                    max_connections=_CONNECTIONS,
                    keepalive_expiry=KEEPALIVE,
                    network_backend=self._backend,
                )
            return self._plain, False
        if url.scheme != "https":
            raise UsageError(
                "The address of the server must begin with https://",
                next_step="Check the base URL",
                code="scheme",
            )
        direct, proxied, network = await self._secure_pools()
        if proxied is not None and network.proxy_for(url) is not None:
            return proxied, True
        return direct, False

    async def _secure_pools(
        self,
    ) -> tuple[httpcore.AsyncConnectionPool, httpcore.AsyncConnectionPool | None, Network]:
        async with self._preparing:
            if self._network is None or self._direct is None:
                network = read_network(self._environ)
                context = await asyncio.to_thread(network.context)
                self._direct = httpcore.AsyncConnectionPool(
                    ssl_context=context,
                    max_connections=_CONNECTIONS,
                    keepalive_expiry=KEEPALIVE,
                    network_backend=self._backend,
                )
                if network.proxy is not None:
                    proxy = httpx.Proxy(network.proxy)
                    self._proxied = httpcore.AsyncHTTPProxy(
                        proxy_url=httpcore.URL(
                            scheme=proxy.url.raw_scheme,
                            host=proxy.url.raw_host,
                            port=proxy.url.port,
                            target=b"/",
                        ),
                        proxy_auth=proxy.raw_auth,
                        ssl_context=context,
                        proxy_ssl_context=context if proxy.url.scheme == "https" else None,
                        max_connections=_CONNECTIONS,
                        keepalive_expiry=KEEPALIVE,
                        network_backend=self._backend,
                    )
                self._network = network
            return self._direct, self._proxied, self._network


class _Body(httpx.AsyncByteStream):
    """The body of an answer, with the errors of httpx."""

    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except _RAISED as error:
            raise _ERRORS[type(error)](str(error)) from error

    async def aclose(self) -> None:
        close = getattr(self._stream, "aclose", None)
        if close is not None:
            await close()
