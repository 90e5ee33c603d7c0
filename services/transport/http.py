"""HTTP for all services: the client, sending, and reading within limits.

Rules: docs/protocols/errors.md.
"""

import asyncio
import logging
import time
import zlib
from collections.abc import AsyncGenerator, Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from types import MappingProxyType
from typing import Final, Protocol

import httpx

from services.clean import clean_line
from services.clock import Clock, SystemClock
from services.errors import BadPayloadError, LoginError, ServiceError, UnreachableError
from services.transport.failures import (
    Identity,
    from_exception,
    from_response,
    refused_encoding,
    request_id,
)
from services.transport.network import NetworkTransport
from services.transport.retry import delay, is_request_retryable
from services.transport.signing import Signer
from services.wire.errors import read_error_body
from services.wire.reading import JSON_LIMIT, loads

CONNECT_TIMEOUT: Final = 15.0
IDLE_TIMEOUT: Final = 300.0
MAX_REDIRECTS: Final = 3
ERROR_BODY_LIMIT: Final = 64 * 1024
_log = logging.getLogger(__name__)
_ERROR_BODY_TIMEOUT: Final = 10.0
_INFLATED_AT_ONCE: Final = 64 * 1024


def create_client(
    *,
    environ: Mapping[str, str],
    user_agent: str,
    clock: Clock | None = None,
    connect_timeout: float = CONNECT_TIMEOUT,
    idle_timeout: float = IDLE_TIMEOUT,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Make the client that all services share; it neither follows redirects nor keeps cookies.

    Args:
        environ: Where proxies and CA files are named.
        user_agent: Sent with each request.
        clock: Paces the reads of fast streams.
        connect_timeout: Seconds until a connection must stand.
        idle_timeout: Seconds that an answer may be silent.
        transport: Stands in for the network in tests.
    """
    client = httpx.AsyncClient(
        transport=transport or NetworkTransport(dict(environ), clock or SystemClock()),
        headers={"accept-encoding": "identity", "user-agent": user_agent},
        timeout=httpx.Timeout(idle_timeout, connect=connect_timeout),
        follow_redirects=False,
        trust_env=False,
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return client


async def send(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    identity: Identity,
    clock: Clock,
    timeout: float,
    signer: Signer | None = None,
) -> httpx.Response:
    """Send a request and wait for the headers of a 2xx answer, whose body is still to be read.

    The caller closes the response.

    Args:
        client: From `create_client`.
        request: Built by the client; sent again where a 307 or 308 stays on its origin.
        identity: Whom the request speaks for, for messages.
        clock: Says when a limit ends.
        timeout: Seconds until the headers must be here.
        signer: Puts credentials on it, and after a 401 perhaps others.

    Raises:
        ServiceError: Nothing was reached, or the server answered something else.
    """
    while True:
        try:
            return await _follow(client, request, identity, clock, timeout, signer)
        except LoginError as error:
            if signer is None or not await signer.recover(error):
                raise


async def _follow(
    client: httpx.AsyncClient,
    request: httpx.Request,
    identity: Identity,
    clock: Clock,
    timeout: float,
    signer: Signer | None,
) -> httpx.Response:
    for _ in range(MAX_REDIRECTS):
        response = await _send_once(client, await _signed(client, request, signer), timeout)
        if signer is not None:
            signer.received(response)
        if response.is_success:
            return response
        # A login goes along no redirect at all, not even to where it came from.
        following = _redirected(client, request, response) if signer is None else None
        if following is None:
            body = await _error_body(response)
            raise from_response(
                response.status_code,
                response.headers,
                read_error_body(body),
                identity=identity,
                now=clock.now(),
            )
        await response.aclose()
        request = following
    raise UnreachableError(
        "The server sends us in circles", next_step="Check the base URL", code="redirect_loop"
    )


async def _signed(
    client: httpx.AsyncClient, request: httpx.Request, signer: Signer | None
) -> httpx.Request:
    """The request with credentials, which are in no other object that lives on."""
    if signer is None:
        return request
    signed = await signer.sign(request.url)
    return _copy(client, request, signed.url, signed.headers)


def _copy(
    client: httpx.AsyncClient,
    request: httpx.Request,
    url: httpx.URL,
    more: Mapping[str, str] = MappingProxyType({}),
) -> httpx.Request:
    """The same request for another address, with more headers."""
    kept = [(name, value) for name, value in request.headers.multi_items() if name != "host"]
    return client.build_request(
        request.method,
        url,
        headers=[*(each for each in kept if each[0] not in more), *more.items()],
        content=request.content,
        extensions=request.extensions,
    )


async def _send_once(
    client: httpx.AsyncClient, request: httpx.Request, timeout: float
) -> httpx.Response:
    begun = time.perf_counter()
    # The path without its query, which may hold keys.
    what = f"{request.method} {clean_line(request.url.path, 200)}"
    try:
        # httpx limits each read, which headers that drip in outlive.
        async with asyncio.timeout(timeout):
            response = await client.send(request, stream=True)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        failure = from_exception(error, request.url, limit=timeout)
        _log.info("%s: %s after %.2f s", what, failure.code, time.perf_counter() - begun)
        raise failure from error
    _log.info(
        "%s: %d after %.2f s, request id %s",
        what,
        response.status_code,
        time.perf_counter() - begun,
        request_id(response.headers),
    )
    return response


def _redirected(
    client: httpx.AsyncClient, request: httpx.Request, response: httpx.Response
) -> httpx.Request | None:
    """The same request for where a redirect points, if that is the same origin."""
    location = response.headers.get("location")
    if response.status_code not in {307, 308} or not location:
        return None
    try:
        target = request.url.join(location)
    except httpx.InvalidURL:
        return None
    if _origin(target) != _origin(request.url) or target.userinfo:
        return None
    return _copy(client, request, target)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _error_body(response: httpx.Response) -> bytes:
    """As much of an error's body as comes in time; what is missing is no second error."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_ERROR_BODY_TIMEOUT):
            async for chunk in body_chunks(response):
                parts.append(chunk)
                size += len(chunk)
                if size >= ERROR_BODY_LIMIT:
                    break
    except (ServiceError, TimeoutError):
        pass
    finally:
        await response.aclose()
    return b"".join(parts)[:ERROR_BODY_LIMIT]


async def body_chunks(
    response: httpx.Response, *, idle: float = 0.0
) -> AsyncGenerator[bytes, None]:
    """The body in pieces of at most some 64 KiB, unpacked if it is packed once by gzip.

    Args:
        response: An open answer.
        idle: Seconds of silence after which it counts as dead, for the message.

    Raises:
        UnreachableError: It broke off, or was silent for too long.
        BadPayloadError: It is encoded in a way that was not asked for.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    is_packed = encoding in {"gzip", "x-gzip", "deflate"}
    if not is_packed and encoding not in {"", "identity"}:
        raise refused_encoding(encoding)
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        async for chunk in response.aiter_raw():
            if is_packed:
                for part in _unpacked(inflate, chunk):
                    yield part
            else:
                yield chunk
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        failure = from_exception(error, response.request.url, limit=idle)
        failure.request_id = request_id(response.headers)
        raise failure from error
    except zlib.error as error:
        raise BadPayloadError("The packed answer cannot be unpacked", code="encoding") from error


class _Inflate(Protocol):
    """What `zlib.decompressobj` gives; its own type has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _unpacked(inflate: _Inflate, chunk: bytes) -> Iterator[bytes]:
    """What one packed chunk unfolds to, in bounded pieces, however much that is."""
    while chunk and not inflate.eof:
        if part := inflate.decompress(chunk, _INFLATED_AT_ONCE):
            yield part
        chunk = inflate.unconsumed_tail


async def read_json(
    client: httpx.AsyncClient,
    request: httpx.Request,
    *,
    identity: Identity,
    clock: Clock,
    timeout: float,
    limit: int = JSON_LIMIT,
    retries: int = 0,
    signer: Signer | None = None,
) -> tuple[object, httpx.Headers]:
    """Send a request and read its JSON answer.

    Args:
        client: From `create_client`.
        request: Built by the client.
        identity: Whom the request speaks for.
        clock: Says when a limit ends.
        timeout: Seconds for one try; after them no other one begins.
        limit: Bytes of the answer.
        retries: How often a read is sent again where that may help.
        signer: As for `send`.

    Returns:
        The document (finite numbers, bounded depth) and the headers of the answer.

    Raises:
        ServiceError: Nothing was reached, the server refused, or it is no JSON.
    """
    ends_at = clock.monotonic() + timeout
    attempt = 0
    while True:
        try:
            return await _read_json_once(client, request, identity, clock, timeout, limit, signer)
        except ServiceError as error:
            attempt += 1
            wait = delay(error, attempt, clock.now())
            if (
                attempt > retries
                or not is_request_retryable(error)
                or clock.monotonic() + wait >= ends_at
            ):
                raise
            _log.info("a read is tried again in %.1f s, %d of %d", wait, attempt, retries)
        await clock.sleep(wait)


async def _read_json_once(
    client: httpx.AsyncClient,
    request: httpx.Request,
    identity: Identity,
    clock: Clock,
    timeout: float,
    limit: int,
    signer: Signer | None,
) -> tuple[object, httpx.Headers]:
    try:
        async with asyncio.timeout(timeout):
            response = await send(
                client, request, identity=identity, clock=clock, timeout=timeout, signer=signer
            )
            try:
                body = await _whole_body(response, limit)
            finally:
                await response.aclose()
    except TimeoutError as error:
        raise from_exception(error, request.url, limit=timeout) from error
    return loads(body, limit), response.headers


async def _whole_body(response: httpx.Response, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in body_chunks(response):
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            raise BadPayloadError(
                f"The answer is larger than {limit // (1024 * 1024)} MiB", code="too_large"
            )
    return b"".join(parts)
