"""Whatever happens to windows, clocks and programs: each alert is told once an episode."""

import asyncio
import os
import random
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from app.quiet_hours import is_quiet
from services.bus import EventBus, Subscription
from services.events import LimitsAlerted
from services.limits.alerting import Alerting
from services.limits.state import state_of
from services.models.limits import (
    Forecast,
    ForecastState,
    LimitReading,
    LimitSource,
    LimitsState,
    RateWindow,
    UsageReading,
)
from services.store.database import Database
from services.store.limits import LimitStore

ME = "a/b"
HOUR = 3600.0
QUIET = "22:00-07:00"
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia")
STARTS = (1_790_028_000.0, 1_792_890_000.0, 1_774_744_200.0)
"""An evening, and the nights in which clocks go back and forth in Berlin in 2026."""
STEPS = st.sampled_from([1, 60, 60, 60, 300, 1800, HOUR, 5 * HOUR, 9 * HOUR, -30, -120, -2 * HOUR])
USED = st.sampled_from([0, 10, 50, 74, 75, 76, 89, 90, 94, 95, 96, 99, 100, 100])


class Hands:
    """A clock that is set."""

    def __init__(self, at: float) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


@dataclass
class Server:
    """Windows that go up and down, and begin anew when their time has come."""

    used: dict[int, float] = field(default_factory=lambda: {18_000: 0.0, 604_800: 0.0})
    due: dict[int, float] = field(default_factory=dict[int, float])

    def word(self, now: float, used: float, length: int, *, at: float) -> UsageReading:
        """What it says; `at` is what our clock shows, which may be wrong."""
        for each in self.used:
            if now >= self.due.get(each, 0.0):
                self.used[each], self.due[each] = 0.0, now + each
        self.used[length] = used
        windows = tuple(
            RateWindow(
                limit_id="codex",
                role="primary" if each == 18_000 else "secondary",
                used_percent=self.used[each],
                window_seconds=each,
                resets_at=self.due[each],
            )
            for each in self.used
        )
        limits = (LimitReading(limit_id="codex", windows=windows, allowed=True),)
        return UsageReading(source=LimitSource.POLL, as_of=at, is_whole=True, limits=limits)


@contextmanager
def zone(name: str) -> Generator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


@dataclass
class World:
    """Programs that share a store."""

    store: LimitStore
    clock: Hands
    programs: list[tuple[Alerting, Subscription]] = field(
        default_factory=list[tuple[Alerting, Subscription]]
    )
    told: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])

    def start(self) -> tuple[Alerting, Subscription]:
        bus = EventBus()
        alerting = Alerting(ME, self.store, bus, self.clock, lambda at: is_quiet(QUIET, at))
        alerting.begin()
        return alerting, bus.subscribe()

    async def look(self, number: int, forecasts: Mapping[str, Forecast]) -> LimitsState:
        """A program sees what is stored, and tells what is due."""
        alerting, told = self.programs[number]
        kept, now = await self.store.board(ME), self.clock.now()
        state = state_of(
            kept.board,
            account=ME,
            version=kept.version,
            now=now,
            forecasts=forecasts,
            last_turns={},
        )
        await alerting.tell(state)
        known = {window.id: window for window in state.windows}
        for event in told.take():
            assert isinstance(event, LimitsAlerted)
            assert not is_quiet(QUIET, now)
            alert, window = event.alert, known[event.alert.window_id]
            assert not window.is_due(now)
            if alert.kind != "runs_out":
                assert window.used_percent >= int(alert.kind)
            self.told.append((window.id, window.period, alert.kind))
        return state


async def live(seed: int, start: float, steps: list[tuple[float, float]]) -> None:
    rng = random.Random(seed)
    clock = Hands(start)
    database = await Database.in_memory(clock)
    world = World(LimitStore(database, clock), clock)
    world.programs = [world.start(), world.start()]
    server, passed = Server(), start
    try:
        for seconds, used in steps:
            clock.at += seconds
            passed += max(1.0, seconds)
            length = rng.choice([18_000, 18_000, 604_800])
            if rng.random() < 0.8:
                word = server.word(passed, used, length, at=clock.at)
                await world.store.apply(ME, word)
            if rng.random() < 0.15:
                world.programs[rng.randrange(2)] = world.start()
            soon = Forecast(state=ForecastState.RUNS_OUT, p50_at=clock.at + HOUR)
            forecasts = {"codex/604800": soon} if rng.random() < 0.3 else {}
            for number in rng.sample(range(2), rng.randrange(3)):
                await world.look(number, forecasts)
        # In the end somebody is awake and reads the same thing until nothing is in doubt any more.
        while is_quiet(QUIET, clock.at):
            clock.at += 600
            passed += 600
        state = LimitsState()
        for _ in range(8):
            clock.at += 61
            passed += 61
            word = server.word(passed, server.used[604_800], 604_800, at=clock.at)
            await world.store.apply(ME, word)
            state = await world.look(0, {})
        check(world, state)
    finally:
        await database.close()


def check(world: World, state: LimitsState) -> None:
    assert len(set(world.told)) == len(world.told), "told twice"
    highest: dict[tuple[str, int], int] = {}
    for window_id, period, kind in world.told:
        if kind != "runs_out":
            assert int(kind) > highest.get((window_id, period), 0), "a lower one after a higher one"
            highest[window_id, period] = int(kind)
    for window in state.windows:
        reached = max(
            (each for each in (75, 90, 95, 100) if window.used_percent >= each), default=0
        )
        if window.is_due(world.clock.at) or is_quiet(QUIET, world.clock.at):
            continue
        assert highest.get((window.id, window.period), 0) >= reached, "never told"


@settings(max_examples=100, deadline=None)
@given(
    st.integers(min_value=0, max_value=2**32),
    st.sampled_from(ZONES),
    st.sampled_from(STARTS),
    st.lists(st.tuples(STEPS, USED), min_size=5, max_size=60),
)
def test_each_alert_is_told_once_an_episode_and_what_holds_is_told(
    seed: int, name: str, start: float, steps: list[tuple[float, float]]
) -> None:
    with zone(name):
        asyncio.run(live(seed, start, steps))
