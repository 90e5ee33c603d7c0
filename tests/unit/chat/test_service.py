"""Queue, interrupts, drafts, forks, and a disk that refuses."""

import asyncio

import pytest

from services.errors import NotFoundError, UsageError
from services.events import ItemStarted, QueueChanged, ServiceFailed, TextDelta, TurnStarted
from services.inference.stream import ItemOpened, Text
from services.models.chat import Notice, QueuedMessage, Reply, TurnStatus, UserMessage
from tests.unit.chat.conftest import Desk, Step, until
from tests.unit.chat.test_turns import HELLO, reply, user, wire

FOREVER: list[Step] = [*reply("Hal", "h")[:2], "silence"]


async def begin(desk: Desk, text: str, *scripts: list[Step]) -> str:
    """Submit, and wait until the answer's text streams."""
    desk.inference.scripts.extend(scripts)
    chat_id = (await desk.chat.new()).summary.id
    await desk.chat.submit(chat_id, text)
    await until(lambda: any(isinstance(event, TextDelta) for event in desk.told.events))
    return chat_id


def queues(desk: Desk) -> list[list[str]]:
    return [
        [message.text for message in event.queue]
        for event in desk.told.events
        if isinstance(event, QueueChanged)
    ]


async def test_an_interrupt_closes_the_connection_and_keeps_the_text(desk: Desk) -> None:
    chat_id = await begin(desk, "hi", FOREVER)
    async with asyncio.timeout(0.2):
        assert await desk.chat.interrupt(chat_id) == ()
    assert desk.inference.closed == 1
    partial = (await desk.stored(chat_id))[-1]
    assert isinstance(partial, Reply)
    assert (partial.text, partial.is_partial) == ("Hal", True)
    assert desk.told.ends()[0].status is TurnStatus.INTERRUPTED
    assert not desk.chat.is_running(chat_id)


async def test_what_an_interrupted_answer_had_said_is_sent_with_the_next_message(
    desk: Desk,
) -> None:
    chat_id = await begin(desk, "hi", FOREVER)
    await desk.chat.interrupt(chat_id)
    await desk.say("go on", HELLO, chat_id=chat_id)
    assert list(desk.inference.requests[1].history) == [
        user("hi"),
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hal"}],
        },
        user("go on"),
    ]


async def test_an_interrupt_before_any_text_says_so(desk: Desk) -> None:
    desk.inference.scripts.append(["silence"])
    chat_id = (await desk.chat.new()).summary.id
    await desk.chat.submit(chat_id, "hi")
    await until(lambda: bool(desk.inference.requests))
    await desk.chat.interrupt(chat_id)
    notice = (await desk.stored(chat_id))[-1]
    assert isinstance(notice, Notice)
    assert notice.text == "interrupted"


async def test_an_interrupt_right_after_submitting_sends_nothing(desk: Desk) -> None:
    chat_id = (await desk.chat.new()).summary.id
    await desk.chat.submit(chat_id, "hi")
    await desk.chat.interrupt(chat_id)
    assert desk.inference.requests == []
    assert desk.told.ends()[0].status is TurnStatus.INTERRUPTED


async def test_an_interrupted_turn_can_be_tried_again(desk: Desk) -> None:
    chat_id = await begin(desk, "hi", FOREVER, HELLO)
    await desk.chat.interrupt(chat_id)
    await desk.chat.retry(chat_id)
    await desk.chat.wait(chat_id)
    assert await desk.store.history(chat_id) == (user("hi"), wire("Hello"))


async def test_a_whole_answer_cannot_be_tried_again(desk: Desk) -> None:
    chat_id = await desk.say("hi", HELLO)
    with pytest.raises(UsageError, match="nothing to try again"):
        await desk.chat.retry(chat_id)
    async with desk.make() as again:
        with pytest.raises(UsageError, match="nothing to try again"):
            await again.retry(chat_id)


async def test_messages_wait_on_disk_and_are_sent_one_after_the_other(desk: Desk) -> None:
    gate = asyncio.Event()
    slow: list[Step] = [*reply("One")[:2], gate, *reply("One")[2:], HELLO[-1]]
    two: list[Step] = [*reply("Two", "r2"), HELLO[-1]]
    three: list[Step] = [*reply("Three", "r3"), HELLO[-1]]
    chat_id = await begin(desk, "first", slow, two, three)
    await desk.chat.submit(chat_id, "second")
    await desk.chat.submit(chat_id, "third")
    assert [message.text for message in await desk.store.queue(chat_id)] == ["second", "third"]
    gate.set()
    await desk.chat.wait(chat_id)
    assert queues(desk) == [["second"], ["second", "third"], ["third"], []]
    assert await desk.store.queue(chat_id) == ()
    assert list(desk.inference.requests[2].history) == [
        user("first"),
        wire("One"),
        user("second"),
        wire("Two"),
        user("third"),
    ]


async def test_an_interrupt_gives_the_queue_back(desk: Desk) -> None:
    chat_id = await begin(desk, "first", FOREVER)
    await desk.chat.submit(chat_id, "second")
    given_back = await desk.chat.interrupt(chat_id)
    assert [message.text for message in given_back] == ["second"]
    assert await desk.store.queue(chat_id) == ()
    assert queues(desk)[-1] == []
    assert len(desk.inference.requests) == 1


async def test_a_failed_turn_leaves_the_queue_alone(desk: Desk) -> None:
    gate = asyncio.Event()
    chat_id = await begin(desk, "first", [*reply("x")[:2], gate, UsageError("No")])
    await desk.chat.submit(chat_id, "second")
    gate.set()
    await desk.chat.wait(chat_id)
    assert [message.text for message in await desk.store.queue(chat_id)] == ["second"]
    assert len(desk.inference.requests) == 1


async def test_queued_messages_are_edited_and_removed(desk: Desk) -> None:
    chat_id = await begin(desk, "first", FOREVER)
    await desk.chat.submit(chat_id, "second")
    await desk.chat.submit(chat_id, "third")
    second, third = await desk.store.queue(chat_id)
    await desk.chat.edit_queued(chat_id, second.id, "better")
    await desk.chat.remove_queued(chat_id, third.id)
    await desk.chat.remove_queued(chat_id, "not there")
    assert await desk.store.queue(chat_id) == (QueuedMessage(id=second.id, text="better"),)
    assert queues(desk)[-1] == ["better"]
    await desk.chat.interrupt(chat_id)


async def test_sending_now_interrupts_and_keeps_the_queue_for_later(desk: Desk) -> None:
    three: list[Step] = [*reply("Three", "r3"), HELLO[-1]]
    chat_id = await begin(desk, "first", FOREVER, [*reply("Two", "r2"), HELLO[-1]], three)
    await desk.chat.submit(chat_id, "queued")
    await desk.chat.send_now(chat_id, "now")
    await desk.chat.wait(chat_id)
    assert [request.history[-1] for request in desk.inference.requests] == [
        user("first"),
        user("now"),
        user("queued"),
    ]


async def test_leaving_interrupts_and_keeps_the_text(desk: Desk) -> None:
    async with desk.make() as chat:
        desk.inference.scripts.append(FOREVER)
        chat_id = (await chat.new()).summary.id
        await chat.submit(chat_id, "hi")
        await until(lambda: any(isinstance(event, TextDelta) for event in desk.told.events))
    partial = (await desk.stored(chat_id))[-1]
    assert isinstance(partial, Reply)
    assert partial.is_partial


async def test_an_error_of_the_body_leaves_as_it_is(desk: Desk) -> None:
    desk.inference.scripts.append(FOREVER)

    async def break_in_the_middle() -> None:
        async with desk.make() as chat:
            await chat.submit((await chat.new()).summary.id, "hi")
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await break_in_the_middle()


async def test_a_new_chat_is_stored_when_something_is_typed(desk: Desk) -> None:
    chat_id = (await desk.chat.new()).summary.id
    await desk.chat.save_draft(chat_id, "")
    assert await desk.store.summaries() == ()
    await desk.chat.save_draft(chat_id, "unsent")
    assert (await desk.chat.open()).draft == "unsent"
    async with desk.make() as again:
        assert (await again.open()).draft == "unsent"


async def test_sending_the_draft_clears_it_and_another_draft_stays(desk: Desk) -> None:
    chat_id = (await desk.chat.new()).summary.id
    await desk.chat.save_draft(chat_id, "typed")
    await desk.say("from elsewhere", HELLO, chat_id=chat_id)
    assert (await desk.store.load(chat_id)).draft == "typed"
    await desk.say("typed", HELLO, chat_id=chat_id)
    assert (await desk.store.load(chat_id)).draft == ""


async def test_opening_a_chat_mid_stream_shows_what_has_come(desk: Desk) -> None:
    chat_id = await begin(desk, "hi", FOREVER)
    chat = await desk.chat.open(chat_id)
    assert [type(item) for item in chat.items] == [UserMessage, Reply]
    streaming = chat.items[-1]
    assert isinstance(streaming, Reply)
    assert (streaming.id, streaming.text, streaming.is_partial) == ("h", "Hal", False)
    await desk.chat.interrupt(chat_id)


async def test_without_a_chat_opening_makes_a_new_one(desk: Desk) -> None:
    chat = await desk.chat.open()
    assert chat.items == ()
    with pytest.raises(NotFoundError):
        await desk.chat.open("nothing")


async def test_a_fork_goes_on_from_before_a_message(desk: Desk) -> None:
    chat_id = await desk.say("one", HELLO)
    await desk.say("two", [*reply("Second", "r2"), HELLO[-1]], chat_id=chat_id)
    message = next(
        item
        for item in await desk.stored(chat_id)
        if isinstance(item, UserMessage) and item.text == "two"
    )
    forked, text = await desk.chat.fork(chat_id, message.id)
    assert text == "two"
    forked_id = forked.summary.id
    await desk.say("three", [*reply("Third", "r3"), HELLO[-1]], chat_id=forked_id)
    assert list(desk.inference.requests[-1].history) == [user("one"), wire("Hello"), user("three")]
    with pytest.raises(NotFoundError):
        await desk.chat.fork(chat_id, "r1")


async def test_another_model_counts_from_the_next_request_on(desk: Desk) -> None:
    chat_id = await desk.say("one", HELLO)
    await desk.chat.set_effort(chat_id, "high")
    await desk.chat.set_model(chat_id, "beta")
    await desk.say("two", HELLO, chat_id=chat_id)
    assert [(r.model, r.effort) for r in desk.inference.requests] == [
        ("alpha", None),
        ("beta", "high"),
    ]
    async with desk.make() as again:
        assert (await again.open(chat_id)).summary.model == "beta"


async def test_a_full_disk_is_told_once_and_the_chat_goes_on(desk: Desk) -> None:
    chat_id = await desk.say("one", HELLO)
    desk.database.is_full = True
    await desk.say("two", [*reply("Second", "r2"), HELLO[-1]], chat_id=chat_id)
    await desk.say("three", [*reply("Third", "r3"), HELLO[-1]], chat_id=chat_id)
    failures = [event for event in desk.told.events if isinstance(event, ServiceFailed)]
    assert [event.failure.message for event in failures] == [
        "The disk is full, nothing could be saved"
    ]
    assert list(desk.inference.requests[-1].history) == [
        user("one"),
        wire("Hello"),
        user("two"),
        wire("Second"),
        user("three"),
    ]


async def test_a_turn_whose_program_was_killed_can_be_tried_again(desk: Desk) -> None:
    chat_id = await begin(desk, "hi", FOREVER)
    await desk.database.run(
        lambda connection: connection.execute("UPDATE turns SET owner = '999999999:gone'")
    )
    async with desk.make() as again:
        chat = await again.open(chat_id)
        notice = chat.items[-1]
        assert isinstance(notice, Notice)
        assert notice.text == "interrupted: the program ended before the answer"
        desk.inference.scripts.append(HELLO)
        await again.retry(chat_id)
        await again.wait(chat_id)
    assert await desk.store.history(chat_id) == (user("hi"), wire("Hello"))


async def test_two_chats_stream_at_the_same_time(desk: Desk) -> None:
    one = await begin(desk, "one", FOREVER)
    other: list[Step] = [
        ItemOpened(item=Reply(id="o", turn_id="?")),
        Text(item_id="o", channel="text", text="Other"),
        "silence",
    ]
    desk.inference.scripts.append(other)
    two = (await desk.chat.new()).summary.id
    await desk.chat.submit(two, "two")
    await until(
        lambda: len([event for event in desk.told.events if isinstance(event, ItemStarted)]) == 2
    )
    assert desk.chat.is_running(one)
    assert desk.chat.is_running(two)
    started = [event.chat_id for event in desk.told.events if isinstance(event, TurnStarted)]
    assert started == [one, two]
    await desk.chat.interrupt(one)
    await desk.chat.interrupt(two)
