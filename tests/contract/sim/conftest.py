"""A simulator for each test, and a plain reader of what it streams."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from simulator.server import Simulator

Ask = Callable[..., httpx.Response]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture
def ask(sim: Simulator, client: httpx.Client) -> Ask:
    """POST a small valid body to a path of the simulator, signed in; keywords change the body."""

    def post(path: str = "/v1/responses", *, key: str | None = None, **more: Any) -> httpx.Response:
        body: dict[str, Any] = {"model": "gpt-5.5", "stream": True}
        if path.endswith("/responses"):
            body |= {"store": False, "input": [user("hello")]}
        else:
            body |= {"messages": [{"role": "user", "content": "hello"}]}
        headers = {"authorization": f"Bearer {key or sim.api_key}"}
        if path.startswith("/backend-api/") and key is None:
            headers = sim.backend_headers()
        return client.post(sim.issuer + path, json=body | more, headers=headers)

    return post


@pytest.fixture
def events_of() -> Callable[[httpx.Response], list[Any]]:
    return parse_events


def user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def parse_events(response: httpx.Response) -> list[Any]:
    data = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in data if line != "[DONE]"]
