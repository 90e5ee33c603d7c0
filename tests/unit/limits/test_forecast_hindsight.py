"""How the errors of past guesses make the range of a forecast."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from services.limits.forecast import forecast
from services.limits.growth import HOUR, Sample, growth
from services.limits.hindsight import Past
from services.limits.profile import LocalHours

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
FIVE = 18_000
WEEK = 604_800
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")


def even(hours: int, percent_an_hour: float) -> Past:
    """The same in each hour, through windows of a week."""
    now = NOON.timestamp()
    samples: list[Sample] = [
        (now - back * HOUR, (hours - back) * percent_an_hour, now + HOUR)
        for back in range(hours, -1, -1)
    ]
    laid = growth(samples, used=samples[-1][1], now=now, window_seconds=WEEK)
    return Past(laid, LocalHours(UTC).slots(laid.edges), WEEK / HOUR, hours / 24.0)


def test_where_each_past_guess_was_right_the_median_is_what_is_left() -> None:
    early, middle, late = even(300, 0.3).hindsight([0.3] * 168).needs(10.0)
    assert abs(middle - 10.0) < 0.01
    assert early < middle < late


def test_what_was_always_foretold_too_high_is_needed_more() -> None:
    early, middle, late = even(300, 0.3).hindsight([0.6] * 168).needs(10.0)
    assert 11.0 < middle < 20.0
    assert early < middle < late


def test_what_the_rates_have_learnt_from_a_guess_is_not_in_its_favour() -> None:
    # Ten days, five of 10 % and five of 20 %: each five are half of all that was learnt from.
    now = NOON.timestamp()
    used, samples = 0.0, list[Sample]()
    for hour in range(241):
        samples.append((now + (hour - 240) * HOUR, used, now + HOUR))
        used += 10.0 / 24.0 if hour // 24 % 2 else 20.0 / 24.0
    laid = growth(samples, used=samples[-1][1], now=now, window_seconds=WEEK)
    past = Past(laid, LocalHours(UTC).slots(laid.edges), WEEK / HOUR, 10.0)
    early, _, late = past.hindsight([150.0 / 240.0] * 168).needs(50.0)
    # 0.81 if guesses were held against what had been learnt from them.
    assert math.log(late / early) > 0.85


def nights_and_days(now: datetime) -> Iterator[Sample]:
    """20 days: 15 % an hour from 0 to 6, and on some days 20 % from 10 to 18.

    Windows of five hours begin at 0, 5, 10 and 15.
    """
    at = now - timedelta(days=20)
    used = 0.0
    while at <= now:
        if at.minute == 0 and at.hour in {0, 5, 10, 15, 20}:
            used = 0.0
        ends = at.replace(minute=0) + timedelta(hours=5 - at.hour % 5)
        yield at.timestamp(), float(int(used)), ends.timestamp()
        if at.hour < 6:
            used += 15.0 / 12.0
        elif 10 <= at.hour < 18 and at.toordinal() * 5 % 7 < 3:
            used += 20.0 / 12.0
        at += timedelta(minutes=5)


def width(now: datetime) -> float:
    """Of the early half of the range, over the time to the median."""
    samples = list(nights_and_days(now))
    said = forecast(
        samples,
        window_seconds=FIVE,
        used=70.0,
        resets_at=now.timestamp() + 100 * HOUR,
        now=now.timestamp(),
        zone=UTC,
    )
    assert said.p10_at is not None
    assert said.p50_at is not None
    return (said.p50_at - said.p10_at) / (said.p50_at - now.timestamp())


def test_a_night_that_is_always_the_same_is_not_foretold_as_badly_as_the_days() -> None:
    # Errors of all past moments alike would make it 0.4.
    assert width(NOON.replace(hour=2, minute=30)) < 0.25


def spread(used: float) -> float:
    now = NOON.timestamp()
    samples: list[Sample] = []
    for minute in range(14 * 24 * 60, -1, -10):
        since = (14 * 24 * 60 - minute) % 300
        at = now - minute * 60.0
        samples.append((at, float(since // 4), at + (300 - since) * 60.0))
    said = forecast(
        samples, window_seconds=FIVE, used=used, resets_at=now + 9 * HOUR, now=now, zone=UTC
    )
    assert said.p10_at is not None
    assert said.p90_at is not None
    return math.log((said.p90_at - now) / (said.p10_at - now))


def test_a_few_percent_may_be_used_at_once_so_the_range_is_wide() -> None:
    assert spread(97.0) > 1.0
    assert spread(60.0) < 0.4


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", [(3, 7), (3, 28), (4, 4), (7, 1), (10, 3), (10, 24), (10, 31)])
def test_the_hour_of_a_cell_is_that_of_its_middle(day: tuple[int, int], zone: str) -> None:
    # From the days before those on which clocks change somewhere.
    edges = [datetime(2026, *day, 7, 10, tzinfo=UTC).timestamp()]
    for step in [HOUR] * 36 + [450.0] * 20:
        edges.append(edges[-1] + step)
    hours = LocalHours(ZoneInfo(zone))
    middles = [(first + last) / 2.0 for first, last in pairwise(edges)]
    local = [datetime.fromtimestamp(middle, ZoneInfo(zone)) for middle in middles]
    assert hours.slots(edges) == [each.weekday() * 24 + each.hour for each in local]
