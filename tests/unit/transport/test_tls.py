"""TLS with a certificate that only these tests trust (tls/ca.pem; the key secures nothing)."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.clock import SystemClock
from services.errors import UnreachableError
from services.transport.failures import Identity
from services.transport.http import body_chunks, create_client, send

TLS = Path(__file__).parent / "tls"
RECORDS = 600


@asynccontextmanager
async def secure_server() -> AsyncGenerator[str]:
    """Answers with many small pieces, each in a record of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (RECORDS * 8))
        for number in range(RECORDS):
            writer.write(b"%07d\n" % number)
        await writer.drain()
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    finally:
        listener.close()


async def sent(http: httpx.AsyncClient, url: str) -> httpx.Response:
    return await send(
        http,
        http.build_request("GET", url),
        identity=Identity(),
        clock=SystemClock(),
        timeout=5.0,
    )


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "CODEX_CA_CERTIFICATE"])
async def test_a_ca_file_of_the_environment_is_trusted_and_small_records_are_not_paced(
    name: str,
) -> None:
    async with (
        secure_server() as url,
        create_client(environ={name: str(TLS / "ca.pem")}, user_agent="t") as http,
    ):
        begun = time.monotonic()
        response = await sent(http, url)
        body = b"".join([chunk async for chunk in body_chunks(response)])
        await response.aclose()
    assert body == b"".join(b"%07d\n" % number for number in range(RECORDS))
    # One record in 33 ms would take 20 s.
    assert time.monotonic() - begun < 5


async def test_a_certificate_that_is_not_trusted_is_named() -> None:
    async with secure_server() as url, create_client(environ={}, user_agent="t") as http:
        with pytest.raises(
            UnreachableError, match=r"^The certificate of .* is not trusted"
        ) as caught:
            await sent(http, url)
    assert caught.value.code == "tls_certificate"
    assert caught.value.next_step == "Check the address, or name your CA file in SSL_CERT_FILE"
