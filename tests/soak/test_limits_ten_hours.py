"""Two service stacks on one store, for ten hours: one poll a minute, one set of numbers."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from services.bus import EventBus
from services.clock import Clock
from services.errors import ServiceError
from services.events import LimitsRead, TurnEnded, TurnStarted
from services.inference.stream import LimitReported
from services.limits.client import UsageClient
from services.limits.ports import UsageSource
from services.limits.service import FOLLOW_UNWATCHED, LimitsService
from services.models.chat import TurnStatus
from services.models.limits import LimitsState, Redeemed, ResetCredits, UsageReading
from services.store.database import Database
from services.store.limits import LimitStore
from simulator.server import Simulator
from tests.contract.account.conftest import Desk, Home, request
from tests.soak.shared_clock import SharedClock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HOURS = 10
WAITERS = 4
"""In each program one that polls and one that looks what the other has stored."""
ACCOUNT = "11111111-2222-4333-8444-555555555555/user-sim0000000000000000ada"


class Counted:
    """The server, with the times at which it was asked."""

    def __init__(self, source: UsageSource, clock: Clock, asked: list[float]) -> None:
        self._source = source
        self._clock = clock
        self._asked = asked

    async def usage(self) -> UsageReading:
        self._asked.append(self._clock.now())
        return await self._source.usage()

    async def reset_credits(self) -> ResetCredits:
        return await self._source.reset_credits()

    async def redeem(self, request_id: str, credit_id: str | None) -> Redeemed:
        return await self._source.redeem(request_id, credit_id)


class Stack:
    """The services of one program."""

    def __init__(self, limits: LimitsService, bus: EventBus, desk: Desk) -> None:
        self.limits = limits
        self._bus = bus
        self._desk = desk
        self._turns = itertools.count()

    async def turn(self) -> None:
        """One turn of a chat: what its answer says about limits goes over the bus."""
        turn_id = f"turn-{id(self)}-{next(self._turns)}"
        self._bus.publish(TurnStarted(chat_id="chat", turn_id=turn_id, model="m", transport="sse"))
        try:
            async for value in self._desk.client.run(request("hello")):
                if isinstance(value, LimitReported):
                    self._bus.publish(LimitsRead(reading=value.reading))
            status = TurnStatus.COMPLETED
        except ServiceError:
            status = TurnStatus.FAILED
        self._bus.publish(TurnEnded(chat_id="chat", turn_id=turn_id, status=status))


@asynccontextmanager
async def stack(
    home: Home, path: Path, clock: SharedClock, asked: list[float]
) -> AsyncGenerator[Stack]:
    async with AsyncExitStack() as opening:
        desk = await opening.enter_async_context(home.open(clock=clock))
        database = await Database.open(path, clock)
        opening.push_async_callback(database.close)
        bus = EventBus()
        client = UsageClient(desk.http, home.sim.chatgpt_base_url, clock, desk.auth.signer)
        limits = LimitsService(
            account=ACCOUNT,
            storage=LimitStore(database, clock),
            source=Counted(client, clock, asked),
            bus=bus,
            clock=clock,
            new_id=lambda: "unused",
        )
        await opening.enter_async_context(limits)
        yield Stack(limits, bus, desk)


def environment(sim: Simulator, codex: Path, folder: Path) -> dict[str, str]:
    return {
        "CODEX_HOME": str(codex),
        "FOREDECK_HOME": str(folder / "own"),
        "FOREDECK_ISSUER": sim.issuer,
        "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
        "FOREDECK_OPENAI_BASE_URL": sim.openai_base_url,
    }


def numbers(state: LimitsState) -> list[tuple[str, float, float | None]]:
    return [(each.id, each.used_percent, each.resets_at) for each in state.windows]


async def agree(clock: SharedClock, first: Stack, second: Stack) -> None:
    """Until both show the same, which is soon: also where nobody looks."""
    for _ in range(int(FOLLOW_UNWATCHED) + 5):
        await clock.run(1.0, WAITERS)
        if numbers(first.limits.state) == numbers(second.limits.state) != []:
            return
    raise AssertionError((numbers(first.limits.state), numbers(second.limits.state)))


async def test_ten_hours_of_two_programs_cost_one_poll_a_minute_and_show_one_set_of_numbers(
    tmp_path: Path,
) -> None:
    clock = SharedClock(1_790_000_000.0)
    asked: list[float] = []
    folder = tmp_path / "codex"
    folder.mkdir(mode=0o700)
    async with Simulator(story="day", clock=clock.now) as sim, AsyncExitStack() as opening:
        home = Home(sim, folder, environment(sim, folder, tmp_path))
        home.plant()
        database = tmp_path / "foredeck.db"
        first, second = [
            await opening.enter_async_context(stack(home, database, clock, asked)) for _ in range(2)
        ]
        seen: set[tuple[str, float]] = set()
        for hour in range(HOURS):
            for quarter in range(4):
                await clock.run(900.0, WAITERS)
                # Somebody looks at one of them, then at the other, then at none.
                first.limits.watch(is_looking=quarter in {0, 1})
                second.limits.watch(is_looking=quarter in {1, 2})
                turn = asyncio.create_task((first if (hour + quarter) % 2 else second).turn())
                while not turn.done():
                    # Whoever reads an answer waits by the clock now and then.
                    await clock.run(0.05, WAITERS)
                await turn
                await agree(clock, first, second)
                seen |= {(window, used) for window, used, _ in numbers(first.limits.state)}
        polls = [poll.at for poll in sim.limits.polls]

    assert len(polls) == len(asked), "what the simulator counted"
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert min(gaps) >= 60.0
    assert max(gaps) <= 400.0, "nobody stops asking"
    assert HOURS * 3600 / 400 < len(asked) <= HOURS * 60
    assert len(seen) > 20, "the day has changed the numbers"
