"""OpenAI's own client reads every story, and its types accept every event that they know."""

import json
from collections.abc import Callable, Iterator
from typing import Any, get_args

import httpx
import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseOutputItem, ResponseStreamEvent
from pydantic import BaseModel

from simulator.server import Simulator
from simulator.stories.shelf import STORIES

EventsOf = Callable[[httpx.Response], list[Any]]

REFUSED: dict[str, type[openai.APIStatusError]] = {
    "error": openai.InternalServerError,
    "rate": openai.RateLimitError,
    "limit": openai.RateLimitError,
    "overload": openai.InternalServerError,
    "too-long": openai.BadRequestError,
}
"""Stories whose first answer is a status."""

BROKEN: dict[str, type[Exception]] = {
    "broken": openai.APIConnectionError,
}
"""Stories in which the stream itself breaks."""

UNKNOWN_TO_SDK = {"unknown", "failed"}
"""Stories with values (an item's type, a failure's code) that its types do not list."""

LAST = {
    "truncated": "response.incomplete",
    "filtered": "response.incomplete",
    "failed": "response.failed",
    "plain-error": "error",
    "metadata": "responsesapi.websocket_timing",
}
"""Last event where it is not `response.completed`."""

BREAKS = REFUSED.keys() | BROKEN.keys()

CALLING = {"tool", "parallel", "custom"}
"""Stories that call functions of the client."""

FINISH = {"truncated": "length", "filtered": "content_filter"}
FINISH_OF = FINISH | dict.fromkeys(CALLING, "tool_calls")

EXPECTED_EVENTS = {
    "codex.rate_limits",
    "codex.response.metadata",
    "error",
    "keepalive",
    "response.audio.delta",
    "response.audio.done",
    "response.audio.transcript.delta",
    "response.audio.transcript.done",
    "response.code_interpreter_call.completed",
    "response.code_interpreter_call.in_progress",
    "response.code_interpreter_call.interpreting",
    "response.code_interpreter_call_code.delta",
    "response.code_interpreter_call_code.done",
    "response.compaction.compacting",
    "response.completed",
    "response.content_part.added",
    "response.content_part.done",
    "response.created",
    "response.custom_tool_call_input.delta",
    "response.custom_tool_call_input.done",
    "response.failed",
    "response.file_search_call.completed",
    "response.file_search_call.in_progress",
    "response.file_search_call.searching",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.image_generation_call.completed",
    "response.image_generation_call.generating",
    "response.image_generation_call.in_progress",
    "response.image_generation_call.partial_image",
    "response.in_progress",
    "response.incomplete",
    "response.mcp_call.completed",
    "response.mcp_call.in_progress",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_list_tools.completed",
    "response.mcp_list_tools.in_progress",
    "response.metadata",
    "response.output_item.added",
    "response.output_item.done",
    "response.output_text.annotation.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.queued",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_part.done",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_text.delta",
    "response.reasoning_text.done",
    "response.refusal.delta",
    "response.refusal.done",
    "response.shell_call_command.added",
    "response.shell_call_command.delta",
    "response.shell_call_command.done",
    "response.web_search_call.completed",
    "response.web_search_call.in_progress",
    "response.web_search_call.searching",
    "responsesapi.websocket_timing",
}

EXPECTED_ITEMS = {
    "code_interpreter_call",
    "compaction",
    "custom_tool_call",
    "file_search_call",
    "function_call",
    "hologram_call",
    "image_generation_call",
    "local_shell_call",
    "mcp_approval_request",
    "mcp_call",
    "mcp_list_tools",
    "message",
    "reasoning",
    "shell_call",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
}


@pytest.fixture(params=STORIES)
def story(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def teller(story: str) -> Iterator[Simulator]:
    with Simulator(story=story) as simulator:
        yield simulator


@pytest.fixture
def sdk(teller: Simulator) -> Iterator[OpenAI]:
    base_url, key = teller.openai_base_url, teller.api_key
    with OpenAI(base_url=base_url, api_key=key, max_retries=0) as client:
        yield client


def models_by_type(union: Any) -> dict[str, type[BaseModel]]:
    """The models of an annotated union by their value of `type`."""
    members: tuple[type[BaseModel], ...] = get_args(get_args(union)[0])
    return {get_args(model.model_fields["type"].annotation)[0]: model for model in members}


def test_responses_stream_is_read(sdk: OpenAI, story: str) -> None:
    def read() -> list[Any]:
        stream = sdk.responses.create(model="gpt-5.5", input="hello", stream=True, store=False)
        return list(stream)

    if story in BREAKS:
        with pytest.raises(REFUSED.get(story) or BROKEN[story]):
            read()
        return
    events = read()
    assert events[0].type == "response.created"
    assert events[-1].type == LAST.get(story, "response.completed") or story == "metadata"
    done = [event.item for event in events if event.type == "response.output_item.done"]
    if events[-1].type == "response.completed":
        assert [item.id for item in events[-1].response.output] == [item.id for item in done]
        usage = events[-1].response.usage
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    for item in done:
        text = "".join(
            event.delta
            for event in events
            if event.type == "response.output_text.delta" and event.item_id == item.id
        )
        assert item.type != "message" or text == item.content[0].to_dict().get("text", "")


def test_chat_completions_stream_is_read(sdk: OpenAI, story: str) -> None:
    def read() -> list[ChatCompletionChunk]:
        stream = sdk.chat.completions.create(
            model="gpt-5.5",
            messages=[{"role": "user", "content": "hello"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return list(stream)

    if story in BREAKS or story in {"failed", "plain-error"}:
        with pytest.raises(REFUSED.get(story) or BROKEN.get(story, openai.APIError)):
            read()
        return
    chunks = read()
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []
    assert chunks[-2].choices[0].finish_reason == FINISH_OF.get(story, "stop")
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk.to_dict())
    for call in [call for chunk in chunks[:-1] for call in chunk.choices[0].delta.tool_calls or []]:
        assert call.function is not None
    if story in CALLING:
        arguments: dict[int, str] = {}
        for chunk in chunks[:-1]:
            for call in chunk.choices[0].delta.tool_calls or []:
                assert call.function is not None
                so_far = arguments.get(call.index, "")
                arguments[call.index] = so_far + (call.function.arguments or "")
        assert all(isinstance(json.loads(text), dict) for text in arguments.values())


def test_every_known_event_and_item_has_the_shape_of_the_sdk(
    client: httpx.Client, events_of: EventsOf
) -> None:
    known_events = models_by_type(ResponseStreamEvent)
    known_items = models_by_type(ResponseOutputItem)
    seen: set[str] = set()
    items: set[str] = set()
    for name in sorted(STORIES.keys() - REFUSED.keys() - {"broken"}):
        with Simulator(story=name, api_key=None) as sim:
            body = {"model": "gpt-5.5", "stream": True, "input": "hello"}
            events = events_of(client.post(f"{sim.openai_base_url}/responses", json=body))
        numbers = [event["sequence_number"] for event in events if "sequence_number" in event]
        assert numbers == sorted(numbers), name
        for event in events:
            seen.add(event["type"])
            item = event.get("item", {})
            is_known = name not in UNKNOWN_TO_SDK
            if is_known and event["type"] in known_events:
                known_events[event["type"]].model_validate(event)
            if is_known and item.get("type") in known_items:
                known_items[item["type"]].model_validate(item)
            if event["type"] == "response.output_item.done":
                items.add(item["type"])
    assert EXPECTED_EVENTS - seen == set()
    assert EXPECTED_ITEMS - items == set()


def test_tool_output_is_used_in_the_answer() -> None:
    with (
        Simulator(story="tool") as sim,
        OpenAI(base_url=sim.openai_base_url, api_key=sim.api_key, max_retries=0) as sdk,
    ):
        history: list[Any] = [{"role": "user", "content": "what time is it?"}]
        with sdk.responses.stream(model="gpt-5.5", input=history, store=False) as stream:
            first = stream.get_final_response()
        call = next(item for item in first.output if item.type == "function_call")
        history += [item.to_dict() for item in first.output]
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "12:34 UTC"}
        history.append(output)
        with sdk.responses.stream(model="gpt-5.5", input=history, store=False) as stream:
            second = stream.get_final_response()
        assert "12:34 UTC" in second.output_text
        assert "`clock` answered" in second.output_text
