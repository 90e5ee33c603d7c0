from typing import Any

import pytest

from services.inference.limits import read_event, read_headers
from services.models.limits import Credits, LimitReading, RateWindow
from services.wire.responses import LimitsEvent, parse_event

NOW = 1_800_000_000.0


def window(role: str = "primary", limit_id: str = "codex", **members: Any) -> RateWindow:
    values: dict[str, Any] = {"used_percent": 42.5, "window_seconds": 18000, "resets_at": NOW + 900}
    return RateWindow(limit_id=limit_id, role=role, **(values | members))


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
    assert list(read_headers(given, NOW)) == [
        LimitReading(
            limit_id="codex",
            plan="plus",
            windows=(window(), window("secondary", used_percent=61.0, window_seconds=604800)),
            credits=Credits(has_credits=True, unlimited=False, balance="18"),
            source="headers",
            as_of=NOW,
        )
    ]


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
    assert list(read_headers(given, NOW)) == []


def test_reset_after_stands_in_for_reset_at() -> None:
    given = headers(reset_at="", reset_after_seconds="900")
    (reading,) = read_headers(given, NOW)
    assert reading.windows == (window(),)


def test_a_reset_in_the_year_9999_is_no_time() -> None:
    (reading,) = read_headers(headers(reset_at="253370764800"), NOW)
    assert reading.windows[0].resets_at is None


def test_further_families_are_found_by_their_suffix() -> None:
    given = {
        **headers("x-codex-bengalfox-primary-"),
        "x-codex-bengalfox-limit-name": "Fox\x1b[1m",
        **headers("x-codex-secondary-primary-"),
    }
    found = [(reading.limit_id, reading.limit_name) for reading in read_headers(given, NOW)]
    assert found == [("codex_bengalfox", "Fox\u241b[1m"), ("codex_secondary", None)]


def test_credits_that_are_no_booleans_are_none() -> None:
    given = {**headers(), "x-codex-credits-has-credits": "yes", "x-codex-credits-unlimited": "no"}
    (reading,) = read_headers(given, NOW)
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
    assert list(read_event(given, NOW)) == [
        LimitReading(
            limit_id="codex",
            plan="plus",
            windows=(window(),),
            credits=Credits(has_credits=True, unlimited=False, balance="3"),
            source="stream",
            as_of=NOW,
        ),
        LimitReading(
            limit_id="other",
            plan="plus",
            windows=(window(limit_id="other"),),
            source="stream",
            as_of=NOW,
        ),
    ]


@pytest.mark.parametrize("limits", [None, [], {}, 7, {"primary": []}])
def test_an_event_without_windows_says_nothing(limits: Any) -> None:
    assert list(read_event(event(rate_limits=limits), NOW)) == []


def test_the_metered_limit_names_the_bucket() -> None:
    primary = {"used_percent": 5, "window_minutes": 60}
    (reading,) = read_event(
        event(rate_limits={"primary": primary}, metered_limit_name="fox", limit_name="x"), NOW
    )
    assert reading.limit_id == "fox"
