"""When a user works: percent an hour for each hour of the week. Rules: docs/forecast.md."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import accumulate, pairwise
from operator import mul
from typing import Final

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
BLOCK: Final = DAY
"""Seconds in which clocks change once at most."""
LEAST: Final = 0.15
"""Hours of which something must be known for the rate of an hour."""
NOTHING: Final = 1e-9
"""Percent, and percent an hour."""


class LocalHours:
    """Hours of the week in the user's zone.

    Args:
        zone: None for the machine's own.
    """

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._offsets: dict[float, float | None] = {}
        """Of blocks; None where clocks change within one."""
        self._starts: dict[float, float] = {}

    def offset(self, at: float) -> float:
        """Seconds that local clocks are ahead of UTC."""
        block = at // BLOCK
        offset = self._offsets.get(block, math.nan)
        if offset is not None and math.isnan(offset):
            first = self._at_start(block)
            offset = first if first == self._at_start(block + 1.0) else None
            self._offsets[block] = offset
        return self._offset(at) if offset is None else offset

    def slot(self, at: float) -> int:
        """Hour of the week, from 0 to 167."""
        return (int((at + self.offset(at)) // HOUR) + MONDAY) % SLOTS

    def slots(self, edges: Sequence[float]) -> list[int]:
        """Hours of the week of the middles of cells, given by their edges."""
        middles = [(begin + end) / 2.0 for begin, end in pairwise(edges)]
        slots: list[int] = []
        while len(slots) < len(middles):
            first = middles[len(slots)]
            shift = self.offset(first) + MONDAY * HOUR
            # Where clocks change within a block, each hour is looked at.
            size = HOUR if self._offsets[first // BLOCK] is None else BLOCK
            end = bisect_left(middles, (first // size + 1.0) * size, len(slots))
            block = middles[len(slots) : max(end, len(slots) + 1)]
            slots += [int((middle + shift) // HOUR) % SLOTS for middle in block]
        return slots

    def next_hour(self, at: float) -> float:
        """When the next local hour begins."""
        offset = self.offset(at)
        return max(at + 1.0, ((at + offset) // HOUR + 1.0) * HOUR - offset)

    def _at_start(self, block: float) -> float:
        offset = self._starts.get(block)
        if offset is None:
            offset = self._starts[block] = self._offset(block * BLOCK)
        return offset

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
        used_in, hours_in = self.used.__getitem__, self.hours.__getitem__
        squares_in, weights_in = self.squares.__getitem__, self.weights.__getitem__
        for place, group in enumerate(groups):
            hours = sum(map(hours_in, group))
            if hours <= 0.0:
                continue
            mean = sum(map(used_in, group)) / hours
            count = hours * hours / sum(map(weights_in, group))
            square = sum(map(squares_in, group)) / hours
            if square > mean * mean:
                spread += (square - mean * mean) * count
            if count > 1.0:
                freedom += count - 1.0
            found.append((place, mean - base[place], count))
        shrunk = list(base)
        if freedom < FEW:
            return shrunk
        chance = spread / freedom
        real = _real([(off, chance / max(count, 0.5)) for _, off, count in found])
        for place, off, count in found:
            shrunk[place] += off * _trust(real, chance / max(count, 0.5))
        return shrunk


class Usual:
    """What somebody uses at each hour of the week.

    Args:
        growth: Past use.
        slots: Hour of the week of each of its cells.
    """

    def __init__(self, growth: Growth, slots: Sequence[int]) -> None:
        self._exposed = [
            (known + QUIET * unseen) * hours
            for known, unseen, hours in zip(growth.known, growth.unseen, growth.hours, strict=True)
        ]
        # Cells within one hour are one run.
        firsts = [0, *(place for place, (a, b) in enumerate(pairwise(slots), 1) if a != b)]
        self._firsts = [*firsts, len(slots)]
        self._slots = [slots[first] for first in firsts]
        now, decay = growth.edges[-1], math.log(2.0) / MEMORY
        self._weights = [math.exp((growth.edges[first] - now) * decay) for first in firsts]
        self._used = self._by_run(growth.grown)
        self._days = [
            0,
            *(place for place, (a, b) in enumerate(pairwise(self._slots), 1) if a // 24 != b // 24),
            len(self._slots),
        ]

    def rates(self, pace: Sequence[float] | None = None) -> list[float] | None:
        """Percent an hour for each hour of the week; None where no use was seen.

        Args:
            pace: How much more than usual was used about each cell. Late hours of a job are seen
                only when it was slow, since a fast one has used the window up before: at a slow
                pace they count as less time.
        """
        exposed = self._exposed if pace is None else list(map(mul, self._exposed, pace))
        seen = self._by_run(exposed)
        sums = self._sums(seen)
        hours = sum(sums.hours)
        mean = sum(sums.used) / hours if hours > 0.0 else 0.0
        if mean <= NOTHING:
            return None
        daily = sums.shrunk([range(hour, SLOTS, 24) for hour in range(24)], [mean] * 24)
        rates = daily * 7
        factors = self._factors(seen, rates, CLASSES)
        for days in CLASSES:
            base = [daily[hour] * factors[days[0]] for hour in range(24)]
            groups = [[day * 24 + hour for day in days] for hour in range(24)]
            found = sums.shrunk(groups, base)
            for day in days:
                rates[day * 24 : day * 24 + 24] = found
        factors = self._factors(seen, rates, WEEKDAYS)
        shares = [(1.0 - FLAT) * factor for factor in factors for _ in range(24)]
        return [max(0.0, each) + FLAT * mean for each in map(mul, rates, shares)]

    def _by_run(self, cells: Sequence[float]) -> list[float]:
        """Sums over the cells of each run."""
        before = list(accumulate(cells, initial=0.0))
        return [before[end] - before[first] for first, end in pairwise(self._firsts)]

    def _sums(self, seen: Sequence[float]) -> _Slots:
        sums = _Slots()
        all_used, all_hours, squares, weights = sums.used, sums.hours, sums.squares, sums.weights
        rows = zip(self._slots, self._weights, self._used, seen, strict=True)
        for slot, weight, used, hours in rows:
            if hours > LEAST:
                weighed = weight * hours
                all_hours[slot] += weighed
                weights[slot] += weighed * weighed
                if used > 0.0:
                    all_used[slot] += weight * used
                    squares[slot] += weight * used * used / hours
        return sums

    def _factors(
        self, seen: Sequence[float], rates: Sequence[float], groups: Sequence[Sequence[int]]
    ) -> list[float]:
        """How much more each day of the week sees than `rates` say, as far as that is no chance."""
        usually = map(mul, [rates[slot] for slot in self._slots], seen)
        wanted = list(accumulate(usually, initial=0.0))
        used = list(accumulate(self._used, initial=0.0))
        expected, off, squares = [0.0] * 7, [0.0] * 7, [0.0] * 7
        for first, end in pairwise(self._days):
            day, weight = self._slots[first] // 24, self._weights[first]
            usual = wanted[end] - wanted[first]
            more = weight * (used[end] - used[first] - usual)
            expected[day] += weight * usual
            off[day] += more
            squares[day] += more * more
        found: list[tuple[float, float]] = []
        for group in groups:
            usual = sum(expected[day] for day in group)
            if usual > NOTHING:
                chance = sum(squares[day] for day in group) / (usual * usual)
                found.append((sum(off[day] for day in group) / usual, chance))
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
