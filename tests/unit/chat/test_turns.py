"""What a turn sends, tells and keeps."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from services.errors import RefusedError, UnreachableError
from services.events import (
    ItemEnded,
    ItemsDimmed,
    ItemsDropped,
    ItemStarted,
    LimitsRead,
    TextDelta,
    TurnEnded,
    TurnStarted,
    TurnStateChanged,
    UsageReported,
)
from services.inference.stream import (
    Connected,
    Finished,
    ItemDone,
    ItemOpened,
    LimitReported,
    ModelReported,
    PhaseChanged,
    Retrying,
    Text,
)
from services.models.chat import (
    CallStatus,
    ErrorCard,
    Notice,
    Reasoning,
    Reply,
    ToolCall,
    TurnPhase,
    TurnStatus,
    Usage,
    UserMessage,
)
from services.models.limits import LimitSource, UsageReading
from tests.unit.chat.conftest import Desk, Step


def wire(text: str) -> dict[str, Any]:
    return {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }


def user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def reply(text: str, item_id: str = "r1") -> list[Step]:
    item = Reply(id=item_id, turn_id="?")
    return [
        ItemOpened(item=item),
        Text(item_id=item_id, channel="text", text=text),
        ItemDone(item=replace(item, text=text), raw=wire(text)),
    ]


def end(**more: Any) -> Finished:
    return Finished(response_id="resp_1", usage=None, status="completed", **more)


HELLO: list[Step] = [
    Connected(request_id="req", turn_state=None, models_etag=None),
    PhaseChanged(phase=TurnPhase.ANSWERING),
    *reply("Hello"),
    replace(end(), usage=Usage(input_tokens=1, output_tokens=1, total_tokens=2)),
]


async def test_readings_say_whose_they_are_and_whether_anything_of_it_can_be_in_them(
    desk: Desk,
) -> None:
    begins = LimitReported(reading=UsageReading(source=LimitSource.HEADERS, as_of=1.0))
    goes_on = LimitReported(reading=UsageReading(source=LimitSource.STREAM, as_of=2.0))
    wants_more = end(end_turn=False)
    failure = UnreachableError("Gone", next_step="Try again")
    chat_id = await desk.say(
        "hi",
        [begins, begins, goes_on, *reply("one"), wants_more],
        [begins, *reply("two", "r2"), failure],
    )
    desk.inference.scripts.append([begins, *reply("three", "r3"), end()])
    await desk.chat.retry(chat_id)
    await desk.chat.wait(chat_id)
    readings = [each.reading for each in desk.told.events if isinstance(each, LimitsRead)]
    assert [(each.source, each.is_before_turn) for each in readings] == [
        (LimitSource.HEADERS, True),
        (LimitSource.HEADERS, True),
        (LimitSource.STREAM, False),
        (LimitSource.HEADERS, False),
        (LimitSource.HEADERS, False),
    ]
    started = next(each for each in desk.told.events if isinstance(each, TurnStarted))
    assert {each.turn_id for each in readings} == {started.turn_id}


async def test_a_turn_is_told_in_order_and_kept(desk: Desk) -> None:
    chat_id = await desk.say("hi there\nsecond line", HELLO)
    told = [
        event
        for event in desk.told.events
        if isinstance(
            event,
            TurnStarted
            | TurnStateChanged
            | ItemStarted
            | TextDelta
            | ItemEnded
            | UsageReported
            | TurnEnded,
        )
    ]
    assert [type(event).__name__ for event in told] == [
        "TurnStarted",
        "ItemEnded",
        "TurnStateChanged",
        "TurnStateChanged",
        "ItemStarted",
        "TextDelta",
        "ItemEnded",
        "UsageReported",
        "TurnEnded",
    ]
    assert (await desk.store.load(chat_id)).summary.title == "hi there"
    assert await desk.store.history(chat_id) == (user("hi there\nsecond line"), wire("Hello"))
    ended = desk.told.ends()[0]
    assert (ended.status, ended.text, ended.response_id) == (
        TurnStatus.COMPLETED,
        "Hello",
        "resp_1",
    )


async def test_finished_items_carry_the_servers_own_json(desk: Desk) -> None:
    await desk.say("hi", HELLO)
    raws = [event.raw for event in desk.told.events if isinstance(event, ItemEnded)]
    assert [json.loads(raw) if raw else None for raw in raws] == [None, wire("Hello")]


async def test_each_request_carries_the_whole_conversation_once(desk: Desk) -> None:
    chat_id = await desk.say("one", HELLO)
    await desk.say("two", HELLO, chat_id=chat_id)
    assert [list(request.history) for request in desk.inference.requests] == [
        [user("one")],
        [user("one"), wire("Hello"), user("two")],
    ]


async def test_the_message_is_on_disk_before_anything_is_sent(desk: Desk) -> None:
    gate = asyncio.Event()
    desk.inference.scripts.append([gate, *HELLO])
    chat = await desk.chat.new()
    await desk.chat.submit(chat.summary.id, "keep me")
    assert await desk.store.history(chat.summary.id) == (user("keep me"),)
    assert desk.inference.requests == []
    gate.set()
    await desk.chat.wait(chat.summary.id)


async def test_a_retry_is_one_line_that_changes_and_dims_what_was_lost(desk: Desk) -> None:
    lost = UnreachableError("The connection broke", code="lost")
    script: list[Step] = [
        ItemOpened(item=Reply(id="a", turn_id="?")),
        Text(item_id="a", channel="text", text="Hal"),
        Retrying(attempt=1, attempts=5, delay=0.2, error=lost, lost_item_ids=("a",)),
        Retrying(attempt=2, attempts=5, delay=0.4, error=lost, lost_item_ids=()),
        *reply("Hello", "b"),
        end(),
    ]
    chat_id = await desk.say("hi", script)
    notices = [item for item in desk.told.items() if isinstance(item, Notice)]
    assert [notice.text for notice in notices] == ["connection lost, retry 2 of 5"]
    marks = [event for event in desk.told.events if isinstance(event, ItemsDimmed | ItemsDropped)]
    assert marks == [
        ItemsDimmed(chat_id=chat_id, item_ids=("a",)),
        ItemsDropped(chat_id=chat_id, item_ids=("a",)),
    ]
    stored = [type(item).__name__ for item in await desk.stored(chat_id)]
    assert stored == ["UserMessage", "Notice", "Reply"]
    waiting = [
        event.state
        for event in desk.told.events
        if isinstance(event, TurnStateChanged) and event.state.phase is TurnPhase.WAITING
    ]
    assert [(state.attempt, state.attempts, state.reason) for state in waiting] == [
        (1, 5, "The connection broke"),
        (2, 5, "The connection broke"),
    ]


async def test_a_failed_turn_keeps_its_partial_text_and_an_error_card(desk: Desk) -> None:
    lost = UnreachableError("The connection broke", next_step="Try again", request_id="req_9")
    script: list[Step] = [
        ItemOpened(item=Reply(id="a", turn_id="?")),
        Text(item_id="a", channel="text", text="Half an"),
        lost,
    ]
    chat_id = await desk.say("hi", script)
    message, partial, card = await desk.stored(chat_id)
    assert isinstance(message, UserMessage)
    assert isinstance(partial, Reply)
    assert partial.text == "Half an"
    assert partial.is_partial
    assert isinstance(card, ErrorCard)
    assert card.failure == lost.failure
    ended = desk.told.ends()[0]
    assert (ended.status, ended.failure, ended.text) == (
        TurnStatus.FAILED,
        lost.failure,
        "Half an",
    )


async def test_trying_again_sends_the_message_once_and_replaces_what_failed(desk: Desk) -> None:
    chat_id = await desk.say("hi", [*reply("Hal")[:2], UnreachableError("The connection broke")])
    desk.inference.scripts.append(HELLO)
    await desk.chat.retry(chat_id)
    await desk.chat.wait(chat_id)
    assert list(desk.inference.requests[1].history) == [user("hi")]
    assert await desk.store.history(chat_id) == (
        user("hi"),
        wire("Hello"),
    )


async def test_trying_again_works_after_another_start(desk: Desk) -> None:
    chat_id = await desk.say("hi", [*reply("Hal")[:2], UnreachableError("The connection broke")])
    desk.inference.scripts.append(HELLO)
    async with desk.make() as again:
        await again.retry(chat_id)
        await again.wait(chat_id)
    assert list(desk.inference.requests[1].history) == [user("hi")]
    assert await desk.store.history(chat_id) == (
        user("hi"),
        wire("Hello"),
    )


def call(number: int) -> list[Step]:
    item = ToolCall(
        id=f"t{number}", turn_id="?", call_id=f"c{number}", name="shell", arguments="{}"
    )
    raw = {"type": "function_call", "call_id": f"c{number}", "name": "shell", "arguments": "{}"}
    return [ItemDone(item=item, raw=raw), end()]


async def test_a_call_for_a_tool_that_was_not_offered_is_answered_with_an_error(
    desk: Desk,
) -> None:
    chat_id = await desk.say("run it", call(1), HELLO)
    assert list(desk.inference.requests[1].history) == [
        user("run it"),
        {"type": "function_call", "call_id": "c1", "name": "shell", "arguments": "{}"},
        {
            "type": "function_call_output",
            "call_id": "c1",
            "output": "error: there is no tool named shell",
        },
    ]
    assert await desk.store.history(chat_id) == (
        *desk.inference.requests[1].history,
        wire("Hello"),
    )
    shown = [item for item in desk.told.items() if isinstance(item, ToolCall)]
    assert [item.status for item in shown] == [CallStatus.FAILED]
    assert desk.told.ends()[0].status is TurnStatus.COMPLETED


async def test_a_model_that_keeps_calling_is_answered_three_times(desk: Desk) -> None:
    await desk.say("run it", *(call(number) for number in range(6)))
    assert len(desk.inference.requests) == 4
    assert desk.told.ends()[0].status is TurnStatus.INCOMPLETE


async def test_the_server_can_ask_for_one_more_request(desk: Desk) -> None:
    state = Connected(request_id=None, turn_state="first", models_etag=None)
    later = Connected(request_id=None, turn_state="later", models_etag=None)
    await desk.say(
        "hi",
        [state, *reply("One"), end(end_turn=False)],
        [later, *reply("Two", "r2"), end(end_turn=False)],
        [*reply("Three", "r3"), end()],
    )
    assert [request.turn_state for request in desk.inference.requests] == [None, "first", "first"]
    assert desk.told.ends()[0].text == "One\n\nTwo\n\nThree"


async def test_another_model_is_told_once(desk: Desk) -> None:
    chat_id = await desk.say(
        "hi", [ModelReported(model="beta"), ModelReported(model="gamma"), *HELLO]
    )
    notices = [item.text for item in desk.told.items() if isinstance(item, Notice)]
    assert notices == ["answered by beta instead of alpha"]
    assert (await desk.store.load(chat_id)).summary.model == "alpha"


async def test_the_same_model_in_other_letters_is_not_told(desk: Desk) -> None:
    await desk.say("hi", [ModelReported(model="ALPHA"), *HELLO])
    assert not [item for item in desk.told.items() if isinstance(item, Notice)]


async def test_an_empty_answer_is_told(desk: Desk) -> None:
    thought = Reasoning(id="x", turn_id="?", summary="Hm")
    raw: dict[str, Any] = {"type": "reasoning", "summary": []}
    await desk.say("hi", [ItemDone(item=thought, raw=raw), end()])
    notices = [item.text for item in desk.told.items() if isinstance(item, Notice)]
    assert notices == ["empty answer: the model ended without saying anything"]


async def test_an_incomplete_answer_says_why(desk: Desk) -> None:
    cut = Finished(response_id="r", usage=None, status="incomplete", reason="max_output_tokens")
    await desk.say("hi", [*reply("Hal"), cut])
    ended = desk.told.ends()[0]
    assert (ended.status, ended.reason) == (TurnStatus.INCOMPLETE, "max_output_tokens")
    assert [item.text for item in desk.told.items() if isinstance(item, Notice)] == [
        "the answer was cut: the model's limit of output tokens is reached"
    ]


@pytest.mark.parametrize(
    ("code", "message"),
    [("invalid_encrypted_content", "Bad request"), (None, "Encrypted content is not verifiable")],
)
async def test_refused_reasoning_is_left_out_and_asked_again_once(
    desk: Desk, code: str | None, message: str
) -> None:
    thought = ItemDone(
        item=Reasoning(id="x", turn_id="?"),
        raw={"type": "reasoning", "summary": [], "encrypted_content": "opaque"},
    )
    chat_id = await desk.say("one", [thought, *HELLO])
    refused = RefusedError(message, status=400, code=code)
    await desk.say("two", [refused], HELLO, chat_id=chat_id)
    kinds = [[item["type"] for item in request.history] for request in desk.inference.requests]
    assert kinds[1:] == [
        ["message", "reasoning", "message", "message"],
        ["message", "message", "message"],
    ]
    await desk.say("three", [refused], [refused], chat_id=chat_id)
    assert desk.told.ends()[-1].status is TurnStatus.FAILED


async def test_another_providers_encrypted_items_are_not_sent(desk: Desk) -> None:
    thought = ItemDone(
        item=Reasoning(id="x", turn_id="?"),
        raw={"type": "reasoning", "summary": [], "encrypted_content": "opaque"},
    )
    chat_id = await desk.say("one", [thought, *HELLO])
    desk.inference.scripts.append(HELLO)
    async with desk.make(provider="other") as elsewhere:
        await elsewhere.submit(chat_id, "two")
        await elsewhere.wait(chat_id)
    assert [item["type"] for item in desk.inference.requests[1].history] == ["message"] * 3


async def test_without_any_model_the_turn_fails_with_a_next_step(desk: Desk) -> None:
    desk.catalogue.default_slug = None
    await desk.say("hi")
    failure = desk.told.ends()[0].failure
    assert failure is not None
    assert failure.message == "No model is chosen, and the server names none"
    assert desk.inference.requests == []
