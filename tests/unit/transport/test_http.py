import asyncio
import gc
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from services.clock import SystemClock
from services.errors import BadPayloadError, ServiceError, UnreachableError, UsageError
from services.transport.failures import Identity
from services.transport.http import body_chunks, create_client, read_json, send
from tests.unit.transport.raw_server import Drop, Hold, RawServer, head, raw_server


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async with raw_server() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_client(environ={}, user_agent="foredeck/test") as client:
        yield client


async def fetched(http: httpx.AsyncClient, url: str, timeout: float = 5.0) -> object:
    document, _ = await read_json(
        http,
        http.build_request("GET", url),
        identity=Identity(),
        clock=SystemClock(),
        timeout=timeout,
    )
    return document


async def failed(http: httpx.AsyncClient, url: str, timeout: float = 5.0) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await fetched(http, url, timeout)
    return caught.value


async def body_of(http: httpx.AsyncClient, url: str) -> bytes:
    response = await send(
        http,
        http.build_request("GET", url),
        identity=Identity(),
        clock=SystemClock(),
        timeout=5.0,
    )
    try:
        return b"".join([chunk async for chunk in body_chunks(response)])
    finally:
        await response.aclose()


async def test_http_goes_to_this_machine_only(http: httpx.AsyncClient) -> None:
    error = await failed(http, "http://192.168.7.7:11434/v1/models")
    assert isinstance(error, UsageError)
    assert error.message == "http would send everything to 192.168.7.7:11434 in the clear"
    assert error.next_step == "Use https, or a server on this machine"


async def test_other_schemes_are_refused(http: httpx.AsyncClient) -> None:
    assert isinstance(await failed(http, "ftp://127.0.0.1/"), UsageError)


async def test_proxies_of_the_environment_see_nothing_that_goes_to_this_machine(
    server: RawServer,
) -> None:
    server.answer(head() + b"{}")
    proxies: dict[str, str] = dict.fromkeys(
        ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:1"
    )
    async with create_client(environ=proxies, user_agent="t") as http:
        assert await fetched(http, server.url) == {}


async def test_https_goes_through_the_proxy_and_a_dead_one_is_named() -> None:
    async with create_client(environ={"HTTPS_PROXY": "http://127.0.0.1:1"}, user_agent="t") as http:
        error = await failed(http, "https://api.example.com/")
    assert isinstance(error, UnreachableError)
    assert error.code == "proxy"


async def test_a_proxy_that_refuses_is_named(server: RawServer) -> None:
    server.answer(head("407 Proxy Authentication Required"))
    async with create_client(environ={"HTTPS_PROXY": server.url}, user_agent="t") as http:
        error = await failed(http, "https://api.example.com/")
    assert error.code == "proxy"
    assert server.requests[0].method == "CONNECT"


async def test_tls_to_a_plain_server_is_named(server: RawServer, http: httpx.AsyncClient) -> None:
    server.answer(head())
    error = await failed(http, f"https://127.0.0.1:{server.port}/")
    assert error.message == f"127.0.0.1:{server.port} does not speak TLS as expected"


async def test_a_handshake_that_hangs_is_given_up_and_closed(http: httpx.AsyncClient) -> None:
    listener = await asyncio.start_server(_say_nothing, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    error = await failed(http, f"https://127.0.0.1:{port}/", timeout=0.3)
    listener.close()
    assert isinstance(error, UnreachableError)
    gc.collect()


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_a_redirect_to_another_host_is_not_followed(
    server: RawServer, http: httpx.AsyncClient
) -> None:
    server.answer(head("307 Temporary", location="https://evil.example/"))
    error = await failed(http, server.url)
    assert error.message == "The server sends us to evil.example (307), which is not followed"
    assert len(server.requests) == 1


async def test_redirects_in_circles_end(server: RawServer, http: httpx.AsyncClient) -> None:
    server.answer(head("308 Permanent", location="/again"))
    error = await failed(http, server.url)
    assert error.code == "redirect_loop"


async def test_gzip_that_was_not_asked_for_is_unpacked_once(
    server: RawServer, http: httpx.AsyncClient
) -> None:
    server.answer(head(content_encoding="gzip") + gzip.compress(b'{"a": 1}'))
    assert await fetched(http, server.url) == {"a": 1}
    assert server.requests[0].headers["accept-encoding"] == "identity"


async def test_deflate_is_unpacked(server: RawServer, http: httpx.AsyncClient) -> None:
    server.answer(head(content_encoding="deflate") + zlib.compress(b"[1]"))
    assert await fetched(http, server.url) == [1]


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
async def test_other_encodings_are_refused(
    server: RawServer, http: httpx.AsyncClient, encoding: str
) -> None:
    server.answer(head(content_encoding=encoding) + b"x")
    error = await failed(http, server.url)
    assert isinstance(error, BadPayloadError)
    assert error.code == "encoding"


async def test_bytes_that_are_no_gzip_are_a_bad_payload(
    server: RawServer, http: httpx.AsyncClient
) -> None:
    server.answer(head(content_encoding="gzip") + b"no gzip")
    assert isinstance(await failed(http, server.url), BadPayloadError)


async def test_a_gzip_bomb_unfolds_in_small_pieces(
    server: RawServer, http: httpx.AsyncClient
) -> None:
    bomb = gzip.compress(bytes(100 * 1024 * 1024))
    server.answer(head(content_encoding="gzip"), bomb)
    request = http.build_request("GET", server.url)
    response = await send(http, request, identity=Identity(), clock=SystemClock(), timeout=5.0)
    tracemalloc.start()
    size = 0
    async for chunk in body_chunks(response):
        assert len(chunk) <= 65536
        size += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 100 * 1024 * 1024
    assert peak < 2_000_000


@pytest.mark.parametrize(
    "body", [b"{", b"", b"<html>", b"[" * 100_000, b"9" * 5000, b'{"a":' * 150 + b"1" + b"}" * 150]
)
async def test_what_is_no_json_is_a_bad_payload(
    server: RawServer, http: httpx.AsyncClient, body: bytes
) -> None:
    server.answer(head() + body)
    assert isinstance(await failed(http, server.url), BadPayloadError)


async def test_an_answer_beyond_the_limit_is_refused(
    server: RawServer, http: httpx.AsyncClient
) -> None:
    server.answer(head() + b"[" + b"1," * 600_000)
    with pytest.raises(BadPayloadError, match="larger than 1 MiB"):
        await read_json(
            http,
            http.build_request("GET", server.url),
            identity=Identity(),
            clock=SystemClock(),
            timeout=5.0,
            limit=1024 * 1024,
        )


async def test_an_answer_that_hangs_is_given_up(server: RawServer, http: httpx.AsyncClient) -> None:
    server.answer(head() + b"{", Hold())
    error = await failed(http, server.url, timeout=0.1)
    assert isinstance(error, UnreachableError)


async def test_a_reset_before_the_headers_is_a_lost_connection(
    server: RawServer, http: httpx.AsyncClient
) -> None:
    server.answer(Drop())
    assert isinstance(await failed(http, server.url), UnreachableError)


async def test_no_cookie_is_kept(server: RawServer, http: httpx.AsyncClient) -> None:
    server.answer(head(set_cookie="a=b; Path=/") + b"{}")
    await fetched(http, server.url)
    await fetched(http, server.url)
    assert "cookie" not in server.requests[1].headers


async def test_bytes_pass_unchanged(server: RawServer, http: httpx.AsyncClient) -> None:
    server.answer(head(), b"a" * 200_000, b"b")
    assert await body_of(http, server.url) == b"a" * 200_000 + b"b"
