"""What waits behind a turn and is likely cut off does not go before the user says so."""

import asyncio
from dataclasses import replace

import pytest

from services.errors import StorageError, UnreachableError, UsageError
from services.events import QueueChanged
from services.models.chat import UserMessage
from services.models.limit_history import PreSend
from tests.unit.chat.conftest import Desk, Step, until
from tests.unit.chat.limit_words import ASKED, RESET, START, Limits
from tests.unit.chat.test_turns import HELLO, end, reply, user
from tests.unit.chat.test_waiting import LATEST, MovedClock, answered, asked, shown
from tests.unit.chat.test_waiting import clock as clock  # noqa: PLC0414 a fixture
from tests.unit.chat.test_waiting import desk as desk  # noqa: PLC0414 a fixture
from tests.unit.chat.test_waiting import programs as programs  # noqa: PLC0414 a fixture

GONE = UnreachableError("Gone", next_step="Try again")


@pytest.fixture
def limits() -> Limits:
    return Limits(answer=ASKED)


@pytest.fixture
async def chat_id(desk: Desk, limits: Limits) -> str:
    """A chat whose turn has ended, with two messages that do not go."""
    desk.chat.look_at(limits)
    return await stopped(desk)


def script(name: str) -> list[Step]:
    return [*reply(name, f"r-{name}"), end()]


async def stopped(desk: Desk) -> str:
    gate = asyncio.Event()
    desk.inference.scripts = [[gate, *HELLO]]
    chat_id = (await desk.chat.new()).summary.id
    for text in ("first", "second", "third"):
        await desk.chat.submit(chat_id, text)
    gate.set()
    await answered(desk, chat_id, 1)
    await until(lambda: why(desk) is not None)
    return chat_id


def why(desk: Desk) -> PreSend | None:
    """Why the queue does not go, as it was told last."""
    return [event.asked for event in desk.told.events if isinstance(event, QueueChanged)][-1]


async def test_the_queue_stays_and_says_why(desk: Desk, chat_id: str, limits: Limits) -> None:
    assert asked(desk) == [user("first")]
    assert [each.text for each in await desk.store.queue(chat_id)] == ["second", "third"]
    assert why(desk) == ASKED
    chat = await desk.chat.open(chat_id)
    assert (chat.asked, len(chat.queue)) == (ASKED, 2)
    assert limits.asked == [chat_id]


async def test_sent_anyway_one_goes_and_the_next_is_asked_about(desk: Desk, chat_id: str) -> None:
    desk.inference.scripts = [script("two"), script("three")]
    await desk.chat.answer(chat_id, "send")
    await desk.chat.answer(chat_id, "send")
    await answered(desk, chat_id, 2)
    assert asked(desk) == [user("first"), user("second")]
    await until(lambda: why(desk) == ASKED)
    await desk.chat.answer(chat_id, "send")
    await answered(desk, chat_id, 3)
    assert asked(desk)[2:] == [user("third")]
    assert why(desk) is None
    assert await desk.store.queue(chat_id) == ()


async def test_where_enough_is_left_by_then_the_rest_goes_unasked(
    desk: Desk, chat_id: str, limits: Limits
) -> None:
    desk.inference.scripts = [script("two"), script("three")]
    limits.answer = None
    await desk.chat.answer(chat_id, "send")
    await answered(desk, chat_id, 3)
    assert asked(desk) == [user("first"), user("second"), user("third")]


async def test_until_the_reset_all_of_it_waits_and_goes_in_order(
    desk: Desk, chat_id: str, limits: Limits, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second one wakes first.
    margins = iter((LATEST, 2.0))

    def margin(*_: float) -> float:
        return next(margins)

    monkeypatch.setattr(desk.chat._waiting._rng, "uniform", margin)
    await desk.chat.answer(chat_id, "wait")
    queue = await desk.store.queue(chat_id)
    assert shown(desk) == queue
    assert why(desk) is None
    assert [(each.text, each.not_before, each.window_id) for each in queue] == [
        ("second", RESET, ASKED.window_id),
        ("third", RESET, ASKED.window_id),
    ]
    desk.inference.scripts = [script("two"), script("three")]
    limits.answer = None
    limits.say(used_percent=0.0, period=4, resets_at=RESET + 18_000)
    await clock.move_to(START + 60)
    await answered(desk, chat_id, 3)
    assert asked(desk) == [user("first"), user("second"), user("third")]
    await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 3


async def test_put_away_the_queue_goes_when_something_is_sent(desk: Desk, chat_id: str) -> None:
    await desk.chat.answer(chat_id, "cancel")
    assert why(desk) is None
    assert [each.text for each in shown(desk)] == ["second", "third"]
    desk.inference.scripts = [script("two")]
    await desk.chat.submit(chat_id, "fourth")
    await answered(desk, chat_id, 2)
    assert asked(desk)[1:] == [user("second")]
    assert [each.text for each in shown(desk)] == ["third", "fourth"]
    await until(lambda: why(desk) == ASKED)


async def test_what_is_written_meanwhile_goes_behind_it(desk: Desk, chat_id: str) -> None:
    await desk.chat.submit(chat_id, "fourth")
    assert [each.text for each in shown(desk)] == ["second", "third", "fourth"]
    assert why(desk) == ASKED
    assert asked(desk) == [user("first")]


async def test_taken_back_it_is_asked_about_no_more(desk: Desk, chat_id: str) -> None:
    for message in shown(desk):
        assert why(desk) == ASKED
        await desk.chat.remove_queued(chat_id, message.id)
    assert why(desk) is None
    desk.inference.scripts = [script("two")]
    await desk.chat.submit(chat_id, "new")
    await answered(desk, chat_id, 2)


@pytest.mark.parametrize("way", ["send_queued", "send_now"])
async def test_what_is_sent_now_answers_it(desk: Desk, chat_id: str, way: str) -> None:
    desk.inference.scripts = [script("two")]
    if way == "send_queued":
        await desk.chat.send_queued(chat_id, shown(desk)[0].id)
    else:
        await desk.chat.send_now(chat_id, "now")
    assert why(desk) is None
    await answered(desk, chat_id, 2)
    assert asked(desk)[1:] == [user("second" if way == "send_queued" else "now")]
    await until(lambda: why(desk) == ASKED)


async def test_without_somebody_to_ask_the_queue_goes(desk: Desk) -> None:
    gate = asyncio.Event()
    desk.inference.scripts = [[gate, *HELLO], script("two")]
    chat_id = (await desk.chat.new()).summary.id
    await desk.chat.submit(chat_id, "first")
    await desk.chat.submit(chat_id, "second")
    gate.set()
    await answered(desk, chat_id, 2)


async def test_where_limits_fail_the_queue_goes(desk: Desk, limits: Limits) -> None:
    limits.error = StorageError("The disk is gone")
    desk.chat.look_at(limits)
    gate = asyncio.Event()
    desk.inference.scripts = [[gate, *HELLO], script("two")]
    chat_id = (await desk.chat.new()).summary.id
    await desk.chat.submit(chat_id, "first")
    await desk.chat.submit(chat_id, "second")
    gate.set()
    await answered(desk, chat_id, 2)


async def test_after_a_new_start_the_queue_is_there_and_nothing_has_gone(
    programs: tuple[Desk, Desk], limits: Limits
) -> None:
    before, after = programs
    async with before.chat:
        before.chat.look_at(limits)
        chat_id = await stopped(before)
    async with after.chat:
        after.chat.look_at(limits)
        chat = await after.chat.open(chat_id)
        await after.chat.take_over_waiting(chat_id)
        assert [each.text for each in chat.queue] == ["second", "third"]
    assert after.inference.requests == []


# --- a turn that is run again --------------------------------------------------------------------


async def broken(desk: Desk, limits: Limits, text: str = "hi") -> str:
    """A chat whose turn was cut off."""
    desk.chat.look_at(limits)
    return await desk.say(text, [*reply("half")[:2], GONE])


async def users(desk: Desk, chat_id: str) -> list[str]:
    return [each.text for each in await desk.stored(chat_id) if isinstance(each, UserMessage)]


async def test_a_turn_is_run_again_after_the_reset_and_its_message_is_sent_once(
    desk: Desk, limits: Limits, clock: MovedClock
) -> None:
    chat_id = await broken(desk, limits)
    await desk.chat.retry_later(chat_id, ASKED)
    await desk.chat.retry_later(chat_id, ASKED)
    (queued,) = await desk.store.queue(chat_id)
    assert (queued.text, queued.not_before, bool(queued.retries)) == ("hi", RESET, True)
    limits.say(used_percent=0.0, period=4)
    desk.inference.scripts = [script("whole")]
    await clock.move_to(START + 60)
    await answered(desk, chat_id, 2)
    assert asked(desk) == [user("hi"), user("hi")]
    assert await users(desk, chat_id) == ["hi"]
    assert await desk.store.queue(chat_id) == () == shown(desk)
    await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 2


@pytest.mark.parametrize("meanwhile", ["retry", "submit"])
async def test_what_was_run_again_meanwhile_or_is_the_last_no_more_is_not_run(
    desk: Desk, limits: Limits, clock: MovedClock, meanwhile: str
) -> None:
    chat_id = await broken(desk, limits)
    await desk.chat.retry_later(chat_id, ASKED)
    limits.state = replace(limits.state, windows=())
    desk.inference.scripts = [script("whole"), script("more")]
    if meanwhile == "retry":
        await desk.chat.retry(chat_id)
        assert shown(desk) == ()
    else:
        await desk.chat.submit(chat_id, "new")
    await answered(desk, chat_id, 2)
    await clock.move_to(RESET + LATEST)
    await until(lambda: shown(desk) == ())
    await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 2


async def test_an_interrupt_does_not_give_back_what_was_sent(desk: Desk, limits: Limits) -> None:
    chat_id = await broken(desk, limits)
    await desk.chat.retry_later(chat_id, ASKED)
    desk.inference.scripts = [["silence"]]
    await desk.chat.submit(chat_id, "new")
    await until(lambda: len(desk.inference.requests) == 2)
    assert await desk.chat.interrupt(chat_id) == ()
    assert await desk.store.queue(chat_id) == ()


async def test_after_a_new_start_a_turn_is_run_again_at_its_time(
    programs: tuple[Desk, Desk], limits: Limits, clock: MovedClock
) -> None:
    before, after = programs
    async with before.chat:
        chat_id = await broken(before, limits)
        await before.chat.retry_later(chat_id, ASKED)
    async with after.chat:
        await after.chat.open(chat_id)
        await after.chat.take_over_waiting(chat_id)
        after.inference.scripts = [script("whole")]
        await clock.move_to(RESET + LATEST)
        await answered(after, chat_id, 1)
        assert await users(after, chat_id) == ["hi"]


async def test_nothing_waits_that_cannot_be_run_again(desk: Desk, limits: Limits) -> None:
    chat_id = await broken(desk, limits)
    with pytest.raises(UsageError):
        await desk.chat.retry_later(chat_id, replace(ASKED, resets_at=None))
    await desk.say("again", script("whole"), chat_id=chat_id)
    with pytest.raises(UsageError):
        await desk.chat.retry_later(chat_id, ASKED)
    assert await desk.store.queue(chat_id) == ()
