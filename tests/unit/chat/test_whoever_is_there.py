"""What a program holds that is gone is sent by whoever is there, whenever that becomes known."""

import asyncio
from dataclasses import replace

from services.models.chat import QueuedMessage
from tests.unit.chat.conftest import Desk, until
from tests.unit.chat.limit_words import ASKED, RESET, START, Limits
from tests.unit.chat.test_turns import HELLO, user
from tests.unit.chat.test_waiting import LATEST, TWO, MovedClock, answered, asked, shown
from tests.unit.chat.test_waiting import clock as clock  # noqa: PLC0414 a fixture
from tests.unit.chat.test_waiting import desk as desk  # noqa: PLC0414 a fixture
from tests.unit.chat.test_waiting import programs as programs  # noqa: PLC0414 a fixture

LATER = QueuedMessage(id="q", text="later", not_before=RESET, holder="other")
OFTEN = 30.0
"""Seconds within which it is noticed that a program is gone."""


class Others:
    """Programs besides this one, which a test lets die."""

    def __init__(self, desk: Desk, *names: str) -> None:
        self.names = {*names}
        program, own = desk.store._program, desk.store._program.is_alive
        program.is_alive = lambda owner: owner in self.names or own(owner)  # type: ignore[method-assign]


async def test_it_goes_at_its_time_where_its_program_dies_after_this_one_began(
    desk: Desk, clock: MovedClock
) -> None:
    others = Others(desk, "other")
    chat_id = await desk.say("first", HELLO)
    await desk.store.enqueue(chat_id, LATER)
    desk.chat.look_at(Limits())
    await clock.move_to(START + 60)
    assert await desk.store.queue(chat_id) == (LATER,)
    others.names.clear()
    await clock.move_to(START + 60 + OFTEN)
    assert await desk.store.queue(chat_id) == (desk.store.held.ours(LATER),) == shown(desk)
    desk.inference.scripts.append(TWO)
    await clock.move_to(RESET + LATEST)
    await answered(desk, chat_id, 2)
    assert asked(desk)[1:] == [user("later")]
    await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 2


async def test_it_goes_late_where_its_program_dies_shortly_before_its_time(
    desk: Desk, clock: MovedClock
) -> None:
    others = Others(desk, "other")
    chat_id = await desk.say("first", HELLO)
    await desk.store.enqueue(chat_id, LATER)
    desk.chat.look_at(Limits())
    await clock.move_to(RESET - 1)
    others.names.clear()
    desk.inference.scripts.append(TWO)
    await clock.move_to(RESET + OFTEN + LATEST)
    await answered(desk, chat_id, 2)
    assert asked(desk)[1:] == [user("later")]


async def test_what_was_due_before_this_program_looked_goes_when_told_only(
    desk: Desk, clock: MovedClock
) -> None:
    chat_id = await desk.say("first", HELLO)
    await desk.store.enqueue(chat_id, LATER)
    clock.set(RESET + 1)
    desk.chat.look_at(Limits())
    await clock.move_to(RESET + 3_600)
    assert asked(desk) == [user("first")]
    assert await desk.store.queue(chat_id) == (desk.store.held.ours(LATER),)


async def test_a_chat_that_is_open_learns_what_another_program_left_in_it(
    programs: tuple[Desk, Desk], clock: MovedClock
) -> None:
    first, second = programs
    name = first.store.held.ours(LATER).holder
    others = Others(second, name)
    async with second.chat:
        async with first.chat:
            chat_id = await first.say("first", HELLO)
            await second.chat.open(chat_id)
            second.chat.look_at(Limits())
            await first.chat.submit_later(chat_id, "later", not_before=RESET)
        others.names.clear()
        second.inference.scripts.append(TWO)
        await clock.move_to(RESET + LATEST)
        await answered(second, chat_id, 1)
    assert asked(second) == [user("later")]


async def test_what_a_broken_disk_still_has_is_not_taken_over(
    desk: Desk, clock: MovedClock
) -> None:
    others = Others(desk, "other")
    chat_id = await desk.say("first", HELLO)
    await desk.store.enqueue(chat_id, LATER)
    desk.chat.look_at(Limits())
    await clock.move_to(START + 1)
    desk.database.is_full = True
    desk.inference.scripts.append(TWO)
    await desk.chat.submit(chat_id, "now")
    await answered(desk, chat_id, 2)
    desk.database.is_full = False
    others.names.clear()
    await clock.move_to(RESET + 3_600)
    assert asked(desk) == [user("first"), user("now")]


async def test_looking_twice_looks_no_more_often_and_leaving_ends_it(
    desk: Desk, clock: MovedClock
) -> None:
    looks = 0
    held = desk.store.held
    orphaned = held.left_behind

    async def counted() -> tuple[str, ...]:
        nonlocal looks
        looks += 1
        return await orphaned()

    held.left_behind = counted  # type: ignore[method-assign]
    async with asyncio.timeout(5), desk.make() as service:
        service.look_at(Limits())
        service.look_at(Limits(answer=ASKED))
        await until(lambda: looks == 2)
        await clock.move_to(START + 1)
        await clock.move_to(START + 3 * OFTEN + 1)
        assert looks == 5
    await clock.move_to(START + 1_000)
    assert looks == 5


async def test_only_chats_are_looked_into_that_a_program_left_behind(desk: Desk) -> None:
    Others(desk, "other")
    held = desk.store.held
    left = (await desk.chat.new()).summary.id
    waiting = [await desk.say("first", HELLO) for _ in range(3)]
    await desk.chat.save_draft(left, "x")
    await desk.store.enqueue(waiting[0], LATER)
    await desk.store.enqueue(waiting[1], held.ours(LATER))
    await desk.store.enqueue(waiting[2], QueuedMessage(id="p", text="plain"))
    assert await held.left_behind() == ()
    await desk.store.enqueue(left, replace(LATER, id="r", holder="gone"))
    assert await held.left_behind() == (left,)
