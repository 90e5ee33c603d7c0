"""Made-up use of a limit window, minute by minute, and what a client sees of it.

A history has the truth (what the server counts) and the readings that a client takes: whole
percentages, with gaps while its machine is off. The same seed makes the same history.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

HOUR, DAY, WEEK = 3600.0, 86_400.0, 604_800.0
FIVE_HOURS: Final = 18_000
Sample = tuple[float, float, float | None]
"""Unix seconds, percent used, reset in Unix seconds."""
LONGEST_GAP: Final = 2 * HOUR
"""Seconds without a reading after which it is not known what came of a window."""
BEGIN: Final = datetime(2026, 2, 16, tzinfo=UTC).timestamp()
"""Before clocks change in all the zones below."""
ZONES: Final = ("Europe/Berlin", "America/New_York", "UTC", "Australia/Sydney")


class Habit(Protocol):
    """How somebody uses the window."""

    def rate(self, local: datetime, seconds: float) -> float:
        """Percent an hour that are asked for in the next `seconds`; called once for each step."""
        ...


@dataclass
class Drift:
    """A factor around 1 that wanders: its logarithm goes back to 0 within `memory` seconds."""

    rng: random.Random
    spread: float
    memory: float
    value: float = 0.0

    def step(self, seconds: float) -> float:
        kept = math.exp(-seconds / self.memory)
        noise = self.rng.gauss(0.0, self.spread * math.sqrt(1.0 - kept * kept))
        self.value = self.value * kept + noise
        return math.exp(self.value)


class Steady:
    """The same day and night, as of machines."""

    def __init__(self, rng: random.Random, window: float) -> None:
        self._rate = rng.uniform(110.0, 190.0) / (window / HOUR)
        self._drift = Drift(rng, 0.12, window / 5.0)

    def rate(self, local: datetime, seconds: float) -> float:
        return self._rate * self._drift.step(seconds)


class Bursts:
    """Much for a while, then nothing for a while, at any hour."""

    def __init__(self, rng: random.Random, window: float) -> None:
        self._rng = rng
        longer = 0.5 if window < DAY else 0.4
        self._on = window * rng.uniform(0.08, 0.16) * longer
        self._off = window * rng.uniform(0.12, 0.24) * longer
        duty = self._on / (self._on + self._off)
        self._rate = rng.uniform(130.0, 200.0) / (window / HOUR) / duty
        self._is_on = False
        self._until = 0.0
        self._strength = 1.0

    def rate(self, local: datetime, seconds: float) -> float:
        self._until -= seconds
        if self._until <= 0.0:
            self._is_on = not self._is_on
            self._until = self._rng.expovariate(1.0 / (self._on if self._is_on else self._off))
            self._strength = self._rng.lognormvariate(0.0, 0.3)
        return self._rate * self._strength if self._is_on else 0.0


class Workdays:
    """Nine to six from Monday to Friday, a break at noon, days that differ."""

    SHAPE: Final = {9: 0.7, 10: 1.0, 11: 1.15, 12: 0.5, 13: 0.8, 14: 1.1, 15: 1.1, 16: 1.0, 17: 0.7}

    def __init__(self, rng: random.Random, window: float) -> None:
        self._rng = rng
        hours = 5.0 if window < DAY else 43.0
        self._rate = rng.uniform(120.0, 190.0) / hours
        self._day = -1
        self._factor = 1.0
        self._drift = Drift(rng, 0.3, HOUR)

    def rate(self, local: datetime, seconds: float) -> float:
        if local.day != self._day:
            self._day = local.day
            self._factor = self._rng.lognormvariate(0.0, 0.3)
            if self._rng.random() < (0.06 if local.weekday() < 5 else 0.94):
                self._factor = 0.0
        return (
            self._rate * self._factor * self.SHAPE.get(local.hour, 0.0) * self._drift.step(seconds)
        )


class NightBatch:
    """A job that runs for hours each night, and a little use by day."""

    def __init__(self, rng: random.Random, window: float) -> None:
        self._rng = rng
        self._hour = rng.choice([0, 1, 2])
        self._length = rng.uniform(3.0, 4.0)
        share = rng.uniform(140.0, 220.0)
        self._rate = share / self._length if window < DAY else share / 7.0 / self._length
        self._by_day = 1.5 if window < DAY else 0.2
        self._day = -1
        self._from = self._until = 0.0
        self._strength = 0.0

    def rate(self, local: datetime, seconds: float) -> float:
        if local.day != self._day:
            self._day = local.day
            self._from = self._hour + self._rng.uniform(0.0, 0.7)
            self._until = self._from + self._length * self._rng.lognormvariate(0.0, 0.15)
            is_run = self._rng.random() > 0.08
            self._strength = self._rng.lognormvariate(0.0, 0.2) if is_run else 0.0
        hour = local.hour + local.minute / 60.0
        if self._from <= hour < self._until:
            return self._rate * self._strength
        return self._by_day if 9 <= hour < 22 else 0.0


class AllDay:
    """From morning to late evening on every day, weaker at the weekend; for windows that move."""

    def __init__(self, rng: random.Random, window: float) -> None:
        hours = 5.0 if window < DAY else 90.0
        self._rate = rng.uniform(130.0, 200.0) / hours
        self._drift = Drift(rng, 0.45, window / 4)

    def rate(self, local: datetime, seconds: float) -> float:
        weight = 1.0 if 8 <= local.hour < 23 else 0.0
        weight *= 0.6 if local.weekday() >= 5 else 1.0
        return self._rate * weight * self._drift.step(seconds)


@dataclass(frozen=True)
class Story:
    """One kind of history."""

    name: str
    habit: Callable[[random.Random, float], Habit]
    is_plain: bool = False
    """Steady use, where a plain method is as good as any."""
    moved: float = 0.0
    """Share of the periods whose reset is moved."""
    early: float = 0.0
    """Share of the periods that are reset early."""
    is_off_at_night: bool = False


STORIES: Final = (
    Story("steady", Steady, is_plain=True),
    Story("bursts", Bursts),
    Story("workdays", Workdays, is_off_at_night=True),
    Story("night batch", NightBatch),
    Story("window moves", AllDay, moved=0.3, early=0.12),
)


@dataclass
class History:
    """What happened to one window, and what was seen of it."""

    name: str
    window_seconds: int
    zone: ZoneInfo
    truth: list[Sample] = field(default_factory=list[Sample])
    """Every step, in whole percentages as the server would say them."""
    readings: list[Sample] = field(default_factory=list[Sample])
    """What a client saw."""
    _stored: list[Sample] = field(default_factory=list[Sample])
    _times: list[float] = field(default_factory=list[float])

    def seen(self, now: float, *, days: float = 35.0) -> list[Sample]:
        """What the store gives for a forecast: of two days each change, before that hours."""
        if not self._stored:
            self._stored = list(_kept(self.readings))
            self._times = [at for at, _, _ in self._stored]
        first = bisect_left(self._times, now - days * DAY)
        recent = bisect_left(self._times, (now - 2 * DAY) // HOUR * HOUR)
        last = bisect_right(self._times, now)
        hourly = {int(sample[0] // HOUR): sample for sample in self._stored[first:recent]}
        return [*hourly.values(), *self._stored[recent:last]]

    def ran_out(self, place: int) -> tuple[bool, float]:
        """Whether the truth after a step is known, and the run-out; infinite for none.

        A run-out after the reset that was announced at that step counts as none.
        """
        announced = self.truth[place][2] or 0.0
        before = self.truth[place][1]
        last = self.truth[place][0]
        for index in range(place + 1, len(self.truth)):
            at, used, _ = self.truth[index]
            if at - last > LONGEST_GAP:
                return False, math.inf
            last = at
            if at > announced or used < before - 2.0:
                return True, math.inf
            if used >= 100.0:
                return True, at
            before = used
        return False, math.inf


def _kept(readings: Iterable[Sample]) -> Iterator[Sample]:
    """Of a number that stays, the first and the last reading, and one in a quarter of an hour."""
    first: Sample | None = None
    last: Sample | None = None
    for sample in readings:
        if first is not None and not _stays(first, sample):
            yield first
            if last is not None:
                yield last
            first = last = None
        if first is None:
            first = sample
        else:
            last = sample
    yield from (sample for sample in (first, last) if sample is not None)


def _stays(before: Sample, after: Sample) -> bool:
    is_one_reset = abs((before[2] or 0.0) - (after[2] or 0.0)) <= 300.0
    return before[1] == after[1] and is_one_reset and after[0] - before[0] <= 900.0


def make(story: Story, window_seconds: int, days: float, seed: int) -> History:
    """One history of a kind.

    Args:
        story: Its kind.
        window_seconds: Length of the window.
        days: Length of the history.
        seed: Everything in it follows from this.
    """
    rng = random.Random(f"{story.name}/{window_seconds}/{seed}")
    zone = ZoneInfo(ZONES[seed % len(ZONES)])
    history = History(story.name, window_seconds, zone)
    step = 60.0 if window_seconds < DAY else 300.0
    habit = story.habit(rng, window_seconds)
    window = _Window(rng, story, window_seconds)
    turn = 1.2 if window_seconds < DAY else 0.15
    begin = BEGIN + rng.uniform(0.0, WEEK)
    local = datetime.fromtimestamp(begin, zone)
    for count in range(int(days * DAY / step)):
        at = begin + count * step
        if count % 30 == 0:
            local = datetime.fromtimestamp(at, zone)
        else:
            local += timedelta(seconds=step)
        wanted = habit.rate(local, step) * step / HOUR
        window.pass_to(at, sum(_turns(rng, wanted, turn)))
        history.truth.append((at, float(window.shown), window.resets_at))
    history.readings = list(_polls(rng, history, is_off_at_night=story.is_off_at_night))
    return history


def _turns(rng: random.Random, wanted: float, size: float) -> Iterator[float]:
    """Costs of the turns in one step, `wanted` percent on average."""
    chance = wanted / size
    while chance > 0.0:
        if rng.random() < chance:
            yield rng.gammavariate(1.5, size / 1.5)
        chance -= 1.0


class _Window:
    """What the server counts. A window begins with its first use, and stops at 100 %."""

    def __init__(self, rng: random.Random, story: Story, seconds: float) -> None:
        self._rng = rng
        self._story = story
        self._seconds = seconds
        self._used = 0.0
        self._moves_at = self._clears_at = math.inf
        self._is_begun = False
        self.resets_at = 0.0

    @property
    def shown(self) -> int:
        return min(100, round(self._used))

    def pass_to(self, at: float, use: float) -> None:
        if self._is_begun and at >= min(self.resets_at, self._clears_at):
            self._is_begun, self._used = False, 0.0
        if not self._is_begun:
            self.resets_at = at + self._seconds
            if use <= 0.0:
                return
            self._begin(at)
        if at >= self._moves_at:
            self._moves_at = math.inf
            by = self._seconds / 7.0
            self.resets_at = max(at + by, self.resets_at + self._rng.choice([-by, by, by]))
        self._used = min(100.0, self._used + use)

    def _begin(self, at: float) -> None:
        self._is_begun = True
        chance, share = self._rng.random, self._rng.uniform(0.1, 0.9)
        self._moves_at = at + share * self._seconds if chance() < self._story.moved else math.inf
        self._clears_at = at + share * self._seconds if chance() < self._story.early else math.inf


def _polls(rng: random.Random, history: History, *, is_off_at_night: bool) -> Iterator[Sample]:
    """Readings with the pauses of a machine that is off now and then."""
    off_until = 0.0
    step = history.truth[1][0] - history.truth[0][0]
    for sample in history.truth:
        if sample[0] < off_until:
            continue
        if rng.random() < step / (1.5 * DAY):
            off_until = sample[0] + rng.uniform(0.3 * HOUR, 8.0 * HOUR)
            continue
        if is_off_at_night:
            hour = datetime.fromtimestamp(sample[0], history.zone).hour
            if not 8 <= hour < 20:
                continue
        if rng.random() > 0.05:
            yield sample
