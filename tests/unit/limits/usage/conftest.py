"""The client of usage and resets, over a server that writes exactly what it is told."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.errors import ServiceError
from services.limits.client import UsageClient
from services.limits.ports import UsageSource
from services.transport.failures import Identity
from services.transport.http import create_client
from services.transport.signing import Signed
from tests.unit.inference.conftest import FakeClock
from tests.unit.transport.raw_server import RawServer, raw_server

GUARD = "<!DOCTYPE html><html><title>Just a moment...</title><script>x()</script></html>"
"""A page of Cloudflare's."""


class FakeSigner:
    """Signs with a word, and after a 401 with another one, as often as it is told."""

    def __init__(self) -> None:
        self.identity = Identity(has_key=True, is_account=True)
        self.recoveries = 0
        self.refusal: ServiceError | None = None
        self.made = 0
        self.statuses: list[int] = []

    def __call__(self) -> "FakeSigner":
        self.made += 1
        return self

    async def sign(self, url: httpx.URL) -> Signed:
        if self.refusal is not None:
            raise self.refusal
        return Signed(url=url, headers={"authorization": f"Bearer t{len(self.statuses)}"})

    async def recover(self, error: ServiceError) -> bool:
        self.recoveries -= 1
        return error.status == 401 and self.recoveries >= 0

    def received(self, response: httpx.Response) -> None:
        self.statuses.append(response.status_code)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def signer() -> FakeSigner:
    return FakeSigner()


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async with raw_server() as running:
        yield running


@pytest.fixture
async def client(
    server: RawServer, clock: FakeClock, signer: FakeSigner
) -> AsyncIterator[UsageSource]:
    async with create_client(environ={}, user_agent="foredeck/test") as http:
        yield UsageClient(http, f"{server.url}/backend-api/", clock, signer)


def asked(server: RawServer) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in server.requests]
