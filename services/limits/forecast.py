"""When a window runs out, as a range. Method and back-test: docs/forecast.md."""

import math
from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

from services.limits.growth import DAY, HOUR, Sample, growth
from services.limits.hindsight import Past, foretold
from services.limits.profile import SLOTS, LocalHours, Usual
from services.models.limits import Forecast, ForecastState

ENOUGH_USE: Final = 3.0
"""Percent of use that must have been seen."""
ENOUGH_TIME: Final = 0.05
"""Share of the window's length that must have been seen."""
FARTHEST: Final = 3660 * DAY
FAR: Final = 28 * DAY
"""Seconds from now on from which weeks are taken as a whole."""


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
    usual = Usual(laid, slots)
    rates = None if laid.total < ENOUGH_USE else usual.rates()
    if rates is None or known < ENOUGH_TIME * length:
        return Forecast(reason="too little history")
    past = Past(laid, slots, length / HOUR, days)
    rates = usual.rates(past.paces(rates)) or rates
    hindsight = past.hindsight(rates)
    needs = hindsight.needs(_left(seen, used, now, rates[slots[-1]]))
    times = _times(needs, hindsight.pace[-1], rates, hours, now, resets_at)
    state = ForecastState.LASTS if times[0] is None else ForecastState.RUNS_OUT
    return Forecast(state=state, p10_at=times[0], p50_at=times[1], p90_at=times[2])


def _seen(samples: Sequence[Sample], now: float) -> list[Sample]:
    """The samples that can be used, in order; clocks go back, too."""
    times = [at for at, _, _ in samples]
    percents = [used for _, used, _ in samples]
    is_sound = math.isfinite(sum(times) + sum(percents)) and times == sorted(times)
    if times and is_sound and times[-1] <= now and 0.0 <= min(percents) <= max(percents) <= 100.0:
        return list(samples)
    found: list[Sample] = []
    last = -math.inf
    for sample in samples:
        at, used, resets_at = sample
        if last <= at <= now and not math.isnan(used):
            last = at
            is_within = 0.0 <= used <= 100.0
            found.append(sample if is_within else (at, min(100.0, max(0.0, used)), resets_at))
    return found


def _left(samples: Sequence[Sample], used: float, now: float, rate: float) -> float:
    """Percent until the server says 100, less what has been used since its last step."""
    stepped = now
    for at, each, _ in reversed(samples):
        if each != used:
            break
        stepped = at
    return max(0.05, 100.0 - used - min(0.6, rate * (now - stepped) / HOUR))


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
