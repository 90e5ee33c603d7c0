"""When a window runs out, as a range. Method and back-test: docs/forecast.md."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import accumulate
from typing import Final

from services.limits.growth import DAY, DETAILED, HOUR, Growth, Sample, growth
from services.limits.profile import SLOTS, LocalHours, profile
from services.models.limits import Forecast, ForecastState

RECENT: Final = 0.1
"""Share of the window's length over which recent use counts."""
DOUBT: Final = 0.5
"""How much usual use of that time is added to recent use before the two are compared."""
UNUSUAL = 2.0
LASTING: Final = 80.0
"""Percent of use over which recent use comes back to what is usual."""
MOMENTS: Final = 120
"""Past moments of either resolution at which the same guess is made."""
PRIOR: Final = 10.0
"""How many independent errors the expected spread counts as."""
LEAST_SPREAD: Final = 0.05
MOST_SPREAD: Final = 1.0
BLOCK: Final = 0.3
"""Share of the window's length in which bursts are measured."""
BURST, BURST_WEIGHT = 5.0, 20.0
"""Percent in one burst, and of how much use that is assumed before it is known."""
NORMAL: Final = (-1.75, -1.15, -0.8, -0.52, -0.25, 0.0, 0.25, 0.52, 0.8, 1.15, 1.75)
"""Normal deviates of equal weight."""
WIDER: Final = 1.08
YOUNG, AGED = 1.5, 0.5
"""A range is wider by a factor of 1 + YOUNG / (days of history + AGED)."""
QUANTILES: Final = (0.1, 0.5, 0.9)
ENOUGH_USE: Final = 3.0
"""Percent of use that must have been seen."""
ENOUGH_TIME: Final = 0.05
"""Share of the window's length that must have been seen."""
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
    if resets_at is None:
        return Forecast(reason="no reset known")
    if resets_at <= now:
        return Forecast(reason="reset due")
    length = float(window_seconds or max(5 * HOUR, resets_at - now))
    seen = _seen(samples, now)
    if not seen:
        return Forecast(reason="too little history")
    days = (now - seen[0][0]) / DAY
    begun = resets_at - length
    if begun < seen[0][0] - HOUR and seen[0][1] > 0.0:
        # What was used before anything was read was used since the window began.
        seen.insert(0, (begun, 0.0, resets_at))
    hours = LocalHours(zone)
    laid = growth(seen, used=used, now=now, window_seconds=length)
    slots = hours.slots(laid.edges)
    rates = profile(laid, slots)
    known = laid.known_hours * HOUR
    if rates is None or laid.total < ENOUGH_USE:
        is_idle = known >= length and laid.total < ENOUGH_USE
        if is_idle:
            return Forecast(state=ForecastState.LASTS)
        return Forecast(reason="too little history")
    if known < ENOUGH_TIME * length:
        return Forecast(reason="too little history")
    past = _past(laid, slots, rates, length / HOUR, days)
    left = _left(seen, used, now, rates[slots[-1]])
    needs = _needs(past, left, days)
    times = _times(needs, past.pace[-1], rates, hours, now, resets_at)
    state = ForecastState.LASTS if times[0] is None else ForecastState.RUNS_OUT
    return Forecast(state=state, p10_at=times[0], p50_at=times[1], p90_at=times[2])


def _seen(samples: Sequence[Sample], now: float) -> list[Sample]:
    """The samples that can be used, in order; clocks go back, too."""
    found: list[Sample] = []
    for at, used, resets_at in samples:
        if at <= now and (not found or at >= found[-1][0]) and math.isfinite(at + used):
            found.append((at, min(100.0, max(0.0, used)), resets_at))
    return found


def _past(
    laid: Growth, slots: Sequence[int], rates: Sequence[float], window_hours: float, days: float
) -> _Past:
    expected, pace = [0.0], [1.0]
    total = recent = usual = 0.0
    used_in = expected_in = time_in = squares = measured = 0.0
    memory, block = RECENT * window_hours, BLOCK * window_hours
    doubt = DOUBT * days / (days + UNUSUAL) * memory * laid.total / max(1e-9, laid.known_hours)
    for slot, grown, share, length in zip(slots, laid.grown, laid.known, laid.hours, strict=True):
        usually = rates[slot] * share * length
        total += usually
        kept = math.exp(-length * share / memory)
        recent, usual = recent * kept + grown, usual * kept + usually
        expected.append(total)
        pace.append((recent + doubt) / (usual + doubt))
        used_in, expected_in, time_in = used_in + grown, expected_in + usually, time_in + length
        if time_in >= block:
            squares += (used_in - expected_in) ** 2
            measured += expected_in
            used_in = expected_in = time_in = 0.0
    burst = (squares + BURST_WEIGHT * BURST) / (measured + BURST_WEIGHT)
    return _Past(laid, laid.used_before(), expected, pace, burst)


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
    count = min(float(len(errors)), max(1.0, past.used[-1] / left))
    spread = math.sqrt(LEAST_SPREAD**2 + past.burst / left)
    spread = min(MOST_SPREAD, spread)
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
    """Logarithms of what was foretold over what was used, at past moments."""
    laid, used, expected = past.growth, past.used, past.expected
    until = laid.known_until()
    now = len(laid.grown)
    errors: list[float] = []
    for edge in _moments(laid):
        if laid.known[edge - 1] < 0.6 or laid.known[edge] < 0.6:
            continue
        target, end = used[edge] + left, until[edge]
        if used[end] >= target:
            cell = bisect_left(used, target, edge, end + 1) - 1
            share = (target - used[cell]) / max(1e-12, used[cell + 1] - used[cell])
            behind = expected[cell] + share * (expected[cell + 1] - expected[cell])
            guess, amount = past.guess(edge, behind - expected[edge]), left
            # What has not run out by now is left out below: so is what just has.
            if past.guess(edge, expected[now] - expected[edge]) < 1.3 * left:
                continue
        else:
            amount = used[end] - used[edge]
            guess = past.guess(edge, expected[end] - expected[edge])
            if guess < 1.3 * left if end == now else amount < 0.5 * left:
                continue
        error = math.log(max(guess, 1e-3 * left) / max(amount, 0.02 * left))
        errors.append(min(2.5, max(-2.5, error)))
    return errors


def _moments(laid: Growth) -> list[int]:
    """Edges between cells, narrow and wide ones alike well covered."""
    count = len(laid.grown)
    first = bisect_left(laid.edges, laid.edges[-1] - DETAILED)
    is_one = laid.edges[-1] - laid.edges[-2] >= HOUR or first <= 1
    middle = count if is_one else first
    places = list(range(middle - 1, 0, -max(1, middle // MOMENTS)))
    if not is_one:
        places += range(count - 1, middle, -max(1, (count - middle) // MOMENTS))
    return places


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
