"""A message that waited, was let go, and waits again goes once, and holds nobody up."""

import asyncio
import itertools

import pytest

from tests.unit.chat.conftest import Desk, until
from tests.unit.chat.limit_words import ASKED, RESET, Limits
from tests.unit.chat.test_asking import script, why
from tests.unit.chat.test_turns import HELLO, end, reply, user
from tests.unit.chat.test_waiting import LATEST, MovedClock, answered, asked, shown
from tests.unit.chat.test_waiting import clock as clock  # noqa: PLC0414 a fixture
from tests.unit.chat.test_waiting import desk as desk  # noqa: PLC0414 a fixture


@pytest.fixture
def limits() -> Limits:
    return Limits(answer=ASKED)


async def held_again(desk: Desk) -> str:
    """A chat whose message waited, went behind a turn before its time, and waits once more."""
    chat_id = await desk.say("first", HELLO)
    queued = await desk.chat.submit_later(chat_id, "later", not_before=RESET, asked=ASKED)
    gate = asyncio.Event()
    desk.inference.scripts.append([*reply("x", "r2")[:2], gate, *reply("x", "r2")[2:], end()])
    await desk.chat.submit(chat_id, "long")
    await desk.chat.send_queued(chat_id, queued.id)
    gate.set()
    await answered(desk, chat_id, 2)
    await until(lambda: why(desk) == ASKED)
    await desk.chat.answer(chat_id, "wait")
    assert [each.not_before for each in shown(desk)] == [RESET]
    return chat_id


async def test_it_goes_once_at_its_time(desk: Desk, limits: Limits, clock: MovedClock) -> None:
    desk.chat.look_at(limits)
    chat_id = await held_again(desk)
    limits.answer = None
    limits.say(used_percent=0.0, period=4, resets_at=RESET + 18_000)
    desk.inference.scripts = [script("later")]
    await clock.move_to(RESET + LATEST)
    await answered(desk, chat_id, 3)
    assert asked(desk)[2:] == [user("later")]
    await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 3


async def test_leaving_does_not_wait_for_its_time(
    desk: Desk, limits: Limits, clock: MovedClock
) -> None:
    async with asyncio.timeout(5), desk.make() as service:
        desk.chat = service
        service.look_at(limits)
        chat_id = await held_again(desk)
    await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 2
    assert [each.not_before for each in await desk.store.queue(chat_id)] == [RESET]


async def test_what_is_to_wait_while_the_program_leaves_does_not_hold_it_up(
    desk: Desk, clock: MovedClock
) -> None:
    service = await desk.make().__aenter__()
    async with asyncio.timeout(5):
        chat_id = (await service.new()).summary.id
        desk.inference.scripts = [["silence"]]
        await service.submit(chat_id, "long")
        await until(lambda: len(desk.inference.requests) == 1)
        state = service._shelf.peek(chat_id)
        assert state is not None
        async with state.lock:
            later = asyncio.create_task(service.submit_later(chat_id, "later", not_before=RESET))
            await asyncio.to_thread(lambda: None)
            leaving = asyncio.create_task(service.__aexit__(None, None, None))
            await asyncio.to_thread(lambda: None)
        queued = await later
        await leaving
    assert await desk.store.queue(chat_id) == (queued,)


async def test_of_those_that_wait_for_one_reset_some_can_wait_again_before_they_have_woken(
    desk: Desk, limits: Limits, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last one wakes first, and lets those before it go with it.
    margins = itertools.chain((LATEST, LATEST, 2.0), itertools.repeat(2.0))

    def margin(*_: float) -> float:
        return next(margins)

    monkeypatch.setattr(desk.chat._waiting._rng, "uniform", margin)
    desk.chat.look_at(limits)
    chat_id = await desk.say("first", HELLO)
    for text in ("second", "third", "fourth"):
        await desk.chat.submit_later(chat_id, text, not_before=RESET, asked=ASKED)
    await clock.move_to(RESET - 1)
    limits.say(used_percent=0.0, period=4, resets_at=RESET + 18_000)
    desk.inference.scripts = [script("two")]
    await clock.move_to(RESET + 2.5)
    await answered(desk, chat_id, 2)
    await until(lambda: why(desk) == ASKED)
    assert [each.not_before for each in shown(desk)] == [None, None]
    await desk.chat.answer(chat_id, "wait")
    limits.answer = None
    desk.inference.scripts = [script("three"), script("four")]
    await clock.move_to(RESET + 100)
    await answered(desk, chat_id, 4)
    assert asked(desk)[1:] == [user("second"), user("third"), user("fourth")]
    await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 4
