from typing import Any

import pytest

from services.inference.limits import read_event, read_headers
from services.models.limits import (
    Credits,
    LimitReading,
    LimitSource,
    RateWindow,
    UsageReading,
)
from services.wire.responses import LimitsEvent, parse_event

NOW = 1_800_000_000.0


def window(role: str = "primary", limit_id: str = "codex", **members: Any) -> RateWindow:
    values: dict[str, Any] = {"used_percent": 42.5, "window_seconds": 18000, "resets_at": NOW + 900}
    return RateWindow(limit_id=limit_id, role=role, **(values | members))


def limits_of(reading: UsageReading | None) -> tuple[LimitReading, ...]:
    assert reading is not None
    return reading.limits


def headers(prefix: str = "x-codex-primary-", **members: str) -> dict[str, str]:
    values = {"used-percent": "42.5", "window-minutes": "300", "reset-at": str(int(NOW + 900))}
    values |= {name.replace("_", "-"): value for name, value in members.items()}
    return {f"{prefix}{name}": value for name, value in values.items()}


def test_both_windows_plan_and_credits_are_read() -> None:
    given = {
        **headers(),
        **headers("x-codex-secondary-", used_percent="61", window_minutes="10080"),
        "X-Codex-Plan-Type": "plus",
        "x-codex-credits-has-credits": "True",
        "x-codex-credits-unlimited": "False",
        "x-codex-credits-balance": "18",
    }
    windows = (window(), window("secondary", used_percent=61.0, window_seconds=604800))
    assert read_headers(given, NOW) == UsageReading(
        source=LimitSource.HEADERS,
        as_of=NOW,
        is_success=True,
        plan="plus",
        limits=(LimitReading(limit_id="codex", windows=windows),),
        credits=Credits(has_credits=True, unlimited=False, balance="18"),
    )


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"x-codex-primary-used-percent": "0"},
        headers(used_percent="0", window_minutes="0", reset_at=""),
        headers(used_percent="many"),
        headers(used_percent="nan"),
        headers(used_percent="inf"),
    ],
)
def test_headers_without_data_give_no_reading(given: dict[str, str]) -> None:
    assert read_headers(given, NOW) is None


def test_reset_after_stands_in_for_reset_at() -> None:
    given = headers(reset_at="", reset_after_seconds="900")
    assert limits_of(read_headers(given, NOW))[0].windows == (window(),)


def test_headers_of_a_refusal_let_nothing_through() -> None:
    reading = read_headers(headers(), NOW, is_success=False)
    assert reading is not None
    assert not reading.is_success


def test_lengths_that_cannot_be_count_as_absent() -> None:
    for minutes in ("0", "-300", "0.001", "99999999", "long"):
        (limit,) = limits_of(read_headers(headers(window_minutes=minutes), NOW))
        assert limit.windows == (window(window_seconds=None),)


def test_a_reset_in_the_year_9999_is_no_time() -> None:
    (limit,) = limits_of(read_headers(headers(reset_at="253370764800"), NOW))
    assert limit.windows[0].resets_at is None


def test_further_families_are_found_by_their_suffix() -> None:
    given = {
        **headers("x-codex-bengalfox-primary-"),
        "x-codex-bengalfox-limit-name": "Fox\x1b[1m",
        **headers("x-codex-secondary-primary-"),
    }
    found = [
        (reading.limit_id, reading.limit_name) for reading in limits_of(read_headers(given, NOW))
    ]
    assert found == [("codex_bengalfox", "Fox\u241b[1m"), ("codex_secondary", None)]


def test_credits_that_are_no_booleans_are_none() -> None:
    given = {**headers(), "x-codex-credits-has-credits": "yes", "x-codex-credits-unlimited": "no"}
    reading = read_headers(given, NOW)
    assert reading is not None
    assert reading.credits is None


def event(**members: Any) -> LimitsEvent:
    from json import dumps

    found = parse_event(dumps({"type": "codex.rate_limits", **members}))
    assert isinstance(found, LimitsEvent)
    return found


def test_an_event_says_the_same() -> None:
    primary = {"used_percent": 42.5, "window_minutes": 300, "reset_after_seconds": 900}
    given = event(
        plan_type="plus",
        rate_limits={"allowed": True, "primary": primary, "secondary": None},
        credits={"has_credits": True, "unlimited": False, "balance": 3},
        additional_rate_limits={"other": {"primary": primary}},
    )
    assert read_event(given, NOW) == UsageReading(
        source=LimitSource.STREAM,
        as_of=NOW,
        plan="plus",
        limits=(
            LimitReading(limit_id="codex", windows=(window(),), allowed=True),
            LimitReading(limit_id="other", windows=(window(limit_id="other"),)),
        ),
        credits=Credits(has_credits=True, unlimited=False, balance="3"),
    )


@pytest.mark.parametrize("limits", [None, [], {}, 7, {"primary": []}])
def test_an_event_without_windows_says_nothing(limits: Any) -> None:
    assert read_event(event(rate_limits=limits), NOW) is None


def test_an_event_may_hold_a_verdict_without_windows() -> None:
    given = event(rate_limits={"allowed": False, "limit_reached": True, "primary": None})
    assert limits_of(read_event(given, NOW)) == (
        LimitReading(limit_id="codex", allowed=False, limit_reached=True),
    )


def test_headers_events_and_polls_spell_one_id() -> None:
    primary = {"used_percent": 5, "window_minutes": 60}
    (said,) = limits_of(
        read_event(event(rate_limits={"primary": primary}, metered_limit_name="Codex-Fox"), NOW)
    )
    (heard,) = limits_of(read_headers(headers("x-codex-fox-primary-"), NOW))
    assert said.limit_id == heard.limit_id == "codex_fox"


def test_the_metered_limit_names_the_bucket() -> None:
    primary = {"used_percent": 5, "window_minutes": 60}
    given = event(rate_limits={"primary": primary}, metered_limit_name="fox", limit_name="x")
    assert limits_of(read_event(given, NOW))[0].limit_id == "fox"
