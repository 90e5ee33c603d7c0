"""Whoever reaches the callback port: what they get, and that the sign-in goes on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest

from services.auth.flows.callback import CallbackServer
from services.auth.flows.callback_page import page
from services.auth.flows.gate import Gate
from services.auth.flows.ports import CallbackPorts
from services.auth.provider import SignInProvider
from services.errors import LoginError, ServiceError
from services.provider import Secret
from tests.unit.auth.flows.stage import Reply, get, knock
from tests.unit.auth.rows import row

STATE = "the-state-of-this-attempt"
GOOD = f"/auth/callback?code=ac_good&state={STATE}"


class Visited:
    """A callback server with its gate."""

    def __init__(self, server: CallbackServer, gate: Gate, port: int) -> None:
        self.server = server
        self.gate = gate
        self.port = port
        self.cancels = 0

    async def get(self, target: str, *headers: str, method: str = "GET", host: str = "") -> Reply:
        return await get(self.port, target, *headers, method=method, host=host)

    async def still_waits(self) -> None:
        """The right answer is still let in."""
        assert not self.gate.is_closed
        self.gate.settle(is_signed_in=True)
        reply = await self.get(GOOD)
        assert reply.status == 200
        assert await self.gate.arrival() == Secret("ac_good")


@asynccontextmanager
async def visited(
    *, patience: float = 5.0, hold: float = 20.0, redirect_host: str = "127.0.0.1"
) -> AsyncGenerator[Visited]:
    gate = Gate(Secret(STATE))
    host = "localhost" if redirect_host == "localhost" else "127.0.0.1"
    provider = SignInProvider(callback_ports=(0,), redirect_host=host)
    bound = await CallbackPorts().bind(provider, lambda: None)

    def cancel() -> None:
        place.cancels += 1

    server = CallbackServer(bound, gate, "/auth/callback", cancel, patience=patience, hold=hold)
    place = Visited(server, gate, bound.port)
    await server.open()
    try:
        yield place
    finally:
        await server.close()


STRANGE: dict[str, str] = {
    "E1 state missing": "/auth/callback?code=x",
    "E1 state wrong": "/auth/callback?code=x&state=another",
    "E1 state empty": "/auth/callback?code=x&state=",
    "E1 state of another length": f"/auth/callback?code=x&state={STATE}x",
    "E1 state beyond ASCII": "/auth/callback?code=x&state=%FF%F0%9F",
    "E1 forged error": "/auth/callback?error=access_denied",
    "E1 forged error with a wrong state": "/auth/callback?error=access_denied&state=another",
    "E1 nothing at all": "/auth/callback",
    "E4 two codes": f"/auth/callback?code=a&code=b&state={STATE}",
    "E4 two states": f"/auth/callback?code=a&state=x&state={STATE}",
    "E4 two states, the right one first": f"/auth/callback?code=a&state={STATE}&state=x",
    "E4 two errors": f"/auth/callback?error=a&error=b&state={STATE}",
    "E1 a thousand parameters": f"/auth/callback?state={STATE}&" + "&".join(["a=b"] * 1000),
}


@pytest.mark.parametrize("target", STRANGE.values(), ids=STRANGE)
async def test_a_strange_answer_gets_400_and_the_sign_in_goes_on(target: str) -> None:
    async with visited() as place:
        reply = await place.get(target)
        assert (reply.status, reply.body) == (400, "Bad Request\n")
        await place.still_waits()


FOREIGN: dict[str, str] = {
    "E3 rebinding": "evil.example:{port}",
    "E3 no port": "127.0.0.1",
    "E3 other port": "127.0.0.1:1",
    "E3 any address": "0.0.0.0:{port}",
    "E3 trailing dot": "localhost.:{port}",
    "E3 user info": "a@127.0.0.1:{port}",
    "E3 empty": "",
}


@pytest.mark.parametrize("host", FOREIGN.values(), ids=FOREIGN)
async def test_another_host_gets_403_and_its_code_is_not_taken(host: str) -> None:
    async with visited() as place:
        named = host.format(port=place.port)
        raw = f"GET {GOOD} HTTP/1.1\r\nHost: {named}\r\n\r\n"
        assert (await knock(place.port, raw)).status == 403
        raw = f"GET /cancel HTTP/1.1\r\nHost: {named}\r\n\r\n"
        assert (await knock(place.port, raw)).status == 403
        assert place.cancels == 0
        await place.still_waits()


@row("E3 two hosts")
async def test_a_second_host_header_gets_403() -> None:
    async with visited() as place:
        reply = await place.get(GOOD, "Host: evil.example")
        assert reply.status == 403
        await place.still_waits()


@pytest.mark.parametrize(
    "method", ["POST", "HEAD", "PUT", "OPTIONS", "DELETE", "TRACE"], ids="E3 {}".format
)
async def test_any_method_but_get_gets_405(method: str) -> None:
    async with visited() as place:
        for target in (GOOD, "/cancel", "/success"):
            reply = await place.get(target, "Content-Length: 0", method=method)
            assert (reply.status, reply.headers["allow"]) == (405, "GET")
            assert (reply.body == "") == (method == "HEAD")
        assert place.cancels == 0
        await place.still_waits()


async def test_a_form_that_is_posted_hears_its_405_over_its_own_body() -> None:
    async with visited() as place:
        raw = f"POST {GOOD} HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\n\r\n" + "x" * 3_000_000
        assert (await knock(place.port, raw)).status == 405


@pytest.mark.parametrize(
    "header",
    [
        "Sec-Purpose: prefetch",
        "sec-purpose: prefetch;prerender",
        "Purpose: prefetch",
        "PURPOSE: Prefetch",
    ],
    ids="E3 {}".format,
)
async def test_a_prefetch_gets_503_and_leaves_the_gate_open(header: str) -> None:
    async with visited() as place:
        assert (await place.get(GOOD, header)).status == 503
        assert (await place.get("/cancel", header)).status == 503
        assert place.cancels == 0
        await place.still_waits()


@pytest.mark.parametrize(
    "target",
    ["/", "/auth/callback/", "/auth%2Fcallback", "/AUTH/callback", "//auth/callback", "/x/../auth"],
    ids="E2 {}".format,
)
async def test_an_unknown_path_gets_404(target: str) -> None:
    async with visited() as place:
        reply = await place.get(f"{target}?code=x&state={STATE}")
        assert (reply.status, reply.headers["content-type"]) == (404, "text/plain; charset=utf-8")
        await place.still_waits()


@row("E2 /success")
async def test_success_changes_nothing() -> None:
    async with visited() as place:
        assert (await place.get(f"/success?id_token=x&state={STATE}")).status == 200
        await place.still_waits()


@pytest.mark.parametrize(
    "header",
    ["Origin: null", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"],
    ids="E2 /cancel with {}".format,
)
async def test_a_web_page_cannot_cancel(header: str) -> None:
    async with visited() as place:
        assert (await place.get("/cancel", header)).status == 403
        assert place.cancels == 0


@row("E2 /cancel of a program")
async def test_another_program_on_this_machine_can_cancel_as_codex_does() -> None:
    async with visited() as place:
        raw = f"GET /cancel HTTP/1.1\r\nHost: 127.0.0.1:{place.port}\r\nConnection: close\r\n\r\n"
        assert (await knock(place.port, raw)).status == 200
        assert place.cancels == 1


NOT_HTTP: dict[str, bytes] = {
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "absolute target": b"GET http://127.0.0.1/auth/callback HTTP/1.1\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\n\r\n",
    "no version": b"GET /auth/callback\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "blank in the target": b"GET /auth/call back HTTP/1.1\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
    "blank before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "header without a colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "NUL": b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
    "empty": b"\r\n\r\n",
}


@pytest.mark.parametrize("raw", NOT_HTTP.values(), ids=NOT_HTTP)
async def test_what_is_no_request_gets_400(raw: bytes) -> None:
    async with visited() as place:
        assert (await knock(place.port, raw)).status == 400
        await place.still_waits()


SCANS: dict[str, bytes] = {
    "E2 port scan that says nothing": b"",
    "E2 port scan with half a line": b"GET /auth/call",
    "E2 port scan with a TLS hello": NOT_HTTP["TLS hello"],
    "E2 port scan of /robots.txt": b"GET /robots.txt HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n",
}


@pytest.mark.parametrize("raw", SCANS.values(), ids=SCANS)
async def test_a_port_scan_ends_nothing(raw: bytes) -> None:
    async with visited() as place:
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
            writer.write(raw.replace(b"%d", b"%d" % place.port))
            writer.write_eof()
            with contextlib.suppress(ConnectionResetError):
                assert b" 200 " not in await reader.read()
            writer.close()
        assert place.cancels == 0
        await place.still_waits()


@row("E5 1 MB in the address")
async def test_an_address_of_a_megabyte_is_not_read() -> None:
    long = f"/auth/callback?error=x&state={STATE}&error_description={'y' * 1_000_000}"
    async with visited() as place:
        assert (await place.get(long)).status == 431
        await place.still_waits()


async def test_more_than_16_kib_of_headers_get_431() -> None:
    async with visited() as place:
        reply = await place.get(GOOD, "X: " + "y" * 17_000)
        assert reply.status == 431
        assert (await place.get("/" + "a" * 20_000)).status == 431
        await place.still_waits()


async def test_a_request_that_does_not_end_is_dropped_in_time() -> None:
    async with visited(patience=0.1) as place:
        assert (await knock(place.port, b"GET /auth/callback HTTP/1.1\r\nHo")).raw == b""
        await place.still_waits()


async def test_a_flood_of_silent_visitors_does_not_keep_the_answer_out() -> None:
    async with visited() as place:
        visits = [await asyncio.open_connection("127.0.0.1", place.port) for _ in range(80)]
        await place.still_waits()
        # Those who came first were cut off, within less than the time that a visit has.
        async with asyncio.timeout(2):
            for reader, _ in visits[:48]:
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
        for _, writer in visits:
            writer.close()


@row("E4 callback twice")
async def test_the_second_callback_gets_409() -> None:
    async with visited() as place:
        place.gate.settle(is_signed_in=True)
        assert (await place.get(GOOD)).status == 200
        for target in (GOOD, GOOD.replace("ac_good", "ac_other"), "/auth/callback?state=x"):
            assert (await place.get(target)).status == 409
        assert await place.gate.arrival() == Secret("ac_good")


@row("E4 code repeated")
async def test_one_value_twice_is_one_answer() -> None:
    async with visited() as place:
        place.gate.settle(is_signed_in=True)
        assert (await place.get(f"{GOOD}&code=ac_good")).status == 200
        assert await place.gate.arrival() == Secret("ac_good")


@row("E4 five at once")
async def test_two_callbacks_at_once_are_one_answer() -> None:
    async with visited() as place:
        place.gate.settle(is_signed_in=True)
        replies = await asyncio.gather(*(place.get(GOOD) for _ in range(5)))
        assert sorted(reply.status for reply in replies) == [200, 409, 409, 409, 409]


@pytest.mark.parametrize(
    ("is_signed_in", "title"),
    [(True, "The sign-in is confirmed"), (False, "The sign-in did not succeed")],
)
async def test_the_browser_hears_the_outcome_and_not_before(is_signed_in: bool, title: str) -> None:
    async with visited() as place:
        waiting = asyncio.create_task(place.get(GOOD))
        await place.gate.arrival()
        await place.get("/success")
        assert not waiting.done()
        place.gate.settle(is_signed_in=is_signed_in)
        reply = await waiting
        assert reply.status == 200
        assert title in reply.body
        assert "You can close this tab" in reply.body


async def test_an_outcome_that_takes_long_is_not_called_a_success() -> None:
    async with visited(hold=0.05) as place:
        reply = await place.get(GOOD)
        assert reply.status == 200
        assert "is not finished yet" in reply.body


async def test_the_page_has_the_headers_that_keep_the_code_where_it_is() -> None:
    async with visited() as place:
        place.gate.settle(is_signed_in=True)
        headers = (await place.get(GOOD)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["connection"] == "close"


@row("E5 HTML in a page")
async def test_nothing_of_the_request_comes_back_in_a_page() -> None:
    bad = quote("<script>alert(1)</script>")
    async with visited() as place:
        place.gate.settle(is_signed_in=False)
        reply = await place.get(f"/auth/callback?error={bad}&error_description={bad}&state={STATE}")
        assert reply.status == 200
        assert reply.body == page("failed").decode()
        for target in (f"/{bad}", f"/auth/callback?code={bad}", f"/success?{bad}"):
            assert "script" not in (await place.get(target)).body


@pytest.mark.parametrize("kind", ["done", "failed", "waiting", "used", "idle"])
def test_a_page_runs_and_loads_nothing_and_is_for_light_and_dark(kind: str) -> None:
    text = page(kind).decode()  # pyright: ignore[reportArgumentType] each of them is one
    assert not any(word in text for word in ("<script", "http", "src=", "href=", "url(", "@import"))
    assert "prefers-color-scheme: dark" in text
    assert "You can close this tab" in text


async def test_a_visitor_who_waits_for_the_outcome_is_told_when_the_port_is_given_back() -> None:
    async with visited() as place:
        waiting = asyncio.create_task(place.get(GOOD))
        await place.gate.arrival()
        place.gate.settle(is_signed_in=False)
        await place.server.close()
        assert "did not succeed" in (await waiting).body


async def test_silent_visitors_do_not_keep_the_port() -> None:
    async with visited() as place:
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        assert (await place.get("/success")).status == 200
        async with asyncio.timeout(0.2):
            await place.server.close()
        assert await reader.read() == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await place.get("/success")


async def test_browsers_that_are_sent_to_localhost_are_heard_on_both_addresses() -> None:
    async with visited(redirect_host="localhost") as place:
        raw = f"GET /success HTTP/1.1\r\nHost: localhost:{place.port}\r\n\r\n"
        assert (await knock(place.port, raw)).status == 200
        assert (await knock(place.port, raw, "::1")).status == 200


async def test_the_gate_is_for_one_answer_and_its_end_comes_too_late_after_it() -> None:
    gate = Gate(Secret(STATE))
    gate.take(f"state={STATE}&error=access_denied&code=ac_x")
    gate.end(ServiceError("left"))
    assert isinstance(await gate.arrival(), LoginError)
