from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from services.transport.http import create_client
from tests.unit.transport.raw_server import RawServer, raw_server


@dataclass
class FakeClock:
    """Time that a test moves; sleeping moves it too."""

    at: float = 1_700_000_000.0
    slept: list[float] = field(default_factory=list[float])

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async with raw_server() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_client(environ={}, user_agent="foredeck/test") as client:
        yield client
