"""When a user works: percent an hour for each hour of the week. Rules: docs/forecast.md."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import pairwise
from operator import mul
from typing import Final, TypeAlias

from services.limits.growth import DAY, HOUR, Growth

SLOTS: Final = 168
"""Hours of a week, the first one is Monday's first."""
MONDAY: Final = 72
"""Hours from a Monday's midnight to the one that Unix time begins with."""
MEMORY: Final = 15 * DAY
"""Seconds after which past use counts half."""
QUIET: Final = 0.25
"""How much time without readings before a reset counts as time without use."""
NOISE: Final = 2.0
"""A difference between hours or days counts beyond so many times what chance makes of it."""
FLAT: Final = 0.03
"""Share of the average in every hour, so that use at an unusual hour is possible."""
FEW: Final = 4.0
"""Repeated hours below which nothing is known of chance."""
CLASSES: Final = (tuple(range(5)), (5, 6))
"""Days of the week that are alike."""
WEEKDAYS: Final = tuple((day,) for day in range(7))
BLOCK: Final = 6 * HOUR
LEAST: Final = 0.15
"""Hours of which something must be known for the rate of an hour."""
NOTHING: Final = 1e-9
"""Percent, and percent an hour."""
_Run: TypeAlias = tuple[int, float, float, float]
"""Hour of the week, weight by age, percent used, hours seen."""


class LocalHours:
    """Hours of the week in the user's zone.

    Args:
        zone: None for the machine's own.
    """

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._offsets: dict[float, float | None] = {}

    def offset(self, at: float) -> float:
        """Seconds that local clocks are ahead of UTC."""
        block = at // BLOCK
        if block not in self._offsets:
            first = self._offset(block * BLOCK)
            is_same = first == self._offset((block + 1.0) * BLOCK)
            self._offsets[block] = first if is_same else None
        offset = self._offsets[block]
        return self._offset(at) if offset is None else offset

    def slot(self, at: float) -> int:
        """Hour of the week, from 0 to 167."""
        return (int((at + self.offset(at)) // HOUR) + MONDAY) % SLOTS

    def slots(self, edges: Sequence[float]) -> list[int]:
        """Hours of the week of the middles of cells, given by their edges."""
        slots: list[int] = []
        until, shift = -math.inf, 0.0
        for begin, end in pairwise(edges):
            middle = (begin + end) / 2.0
            if middle >= until:
                shift = self.offset(middle) + MONDAY * HOUR
                # Where clocks change within a block, each hour is looked at.
                size = HOUR if self._offsets[middle // BLOCK] is None else BLOCK
                until = (middle // size + 1.0) * size
            slots.append(int((middle + shift) // HOUR) % SLOTS)
        return slots

    def next_hour(self, at: float) -> float:
        """When the next local hour begins."""
        offset = self.offset(at)
        return max(at + 1.0, ((at + offset) // HOUR + 1.0) * HOUR - offset)

    def _offset(self, at: float) -> float:
        try:
            local = datetime.fromtimestamp(at, self._zone)
            offset = (local if self._zone else local.astimezone()).utcoffset()
        except (ValueError, OverflowError, OSError):
            return 0.0
        return offset.total_seconds() if offset is not None else 0.0


@dataclass(slots=True)
class _Slots:
    """Sums over the hours of each slot, an old hour weighs less than a new one."""

    used: list[float] = field(default_factory=lambda: [0.0] * SLOTS)
    hours: list[float] = field(default_factory=lambda: [0.0] * SLOTS)
    squares: list[float] = field(default_factory=lambda: [0.0] * SLOTS)
    """Of percent an hour."""
    weights: list[float] = field(default_factory=lambda: [0.0] * SLOTS)
    """Squared."""

    def shrunk(self, groups: Sequence[Sequence[int]], base: Sequence[float]) -> list[float]:
        """Percent an hour for each group of slots.

        Each is drawn towards `base` as far as its difference may be chance (James-Stein).
        """
        found: list[tuple[int, float, float]] = []
        spread = freedom = 0.0
        for place, group in enumerate(groups):
            hours = sum(self.hours[slot] for slot in group)
            if hours <= 0.0:
                continue
            mean = sum(self.used[slot] for slot in group) / hours
            count = hours * hours / sum(self.weights[slot] for slot in group)
            square = sum(self.squares[slot] for slot in group) / hours
            spread += max(0.0, square - mean * mean) * count
            freedom += max(0.0, count - 1.0)
            found.append((place, mean - base[place], count))
        shrunk = list(base)
        if freedom < FEW:
            return shrunk
        chance = spread / freedom
        real = _real([(off, chance / max(count, 0.5)) for _, off, count in found])
        for place, off, count in found:
            shrunk[place] += off * _trust(real, chance / max(count, 0.5))
        return shrunk


def profile(
    growth: Growth, slots: Sequence[int], pace: Sequence[float] | None = None
) -> list[float] | None:
    """Percent an hour for each hour of the week; None where no use was seen.

    Args:
        growth: Past use.
        slots: Hour of the week of each of its cells.
        pace: How much more than usual was used about each cell. Late hours of a job are seen only
            when it was slow, since a fast one has used the window up before: at a slow pace they
            count as less time.
    """
    exposed = [
        (known + QUIET * unseen) * hours
        for known, unseen, hours in zip(growth.known, growth.unseen, growth.hours, strict=True)
    ]
    if pace is not None:
        exposed = list(map(mul, exposed, pace))
    runs = _runs(growth, slots, exposed)
    sums = _sums(runs)
    hours = sum(sums.hours)
    mean = sum(sums.used) / hours if hours > 0.0 else 0.0
    if mean <= NOTHING:
        return None
    daily = sums.shrunk([range(hour, SLOTS, 24) for hour in range(24)], [mean] * 24)
    rates = daily * 7
    factors = _factors(runs, rates, CLASSES)
    for days in CLASSES:
        base = [daily[hour] * factors[days[0]] for hour in range(24)]
        groups = [[day * 24 + hour for day in days] for hour in range(24)]
        found = sums.shrunk(groups, base)
        for day in days:
            rates[day * 24 : day * 24 + 24] = found
    factors = _factors(runs, rates, WEEKDAYS)
    return [
        max(0.0, (1.0 - FLAT) * rate * factors[slot // 24] + FLAT * mean)
        for slot, rate in enumerate(rates)
    ]


def _runs(growth: Growth, slots: Sequence[int], exposed: Sequence[float]) -> list[_Run]:
    """Cells within one hour as one."""
    runs: list[_Run] = []
    now, decay = growth.edges[-1], math.log(2.0) / MEMORY
    last, used, hours, weight = -1, 0.0, 0.0, 0.0
    for slot, begin, grown, seen in zip(slots, growth.edges, growth.grown, exposed, strict=False):
        if slot != last:
            if last >= 0:
                runs.append((last, weight, used, hours))
            last, used, hours, weight = slot, 0.0, 0.0, math.exp((begin - now) * decay)
        used += grown
        hours += seen
    runs.append((last, weight, used, hours))
    return runs


def _sums(runs: Sequence[_Run]) -> _Slots:
    sums = _Slots()
    for slot, weight, used, hours in runs:
        if hours > LEAST:
            sums.used[slot] += weight * used
            sums.hours[slot] += weight * hours
            sums.squares[slot] += weight * used * used / hours
            sums.weights[slot] += (weight * hours) ** 2
    return sums


def _factors(
    runs: Sequence[_Run], rates: Sequence[float], groups: Sequence[Sequence[int]]
) -> list[float]:
    """How much more each day of the week sees than `rates` say, as far as that is not chance."""
    expected, off, squares = [0.0] * 7, [0.0] * 7, [0.0] * 7

    def end(day: int, weight: float, used: float, wanted: float) -> None:
        expected[day] += weight * wanted
        off[day] += weight * (used - wanted)
        squares[day] += (weight * (used - wanted)) ** 2

    last, first, total, wanted = runs[0][0] // 24, 0.0, 0.0, 0.0
    for slot, weight, used, hours in runs:
        if slot // 24 != last:
            end(last, first, total, wanted)
            last, first, total, wanted = slot // 24, 0.0, 0.0, 0.0
        first = first or weight
        total += used
        wanted += rates[slot] * hours
    end(last, first, total, wanted)
    found: list[tuple[float, float]] = []
    for group in groups:
        wanted = sum(expected[day] for day in group)
        if wanted > NOTHING:
            chance = sum(squares[day] for day in group) / (wanted * wanted)
            found.append((sum(off[day] for day in group) / wanted, chance))
        else:
            found.append((0.0, 1.0))
    real = _real(found)
    factors = [1.0] * 7
    for group, (difference, chance) in zip(groups, found, strict=True):
        for day in group:
            factors[day] = max(0.0, 1.0 + difference * _trust(real, chance))
    return factors


def _real(found: Sequence[tuple[float, float]]) -> float:
    """Variance that differences have beyond chance, given as (difference, variance by chance)."""
    if not found:
        return 0.0
    return max(0.0, sum(off * off - NOISE * chance for off, chance in found) / len(found))


def _trust(real: float, chance: float) -> float:
    return real / (real + chance) if real > 0.0 else 0.0
