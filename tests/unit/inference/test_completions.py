from typing import Any

import pytest

from services.errors import RefusedError, UnreachableError
from services.inference.client import InferenceClient
from services.models.chat import Reasoning, Reply, ToolCall, Usage
from tests.unit.inference.answers import finished, items, raws, replies, sse, texts
from tests.unit.inference.conftest import Asked, ask
from tests.unit.transport.raw_server import refusal, stream_head


def chunk(delta: Any = None, finish: str | None = None, **members: object) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "m",
        "choices": [choice],
        **members,
    }


def said(text: str) -> dict[str, Any]:
    return chunk({"content": text})


USAGE: dict[str, Any] = {
    "id": "chatcmpl-1",
    "choices": [],
    "usage": {
        "prompt_tokens": 9,
        "completion_tokens": 3,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 1},
    },
}
PLAIN = (
    chunk({"role": "assistant", "content": ""}),
    said("Bon"),
    said("jour"),
    chunk(None, "stop"),
)


def chat(asked: Asked, **settings: Any) -> InferenceClient:
    return asked.client(wire="chat", **settings)


async def test_an_answer_streams_as_responses_do(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN, USAGE, "[DONE]"))
    client = chat(asked)
    values = await asked.run(client)
    assert client.transport == "chat"
    assert texts(values) == "Bonjour"
    assert items(values) == [Reply(id="i2", turn_id="t1", text="Bonjour")]
    assert raws(values) == [
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Bonjour"}],
        }
    ]
    assert finished(values).usage == Usage(
        input_tokens=9, cached_input_tokens=4, output_tokens=3, reasoning_tokens=1, total_tokens=12
    )


async def test_the_request_holds_the_history_as_messages(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN, "[DONE]"))
    await asked.run(chat(asked))
    (request,) = asked.server.requests
    assert request.path == "/v1/chat/completions"
    assert request.json == {
        "model": "gpt-5.5",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning": "Hm"},
        {"reasoning": {"text": "Hm"}},
        {"reasoning": {"content": "Hm"}},
        {"reasoning_content": "Hm"},
    ],
)
async def test_reasoning_of_each_form_is_an_item_of_its_own(asked: Asked, delta: Any) -> None:
    asked.server.answer(stream_head(), sse(chunk(delta), *PLAIN, "[DONE]"))
    reasoning, reply = items(await asked.run(chat(asked)))
    assert isinstance(reasoning, Reasoning)
    assert (reasoning.detail, isinstance(reply, Reply)) == ("Hm", True)


async def test_content_may_be_an_array(asked: Asked) -> None:
    parts = chunk({"content": [{"text": "Bon"}, {"text": "jour"}]})
    asked.server.answer(stream_head(), sse(parts, chunk(None, "stop")))
    assert replies(await asked.run(chat(asked))) == ["Bonjour"]


async def test_a_refusal_is_shown(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(chunk({"refusal": "No."}), chunk(None, "stop")))
    values = await asked.run(chat(asked))
    (reply,) = items(values)
    assert isinstance(reply, Reply)
    assert (reply.refusal, texts(values, "refusal")) == ("No.", "No.")


def call_piece(index: int | None, arguments: str, **members: str) -> dict[str, Any]:
    name = members.pop("name", None)
    function = {"arguments": arguments} | ({"name": name} if name else {})
    piece: dict[str, Any] = {"function": function, **members}
    return chunk({"tool_calls": [piece if index is None else {"index": index, **piece}]})


async def test_pieces_of_calls_are_put_together_by_index(asked: Asked) -> None:
    asked.server.answer(
        stream_head(),
        sse(
            call_piece(0, '{"a"', id="c1", name="clock"),
            call_piece(1, "{}", id="c2", name="list"),
            call_piece(0, ":1}"),
            chunk(None, "tool_calls"),
            "[DONE]",
        ),
    )
    values = await asked.run(chat(asked))
    found = [
        (item.call_id, item.name, item.arguments)
        for item in items(values)
        if isinstance(item, ToolCall)
    ]
    assert found == [("c1", "clock", '{\n  "a": 1\n}'), ("c2", "list", "{}")]
    assert raws(values)[0] == {
        "type": "function_call",
        "call_id": "c1",
        "name": "clock",
        "arguments": '{"a":1}',
    }


async def test_calls_without_index_are_known_by_their_id(asked: Asked) -> None:
    asked.server.answer(
        stream_head(),
        sse(
            call_piece(None, "{}", id="c1", name="a"),
            call_piece(None, "{}", id="c2", name="b"),
            chunk(None, "tool_calls"),
        ),
    )
    assert len(items(await asked.run(chat(asked)))) == 2


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
async def test_a_truncated_answer_keeps_its_text_and_says_why(
    asked: Asked, finish: str, reason: str
) -> None:
    asked.server.answer(stream_head(), sse(said("Bon"), chunk(None, finish), "[DONE]"))
    values = await asked.run(chat(asked))
    (reply,) = items(values)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.is_partial) == ("Bon", True)
    assert (finished(values).status, finished(values).reason) == ("incomplete", reason)


ENDS = {
    "the end of the body after a reason": (*PLAIN,),
    "a marker without a reason": (said("Bonjour"), "[DONE]"),
    "usage in the last chunk": (said("Bonjour"), chunk(None, "stop", usage=USAGE["usage"])),
    "strange chunks in between": (
        "nonsense",
        {"choices": None},
        {"choices": [{"index": 0}]},
        {"choices": [{"index": 1, "delta": {"content": "other"}}]},
        {"choices": [{"index": 0, "delta": {"content": None}}]},
        *PLAIN,
    ),
}


@pytest.mark.parametrize("events", ENDS.values(), ids=ENDS.keys())
async def test_an_answer_is_whole_with(asked: Asked, events: Any) -> None:
    asked.server.answer(stream_head(), sse(*events))
    values = await asked.run(chat(asked))
    assert replies(values) == ["Bonjour"]
    assert finished(values).status == "completed"


async def test_a_marker_at_the_end_of_the_body_counts_without_a_blank_line(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(said("Bonjour")) + b"data: [DONE]")
    assert replies(await asked.run(chat(asked))) == ["Bonjour"]


async def test_an_end_without_any_reason_is_a_lost_connection(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(said("Bon")))
    _, error = await asked.run_to_error(chat(asked, stream_retries=1))
    assert isinstance(error, UnreachableError)
    assert len(asked.server.requests) == 2


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"message": "No.", "code": "invalid_prompt"}},
        {"object": "error", "message": "No.", "code": "invalid_prompt"},
        {"error": {"message": "No.", "code": "invalid_prompt"}, "choices": []},
    ],
)
async def test_an_error_as_data_ends_the_answer(asked: Asked, event: Any) -> None:
    asked.server.answer(stream_head(), sse(said("Bon"), event))
    _, error = await asked.run_to_error(chat(asked))
    assert isinstance(error, RefusedError)
    assert error.message == "The server refused the prompt: No"


async def test_a_server_that_knows_no_stream_options_is_asked_without(asked: Asked) -> None:
    asked.server.answer(refusal("400 Bad", {"error": "unknown field stream_options"}))
    asked.server.answer(stream_head(), sse(*PLAIN))
    client = chat(asked)
    assert replies(await asked.run(client)) == ["Bonjour"]
    await asked.run(client)
    sent = ["stream_options" in request.json for request in asked.server.requests]
    assert sent == [True, False, False]


async def test_configured_members_and_effort_and_schema_are_sent(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN))
    client = chat(asked, extra_body=(("temperature", 0.2),))
    await asked.run(client, ask(effort="low", schema={"type": "object"}))
    body = asked.server.requests[0].json
    assert (body["temperature"], body["reasoning_effort"]) == (0.2, "low")
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
