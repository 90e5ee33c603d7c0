"""What waits is never overtaken, however the turn before it ended."""

import asyncio

from services.errors import UsageError
from services.models.chat import QueuedMessage
from tests.unit.chat.conftest import Desk, Step
from tests.unit.chat.test_service import begin
from tests.unit.chat.test_turns import HELLO, reply, user

TWO: list[Step] = [*reply("Two", "r2"), HELLO[-1]]
THREE: list[Step] = [*reply("Three", "r3"), HELLO[-1]]


async def fail_with_a_queue(desk: Desk) -> str:
    """A chat whose turn failed while `second` waited."""
    gate = asyncio.Event()
    chat_id = await begin(desk, "first", [*reply("x")[:2], gate, UsageError("No")])
    await desk.chat.submit(chat_id, "second")
    gate.set()
    await desk.chat.wait(chat_id)
    return chat_id


def asked(desk: Desk) -> list[object]:
    return [request.history[-1] for request in desk.inference.requests]


async def test_a_new_message_goes_behind_those_that_a_failed_turn_left(desk: Desk) -> None:
    chat_id = await fail_with_a_queue(desk)
    desk.inference.scripts += [TWO, THREE]
    waiting = await desk.chat.submit(chat_id, "third", schema={"type": "object"})
    await desk.chat.wait(chat_id)
    assert waiting is not None
    assert asked(desk) == [user("first"), user("second"), user("third")]
    assert [request.schema for request in desk.inference.requests[1:]] == [None, {"type": "object"}]
    assert await desk.store.queue(chat_id) == ()


async def test_a_new_message_goes_behind_those_that_a_killed_program_left(desk: Desk) -> None:
    chat_id = await desk.say("first", HELLO)
    await desk.store.enqueue(chat_id, QueuedMessage(id="q", text="second"))
    desk.inference.scripts += [TWO, THREE]
    async with desk.make() as again:
        assert [each.text for each in (await again.open(chat_id)).queue] == ["second"]
        assert not again.is_running(chat_id)
        await again.submit(chat_id, "third")
        await again.wait(chat_id)
    assert asked(desk) == [user("first"), user("second"), user("third")]


async def test_trying_again_moves_the_queue_on(desk: Desk) -> None:
    chat_id = await fail_with_a_queue(desk)
    desk.inference.scripts += [HELLO, TWO]
    await desk.chat.retry(chat_id)
    await desk.chat.wait(chat_id)
    assert asked(desk) == [user("first"), user("first"), user("second")]


async def test_sending_now_overtakes_what_waits(desk: Desk) -> None:
    chat_id = await fail_with_a_queue(desk)
    desk.inference.scripts += [HELLO, TWO]
    await desk.chat.send_now(chat_id, "now")
    await desk.chat.wait(chat_id)
    assert asked(desk)[1:] == [user("now"), user("second")]
