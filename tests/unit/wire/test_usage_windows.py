from typing import Any

import pytest

from services.models.limits import (
    LimitReading,
)
from tests.unit.wire.usage_parts import NOW, details, read_window, slot, usage, window


def test_a_verdict_counts_without_any_window() -> None:
    said = usage(rate_limit=details(allowed=False, limit_reached=True))
    assert said.limits == (LimitReading(limit_id="codex", allowed=False, limit_reached=True),)


def test_a_week_alone_may_stand_in_the_primary_slot() -> None:
    assert read_window(limit_window_seconds=604_800).id == "codex/604800"


def test_a_slot_that_has_no_name_yet_holds_a_window_too() -> None:
    (limit,) = usage(rate_limit=details(slot(), monthly_window=slot(used_percent=7))).limits
    assert limit.windows == (window(), window("monthly", used_percent=7.0))


@pytest.mark.parametrize(
    ("said", "percent"),
    [
        (42, 42.0),
        (42.5, 42.5),
        ("42.5", 42.5),
        (" 7 ", 7.0),
        (-3, 0.0),
        (140, 140.0),
        (5e9, 1000.0),
        (10**30, 1000.0),
    ],
)
def test_percentages_are_numbers_however_they_are_written(said: Any, percent: float) -> None:
    assert read_window(used_percent=said).used_percent == percent


@pytest.mark.parametrize(
    "said", [..., None, True, "many", "nan", "inf", [], {}, float("nan"), float("inf")]
)
def test_a_window_without_a_percentage_is_left_out_and_said(said: Any) -> None:
    reading = usage(rate_limit=details(slot(used_percent=said), slot(used_percent=5)))
    assert [each.role for each in reading.limits[0].windows] == ["secondary"]
    assert reading.skipped == ("The primary window of codex has no percentage",)
    assert not reading.is_whole, "the window may well exist"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (18000, 18000),
        ("18000", 18000),
        (17940.9, 17940),
        (0, None),
        (0.5, None),
        (-5, None),
        (10**12, None),
        (..., None),
        (None, None),
    ],
)
def test_lengths_that_cannot_be_count_as_absent(said: Any, seconds: int | None) -> None:
    assert read_window(limit_window_seconds=said).window_seconds == seconds


def test_a_window_whose_length_is_no_number_is_not_taken_for_another_one() -> None:
    reading = usage(rate_limit=details(slot(limit_window_seconds="a week")))
    assert reading.skipped == ("The length of the primary window of codex is no number",)
    assert not reading.is_whole


@pytest.mark.parametrize(
    ("at", "after", "resets_at"),
    [
        (NOW + 60, 900, NOW + 60),
        (str(int(NOW + 60)), 900, NOW + 60),
        ((NOW + 60) * 1000, 900, NOW + 60),
        ("2026-09-21T14:14:20Z", 900, NOW + 60),
        (NOW - 60, 900, NOW - 60),
        (0, 900, NOW + 900),
        (..., 900, NOW + 900),
        (None, "900", NOW + 900),
        ("soon", 900, NOW + 900),
        (4_102_444_801, 900, NOW + 900),
        (253_370_764_800, ..., None),
        (10**30, ..., None),
        (-5, 0, None),
        (..., -900, None),
        (..., 10**15, None),
        (..., ..., None),
    ],
)
def test_resets_are_times_until_2100(at: Any, after: Any, resets_at: float | None) -> None:
    assert read_window(reset_at=at, reset_after_seconds=after).resets_at == resets_at


def test_a_reset_that_is_no_time_is_said_and_costs_nothing_else() -> None:
    reading = usage(rate_limit=details(slot(reset_at="soon", reset_after_seconds=...)))
    assert reading.limits[0].windows == (window(resets_at=None),)
    assert reading.skipped == ("The reset of the primary window of codex is no time",)
    assert reading.is_whole


def test_a_slot_that_is_only_filled_up_is_no_window() -> None:
    empty = slot(used_percent=0, limit_window_seconds=0, reset_at=0, reset_after_seconds=0)
    reading = usage(rate_limit=details(slot(), empty))
    assert reading.limits[0].windows == (window(),)
    assert reading.is_whole
