"""Items of answers that are incomplete, repeated or out of order: docs/protocols/turns.md."""

import json
from typing import Any

import pytest

from services.inference.stream import ItemOpened
from services.models.chat import Reasoning, Reply, ToolCall, UnknownItem
from tests.unit.inference.answers import (
    COMPLETED,
    CREATED,
    OPEN,
    PLAIN,
    added,
    call,
    data,
    delta,
    done,
    items,
    message,
    raws,
    replies,
    sse,
    texts,
)
from tests.unit.inference.conftest import Asked
from tests.unit.transport.raw_server import stream_head

REASONING: dict[str, Any] = {"id": "rs_1", "type": "reasoning", "summary": []}


def summary(text: str, number: int = 0) -> dict[str, Any]:
    return data(
        type="response.reasoning_summary_text.delta",
        item_id="rs_1",
        output_index=0,
        summary_index=number,
        delta=text,
    )


def thought(*texts: str) -> dict[str, Any]:
    return {**REASONING, "summary": [{"type": "summary_text", "text": text} for text in texts]}


def rendered(body: str) -> bytes:
    return b"".join(line.encode() + b"\n" for line in body.split("\n"))


async def test_a_delta_before_its_item_opens_a_block_that_the_done_item_ends(asked: Asked) -> None:
    asked.server.answer(
        stream_head(),
        sse(CREATED, delta("Bon"), added(OPEN), delta("jour"), done(message()), COMPLETED),
    )
    values = await asked.run()
    assert texts(values) == "Bonjour"
    assert len(items(values)) == 1
    opened = [value.item.id for value in values if isinstance(value, ItemOpened)]
    assert opened == [items(values)[0].id]


async def test_a_delta_for_an_unknown_item_is_shown_and_kept(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:-1], delta("late", "msg_zz", 5), COMPLETED))
    assert replies(await asked.run()) == ["Bonjour", "late"]


async def test_a_delta_of_a_done_item_is_dropped(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:-1], delta("late"), COMPLETED))
    values = await asked.run()
    assert replies(values) == ["Bonjour"]
    assert texts(values) == "Bonjour"


async def test_an_item_without_done_keeps_its_deltas(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:4], COMPLETED))
    values = await asked.run()
    assert replies(values) == ["Bonjour"]
    assert raws(values) == [
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Bonjour"}],
        }
    ]


async def test_text_done_brings_what_deltas_did_not(asked: Asked) -> None:
    whole = data(
        type="response.output_text.done", item_id="msg_a1", content_index=0, text="Bonjour"
    )
    asked.server.answer(stream_head(), sse(*PLAIN[:3], whole, COMPLETED))
    values = await asked.run()
    assert texts(values) == "Bonjour"
    assert replies(values) == ["Bonjour"]


async def test_text_done_that_differs_replaces_the_deltas(asked: Asked) -> None:
    whole = data(type="response.output_text.done", item_id="msg_a1", content_index=0, text="Salut")
    asked.server.answer(stream_head(), sse(*PLAIN[:3], whole, COMPLETED))
    assert replies(await asked.run()) == ["Salut"]


async def test_a_done_item_that_was_never_added_counts(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(CREATED, done(message()), COMPLETED))
    assert replies(await asked.run()) == ["Bonjour"]


async def test_the_done_item_is_what_counts(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:4], done(message("Salut")), COMPLETED))
    assert replies(await asked.run()) == ["Salut"]


@pytest.mark.parametrize("item", [message(), call(), call(id=None), call(id="fc_2")])
async def test_an_item_that_is_done_twice_comes_once(asked: Asked, item: dict[str, Any]) -> None:
    again = {**item, "id": item["id"]} if item["type"] == "message" else item
    asked.server.answer(stream_head(), sse(CREATED, done(item), done(again), COMPLETED))
    assert len(items(await asked.run())) == 1


async def test_interleaved_items_get_their_own_deltas(asked: Asked) -> None:
    other: dict[str, Any] = {**OPEN, "id": "msg_b"}
    events = (
        added(OPEN, 0),
        added(other, 1),
        delta("A"),
        delta("B", "msg_b", 1),
        delta("a"),
        delta("b", None, 1),
        COMPLETED,
    )
    asked.server.answer(stream_head(), sse(*events))
    assert replies(await asked.run()) == ["Aa", "Bb"]


PARTS = {
    "content null": (None, "", ""),
    "content missing": ((), "", ""),
    "an unknown part": (
        [{"type": "hologram", "x": 1}, {"type": "output_text", "text": "Hi"}],
        "Hi",
        "",
    ),
    "text null": (
        [{"type": "output_text", "text": None}, {"type": "output_text", "text": "Hi"}],
        "Hi",
        "",
    ),
    "a part that is no object": ([7, None, {"type": "output_text", "text": "Hi"}], "Hi", ""),
    "a refusal only": ([{"type": "refusal", "refusal": "No."}], "", "No."),
}


@pytest.mark.parametrize(("content", "text", "refusal"), PARTS.values(), ids=PARTS.keys())
async def test_what_is_readable_of_a_message_is_kept(
    asked: Asked, content: Any, text: str, refusal: str
) -> None:
    item = message(status="completed") | {"content": content}
    if content == ():
        del item["content"]
    asked.server.answer(stream_head(), sse(CREATED, added(OPEN), done(item), COMPLETED))
    (reply,) = items(await asked.run())
    assert isinstance(reply, Reply)
    assert (reply.text, reply.refusal) == (text, refusal)


async def test_a_refusal_streams(asked: Asked) -> None:
    piece = data(type="response.refusal.delta", item_id="msg_a1", output_index=0, delta="I can't")
    whole = data(type="response.refusal.done", item_id="msg_a1", refusal="I can't do that.")
    asked.server.answer(stream_head(), sse(CREATED, added(OPEN), piece, whole, COMPLETED))
    values = await asked.run()
    assert texts(values, "refusal") == "I can't do that."
    (reply,) = items(values)
    assert isinstance(reply, Reply)
    assert reply.refusal == "I can't do that."


SUMMARIES: dict[str, tuple[Any, str]] = {
    "summary missing": (None, ""),
    "an unknown part": ([{"type": "x"}, {"type": "summary_text", "text": "Hm"}], "Hm"),
    "a placeholder alone": ([{"type": "summary_text", "text": "<!-- -->"}], ""),
    "a placeholder inside": ([{"type": "summary_text", "text": "Hm <!-- -->so"}], "Hm so"),
    "glued headings": ([{"type": "summary_text", "text": "**A****B**"}], "**A**\n\n**B**"),
    "several parts": (
        [{"type": "summary_text", "text": "**A**"}, {"type": "summary_text", "text": "**B**"}],
        "**A**\n\n**B**",
    ),
}


@pytest.mark.parametrize(("parts", "shown"), SUMMARIES.values(), ids=SUMMARIES.keys())
async def test_reasoning_is_accepted_with(asked: Asked, parts: Any, shown: str) -> None:
    item: dict[str, Any] = {"id": "rs_1", "type": "reasoning", "encrypted_content": "opaque"}
    if parts is not None:
        item["summary"] = parts
    asked.server.answer(stream_head(), sse(CREATED, done(item), COMPLETED))
    values = await asked.run()
    (reasoning,) = items(values)
    assert isinstance(reasoning, Reasoning)
    assert reasoning.summary == shown
    assert raws(values) == [{**item, "summary": parts or []}]


@pytest.mark.parametrize("cut", range(1, 12))
async def test_glued_headings_and_placeholders_are_tidied_while_they_stream(
    asked: Asked, cut: int
) -> None:
    text = "**A****B** x <!-- -->y"
    pieces = [text[n : n + cut] for n in range(0, len(text), cut)]
    events = [summary(piece) for piece in pieces] + [summary("**C**", 1)]
    end = done(thought(text, "**C**"))
    asked.server.answer(stream_head(), sse(CREATED, added(REASONING), *events, end, COMPLETED))
    values = await asked.run()
    (reasoning,) = items(values)
    assert isinstance(reasoning, Reasoning)
    assert reasoning.summary == "**A**\n\n**B** x y\n\n**C**"
    shown = texts(values, "reasoning")
    assert reasoning.summary == shown + "**"


CALLS = {
    "arguments an object": (call(arguments={"tz": "UTC"}), '{"tz": "UTC"}', "call_1"),
    "arguments null": (call(arguments=None), "{}", "call_1"),
    "arguments no JSON": (call(arguments="{tz"), "{tz", "call_1"),
    "an unknown tool": (call(name="warp"), '{"tz":"UTC"}', "call_1"),
}


@pytest.mark.parametrize(("item", "arguments", "call_id"), CALLS.values(), ids=CALLS.keys())
async def test_a_call_is_delivered_with(
    asked: Asked, item: dict[str, Any], arguments: str, call_id: str
) -> None:
    asked.server.answer(stream_head(), sse(CREATED, done(item), COMPLETED))
    values = await asked.run()
    (found,) = items(values)
    assert isinstance(found, ToolCall)
    shown = "".join(found.arguments.split())
    assert (found.name, shown, found.call_id) == (
        item["name"], "".join(arguments.split()), call_id,
    )  # fmt: skip
    assert raws(values)[0]["arguments"] == arguments


async def test_a_call_without_an_id_gets_one(asked: Asked) -> None:
    item = call()
    del item["call_id"]
    asked.server.answer(stream_head(), sse(CREATED, done(item), COMPLETED))
    values = await asked.run()
    (found,) = items(values)
    assert isinstance(found, ToolCall)
    assert found.call_id.startswith("call_")
    assert raws(values)[0]["call_id"] == found.call_id


async def test_an_item_of_unknown_type_is_shown_whole_and_not_sent_back(asked: Asked) -> None:
    item = {"id": "h1", "type": "hologram_call", "shape": {"note": "[bold]"}}
    asked.server.answer(stream_head(), sse(CREATED, done(item), COMPLETED))
    values = await asked.run()
    (found,) = items(values)
    assert isinstance(found, UnknownItem)
    assert json.loads(found.raw) == item
    assert raws(values) == [None]
