"""When a window runs out, as a range. Method and back-test: docs/forecast.md."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import accumulate
from operator import mul
from typing import Final

from services.limits.growth import DAY, HOUR, Growth, Sample, growth
from services.limits.profile import SLOTS, LocalHours, profile
from services.models.limits import Forecast, ForecastState

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
PRIOR: Final = 5.0
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
BLOCK: Final = 0.3
"""Share of the window's length in which bursts are measured."""
BURST: Final = 5.0
BURST_WEIGHT: Final = 20.0
"""Percent in one burst, and of how much use that is assumed before it is known."""
NORMAL: Final = (-1.75, -1.15, -0.8, -0.52, -0.25, 0.0, 0.25, 0.52, 0.8, 1.15, 1.75)
"""Normal deviates of equal weight."""
WIDER: Final = 1.12
"""Ranges are wider than past errors, whose rates were learnt from the same use."""
YOUNG: Final = 1.5
AGED: Final = 0.5
"""A range is wider by a factor of 1 + YOUNG / (days of history + AGED)."""
QUANTILES: Final = (0.1, 0.5, 0.9)
ENOUGH_USE: Final = 3.0
"""Percent of use that must have been seen."""
ENOUGH_TIME: Final = 0.05
"""Share of the window's length that must have been seen."""
FARTHEST: Final = 3660 * DAY
FAR: Final = 28 * DAY
"""Seconds from now on from which weeks are taken as a whole."""


@dataclass(frozen=True, slots=True)
class _Past:
    """What has been used, and what one would have expected, before each edge of the cells."""

    growth: Growth
    used: list[float]
    expected: list[float]
    pace: list[float]
    """Recent use as a multiple of what is usual."""
    burst: float
    """Percent by which use comes in one piece: variance beyond what was expected, over use."""

    def guess(self, since: int, expected: float) -> float:
        """Percent that one would have foretold at an edge: for the time of usual use so high."""
        return foretold(self.pace[since], expected)


def foretold(pace: float, expected: float) -> float:
    """Percent that will be used while `expected` percent usually are; grows with it.

    Args:
        pace: Recent use as a multiple of what is usual; it comes back to 1.
        expected: Percent.
    """
    return expected + (pace - 1.0) * LASTING * -math.expm1(-expected / LASTING)


def forecast(
    samples: Sequence[Sample],
    *,
    window_seconds: int | None,
    used: float,
    resets_at: float | None,
    now: float,
    zone: tzinfo | None = None,
) -> Forecast:
    """The range of times at which a window runs out.

    Args:
        samples: Past readings (Unix seconds, percent used, reset in Unix seconds), oldest first,
            over any number of periods; single ones or one an hour.
        window_seconds: Its length; None where the server named none.
        used: Percent used now.
        resets_at: When it begins anew, Unix seconds.
        now: Unix seconds.
        zone: Of the user's days and hours; None for the machine's own.
    """
    if used >= 100.0:
        return Forecast(state=ForecastState.EXHAUSTED)
    if resets_at is None or not math.isfinite(resets_at):
        return Forecast(reason="no reset known")
    if resets_at <= now:
        return Forecast(reason="reset due")
    length = float(window_seconds or max(5 * HOUR, resets_at - now))
    seen = _seen(samples, now)
    # One number since the window began says nothing about how use comes.
    if not seen or now - seen[0][0] < ENOUGH_TIME * length:
        return Forecast(reason="too little history")
    days = (now - seen[0][0]) / DAY
    begun = resets_at - length
    if begun < seen[0][0] - HOUR and seen[0][1] > 0.0:
        # What was used before anything was read was used since the window began.
        seen.insert(0, (begun, 0.0, resets_at))
    hours = LocalHours(zone)
    laid = growth(seen, used=used, now=now, window_seconds=length)
    known = laid.known_hours * HOUR
    if laid.total < ENOUGH_USE and known >= length:
        # Somebody who uses next to nothing.
        return Forecast(state=ForecastState.LASTS)
    slots = hours.slots(laid.edges)
    rates = None if laid.total < ENOUGH_USE else profile(laid, slots)
    if rates is None or known < ENOUGH_TIME * length:
        return Forecast(reason="too little history")
    past = _past(laid, slots, rates, length / HOUR, days)
    rates = profile(laid, slots, _paces(past)) or rates
    past = _past(laid, slots, rates, length / HOUR, days)
    left = _left(seen, used, now, rates[slots[-1]])
    needs = _needs(past, left, days)
    times = _times(needs, past.pace[-1], rates, hours, now, resets_at)
    state = ForecastState.LASTS if times[0] is None else ForecastState.RUNS_OUT
    return Forecast(state=state, p10_at=times[0], p50_at=times[1], p90_at=times[2])


def _seen(samples: Sequence[Sample], now: float) -> list[Sample]:
    """The samples that can be used, in order; clocks go back, too."""
    found: list[Sample] = []
    last = -math.inf
    for sample in samples:
        at, used, resets_at = sample
        if last <= at <= now and not math.isnan(used):
            last = at
            is_within = 0.0 <= used <= 100.0
            found.append(sample if is_within else (at, min(100.0, max(0.0, used)), resets_at))
    return found


def _past(
    laid: Growth, slots: Sequence[int], rates: Sequence[float], window_hours: float, days: float
) -> _Past:
    expected, pace = [0.0], [1.0]
    total = recent = usual = 0.0
    used_in = expected_in = time_in = squares = measured = 0.0
    memory, block = RECENT * window_hours, BLOCK * window_hours
    mean = laid.total / max(1e-9, laid.known_hours)
    doubt = 1e-9 + DOUBT * days / (days + UNUSUAL) * memory * mean
    for slot, grown, share, length in zip(slots, laid.grown, laid.known, laid.hours, strict=True):
        usually = rates[slot] * share * length
        total += usually
        kept = math.exp(-length * share / memory)
        recent, usual = recent * kept + grown, usual * kept + usually
        expected.append(total)
        pace.append(min(MOST_PACE, (recent + doubt) / (usual + doubt)))
        used_in, expected_in, time_in = used_in + grown, expected_in + usually, time_in + length
        if time_in >= block:
            squares += (used_in - expected_in) ** 2
            measured += expected_in
            used_in = expected_in = time_in = 0.0
    burst = (squares + BURST_WEIGHT * BURST) / (measured + BURST_WEIGHT)
    return _Past(laid, laid.used_before(), expected, pace, burst)


def _paces(past: _Past) -> list[float]:
    """The pace before each cell, within bounds, 1 on average over the time that is known."""
    laid = past.growth
    paces = [min(FASTEST, max(SLOWEST, pace)) for pace in past.pace[:-1]]
    known = map(mul, laid.known, laid.hours)
    mean = sum(map(mul, paces, known)) / max(1e-9, laid.known_hours)
    return [pace / mean for pace in paces] if mean > 0.0 else paces


def _left(samples: Sequence[Sample], used: float, now: float, rate: float) -> float:
    """Percent until the server says 100, less what has been used since its last step."""
    stepped = now
    for at, each, _ in reversed(samples):
        if each != used:
            break
        stepped = at
    return max(0.05, 100.0 - used - min(0.6, rate * (now - stepped) / HOUR))


def _needs(past: _Past, left: float, days: float) -> list[float]:
    """Percent that must be foretold until a time, for each quantile, so that it is the run-out.

    The same guess is made at past moments: how much was foretold until the time at which as much
    had been used as is left now. Where those are few, what is expected of bursts stands in.
    """
    errors = _errors(past, left)
    # Past run-outs overlap: independent are no more than have found room in what was used.
    count = min(float(len(errors)), max(1.0, past.used[-1] / left))
    spread = min(MOST_SPREAD, math.hypot(LEAST_SPREAD, math.sqrt(past.burst / left)))
    weighted = [(error, count / len(errors)) for error in errors]
    weighted += [(deviate * spread, PRIOR / len(NORMAL)) for deviate in NORMAL]
    weighted.sort()
    early, middle, late = _quantiles(weighted)
    wider = WIDER * (1.0 + YOUNG / (days + AGED))
    return [left * math.exp(middle + (each - middle) * wider) for each in (early, middle, late)]


def _quantiles(weighted: Sequence[tuple[float, float]]) -> list[float]:
    """Values, given with weights and in order, below which the shares of `QUANTILES` lie."""
    sums = list(accumulate(weight for _, weight in weighted))
    return [weighted[bisect_left(sums, share * sums[-1])][0] for share in QUANTILES]


def _errors(past: _Past, left: float) -> list[float]:
    """Logarithms of what was foretold over what was used, at past moments.

    Moments are chosen by the use that was expected between them: those of idle hours say little
    about a moment at which somebody works.
    """
    laid, used, expected = past.growth, past.used, past.expected
    until = laid.known_until()
    now = len(laid.grown)
    errors: list[float] = []
    for moment in range(MOMENTS):
        edge = bisect_left(expected, (moment + 0.5) / MOMENTS * expected[now])
        if not 0 < edge < now or min(laid.known[edge - 1], laid.known[edge]) < KNOWN:
            continue
        target, end = used[edge] + left, until[edge]
        if used[end] >= target:
            cell = bisect_left(used, target, edge, end + 1) - 1
            share = (target - used[cell]) / max(1e-12, used[cell + 1] - used[cell])
            behind = expected[cell] + share * (expected[cell + 1] - expected[cell])
            amount, guess = left, past.guess(edge, behind - expected[edge])
            # Slow moments of late have not run out yet and are missing: so fast ones are left out.
            is_fair = past.guess(edge, expected[now] - expected[edge]) >= AHEAD * left
        else:
            amount = used[end] - used[edge]
            guess = past.guess(edge, expected[end] - expected[edge])
            is_fair = guess >= AHEAD * left if end == now else amount >= PART * left
        if is_fair:
            error = math.log(max(guess, 1e-3 * left) / max(amount, 0.02 * left))
            errors.append(min(LARGEST, max(-LARGEST, error)))
    return errors


def _times(
    needs: Sequence[float],
    pace: float,
    rates: Sequence[float],
    hours: LocalHours,
    now: float,
    resets_at: float,
) -> list[float | None]:
    """When so much is foretold; None where that is behind the reset."""
    times: list[float | None] = [None] * len(needs)
    weekly = sum(rates)
    at, expected, guess, place = now, 0.0, 0.0, 0
    resets_at = min(resets_at, now + FARTHEST)
    while at < resets_at and place < len(needs):
        if at < now + FAR:
            end = min(resets_at, hours.next_hour(at))
            expected += rates[hours.slot(at)] * (end - at) / HOUR
        else:
            end = min(resets_at, at + SLOTS * HOUR)
            expected += weekly * (end - at) / (SLOTS * HOUR)
        after = foretold(pace, expected)
        while place < len(needs) and after >= needs[place]:
            share = (needs[place] - guess) / max(1e-12, after - guess)
            times[place] = at + min(1.0, max(0.0, share)) * (end - at)
            place += 1
        at, guess = end, after
    return times
