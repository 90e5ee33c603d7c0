"""What past readings say about use, and when it usually happens."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.limits.growth import HOUR, Growth, Sample, growth
from services.limits.profile import LocalHours, Usual

NOW = 1_790_000_000.0
FIVE = 18_000.0
BERLIN = ZoneInfo("Europe/Berlin")


def is_near(value: float, other: float, by: float = 1e-6) -> bool:
    return abs(value - other) <= by


def of(*samples: tuple[float, float, float | None], used: float | None = None) -> Growth:
    """Growth of samples given as hours before now, percent, and hours to the reset from now."""
    seen: list[Sample] = [
        (NOW + at * HOUR, each, None if ends is None else NOW + ends * HOUR)
        for at, each, ends in samples
    ]
    last = samples[-1][1] if used is None else used
    return growth(seen, used=last, now=NOW, window_seconds=FIVE)


def between(laid: Growth, since: float, until: float) -> float:
    """Percent used between two times in hours before now."""
    return sum(
        grown
        for begin, grown in zip(laid.edges, laid.grown, strict=False)
        if NOW + since * HOUR - 1 <= begin < NOW + until * HOUR - 1
    )


def test_cells_end_now_and_hold_all_that_was_used() -> None:
    laid = of((-4, 0, 1), (-3, 30, 1), (-1, 50, 1), (0, 60, 1))
    assert laid.edges[-1] == NOW
    assert is_near(laid.total, 60.0)
    assert is_near(between(laid, -3, -1), 20.0, 1.5)
    assert is_near(laid.known_hours, 4.0)


def test_use_goes_on_across_a_reset() -> None:
    laid = of((-3, 80, -1), (-1.1, 90, -1), (-0.9, 3, 4), (0, 20, 4))
    assert is_near(laid.total, 10 + 20)
    assert is_near(laid.known_hours, 3.0, 0.2)


def test_while_a_window_is_exhausted_nothing_is_known_of_use() -> None:
    laid = of((-5, 50, -1), (-4.95, 51, -1), (-4, 100, -1), (-0.9, 0, 4.1), (0, 10, 4.1))
    assert is_near(laid.total, 50 + 10)
    assert is_near(laid.known_hours, 2.0, 0.2)


def test_a_window_that_ran_out_while_it_was_watched_is_exhausted_from_then_on() -> None:
    laid = of((-5, 50, -1), (-4.02, 99, -1), (-4, 100, -1), (-2, 100, -1), (0, 10, 4), used=10.0)
    assert is_near(laid.known_hours, 2.0, 0.2)


def test_a_window_that_was_exhausted_when_it_was_first_read_is_so_until_the_reset() -> None:
    laid = of((-5, 100, -1), (-3, 100, -1), (-0.9, 0, 4.1), (0, 10, 4.1))
    assert is_near(laid.total, 10.0)
    assert is_near(laid.known_hours, 1.0, 0.2)


def test_what_ran_out_between_two_readings_ran_out_as_fast_as_it_went_before() -> None:
    laid = of((-3, 0, 1), (-2, 60, 1), (-1, 100, 1), (0, 100, 1), used=100.0)
    assert is_near(laid.total, 100.0)
    assert is_near(laid.known_hours, 1 + 40 / 60, 0.1)


def test_use_between_the_last_reading_and_a_reset_is_not_guessed() -> None:
    laid = of((-4, 40, -1), (0, 20, 4.5), used=20.0)
    assert is_near(laid.total, 20.0)
    assert is_near(laid.known_hours, 1.0, 0.2)
    assert sum(laid.unseen) > 0.0


def test_use_that_the_server_takes_back_is_no_reset_and_not_used_again() -> None:
    laid = of((-2, 40, 1), (-1, 50, 1), (-0.5, 45, 1), (0, 47, 1))
    assert is_near(laid.total, 10 + 2)


def test_sources_that_round_differently_do_not_add_up() -> None:
    flapping = [(-1 + place / 60, 41.0 + place % 2, 2.0) for place in range(60)]
    assert is_near(of(*flapping, used=42.0).total, 1.0)


def test_a_reset_that_is_moved_is_no_reset() -> None:
    laid = of((-3, 40, 1), (-2, 50, 2), (-1, 60, 2), (0, 70, 2))
    assert is_near(laid.total, 30.0)


def test_one_step_after_a_long_pause_was_made_lately() -> None:
    laid = of((-4.9, 10, 0.1), (-4.8, 20, 0.1), (0, 21, 0.1))
    assert between(laid, -4.7, -1.1) == 0.0


def workdays(weeks: int, until: datetime) -> list[Sample]:
    """2 % of a week's window each hour from nine to six, Monday to Friday, read each half hour."""
    found: list[Sample] = []
    at, used = until - timedelta(weeks=weeks), 0.0
    # In UTC, so that an hour stays an hour where clocks change.
    at = at.astimezone(ZoneInfo("UTC"))
    while at <= until:
        local = at.astimezone(BERLIN)
        monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0)
        if (local.weekday(), local.hour, local.minute) == (0, 0, 0):
            used = 0.0
        ends = (monday + timedelta(weeks=1)).timestamp()
        found.append((at.timestamp(), used, ends))
        if local.weekday() < 5 and 9 <= local.hour < 18:
            used += 1.0
        at += timedelta(minutes=30)
    return found


def test_usual_hours_are_those_of_the_users_clock_also_when_it_changes() -> None:
    until = datetime(2026, 4, 15, 12, tzinfo=BERLIN)
    samples = workdays(5, until)
    laid = growth(samples, used=samples[-1][1], now=until.timestamp(), window_seconds=7 * 24 * HOUR)
    rates = Usual(laid, LocalHours(BERLIN).slots(laid.edges)).rates()
    assert rates is not None
    work = [rates[day * 24 + hour] for day in range(5) for hour in range(10, 17)]
    night = [rates[day * 24 + hour] for day in range(5) for hour in (0, 3, 6, 20, 23)]
    weekend = rates[5 * 24 : 7 * 24]
    assert min(work) > 1.5
    assert max(night) < 0.3
    assert max(weekend) < 0.3


def test_hours_that_differ_by_chance_are_taken_as_alike() -> None:
    even = [
        (NOW + (place - 20 * 24) * HOUR, float(place % 100), NOW + (place // 100 - 4) * 100 * HOUR)
        for place in range(20 * 24 + 1)
    ]
    laid = growth(even, used=even[-1][1], now=NOW, window_seconds=100 * HOUR)
    rates = Usual(laid, LocalHours(BERLIN).slots(laid.edges)).rates()
    assert rates is not None
    assert max(rates) < 1.5 * min(rates)


def test_an_hour_of_the_week_is_the_users_own() -> None:
    hours = LocalHours(BERLIN)
    monday = datetime(2026, 11, 23, 0, 30, tzinfo=BERLIN).timestamp()
    assert hours.slot(monday) == 0
    assert hours.slot(datetime(2026, 7, 5, 23, 59, tzinfo=BERLIN).timestamp()) == 167
    # Two o'clock comes twice on the day on which summer ends.
    autumn = datetime(2026, 10, 25, 0, 0, tzinfo=BERLIN).timestamp()
    assert [hours.slot(autumn + hour * HOUR) % 24 for hour in range(5)] == [0, 1, 2, 2, 3]
    assert hours.next_hour(autumn + 60.0) == autumn + HOUR
