"""Where it went: turns, tasks, hours, and what was nothing of ours."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.limits.costing import LATE
from services.models.limit_history import Cost
from services.models.limits import LimitSource
from services.store.chats import ChatStore
from services.store.database import Database
from services.store.limits import LimitStore
from services.store.limits_costs import LIFE, LONGEST
from tests.unit.store.conftest import StillClock
from tests.unit.store.limit_words import DAY, FIVE, HOUR, ME, T0, WEEK, spent, turn, word


@pytest.fixture
def limits(database: Database, clock: StillClock) -> LimitStore:
    return LimitStore(database, clock)


async def test_a_turn_that_ran_alone_has_what_was_used_of_each_window(
    limits: LimitStore, clock: StillClock
) -> None:
    await limits.apply(ME, word(T0, 40, 20))
    clock.time = T0 + 10
    await limits.work_began(ME, turn("t1", T0 + 10, title="Question"))
    clock.time = T0 + 40
    await limits.work_ended(ME, "turn", "t1", title="A better title")
    clock.time = T0 + 60
    await limits.apply(ME, word(T0 + 60, 43, 20.5))
    assert await limits.costs(ME, since=0) == (
        Cost(
            kind="turn",
            id="t1",
            title="A better title",
            at=T0 + 10,
            percents=((FIVE, 3.0), (WEEK, 0.5)),
        ),
    )


async def test_use_while_nothing_of_ours_ran_is_from_elsewhere(limits: LimitStore) -> None:
    await limits.apply(ME, word(T0, 40))
    await limits.apply(ME, word(T0 + 60, 42))
    await limits.apply(ME, word(T0 + 120, 45))
    assert await limits.costs(ME, since=0) == (
        Cost(kind="elsewhere", id="", title="", at=T0 + 60, percents=((FIVE, 5.0),)),
    )
    assert spent(await limits.costs(ME, since=T0 + 61)) == {"elsewhere": 3.0}


async def test_what_ran_at_once_shares_and_says_so(limits: LimitStore, clock: StillClock) -> None:
    await limits.apply(ME, word(T0, 40))
    await limits.work_began(ME, turn("a", T0))
    await limits.work_began(ME, replace(turn("b", T0), kind="task"))
    clock.time = T0 + 60
    await limits.apply(ME, word(T0 + 60, 43))
    costs = await limits.costs(ME, since=0)
    assert spent(costs) == {"a": 1.5, "b": 1.5}
    assert {(cost.kind, cost.is_shared) for cost in costs} == {("turn", True), ("task", True)}


async def test_a_turn_is_counted_late_but_not_for_long(
    limits: LimitStore, clock: StillClock
) -> None:
    await limits.apply(ME, word(T0, 40))
    await limits.work_began(ME, turn("a", T0 + 10))
    clock.time = T0 + 50
    await limits.work_ended(ME, "turn", "a")
    for after, used in ((60, 40), (120, 42), (180, 43), (50 + LATE + 120, 50)):
        clock.time = T0 + after
        await limits.apply(ME, word(clock.time, used))
    assert spent(await limits.costs(ME, since=0)) == {"a": 3.0, "elsewhere": 7.0}


async def test_short_turns_one_after_the_other_have_each_what_their_own_answers_tell(
    limits: LimitStore, clock: StillClock
) -> None:
    await limits.apply(ME, word(T0, 40))
    used, names = 40.0, ["t0", "t1", "t2", "t3"]
    for number, name in enumerate(names):
        clock.time = T0 + 1 + number
        await limits.work_began(ME, turn(name, clock.time))
        begins = word(clock.time + 0.1, used, source=LimitSource.HEADERS)
        await limits.apply(ME, replace(begins, turn_id=name, is_before_turn=True))
        used += number
        goes_on = word(clock.time + 0.2, used, source=LimitSource.STREAM)
        await limits.apply(ME, replace(goes_on, turn_id=name))
        clock.time += 0.3
        await limits.work_ended(ME, "turn", name)
    found = await limits.turn_costs(ME, "chat-1", count=10)
    assert spent(found) == {"t0": 0.0, "t1": 1.0, "t2": 2.0, "t3": 3.0}
    assert not any(cost.is_shared for cost in found)


async def test_short_turns_that_only_polls_tell_of_share_what_they_cost(
    limits: LimitStore, clock: StillClock
) -> None:
    await limits.apply(ME, word(T0, 40))
    for number in range(4):
        clock.time = T0 + 1 + number
        await limits.work_began(ME, turn(f"t{number}", clock.time))
        clock.time += 0.5
        await limits.work_ended(ME, "turn", f"t{number}")
    clock.time = T0 + 60
    await limits.apply(ME, word(T0 + 60, 46))
    found = await limits.turn_costs(ME, "chat-1", count=10)
    assert spent(found) == {"t0": 1.5, "t1": 1.5, "t2": 1.5, "t3": 1.5}
    assert all(cost.is_shared for cost in found)


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "not told"])
async def test_use_after_a_turn_that_told_its_own_may_be_anybodys(
    limits: LimitStore, clock: StillClock, is_told: bool
) -> None:
    await limits.apply(ME, word(T0, 40))
    clock.time = T0 + 1
    await limits.work_began(ME, turn("t1", clock.time))
    goes_on = word(T0 + 20, 42 if is_told else 40, source=LimitSource.STREAM)
    await limits.apply(ME, replace(goes_on, turn_id="t1"))
    clock.time = T0 + 20.5
    await limits.work_ended(ME, "turn", "t1")
    clock.time = T0 + 60
    await limits.apply(ME, word(T0 + 60, 46))
    found = spent(await limits.costs(ME, since=0))
    assert found == ({"t1": 4.0, "elsewhere": 2.0} if is_told else {"t1": 6.0})


async def test_what_another_program_used_before_a_turn_is_not_the_turns(
    limits: LimitStore, clock: StillClock
) -> None:
    await limits.apply(ME, word(T0, 40))
    clock.time = T0 + 50
    await limits.work_began(ME, turn("t1", clock.time))
    begins = word(T0 + 51, 44, source=LimitSource.HEADERS)
    await limits.apply(ME, replace(begins, turn_id="t1", is_before_turn=True))
    await limits.apply(ME, replace(word(T0 + 52, 45, source=LimitSource.STREAM), turn_id="t1"))
    assert spent(await limits.costs(ME, since=0)) == {"elsewhere": 4.0, "t1": 1.0}


async def test_another_program_that_was_at_it_goes_on_while_a_turn_runs(
    limits: LimitStore, clock: StillClock
) -> None:
    for minute, used in enumerate((40, 41, 42, 43, 44)):
        clock.time = T0 + 60 * minute
        await limits.apply(ME, word(clock.time, used))
    await limits.work_began(ME, turn("t1", clock.time))
    clock.time += 60
    await limits.apply(ME, word(clock.time, 49))
    found = await limits.costs(ME, since=clock.time)
    assert spent(found) == {"t1": 4.0, "elsewhere": 1.0}
    assert all(cost.is_shared for cost in found)


async def test_the_dearest_comes_first_and_no_more_than_were_asked_for(
    limits: LimitStore, clock: StillClock
) -> None:
    await limits.apply(ME, word(T0, 10))
    used = 10.0
    for number, cost in enumerate((2, 7, 4)):
        clock.time = T0 + 300 * (number + 1)
        await limits.work_began(ME, turn(f"t{number}", clock.time))
        clock.time += 60
        used += cost
        await limits.work_ended(ME, "turn", f"t{number}")
        await limits.apply(ME, word(clock.time, used))
    assert [cost.id for cost in await limits.costs(ME, since=0)] == ["t1", "t2", "t0"]
    assert [cost.id for cost in await limits.costs(ME, since=0, limit=2)] == ["t1", "t2"]


async def test_turns_of_a_chat_come_newest_first_with_those_that_cost_nothing(
    limits: LimitStore, clock: StillClock
) -> None:
    await limits.work_began(ME, turn("other", T0, chat="chat-2"))
    await limits.work_ended(ME, "turn", "other")
    await limits.apply(ME, word(T0 + 200, 10))
    used = 10.0
    for number, cost in enumerate((2, 0, 4)):
        clock.time = T0 + 300 * (number + 1)
        await limits.work_began(ME, turn(f"t{number}", clock.time))
        clock.time += 60
        used += cost
        await limits.work_ended(ME, "turn", f"t{number}")
        await limits.apply(ME, word(clock.time, used))
    await limits.work_began(ME, turn("running", clock.time))
    found = await limits.turn_costs(ME, "chat-1", count=10)
    assert [cost.id for cost in found] == ["t2", "t1", "t0"]
    assert spent(found) == {"t2": 4.0, "t1": 0.0, "t0": 2.0}
    assert found[1].percents == ()
    assert [cost.id for cost in await limits.turn_costs(ME, "chat-1", count=1)] == ["t2"]
    assert await limits.turn_costs("account-2", "chat-1", count=1) == ()


async def test_hours_come_oldest_first_with_all_that_was_used(
    limits: LimitStore, clock: StillClock
) -> None:
    begin = T0 // HOUR * HOUR
    for minutes, used in ((1, 10), (20, 12), (50, 15), (70, 16), (190, 20)):
        clock.time = begin + 60 * minutes
        await limits.apply(ME, word(clock.time, used, 5))
    found = await limits.hours(ME, since=0)
    assert [(cost.kind, cost.at - begin, cost.percents) for cost in found] == [
        ("hour", 0, ((FIVE, 5.0),)),
        ("hour", HOUR, ((FIVE, 1.0),)),
        ("hour", 3 * HOUR, ((FIVE, 4.0),)),
    ]
    assert [cost.id for cost in found] == [str(int(cost.at)) for cost in found]


async def test_a_title_goes_with_its_chat(
    limits: LimitStore, store: ChatStore, clock: StillClock
) -> None:
    await limits.apply(ME, word(T0, 10))
    await limits.work_began(ME, turn("t1", T0, title="private"))
    await limits.work_began(ME, turn("t2", T0, chat="chat-2", title="stays"))
    await limits.apply(ME, word(T0 + 60, 12))
    await store.delete("chat-1")
    titles = {cost.id: cost.title for cost in await limits.costs(ME, since=0)}
    assert titles == {"t1": "", "t2": "stays"}


async def test_a_turn_without_a_title_has_that_of_its_chat(
    limits: LimitStore, store: ChatStore
) -> None:
    await limits.apply(ME, word(T0, 10))
    await limits.work_began(ME, turn("t1", T0))
    await limits.apply(ME, word(T0 + 60, 12))
    await store.set_title("chat-1", "Told later")
    assert [cost.title for cost in await limits.costs(ME, since=0)] == ["Told later"]


# --- work that nobody ends -----------------------------------------------------------------------


KILLED = """
import asyncio, os, sys
from pathlib import Path
from services.clock import SystemClock
from services.store.database import Database
from services.store.limits import LimitStore
from tests.unit.store.limit_words import ME, turn
from dataclasses import replace

class Clock(SystemClock):
    def now(self):
        return float(sys.argv[2])

async def main():
    database = await Database.open(Path(sys.argv[1]), Clock())
    limits = LimitStore(database, Clock())
    await limits.work_began(ME, turn("lost", float(sys.argv[2])))
    await limits.work_began(ME, replace(turn("cloud", float(sys.argv[2])), kind="task"))
    os.write(1, b"began\\n")
    sys.stdin.readline()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="whether a process lives cannot be asked")
async def test_a_turn_ends_with_its_program_and_a_task_goes_on(
    limits: LimitStore, clock: StillClock, program: Callable[..., Any]
) -> None:
    await limits.apply(ME, word(T0 - 5, 10))
    other = program(KILLED, str(T0))
    assert other.stdout.readline() == "began\n"
    clock.time = T0 + 60
    await limits.apply(ME, word(T0 + 60, 12))
    assert spent(await limits.costs(ME, since=0)) == {"lost": 1.0, "cloud": 1.0}
    other.kill()
    other.communicate(timeout=30)
    clock.time = T0 + 200
    await limits.apply(ME, word(T0 + 200, 14))
    assert spent(await limits.costs(ME, since=0)) == {"lost": 1.0, "cloud": 3.0}
    assert [cost.id for cost in await limits.turn_costs(ME, "chat-1", count=5)] == ["lost"]


async def test_work_that_shows_no_life_for_an_hour_is_over(
    database: Database, clock: StillClock
) -> None:
    limits, other = LimitStore(database, clock), LimitStore(database, clock)
    await limits.apply(ME, word(T0, 10))
    await other.work_began(ME, turn("silent", T0))
    for after, used in ((LIFE - 60, 11), (LIFE, 12), (LIFE + LATE + 1, 13), (LIFE + 200, 14)):
        clock.time = T0 + after
        await limits.apply(ME, word(clock.time, used))
    assert spent(await limits.costs(ME, since=0)) == {"silent": 3.0, "elsewhere": 1.0}


async def test_a_turn_whose_end_was_missed_is_over_after_six_hours(
    limits: LimitStore, clock: StillClock
) -> None:
    await limits.work_began(ME, turn("missed", T0))
    for after, used in ((0, 10), (LONGEST - 60, 10), (LONGEST - 1, 12), (LONGEST + LATE, 15)):
        clock.time = T0 + after
        await limits.apply(ME, word(clock.time, used, resets_at=T0 + DAY))
    clock.time += 120
    await limits.apply(ME, word(clock.time, 19, resets_at=T0 + DAY))
    assert spent(await limits.costs(ME, since=0)) == {"missed": 5.0, "elsewhere": 4.0}


@pytest.mark.parametrize("sign", ["apply", "claim_poll", "work_began"])
async def test_whoever_polls_or_says_so_shows_that_its_work_still_runs(
    database: Database, clock: StillClock, sign: str
) -> None:
    limits, other = LimitStore(database, clock), LimitStore(database, clock)
    await limits.apply(ME, word(T0, 10))
    await other.work_began(ME, turn("long", T0))
    clock.time = T0 + LIFE
    match sign:
        case "apply":
            await other.apply(ME, word(clock.time, 10))
        case "claim_poll":
            await other.claim_poll(ME, interval=60)
        case _:
            await other.work_began(ME, turn("long", T0))
    clock.time = T0 + 1.5 * LIFE
    await limits.apply(ME, word(clock.time - 60, 10))
    await limits.apply(ME, word(clock.time, 12))
    assert spent(await limits.costs(ME, since=0)) == {"long": 2.0}


async def test_a_task_that_runs_again_is_counted_again(
    limits: LimitStore, clock: StillClock
) -> None:
    task = replace(turn("cloud", T0), kind="task")
    await limits.apply(ME, word(T0, 10))
    await limits.work_began(ME, task)
    await limits.work_ended(ME, "task", "cloud")
    clock.time = T0 + 1_000
    await limits.apply(ME, word(clock.time, 10))
    await limits.work_began(ME, task)
    clock.time += 60
    await limits.apply(ME, word(clock.time, 14))
    assert spent(await limits.costs(ME, since=0)) == {"cloud": 4.0}


@pytest.mark.parametrize(
    ("owner", "is_over"),
    [("nobody", False), (f"{os.getpid()}:other", False), ("99999999999999999999:x", True)],
    ids=["nobody", "alive", "gone"],
)
@pytest.mark.skipif(sys.platform == "win32", reason="whether a process lives cannot be asked")
async def test_work_whose_owner_may_be_there_is_left_to_the_hour(
    limits: LimitStore, database: Database, clock: StillClock, owner: str, is_over: bool
) -> None:
    await limits.apply(ME, word(T0, 10))
    await limits.work_began(ME, turn("t", T0))
    await database.run(lambda found: found.execute("UPDATE limit_work SET owner = ?", (owner,)))
    for after, used in ((100, 10), (200, 12)):
        clock.time = T0 + after
        await limits.apply(ME, word(clock.time, used))
    assert spent(await limits.costs(ME, since=0)) == {"elsewhere" if is_over else "t": 2.0}
