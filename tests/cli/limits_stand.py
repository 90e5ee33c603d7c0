"""What the commands of limits are tried with where no server is needed: limits as a value."""

import asyncio
import io
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

from app.cli.limits_reading import Parts
from app.cli.output import Output
from app.cli.parser import parse
from services.bus import EventBus
from services.errors import ServiceError
from services.events import LimitsChanged
from services.models.limit_history import LedgerEntry, Series
from services.models.limits import (
    Forecast,
    ForecastState,
    LimitSource,
    LimitsState,
    Standing,
    WindowState,
)

NOW = 1_795_267_600.0
"""Sat 21 Nov 2026 13:26:40 UTC."""
FIVE_HOURS = WindowState(
    id="codex/18000",
    limit_id="codex",
    window_seconds=18_000,
    used_percent=38.0,
    resets_at=NOW + 4_320,
    as_of=NOW - 30,
    source=LimitSource.POLL,
    forecast=Forecast(
        state=ForecastState.RUNS_OUT, p10_at=NOW + 1800, p50_at=NOW + 2400.5, p90_at=NOW + 3600
    ),
)
WEEK = WindowState(
    id="codex/604800",
    limit_id="codex",
    window_seconds=604_800,
    used_percent=12.5,
    resets_at=NOW + 300_000,
    as_of=NOW - 30,
    source=LimitSource.HEADERS,
    forecast=Forecast(state=ForecastState.LASTS),
)
KNOWN = LimitsState(
    standing=Standing.KNOWN,
    account="acc/user",
    plan="pro",
    windows=(FIVE_HOURS, WEEK),
    allowed=True,
    limit_reached=False,
    as_of=NOW - 30,
    source=LimitSource.POLL,
    version=3,
)


class StandClock:
    """A clock that sleeps by going forward."""

    def __init__(self) -> None:
        self.at = NOW
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


Answer: TypeAlias = LimitsState | ServiceError | Callable[[float], LimitsState]


class StandLimits:
    """Limits without a store: `answers` are what the next refreshes bring, the last one for ever.

    An answer is a state, an error, or a state by the time.
    """

    def __init__(self, clock: StandClock, bus: EventBus, state: LimitsState) -> None:
        self._clock = clock
        self._bus = bus
        self.state = state
        self.answers: list[Answer] = []
        self.refreshed: list[float] = []
        self.was_refreshed = asyncio.Event()
        self.is_looking = False
        self.series: Sequence[Series] = ()
        self.entries: Sequence[LedgerEntry] = ()
        self.asked: list[tuple[float, int]] = []

    def watch(self, *, is_looking: bool) -> None:
        self.is_looking = is_looking

    def show(self, state: LimitsState) -> None:
        self.state = state
        self._bus.publish(LimitsChanged(state=state))

    async def tell_alerts(self) -> None:
        """Nobody shows them here."""

    async def refresh(self, *, is_wanted: bool = True) -> LimitsState:
        del is_wanted
        self.refreshed.append(self._clock.now())
        self.was_refreshed.set()
        if self.answers:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, ServiceError):
                self.show(replace(self.state, failure=answer.failure))
                raise answer
            self.show(answer if isinstance(answer, LimitsState) else answer(self._clock.now()))
        return self.state

    async def history(self, *, since: float, columns: int) -> Sequence[Series]:
        self.asked.append((since, columns))
        return self.series

    async def ledger(self, window_id: str | None = None) -> Sequence[LedgerEntry]:
        return self.entries


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Stand:
    """The services that a command of limits asks for, and its two streams."""

    def __init__(
        self,
        state: LimitsState = KNOWN,
        *,
        is_terminal: bool = False,
        out: io.StringIO | None = None,
    ) -> None:
        self.clock = StandClock()
        self.bus = EventBus()
        self.limits = StandLimits(self.clock, self.bus, state)
        self.out = out or (Terminal() if is_terminal else io.StringIO())
        self.err = io.StringIO()

    @property
    def parts(self) -> Parts:
        return cast("Parts", self)

    def command(self, *argv: str) -> tuple[Namespace, Output]:
        arguments = parse(argv)
        is_json = bool(getattr(arguments, "json", False))
        return arguments, Output(self.out, self.err, is_json=is_json)
