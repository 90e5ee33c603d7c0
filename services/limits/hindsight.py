"""How wrong a guess like that of now was at past moments. Rules: docs/forecast.md."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul
from typing import Final

from services.limits.growth import DAY, DETAILED, Growth
from services.limits.profile import MEMORY

RECENT: Final = 0.1
"""Share of the window's length over which recent use counts."""
DOUBT: Final = 0.5
"""How much usual use of that time is added to recent use before the two are compared."""
UNUSUAL: Final = 2.0
"""Days of history after which half of that is added: before, nothing is known to be usual."""
LASTING: Final = 80.0
"""Percent of use over which recent use comes back to what is usual."""
MOMENTS: Final = 120
"""Past moments at which the same guess is made, as much use between any two."""
MOST_PACE: Final = 50.0
SLOWEST: Final = 0.1
FASTEST: Final = 3.0
"""Paces beyond which the usual rates do not learn from them."""
LEAST_PACE: Final = 1e-3
ALIKE_PACE: Final = 0.5
ALIKE_RATE: Final = 1.0
"""Differences, as logarithms, of pace and of what is usual at the hour by which a past moment is
so unlike the present one that its error weighs three fifths."""
PRIOR: Final = 3.0
"""How many independent errors the expected spread counts as."""
LEAST_SPREAD: Final = 0.05
MOST_SPREAD: Final = 1.0
"""Of the logarithm of what is foretold over what is used, where errors are few."""
KNOWN: Final = 0.6
"""Share of a cell that must be known where a guess is made."""
AHEAD: Final = 1.3
"""How much more than is left must have been foretold until now, for what came of it to be known."""
PART: Final = 0.5
"""How much of what is left must have been used before the window was exhausted, or not read."""
LARGEST: Final = 2.5
"""Error, as a logarithm."""
MOST_LEARNT: Final = 0.7
"""Share of what has been learnt that a guess may have been made from what came of it."""
BLOCK: Final = 0.3
"""Share of the window's length in which bursts are measured."""
BURST: Final = 5.0
BURST_WEIGHT: Final = 20.0
"""Percent in one burst, and of how much use that is assumed before it is known."""
TURN: Final = 2.0
"""Percent that comes at once, assumed before as much use as for bursts is known."""
HIDDEN: Final = 0.5
"""Of the variance of use in a cell, how much is not seen of it at its edges."""
NORMAL: Final = (-1.75, -1.15, -0.8, -0.52, -0.25, 0.0, 0.25, 0.52, 0.8, 1.15, 1.75)
"""Normal deviates of equal weight."""
TENTH: Final = 1.28
"""Normal deviate beyond which a tenth lies."""
WIDER: Final = 1.05
"""Ranges are wider than past errors: rates have more to learn than their level."""
YOUNG: Final = 1.5
AGED: Final = 0.5
"""A range is wider by a factor of 1 + YOUNG / (days of history + AGED)."""
QUANTILES: Final = (0.1, 0.5, 0.9)
MIDDLE: Final = (0.5,)


def foretold(pace: float, expected: float) -> float:
    """Percent that will be used while `expected` percent usually are; grows with it.

    Args:
        pace: Recent use as a multiple of what is usual; it comes back to 1.
        expected: Percent.
    """
    return expected + (pace - 1.0) * LASTING * -math.expm1(-expected / LASTING)


@dataclass(frozen=True, slots=True)
class Hindsight:
    """What has been used, and what one would have expected, before each edge of the cells."""

    growth: Growth
    used: list[float]
    expected: list[float]
    pace: list[float]
    """Recent use as a multiple of what is usual."""
    rates: list[float]
    """What is usual in each cell, percent an hour."""
    days: float
    """Of history."""
    burst: float
    """Percent by which use comes in one piece: variance beyond what was expected, over use."""
    turn: float
    """The same within minutes: of neighbouring narrow cells."""

    def needs(self, left: float) -> list[float]:
        """Percent that must be foretold until a time, for each quantile, so that it is the run-out.

        The same guess is made at past moments: how much was foretold until the time at which as
        much had been used as is left now? Half of all errors are below the middle; for the ends of
        the range moments like the present one weigh more. Where errors are few, what is expected
        of bursts stands in.

        Args:
            left: Percent.
        """
        errors = list(self._errors(left))
        # Past run-outs overlap: independent are no more than have found room in what was used.
        most = max(1.0, self.used[-1] / left)
        spread = min(MOST_SPREAD, math.hypot(LEAST_SPREAD, math.sqrt(self.burst / left)))
        (middle,) = _quantiles([(error, 1.0) for error, _, _ in errors], most, spread, MIDDLE)
        alike = [(error, weight) for error, weight, _ in errors]
        early, half, late = _quantiles(alike, most, spread, QUANTILES)
        weights = sum(weight for _, weight in alike)
        hidden = sum(weight * variance for _, weight, variance in errors) / max(1e-9, weights)
        unseen = TENTH * math.sqrt(hidden)
        wider = WIDER * (1.0 + YOUNG / (self.days + AGED))
        early = half - math.hypot((half - early) * wider, unseen)
        late = half + math.hypot((late - half) * wider, unseen)
        return [left * math.exp(each) for each in (early, min(late, max(early, middle)), late)]

    def _errors(self, left: float) -> Iterator[tuple[float, float, float]]:
        """Logarithms of what was foretold over what was used, their weights and hidden variances.

        Moments are chosen by the use that was expected between them: those of idle hours say little
        about a moment at which somebody works.
        """
        laid, used, expected = self.growth, self.used, self.expected
        until = laid.known_until()
        now = len(laid.grown)
        pace, rate = self._likeness(now)
        learnt = used[now] * _remembered(self.days)
        usual = used[now] / max(1e-9, expected[now])
        for moment in range(MOMENTS):
            edge = bisect_left(expected, (moment + 0.5) / MOMENTS * expected[now])
            if not 0 < edge < now or laid.known[edge - 1] < KNOWN or laid.known[edge] < KNOWN:
                continue
            target, end, variance = used[edge] + left, until[edge], 0.0
            if used[end] >= target:
                cell = bisect_left(used, target, edge, end + 1) - 1
                share = (target - used[cell]) / max(1e-12, laid.grown[cell])
                behind = expected[cell] + share * (expected[cell + 1] - expected[cell])
                amount, wanted = left, behind - expected[edge]
                guess = foretold(self.pace[edge], wanted)
                # Slow moments of late have not run out yet and are missing: so fast ones are left
                # out.
                is_fair = foretold(self.pace[edge], expected[now] - expected[edge]) >= AHEAD * left
                variance = HIDDEN * self.turn * min(left, laid.grown[cell]) / (left * left)
            else:
                amount, wanted = used[end] - used[edge], expected[end] - expected[edge]
                guess = foretold(self.pace[edge], wanted)
                is_fair = guess >= AHEAD * left if end == now else amount >= PART * left
            if not is_fair:
                continue
            error = math.log(max(guess, 1e-3 * left) / max(amount, 0.02 * left))
            # The rates know already what came of this moment, and not what will come of now.
            known = (wanted * usual - amount) / learnt
            error += math.log1p(min(MOST_LEARNT, max(-MOST_LEARNT, known)))
            then_pace, then_rate = self._likeness(edge)
            unlike = (then_pace - pace) ** 2 + (then_rate - rate) ** 2
            yield min(LARGEST, max(-LARGEST, error)), math.exp(-unlike / 2.0), variance

    def _likeness(self, edge: int) -> tuple[float, float]:
        """What tells one moment from another: its pace, and what is usual at its hour."""
        rate = self.rates[min(edge, len(self.rates) - 1)]
        return (
            math.log(max(LEAST_PACE, self.pace[edge])) / ALIKE_PACE,
            math.log(max(1e-9, rate)) / ALIKE_RATE,
        )


class Past:
    """What has been used, ready to be held against usual rates.

    Args:
        growth: Past use.
        slots: Hour of the week of each of its cells.
        window_hours: Length of the window.
        days: Of history.
    """

    def __init__(
        self, growth: Growth, slots: Sequence[int], window_hours: float, days: float
    ) -> None:
        self._growth = growth
        self._slots = slots
        self._days = days
        self._used = growth.used_before()
        self._hours = list(map(mul, growth.known, growth.hours))
        memory = RECENT * window_hours
        self._kept = [math.exp(-hours / memory) for hours in self._hours]
        self._recent: list[float] = []
        recent = 0.0
        for kept, grown in zip(self._kept, growth.grown, strict=True):
            recent = recent * kept + grown
            self._recent.append(recent)
        mean = self._used[-1] / max(1e-9, sum(self._hours))
        self._doubt = 1e-9 + DOUBT * days / (days + UNUSUAL) * memory * mean
        self._blocks = list(_blocks(growth.hours, BLOCK * window_hours))

    def hindsight(self, rates: Sequence[float]) -> Hindsight:
        """What one would have expected by rates of the hours of a week, in percent an hour."""
        usually = [rates[slot] for slot in self._slots]
        wanted = list(map(mul, usually, self._hours))
        expected = list(accumulate(wanted, initial=0.0))
        return Hindsight(
            self._growth,
            self._used,
            expected,
            [1.0, *self._paces(wanted)],
            usually,
            self._days,
            burst=self._burst(expected),
            turn=_turn(self._growth),
        )

    def paces(self, rates: Sequence[float]) -> list[float]:
        """The pace before each cell, within bounds, 1 on average over the time that is known."""
        pace = self._paces(list(map(mul, [rates[slot] for slot in self._slots], self._hours)))
        bound = [
            SLOWEST if each < SLOWEST else each if each < FASTEST else FASTEST
            for each in (1.0, *pace[:-1])
        ]
        mean = sum(map(mul, bound, self._hours)) / max(1e-9, sum(self._hours))
        return [each / mean for each in bound] if mean > 0.0 else bound

    def _paces(self, wanted: Sequence[float]) -> list[float]:
        """The pace behind each cell, in which so many percent are usual."""
        pace: list[float] = []
        usual, doubt = 0.0, self._doubt
        for kept, each, recent in zip(self._kept, wanted, self._recent, strict=True):
            usual = usual * kept + each
            ratio = (recent + doubt) / (usual + doubt)
            pace.append(ratio if ratio < MOST_PACE else MOST_PACE)
        return pace

    def _burst(self, expected: Sequence[float]) -> float:
        squares = measured = 0.0
        for begin, end in pairwise(self._blocks):
            usually = expected[end] - expected[begin]
            squares += (self._used[end] - self._used[begin] - usually) ** 2
            measured += usually
        return (squares + BURST_WEIGHT * BURST) / (measured + BURST_WEIGHT)


def _blocks(hours: Sequence[float], length: float) -> Iterator[int]:
    """Edges of cells between which lie `length` hours or a little more."""
    yield 0
    passed = 0.0
    for place, each in enumerate(hours):
        passed += each
        if passed >= length:
            passed = 0.0
            yield place + 1


def _turn(growth: Growth) -> float:
    first = bisect_left(growth.edges, growth.edges[-1] - DETAILED)
    grown = [
        each
        for each, known in zip(growth.grown[first:], growth.known[first:], strict=True)
        if known >= KNOWN
    ]
    squares = sum((before - after) ** 2 for before, after in pairwise(grown)) / 2.0
    return (squares + BURST_WEIGHT * TURN) / (sum(grown) + BURST_WEIGHT)


def _remembered(days: float) -> float:
    """Share of past use that the rates are made from: they forget old use."""
    faded = max(1e-9, days * DAY * math.log(2.0) / MEMORY)
    return -math.expm1(-faded) / faded


def _quantiles(
    errors: Sequence[tuple[float, float]], most: float, spread: float, shares: Sequence[float]
) -> list[float]:
    """Values below which shares of the errors lie, together with those expected of bursts.

    Args:
        errors: With their weights.
        most: How many of them are independent at most.
        spread: Of those expected.
        shares: From 0 to 1.
    """
    weighted = [(deviate * spread, PRIOR / len(NORMAL)) for deviate in NORMAL]
    squares = sum(weight * weight for _, weight in errors)
    if squares > 0.0:
        weights = sum(weight for _, weight in errors)
        scale = min(weights * weights / squares, most) / weights
        weighted += [(error, weight * scale) for error, weight in errors]
    weighted.sort()
    sums = list(accumulate(weight for _, weight in weighted))
    return [weighted[bisect_left(sums, share * sums[-1])][0] for share in shares]
