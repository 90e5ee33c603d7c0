"""What the back-test of the forecast takes for the truth, and how it scores."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from benchmarks import forecast as back_test
from benchmarks.forecast_cases import Case, last_hour, line, recorded
from benchmarks.forecast_score import Score, ask, rules, score_of
from benchmarks.histories import FIVE_HOURS, STORIES, History, Sample, make
from services.models.limits import Forecast, ForecastState

MINUTE, HOUR = 60.0, 3600.0
BEGIN = 1_790_000_000.0
UTC = ZoneInfo("UTC")


def history(*samples: tuple[float, float, float]) -> History:
    """A history of hours since it began, percent used, and hours to the reset since it began."""
    truth: list[Sample] = [
        (BEGIN + at * HOUR, used, BEGIN + ends * HOUR) for at, used, ends in samples
    ]
    return History("own", FIVE_HOURS, UTC, truth=truth, readings=truth)


def climb(percents: Iterable[float], ends: float = 5.0) -> list[tuple[float, float, float]]:
    """One reading an hour."""
    return [(float(hour), used, ends) for hour, used in enumerate(percents)]


def case(
    *, at: float = 2.5, used: float = 50.0, truth: float = math.inf, seen: Iterable[Sample] = ()
) -> Case:
    """Hours since a window of five hours began."""
    return Case(
        samples=tuple((BEGIN + when * HOUR, percent, ends) for when, percent, ends in seen),
        at=BEGIN + at * HOUR,
        used=used,
        resets_at=BEGIN + 5 * HOUR,
        window=FIVE_HOURS,
        zone=UTC,
        truth=truth if truth == math.inf else BEGIN + truth * HOUR,
    )


# --- The truth ------------------------------------------------------------------------------------


def test_it_ran_out_when_the_server_first_counted_a_hundred() -> None:
    played = history(*climb([20, 40, 60, 100, 100]))
    assert played.ran_out(1) == (True, BEGIN + 3 * HOUR)


def test_it_lasted_where_the_reset_came_first() -> None:
    played = history(*climb([20, 40, 60, 70, 80, 90]), (6.0, 2.0, 11.0), (7.0, 100.0, 11.0))
    assert played.ran_out(1) == (True, math.inf)


def test_it_lasted_where_the_reset_that_was_announced_had_passed_before_it_ran_out() -> None:
    played = history((0, 20, 3), (1, 40, 3), (2, 60, 8), (3, 70, 8), (4, 100, 8))
    assert played.ran_out(1) == (True, math.inf)
    assert played.ran_out(2) == (True, BEGIN + 4 * HOUR)


def test_it_lasted_where_the_server_reset_it_early() -> None:
    played = history((0, 50, 5), (1, 80, 5), (2, 3, 7), (3, 100, 7))
    assert played.ran_out(0) == (True, math.inf)


def test_two_points_less_are_rounding_and_no_reset() -> None:
    played = history((0, 50, 5), (1, 80, 5), (2, 78, 5), (3, 100, 5))
    assert played.ran_out(0) == (True, BEGIN + 3 * HOUR)


def test_nothing_is_known_behind_a_long_gap_or_the_end() -> None:
    gap = history((0, 50, 5), (1, 60, 5), (3.1, 100, 5))
    assert gap.ran_out(0) == (False, math.inf)
    assert history(*climb([20, 40, 60])).ran_out(0) == (False, math.inf)


# --- Plain methods --------------------------------------------------------------------------------


def test_a_line_since_the_window_began_goes_on_as_before() -> None:
    assert line(case(at=2.0, used=50.0)) == BEGIN + 4 * HOUR
    assert line(case(at=2.0, used=0.0)) == math.inf


def test_the_rate_of_the_last_hour_goes_on() -> None:
    seen = [(0.0, 0.0, None), (1.0, 20.0, None), (2.0, 40.0, None)]
    assert last_hour(case(at=2.0, used=40.0, seen=seen)) == BEGIN + 5 * HOUR
    # What was read last before the hour still held when it began.
    later = [(0.0, 0.0, None), (0.9, 20.0, None), (1.5, 40.0, None)]
    assert last_hour(case(at=2.0, used=40.0, seen=later)) == BEGIN + 5 * HOUR


def test_the_last_hour_begins_at_the_reset_in_it() -> None:
    seen = [(0.0, 80.0, None), (0.9, 95.0, None), (1.0, 0.0, None), (1.5, 30.0, None)]
    # 30 % in half an hour: the other 70 take 70 minutes.
    expected = BEGIN + 1.5 * HOUR + 70 * MINUTE
    assert abs(last_hour(case(at=1.5, used=30.0, seen=seen)) - expected) < 0.01


def test_an_hour_without_use_never_runs_out() -> None:
    seen = [(0.0, 40.0, None), (1.0, 40.0, None), (2.0, 40.0, None)]
    assert last_hour(case(at=2.0, used=40.0, seen=seen)) == math.inf
    assert last_hour(case(at=2.0, used=40.0)) == math.inf


# --- Scores ---------------------------------------------------------------------------------------


def said(early: float | None, middle: float | None, late: float | None) -> Forecast:
    """Hours since the window began."""
    times = [None if each is None else BEGIN + each * HOUR for each in (early, middle, late)]
    state = ForecastState.LASTS if early is None else ForecastState.RUNS_OUT
    return Forecast(state=state, p10_at=times[0], p50_at=times[1], p90_at=times[2])


def scored(*pairs: tuple[float, Forecast]) -> Score:
    """Of true run-outs, in hours since the window began, and what was said."""
    answers = iter([say for _, say in pairs])
    return score_of([case(truth=at) for at, _ in pairs], lambda _: next(answers))


def test_a_range_holds_what_lies_within_it() -> None:
    closed = said(3.0, 3.5, 4.0)
    score = scored((2.9, closed), (3.0, closed), (3.9, closed), (4.1, closed))
    assert (score.cases, score.early, score.late, score.coverage) == (4, 1, 1, 0.5)


def test_an_open_end_holds_what_lasts_and_a_closed_one_does_not() -> None:
    score = scored(
        (math.inf, said(3.0, 3.5, None)),
        (math.inf, said(3.0, 3.5, 4.5)),
        (math.inf, said(None, None, None)),
        (4.0, said(None, None, None)),
    )
    assert (score.lasted, score.early, score.late) == (3, 1, 1)


def test_errors_are_minutes_and_what_lasts_ends_at_the_reset() -> None:
    score = scored((3.0, said(2.6, 3.5, 4.0)), (math.inf, said(2.6, 4.5, None)))
    assert score.ours == [30.0, 30.0]
    # Half is used after half of the window, so a line ends at its reset.
    assert score.line == [120.0, 0.0]
    assert score.hour == [120.0, 0.0]


def test_where_nothing_is_said_nothing_is_counted() -> None:
    score = scored((3.0, Forecast(reason="too little history")))
    assert score.cases == 0
    assert not score.is_met(is_plain=True)


def test_the_target_is_a_range_that_holds_and_a_median_that_beats_both() -> None:
    good, bad = (3.0, said(2.6, 3.0, 4.0)), (3.0, said(3.5, 3.6, 4.0))
    assert scored(*[good] * 4, bad).is_met(is_plain=False)
    assert not scored(*[good] * 5).is_met(is_plain=False)
    assert not scored(*[good] * 2, bad).is_met(is_plain=False)
    as_a_line = (3.0, said(2.6, 5.0, None))
    assert scored(*[as_a_line] * 4, bad).is_met(is_plain=True)
    assert not scored(*[as_a_line] * 4, bad).is_met(is_plain=False)


def test_a_rule_is_right_where_it_ran_out_and_told_of_what_ran_out() -> None:
    score = scored(
        (3.0, said(2.6, 3.0, 4.0)),
        (math.inf, said(2.6, 4.0, None)),
        (math.inf, said(2.6, None, None)),
        (4.9, said(2.6, None, None)),
    )
    assert rules([score]).splitlines()[2:] == [
        "| early end | 100% | 50% | 100% |",
        "| median | 50% | 50% | 50% |",
        "| late end | 25% | 100% | 50% |",
        "| early end only | 50% | 50% | 50% |",
    ]


# --- Whole runs -----------------------------------------------------------------------------------


def steady_file(path: Path) -> None:
    """Ten days at 30 % an hour: 20 minutes after three hours it is used up."""
    rows: list[str] = []
    for minute in range(0, 10 * 24 * 60, 5):
        since = minute % 300
        at = BEGIN + minute * MINUTE
        row: dict[str, float] = {
            "at": at,
            "used_percent": float(min(100, since // 2)),
            "resets_at": at + (300 - since) * MINUTE,
        }
        rows.append(json.dumps(row | ({} if rows else {"window_seconds": FIVE_HOURS})))
    path.write_text("\n".join(rows) + "\n", "utf-8")


def test_a_recorded_history_is_read_and_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(back_test, "cost", lambda: "no cost")
    monkeypatch.setattr(back_test, "RECORDED_MOMENTS", 30)
    path = tmp_path / "mine.jsonl"
    steady_file(path)
    played = recorded(path, UTC)
    assert (played.name, played.window_seconds) == ("mine", FIVE_HOURS)
    assert played.truth[4] == (BEGIN + 20 * MINUTE, 10.0, BEGIN + 300 * MINUTE)
    ended = back_test.main(["--history", str(path), "--zone", "Europe/Berlin"])
    row = capsys.readouterr().out.splitlines()[-1]
    name, window, count, lasted, held, *_, verdict = row.strip("| ").split(" | ")
    assert (name, window, count, lasted) == ("mine", "5h", "30", "0%")
    assert int(held.rstrip("%")) >= 75
    assert ended == (0 if verdict == "met" else 1)


def test_a_file_without_a_history_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("\n", "utf-8")
    with pytest.raises(ValueError, match="no first line with window_seconds"):
        recorded(path, UTC)


def test_the_app_is_asked_with_what_had_been_seen_by_then() -> None:
    seen = [(at, at * 20.0, BEGIN + 5 * HOUR) for at in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)]
    answer = ask(case(at=2.5, used=50.0, seen=seen))
    assert answer.state is ForecastState.RUNS_OUT
    assert answer.p10_at is not None
    assert BEGIN + 2.5 * HOUR < answer.p10_at < BEGIN + 5 * HOUR


def test_the_same_seed_makes_the_same_history() -> None:
    first, second, other = (make(STORIES[1], FIVE_HOURS, 2.0, seed) for seed in (7, 7, 8))
    assert first.truth == second.truth
    assert first.readings == second.readings
    assert first.truth != other.truth
