from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from services.errors import ServiceError
from services.inference.client import InferenceClient
from services.inference.stream import InferenceRequest, StreamValue
from services.provider import Provider, Wire
from services.transport.http import create_client
from tests.unit.transport.raw_server import RawServer, counter, raw_server


class FakeClock:
    """Time that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Asked:
    """A client of the server under test, and what it was told to ask."""

    def __init__(self, http: httpx.AsyncClient, server: RawServer, clock: FakeClock) -> None:
        self.http = http
        self.server = server
        self.clock = clock

    def client(
        self,
        *,
        wire: Wire = "responses",
        request_retries: int = 4,
        stream_retries: int = 5,
        idle_timeout: float = 300.0,
        wall_limit: float | None = None,
        base_url: str | None = None,
        **provider: object,
    ) -> InferenceClient:
        return InferenceClient(
            self.http,
            Provider(
                id="openai",
                name="Test",
                base_url=base_url or f"{self.server.url}/v1",
                wire=wire,
                request_retries=request_retries,
                stream_retries=stream_retries,
                idle_timeout=idle_timeout,
                **provider,  # pyright: ignore[reportArgumentType]
            ),
            self.clock,
            counter(),
            wall_limit=wall_limit,
        )

    async def run(
        self, client: InferenceClient | None = None, request: InferenceRequest | None = None
    ) -> list[StreamValue]:
        client = client or self.client()
        return [value async for value in client.run(request or ask())]

    async def run_to_error(
        self, client: InferenceClient | None = None, request: InferenceRequest | None = None
    ) -> tuple[list[StreamValue], ServiceError]:
        """What came before the error, and the error."""
        values: list[StreamValue] = []
        client = client or self.client()
        try:
            async for value in client.run(request or ask()):
                values.append(value)  # noqa: PERF401
        except ServiceError as error:
            return values, error
        pytest.fail("it ended well")


def ask(text: str = "Hi", **members: object) -> InferenceRequest:
    history = (
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]},
    )
    values: dict[str, object] = {
        "turn_id": "t1",
        "conversation_id": "0199aaaa-0000-7000-8000-000000000001",
        "model": "gpt-5.5",
        "instructions": "Be brief.",
        "history": history,
        **members,
    }
    return InferenceRequest(**values)  # pyright: ignore[reportArgumentType]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    async with raw_server() as running:
        yield running


@pytest.fixture
async def asked(server: RawServer, clock: FakeClock) -> AsyncIterator[Asked]:
    async with create_client(environ={}, user_agent="test") as http:
        yield Asked(http, server, clock)


@pytest.fixture
def request_of() -> Callable[..., InferenceRequest]:
    return ask
