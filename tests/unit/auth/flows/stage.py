"""A scripted issuer, a clock that the test owns, and a way to knock at a callback port."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from services.auth.flows.browser import BrowserLogin
from services.auth.flows.device import DeviceLogin
from services.auth.issuer.endpoint import TokenEndpoint
from services.auth.provider import SignInProvider
from services.transport.http import create_client
from tests.unit.transport.raw_server import RawServer, head, raw_server

START = 1_900_000_000.0


@dataclass
class OwnClock:
    """Time passes only while somebody sleeps, and then at once."""

    wall: float = START
    steady: float = 0.0
    naps: list[float] = field(default_factory=list[float])

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.wall += seconds
        self.steady += seconds
        await asyncio.sleep(0)


class StoppedClock(OwnClock):
    """Who sleeps is woken by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.waking = asyncio.Event()
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.asleep.set()
        await self.waking.wait()
        self.waking.clear()
        self.wall += seconds
        self.steady += seconds


def jwt(payload: object) -> str:
    def part(value: object) -> str:
        raw = json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(payload)}.sig"


ID_TOKEN = jwt({"email": "ada@example.test"})
TOKENS = {"id_token": ID_TOKEN, "access_token": "at_opaque", "refresh_token": "rt_one"}


def answer(status: str = "200 OK", body: object = None, **headers: str) -> bytes:
    """A whole answer; a `body` that is no bytes is JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(status, content_length=str(len(raw)), **headers) + raw


def sent_form(server: RawServer, number: int = -1) -> dict[str, str]:
    values = parse_qs(server.requests[number].body.decode(), strict_parsing=True)
    assert all(len(value) == 1 for value in values.values())
    return {name: value[0] for name, value in values.items()}


@dataclass
class Stage:
    """An issuer that answers by script, and what speaks to it."""

    server: RawServer
    http: httpx.AsyncClient
    clock: OwnClock
    provider: SignInProvider

    @property
    def endpoint(self) -> TokenEndpoint:
        return TokenEndpoint(self.http, self.provider, self.clock)

    def browser(self, **changes: Any) -> BrowserLogin:
        return BrowserLogin(self.endpoint, replace(self.provider, **changes), self.clock)

    def device(self) -> DeviceLogin:
        return DeviceLogin(self.endpoint, self.provider, self.clock)

    async def called(self, count: int = 1) -> None:
        """Wait until the issuer was asked so often."""
        async with asyncio.timeout(10):
            while len(self.server.requests) < count:  # noqa: ASYNC110 a script has no event
                await asyncio.sleep(0.001)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.server.requests]


@asynccontextmanager
async def stage(clock: OwnClock | None = None) -> AsyncGenerator[Stage]:
    async with (
        raw_server() as server,
        create_client(environ={}, user_agent="foredeck/test") as http,
    ):
        provider = SignInProvider(issuer=server.url, callback_ports=(0,))
        yield Stage(server, http, clock or OwnClock(), provider)


def state_of(login: BrowserLogin) -> str:
    return parse_qs(urlsplit(login.url).query)["state"][0]


@dataclass
class Reply:
    """What a server on this machine wrote."""

    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1]) if self.raw else 0

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    @property
    def body(self) -> str:
        return self.raw.partition(b"\r\n\r\n")[2].decode()


async def cancelled(task: "asyncio.Task[Any]") -> None:
    """Cancel a task, which has to end at once: within 0.2 s, and a busy machine's 0.3."""
    task.cancel()
    # A timeout around the task would be passed on to it, and never be heard of.
    await asyncio.wait([task], timeout=0.5)
    assert task.cancelled()


async def knock(port: int, request: str | bytes, address: str = "127.0.0.1") -> Reply:
    """Send bytes to a port and read until its owner hangs up."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(request if isinstance(request, bytes) else request.encode())
        async with asyncio.timeout(10):
            return Reply(await reader.read())
    finally:
        writer.close()


async def get(port: int, target: str, *headers: str, method: str = "GET", host: str = "") -> Reply:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", *headers]
    return await knock(port, "\r\n".join(lines) + "\r\n\r\n")
