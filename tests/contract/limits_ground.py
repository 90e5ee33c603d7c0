"""Programs that know limits: real services and stores over the simulator, in time a test moves."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.quiet_hours import is_quiet
from services.bus import EventBus, Subscription
from services.events import LimitsAlerted
from services.limits.client import UsageClient
from services.limits.service import LimitsService
from services.store.database import Database
from services.store.limits import LimitStore
from simulator.server import Simulator
from tests.contract.account.conftest import Desk, Home
from tests.soak.shared_clock import SharedClock

TEN_PM = 1_790_028_000.0
"""Mon 21 Sep 2026 22:00 UTC."""
ACCOUNT = "11111111-2222-4333-8444-555555555555/user-sim0000000000000000ada"
PER_PROGRAM = 2
"""Who waits in a program that has nothing to do: one to poll, one to see what others store."""


class Hands(SharedClock):
    """A clock that a test can set, and a machine that can sleep."""

    def __init__(self, now: float) -> None:
        super().__init__(now)
        self.slept = 0.0
        """Seconds in which the machine slept, which only clocks on the wall noticed."""
        self.wrong = 0.0
        """Seconds that this machine's clock is ahead of the server's."""

    def now(self) -> float:
        return self.true() + self.wrong

    def true(self) -> float:
        """What the server's clock says."""
        return super().now() + self.slept


@dataclass
class Program:
    """One that runs."""

    limits: LimitsService
    bus: EventBus
    store: LimitStore
    desk: Desk
    told: Subscription
    heard: list[str]

    def alerts(self) -> list[str]:
        """What it has told since it began, as window and kind."""
        for event in self.told.take():
            if isinstance(event, LimitsAlerted):
                self.heard.append(f"{event.alert.window_id} {event.alert.kind}")
        return self.heard


class Ground:
    """What programs share: the simulator, the login, the store and the time.

    Args:
        home: With a login in it.
        path: Of the database.
        clock: Time, also of the simulator.
    """

    def __init__(self, home: Home, path: Path, clock: Hands) -> None:
        self.home = home
        self.sim: Simulator = home.sim
        self.path = path
        self.clock = clock
        self._running = 0

    @asynccontextmanager
    async def program(
        self,
        *,
        quiet: str = "",
        is_shown: bool = True,
        is_polling: bool = True,
        is_idle: bool = True,
        environ: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[Program]:
        """A program that has read the numbers, unless `is_idle` is False, and shows alerts."""
        async with AsyncExitStack() as opening:
            home = replace(self.home, environ={**self.home.environ, **(environ or {})})
            desk = await opening.enter_async_context(home.open(clock=self.clock))
            database = await Database.open(self.path, self.clock)
            opening.push_async_callback(database.close)
            store, bus = LimitStore(database, self.clock), EventBus()
            limits = LimitsService(
                account=ACCOUNT,
                storage=store,
                source=UsageClient(
                    desk.http, desk.auth.provider.chatgpt_base_url, self.clock, desk.auth.signer
                ),
                bus=bus,
                clock=self.clock,
                new_id=lambda: "unused",
                is_polling=is_polling,
                is_quiet=lambda at: is_quiet(quiet, at),
            )
            told = opening.enter_context(bus.subscribe())
            await opening.enter_async_context(limits)
            waiters = PER_PROGRAM if is_polling else 0
            self._running += waiters
            try:
                if is_idle:
                    await self.clock.settle(self._running)
                if is_shown:
                    await limits.tell_alerts()
                yield Program(limits, bus, store, desk, told, [])
            finally:
                self._running -= waiters

    async def run(self, seconds: float) -> None:
        """Let time pass for all programs."""
        for _ in range(10):
            # What a test has just done wakes whoever waits for it before time does.
            await asyncio.sleep(0)
        await self.clock.run(seconds, self._running)
        await self.clock.settle(self._running)

    def use(self, percent: float, **more: float) -> None:
        """From now on the week stands there."""
        self.sim.limits.set(windows=[{"used_percent": percent, "per_hour": 0, **more}])

    @property
    def polls(self) -> list[float]:
        """When the server was asked."""
        return [poll.at for poll in self.sim.limits.polls]


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """Three minutes before ten; half of the week is used."""
    clock = Hands(TEN_PM - 180)
    folder = tmp_path / "codex"
    folder.mkdir(mode=0o700)
    async with Simulator(story="limits-week", clock=clock.true) as sim:
        home = Home(
            sim,
            folder,
            {
                "HOME": str(tmp_path / "home"),
                "FOREDECK_HOME": str(tmp_path / "own"),
                "CODEX_HOME": str(folder),
                "FOREDECK_ISSUER": sim.issuer,
                "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
                "FOREDECK_OPENAI_BASE_URL": sim.openai_base_url,
            },
        )
        home.plant()
        ground = Ground(home, tmp_path / "foredeck.db", clock)
        ground.use(50.0)
        yield ground
