"""Messages that wait for a time: sent once, not before it, by the program that holds them."""

import asyncio
import heapq
import itertools
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.events import QueueChanged
from services.models.chat import QueuedMessage
from services.store.database import Database
from tests.unit.chat.conftest import Desk, ShakyDatabase, Step, until
from tests.unit.chat.test_turns import HELLO, reply, user

TWO: list[Step] = [*reply("Two", "r2"), HELLO[-1]]
START, RESET = 1_800_000_000.0, 1_800_003_600.0
LATEST = 8.0
"""Seconds after its time by which a message goes at the latest."""


class MovedClock:
    """Time that a test moves on."""

    def __init__(self) -> None:
        self.at = START
        self.databases: list[Database] = []
        self._count = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.at + seconds, next(self._count), woken))
        await woken

    async def move_to(self, at: float) -> None:
        """Let time pass, and everybody who wakes meanwhile do something."""
        while self._sleepers and self._sleepers[0][0] <= at:
            self.at, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await self._settle()
        self.at = at
        await self._settle()

    async def _settle(self) -> None:
        """Wait for what somebody who woke asked of the disk, and what came of that."""
        for _ in range(5):
            await asyncio.sleep(0)
            for database in self.databases:
                await database.read(lambda _: None)

    def set(self, at: float) -> None:
        """Time has passed while nobody could notice."""
        self.at = at


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
async def desk(clock: MovedClock) -> AsyncIterator[Desk]:
    database = await ShakyDatabase.in_memory(clock)
    clock.databases.append(database)
    desk = Desk(database, clock)
    async with desk.chat:
        yield desk
    await database.close()


async def wait_for_reset(desk: Desk, text: str = "later") -> tuple[str, QueuedMessage]:
    """A chat with a whole turn, and a message that waits for the reset."""
    chat_id = await desk.say("first", HELLO)
    queued = await desk.chat.submit_later(chat_id, text, not_before=RESET)
    return chat_id, queued


def asked(desk: Desk) -> list[object]:
    return [request.history[-1] for request in desk.inference.requests]


def shown(desk: Desk) -> tuple[QueuedMessage, ...]:
    """The queue as it was told last."""
    return [event.queue for event in desk.told.events if isinstance(event, QueueChanged)][-1]


async def answered(desk: Desk, chat_id: str, count: int) -> None:
    """Wait for the end of so many turns."""
    await until(lambda: len(desk.told.ends()) == count)
    await desk.chat.wait(chat_id)


async def test_it_is_on_disk_at_once_and_goes_by_itself_after_its_time(
    desk: Desk, clock: MovedClock
) -> None:
    chat_id, queued = await wait_for_reset(desk)
    assert await desk.store.queue(chat_id) == (queued,)
    assert (queued.text, queued.not_before) == ("later", RESET)
    desk.inference.scripts.append(TWO)
    await clock.move_to(RESET + 1.9)
    assert asked(desk) == [user("first")]
    await clock.move_to(RESET + LATEST)
    await answered(desk, chat_id, 2)
    assert asked(desk) == [user("first"), user("later")]
    assert await desk.store.queue(chat_id) == () == shown(desk)
    await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 2


async def test_it_goes_late_where_the_machine_was_asleep(desk: Desk, clock: MovedClock) -> None:
    chat_id, _ = await wait_for_reset(desk)
    desk.inference.scripts.append(TWO)
    await clock.move_to(START + 10)
    clock.set(RESET + 7_200)
    await clock.move_to(RESET + 7_230)
    await answered(desk, chat_id, 2)
    assert asked(desk)[1:] == [user("later")]


async def test_the_draft_goes_once_the_message_waits(desk: Desk) -> None:
    chat_id = await desk.say("first", HELLO)
    await desk.chat.save_draft(chat_id, "later")
    await desk.chat.submit_later(chat_id, "later", not_before=RESET)
    assert (await desk.store.load(chat_id)).draft == ""


async def test_a_new_chat_can_begin_with_it(desk: Desk, clock: MovedClock) -> None:
    chat_id = (await desk.chat.new()).summary.id
    await desk.chat.submit_later(chat_id, "later", not_before=RESET)
    assert [each.text for each in (await desk.store.load(chat_id)).queue] == ["later"]
    desk.inference.scripts.append(HELLO)
    await clock.move_to(RESET + LATEST)
    await answered(desk, chat_id, 1)
    assert (await desk.store.load(chat_id)).summary.title == "later"


async def test_what_is_sent_meanwhile_goes_before_it(desk: Desk, clock: MovedClock) -> None:
    chat_id, queued = await wait_for_reset(desk)
    await desk.say("now", TWO, chat_id=chat_id)
    assert asked(desk) == [user("first"), user("now")]
    assert await desk.store.queue(chat_id) == (queued,)
    desk.inference.scripts.append(HELLO)
    await clock.move_to(RESET + LATEST)
    await answered(desk, chat_id, 3)
    assert asked(desk)[2:] == [user("later")]


async def test_it_follows_a_turn_that_runs_when_its_time_comes(
    desk: Desk, clock: MovedClock
) -> None:
    chat_id, _ = await wait_for_reset(desk)
    gate = asyncio.Event()
    long: list[Step] = [*reply("x")[:2], gate, *reply("x")[2:], HELLO[-1]]
    desk.inference.scripts += [long, TWO]
    await desk.chat.submit(chat_id, "long")
    await clock.move_to(RESET + LATEST)
    await until(lambda: shown(desk)[0].not_before is None)
    assert asked(desk) == [user("first"), user("long")]
    gate.set()
    await answered(desk, chat_id, 3)
    assert asked(desk)[2:] == [user("later")]


async def test_it_can_be_changed_and_taken_out_and_then_does_not_go(
    desk: Desk, clock: MovedClock
) -> None:
    chat_id, queued = await wait_for_reset(desk)
    await desk.chat.edit_queued(chat_id, queued.id, "changed")
    assert await desk.store.queue(chat_id) == (replace(queued, text="changed"),)
    other = await desk.chat.submit_later(chat_id, "other", not_before=RESET)
    await desk.chat.remove_queued(chat_id, other.id)
    desk.inference.scripts.append(TWO)
    await clock.move_to(RESET + LATEST)
    await answered(desk, chat_id, 2)
    await clock.move_to(RESET + 3_600)
    assert asked(desk)[1:] == [user("changed")]


async def test_it_can_be_sent_now_and_does_not_go_again(desk: Desk, clock: MovedClock) -> None:
    chat_id, queued = await wait_for_reset(desk)
    desk.inference.scripts.append(TWO)
    await desk.chat.send_queued(chat_id, queued.id)
    await answered(desk, chat_id, 2)
    assert asked(desk)[1:] == [user("later")]
    await clock.move_to(RESET + 3_600)
    await desk.chat.send_queued(chat_id, queued.id)
    assert len(desk.inference.requests) == 2


async def test_an_interrupt_gives_it_back(desk: Desk, clock: MovedClock) -> None:
    chat_id, queued = await wait_for_reset(desk)
    desk.inference.scripts.append(["silence"])
    await desk.chat.submit(chat_id, "long")
    await until(lambda: len(desk.inference.requests) == 2)
    assert await desk.chat.interrupt(chat_id) == (queued,)
    assert await desk.store.queue(chat_id) == ()
    await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 2


async def test_it_goes_where_the_disk_refuses_too(desk: Desk, clock: MovedClock) -> None:
    chat_id = await desk.say("first", HELLO)
    desk.database.is_full = True
    await desk.chat.submit_later(chat_id, "later", not_before=RESET)
    desk.inference.scripts.append(TWO)
    await clock.move_to(RESET + LATEST)
    await answered(desk, chat_id, 2)
    assert asked(desk)[1:] == [user("later")]


async def test_leaving_sends_nothing_and_leaves_it_on_disk(desk: Desk, clock: MovedClock) -> None:
    async with desk.make() as second:
        chat_id = (await second.new()).summary.id
        queued = await second.submit_later(chat_id, "later", not_before=RESET)
    await clock.move_to(RESET + 3_600)
    assert desk.inference.requests == []
    assert await desk.store.queue(chat_id) == (queued,)


# Another start of the program, and another program at the same time --------------------------


@pytest.fixture
async def programs(clock: MovedClock, tmp_path: Path) -> AsyncIterator[tuple[Desk, Desk]]:
    """Two programs over one file; each takes the other for gone, as both have this number."""
    databases = [await ShakyDatabase.open(tmp_path / "foredeck.db", clock) for _ in range(2)]
    clock.databases += databases
    desks = [Desk(database, clock) for database in databases]
    desks[1].numbers = itertools.count(1_000)
    yield desks[0], desks[1]
    for database in databases:
        await database.close()


def alive(desk: Desk, *others: Desk) -> None:
    """Let a program see that others run."""
    names = {other.store.held.ours(QueuedMessage(id="", text="")).holder for other in others}
    program, own = desk.store._program, desk.store._program.is_alive
    program.is_alive = lambda owner: owner in names or own(owner)  # type: ignore[method-assign]


async def test_after_a_new_start_it_waits_on_and_goes_at_its_time(
    programs: tuple[Desk, Desk], clock: MovedClock
) -> None:
    before, after = programs
    async with before.chat:
        chat_id, _ = await wait_for_reset(before)
    async with after.chat:
        assert [each.not_before for each in (await after.chat.open(chat_id)).queue] == [RESET]
        await after.chat.take_over_waiting(chat_id)
        await after.chat.take_over_waiting(chat_id)
        after.inference.scripts.append(TWO)
        await clock.move_to(RESET)
        assert after.inference.requests == []
        await clock.move_to(RESET + LATEST)
        await answered(after, chat_id, 1)
        await clock.move_to(RESET + 3_600)
    assert asked(after) == [user("later")]


async def test_what_was_due_while_the_program_was_closed_goes_when_told_only(
    programs: tuple[Desk, Desk], clock: MovedClock
) -> None:
    before, after = programs
    async with before.chat:
        chat_id, queued = await wait_for_reset(before)
    clock.set(RESET + 60)
    async with after.chat:
        await after.chat.open(chat_id)
        await after.chat.take_over_waiting(chat_id)
        await clock.move_to(RESET + 3_600)
        await after.say("now", TWO, chat_id=chat_id)
        assert asked(after) == [user("now")]
        after.inference.scripts.append(HELLO)
        await after.chat.send_queued(chat_id, queued.id)
        await answered(after, chat_id, 2)
    assert asked(after) == [user("now"), user("later")]


async def test_what_was_due_while_the_program_was_closed_is_given_back_by_an_interrupt(
    programs: tuple[Desk, Desk], clock: MovedClock
) -> None:
    before, after = programs
    async with before.chat:
        chat_id, _ = await wait_for_reset(before)
    clock.set(RESET + 60)
    async with after.chat:
        await after.chat.open(chat_id)
        await after.chat.take_over_waiting(chat_id)
        assert [each.text for each in await after.chat.interrupt(chat_id)] == ["later"]


async def test_of_two_programs_the_one_that_holds_it_sends_it(
    programs: tuple[Desk, Desk], clock: MovedClock
) -> None:
    first, second = programs
    alive(second, first)
    async with first.chat, second.chat:
        chat_id, queued = await wait_for_reset(first)
        await second.chat.open(chat_id)
        await second.chat.take_over_waiting(chat_id)
        assert await second.chat.interrupt(chat_id) == ()
        assert await second.store.queue(chat_id) == (queued,)
        first.inference.scripts.append(TWO)
        await clock.move_to(RESET + 3_600)
        await answered(first, chat_id, 2)
    assert asked(first)[1:] == [user("later")]
    assert second.inference.requests == []


async def test_two_programs_that_both_believe_to_hold_it_send_it_once(
    programs: tuple[Desk, Desk], clock: MovedClock
) -> None:
    first, second = programs
    async with first.chat, second.chat:
        chat_id, _ = await wait_for_reset(first)
        await second.chat.open(chat_id)
        await second.chat.take_over_waiting(chat_id)
        for desk in programs:
            desk.inference.scripts.append(TWO)
        await clock.move_to(RESET + LATEST)
        await answered(second, chat_id, 1)
        await until(lambda: shown(first) == ())
    assert (len(first.inference.requests), len(second.inference.requests)) == (1, 1)
    assert asked(second) == [user("later")]


async def test_what_another_program_took_out_or_changed_goes_as_it_is_on_disk(
    programs: tuple[Desk, Desk], clock: MovedClock
) -> None:
    first, second = programs
    alive(second, first)
    async with first.chat, second.chat:
        chat_id, gone = await wait_for_reset(first, "gone")
        changed = await first.chat.submit_later(chat_id, "changed", not_before=RESET)
        await second.chat.open(chat_id)
        await second.chat.remove_queued(chat_id, gone.id)
        await second.chat.edit_queued(chat_id, changed.id, "as it is now")
        first.inference.scripts.append(TWO)
        await clock.move_to(RESET + LATEST)
        await answered(first, chat_id, 2)
        await until(lambda: shown(first) == ())
    assert asked(first)[1:] == [user("as it is now")]


async def test_a_killed_program_leaves_it_to_the_next_one(desk: Desk, clock: MovedClock) -> None:
    chat_id = await desk.say("first", HELLO)
    message = QueuedMessage(id="q", text="later", not_before=RESET, holder="99999999:gone")
    await desk.store.enqueue(chat_id, message)
    async with desk.make() as again:
        await again.open(chat_id)
        await again.take_over_waiting(chat_id)
        desk.inference.scripts.append(TWO)
        await clock.move_to(RESET + LATEST)
        await answered(desk, chat_id, 2)
    assert asked(desk)[1:] == [user("later")]


async def test_nobody_takes_it_from_a_program_that_runs(desk: Desk, clock: MovedClock) -> None:
    chat_id = await desk.say("first", HELLO)
    holder = f"{os.getppid()}:runs"
    message = QueuedMessage(id="q", text="later", not_before=RESET, holder=holder)
    await desk.store.enqueue(chat_id, message)
    async with desk.make() as again:
        await again.open(chat_id)
        await again.take_over_waiting(chat_id)
        await clock.move_to(RESET + 3_600)
    assert len(desk.inference.requests) == 1
    assert await desk.store.queue(chat_id) == (message,)
