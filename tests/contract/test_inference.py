"""The inference client against the simulator, over real sockets."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.clock import SystemClock
from services.errors import LoginError, RateLimitedError, RefusedError, ServiceError
from services.inference.client import InferenceClient
from services.inference.stream import (
    Finished,
    InferenceRequest,
    ItemDone,
    LimitReported,
    ModelReported,
    Retrying,
    StreamValue,
    Text,
)
from services.models.chat import Reasoning, Reply, ToolCall, UnknownItem, WebSearch
from services.provider import Provider, Secret, Wire
from services.transport.http import create_client


class HastyClock(SystemClock):
    """Real time, but nobody waits for long."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.02))


@dataclass
class Sim:
    """A simulator that runs as a process of its own."""

    http: httpx.AsyncClient
    info: dict[str, Any]
    ids: int = 0

    def new_id(self) -> str:
        self.ids += 1
        return f"i{self.ids}"

    def client(self, wire: Wire = "responses", key: str | None = None) -> InferenceClient:
        provider = Provider(
            id="openai",
            name="OpenAI",
            base_url=self.info["openai_base_url"],
            wire=wire,
            key=Secret(key or self.info["api_key"]),
            key_source="OPENAI_API_KEY",
        )
        return InferenceClient(self.http, provider, HastyClock(), self.new_id)

    async def run(
        self, wire: Wire = "responses", history: tuple[dict[str, Any], ...] = ()
    ) -> list[StreamValue]:
        request = asked("Hello", history)
        return [value async for value in self.client(wire).run(request)]

    async def script(self, *steps: dict[str, Any]) -> None:
        answer = await self.http.post(
            f"{self.info['issuer']}/_sim/script", json={"route": "responses", "steps": steps}
        )
        assert answer.status_code < 300, answer.text

    async def requests(self) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.info['issuer']}/_sim/requests")
        return [request for request in answer.json() if request["path"].endswith("/responses")]


def asked(text: str, more: tuple[dict[str, Any], ...] = ()) -> InferenceRequest:
    content = [{"type": "input_text", "text": text}]
    return InferenceRequest(
        turn_id="t1",
        conversation_id="0199aaaa-0000-7000-8000-000000000001",
        model="gpt-5.5",
        instructions="Be brief.",
        history=({"type": "message", "role": "user", "content": content}, *more),
        effort="medium",
    )


@pytest.fixture
def story() -> str:
    return "day"


@pytest.fixture
async def sim(story: str) -> AsyncIterator[Sim]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        "--speed",
        "200",
        "--story",
        story,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            info = json.loads(await process.stdout.readline())
        async with create_client(environ={}, user_agent="foredeck/test") as http:
            yield Sim(http, info)
    finally:
        process.terminate()
        await process.wait()


def items(values: list[StreamValue]) -> list[Any]:
    return [value.item for value in values if isinstance(value, ItemDone)]


def streamed(values: list[StreamValue], item_id: str, channel: str) -> str:
    return "".join(
        value.text
        for value in values
        if isinstance(value, Text) and (value.item_id, value.channel) == (item_id, channel)
    )


def ended(values: list[StreamValue]) -> Finished:
    last = values[-1]
    assert isinstance(last, Finished)
    return last


async def test_a_day_of_work_streams_what_it_ends_with(sim: Sim) -> None:
    values = await sim.run()
    replies = [item for item in items(values) if isinstance(item, Reply)]
    assert replies
    for reply in replies:
        assert streamed(values, reply.id, "text") == reply.text
    usage = ended(values).usage
    assert usage is not None
    assert usage.output_tokens > 0
    assert any(isinstance(value, LimitReported) for value in values)


@pytest.mark.parametrize("story", ["everything"])
async def test_every_item_of_a_story_comes_once_and_goes_back(sim: Sim) -> None:
    values = await sim.run()
    done = [value for value in values if isinstance(value, ItemDone)]
    assert len({value.item.id for value in done}) == len(done)
    assert any(isinstance(value.item, WebSearch) for value in done)
    history = tuple(dict(value.raw) for value in done if value.raw is not None)
    again = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "?"}]}
    # The simulator refuses a history that the real server would refuse.
    assert ended(await sim.run(history=(*history, again))).status == "completed"


@pytest.mark.parametrize("story", ["tool"])
async def test_a_call_and_its_output_make_a_turn(sim: Sim) -> None:
    values = await sim.run()
    (call,) = [item for item in items(values) if isinstance(item, ToolCall)]
    history = tuple(
        dict(value.raw) for value in values if isinstance(value, ItemDone) and value.raw
    )
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "12:00"}
    answer = await sim.run(history=(*history, output))
    assert any(isinstance(item, Reply) for item in items(answer))
    sent = (await sim.requests())[1]["body"]["input"]
    assert [item["type"] for item in sent][-2:] == ["function_call", "function_call_output"]


@pytest.mark.parametrize(
    ("story", "status", "reason"),
    [
        ("truncated", "incomplete", "max_output_tokens"),
        ("filtered", "incomplete", "content_filter"),
        ("empty", "completed", None),
        ("thought-only", "completed", None),
        ("refusal", "completed", None),
        ("unknown", "completed", None),
        ("metadata", "completed", None),
        ("image", "completed", None),
        ("custom", "completed", None),
        ("shell", "completed", None),
        ("parallel", "completed", None),
        ("commentary", "completed", None),
        ("search", "completed", None),
        ("thinking", "completed", None),
        ("markdown", "completed", None),
    ],
)
async def test_a_story_ends_as_it_says(sim: Sim, status: str, reason: str | None) -> None:
    values = await sim.run()
    assert (ended(values).status, ended(values).reason) == (status, reason)
    assert not any(isinstance(value, Retrying) for value in values)


@pytest.mark.parametrize("story", ["unknown"])
async def test_an_item_that_nobody_knows_is_kept_whole(sim: Sim) -> None:
    assert any(isinstance(item, UnknownItem) for item in items(await sim.run()))


@pytest.mark.parametrize("story", ["rerouted"])
async def test_another_model_is_told(sim: Sim) -> None:
    told = [value for value in await sim.run() if isinstance(value, ModelReported)]
    assert len(told) == 1


@pytest.mark.parametrize("story", ["unfinished"])
async def test_an_end_of_the_response_may_not_be_one_of_the_turn(sim: Sim) -> None:
    assert ended(await sim.run()).end_turn is False


@pytest.mark.parametrize(
    ("story", "kind", "code"),
    [
        ("limit", RateLimitedError, "usage_limit_reached"),
        ("failed", RefusedError, "context_length_exceeded"),
        ("too-long", RefusedError, "context_length_exceeded"),
        ("overload", RefusedError, "server_is_overloaded"),
    ],
)
async def test_a_failure_is_named(sim: Sim, kind: type[ServiceError], code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        await sim.run()
    assert isinstance(caught.value, kind)
    assert caught.value.code == code
    assert caught.value.request_id


@pytest.mark.parametrize("story", ["rate"])
async def test_a_rate_limit_is_waited_for(sim: Sim) -> None:
    values = await sim.run()
    assert any(isinstance(value, Retrying) for value in values)
    assert ended(values).status == "completed"


async def test_a_wrong_key_is_refused(sim: Sim) -> None:
    client = sim.client(key="sk-wrong")
    with pytest.raises(LoginError, match="refused the key"):
        await client.models()


async def test_the_list_of_models_is_read(sim: Sim) -> None:
    models = await sim.client().models()
    assert [model.slug for model in models if model.is_default] == ["gpt-5.5"]
    assert all(model.name and model.context_window for model in models)


async def test_a_stream_that_is_dropped_is_asked_for_again(sim: Sim) -> None:
    begun = {"type": "response.created", "response": {"id": "r1"}}
    text = {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "half"}
    await sim.script({"send": begun}, {"send": text}, {"drop": True})
    values = await sim.run()
    (retrying,) = [value for value in values if isinstance(value, Retrying)]
    assert len(retrying.lost_item_ids) == 1
    first, second = await sim.requests()
    assert first["body"] == second["body"]


async def test_raw_bytes_and_a_status_are_read(sim: Sim) -> None:
    await sim.script({"status": 503, "headers": {"retry-after": "1"}, "body": {"detail": "busy"}})
    values = await sim.run()
    (retrying,) = [value for value in values if isinstance(value, Retrying)]
    assert str(retrying.error) == "The server has trouble (503): busy"


@pytest.mark.parametrize("story", ["day", "tool", "parallel", "refusal", "truncated"])
async def test_chat_completions_say_the_same(sim: Sim) -> None:
    values = await sim.run("chat")
    for item in items(values):
        if isinstance(item, Reply):
            assert streamed(values, item.id, "text") == item.text
        if isinstance(item, Reasoning):
            assert streamed(values, item.id, "reasoning_detail") == item.detail
    assert ended(values).usage is not None
