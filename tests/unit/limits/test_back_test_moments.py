"""Which moments of a history the back-test asks about."""

from zoneinfo import ZoneInfo

from benchmarks.forecast_cases import Case, Moments, cases
from benchmarks.histories import FIVE_HOURS, History, Sample

MINUTE, HOUR = 60.0, 3600.0
BEGIN = 1_790_000_000.0
UTC = ZoneInfo("UTC")


def worked(hours: float, *, days: int = 4, polled_until: float = 24.0) -> History:
    """Windows of 5 h, one after another: 1 % a minute in the first `hours` of each, then nothing.

    Args:
        hours: Of work in each window.
        days: Length.
        polled_until: Hour of each day from which on nothing is read.
    """
    truth: list[Sample] = []
    for minute in range(days * 24 * 60):
        since = minute % 300
        at = BEGIN + minute * MINUTE
        used = float(min(100, since, int(hours * 60)))
        truth.append((at, used, at + (300 - since) * MINUTE))
    readings = [each for each in truth if (each[0] - BEGIN) % (24 * HOUR) < polled_until * HOUR]
    return History("own", FIVE_HOURS, UTC, truth=truth, readings=readings)


def asked(played: History, moments: Moments = "work", seed: str = "a") -> list[Case]:
    found = list(cases(played, 40, 10 * HOUR, seed, moments))
    assert len(found) == 40
    return found


def minutes(one: Case) -> float:
    """Since its window began."""
    return (one.at - (one.resets_at - FIVE_HOURS)) / MINUTE


def test_at_work_moments_lie_shortly_after_a_step_of_use() -> None:
    # A fortieth of five hours are seven and a half minutes.
    assert {one for one in map(minutes, asked(worked(0.5))) if not 10 <= one <= 37.5} == set()


def test_evenly_spread_moments_lie_mostly_where_nobody_works() -> None:
    idle = [one for one in asked(worked(0.5), "even") if minutes(one) > 37.5]
    assert len(idle) > 30


def test_what_is_used_and_when_it_ran_out_are_those_of_the_moment() -> None:
    for one in asked(worked(5.0)):
        assert one.used == minutes(one)
        assert one.truth == one.at + (100.0 - one.used) * MINUTE
        assert one.window == FIVE_HOURS


def test_no_moment_is_asked_with_little_used_with_all_used_or_just_before_the_reset() -> None:
    for moments in ("work", "even"):
        for one in asked(worked(5.0), moments):
            assert 10.0 <= one.used < 100.0
    slow = worked(5.0)
    slow.truth[:] = [(at, used / 2 + 10, ends) for at, used, ends in slow.truth]
    slow.readings[:] = slow.truth
    # 3 % of five hours are nine minutes.
    assert all(one.resets_at - one.at >= 9 * MINUTE for one in asked(slow, "even"))


def test_something_has_been_learnt_before_and_nothing_is_seen_of_the_time_after() -> None:
    for one in asked(worked(0.5)):
        assert one.at >= BEGIN + 10 * HOUR
        assert one.samples[-1][0] <= one.at
        assert one.samples[-1][1] == one.used


def test_a_moment_is_one_at_which_the_server_was_asked() -> None:
    for moments in ("work", "even"):
        found = asked(worked(0.5, polled_until=12.0), moments)
        assert all((one.at - BEGIN) % (24 * HOUR) < 12 * HOUR for one in found)


def test_the_same_seed_chooses_the_same_moments() -> None:
    times = [[one.at for one in asked(worked(0.5), seed=seed)] for seed in ("a", "a", "b")]
    assert times[0] == times[1]
    assert times[0] != times[2]


def test_a_recorded_history_may_be_read_at_odd_times() -> None:
    played = worked(0.5)
    odd = [each for place, each in enumerate(played.truth) if place % 7 in {0, 1, 4}]
    uneven = History("own", FIVE_HOURS, UTC, truth=odd, readings=odd)
    assert {one for one in map(minutes, asked(uneven)) if not 10 <= one <= 40.5} == set()


def test_a_history_without_use_has_no_moments() -> None:
    idle = worked(0.0)
    assert list(cases(idle, 40, 10 * HOUR, "a")) == []
