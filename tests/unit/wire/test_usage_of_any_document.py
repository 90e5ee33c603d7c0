"""Whatever the server writes: a reading whose values can be shown and stored, or one error."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.clean import clean_line
from services.errors import BadPayloadError, RateLimitedError
from services.inference.limits import read_event, read_headers, read_refusal, read_task_error
from services.limits.reset_credits import read_redeemed, read_reset_credits
from services.models.limits import LimitReading, ResetCredits, UsageReading
from services.transport.failures import LATEST
from services.wire.limit_values import LONGEST_WINDOW, MAX_PERCENT
from services.wire.responses import LimitsEvent
from services.wire.usage import MAX_BUCKETS, MAX_WINDOWS, read_usage

NOW = 1_790_000_000.0
WORDS = """
plan_type rate_limit code_review_rate_limit additional_rate_limits credits spend_control
rate_limit_reached_type rate_limit_reset_credits account_id user_id allowed limit_reached
primary_window secondary_window monthly_window used_percent limit_window_seconds reset_at
reset_after_seconds has_credits unlimited balance reached individual_limit limit used remaining
remaining_percent type available_count applicable_available_count limit_name metered_feature
available_at credits id status granted_at expires_at title description code windows_reset
rate_limits primary secondary window_minutes error detail message resets_at resets_in_seconds
"""
MEMBERS = WORDS.split()
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, 1, -1, 100, 18000, 17940, 604_800, 1e11, 1e12, 1e18, 10**30, NOW]),
)
TEXTS = st.one_of(
    st.text(max_size=80),
    NUMBERS.map(str),
    st.sampled_from(
        ["", "nan", "-inf", "1_0", "true", "9.99", "codex", "code_review", "usage_limit_reached"]
    ),
    st.datetimes().map(lambda at: at.isoformat()),
    st.sampled_from(["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]),
)
LEAVES: st.SearchStrategy[Any] = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.one_of(st.sampled_from(MEMBERS), st.text(max_size=8).map(lambda n: f"{n}_window"))
    return st.one_of(
        st.dictionaries(names, inner, max_size=8),
        st.lists(inner, max_size=4),
    )


DOCUMENTS = st.recursive(LEAVES, grown, max_leaves=40)
WINDOWS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("used_percent", "limit_window_seconds", "reset_at", "reset_after_seconds"), LEAVES
    ),
)
LIMITS: st.SearchStrategy[Any] = st.one_of(
    DOCUMENTS,
    st.dictionaries(
        st.sampled_from(["primary_window", "secondary_window", "other_window", "allowed"]),
        st.one_of(WINDOWS, LEAVES),
    ),
)
ADDITIONAL: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {}, optional={"limit_name": LEAVES, "metered_feature": LEAVES, "rate_limit": LIMITS}
)
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "rate_limit": LIMITS,
    "code_review_rate_limit": LIMITS,
    "additional_rate_limits": st.lists(st.one_of(ADDITIONAL, LEAVES), max_size=6),
    "credits": DOCUMENTS,
    "spend_control": DOCUMENTS,
    "rate_limit_reached_type": DOCUMENTS,
    "rate_limit_reset_credits": DOCUMENTS,
    "account_id": LEAVES,
}
USAGES = st.fixed_dictionaries({"plan_type": LEAVES}, optional=PARTS)
"""Documents that are almost right."""


def texts_of(reading: UsageReading) -> Iterator[str | None]:
    yield from (reading.plan, reading.reached_type, reading.account_id, reading.user_id)
    yield from reading.skipped
    for limit in reading.limits:
        yield from (limit.limit_id, limit.limit_name)
        yield from (window.role for window in limit.windows)
    if reading.credits is not None:
        yield reading.credits.balance
    if (control := reading.spend_control) is not None:
        yield from (control.limit, control.used, control.remaining)
    if reading.refusal is not None:
        yield from (reading.refusal.limit_id, reading.refusal.reached_type, reading.refusal.message)


def check(reading: UsageReading) -> None:
    """That everything in it can be shown and stored."""
    for text in texts_of(reading):
        assert text is None or text == clean_line(text, 2000)
    assert len(reading.limits) <= MAX_BUCKETS
    assert len({limit.limit_id for limit in reading.limits}) == len(reading.limits)
    for limit in reading.limits:
        check_limit(limit)
    if (control := reading.spend_control) is not None:
        check_percent(control.used_percent)
        check_time(control.resets_at)
    if reading.refusal is not None:
        check_time(reading.refusal.resets_at)
    if reading.reset_credits is not None:
        check_resets(reading.reset_credits)


def check_limit(limit: LimitReading) -> None:
    assert limit.limit_id
    assert len(limit.windows) <= MAX_WINDOWS
    for window in limit.windows:
        assert window.limit_id == limit.limit_id
        assert window.role
        check_percent(window.used_percent)
        check_time(window.resets_at)
        seconds = window.window_seconds
        assert seconds is None or 1 <= seconds <= LONGEST_WINDOW
        assert window.id.startswith(f"{limit.limit_id}/")


def check_percent(percent: float | None) -> None:
    assert percent is None or 0.0 <= percent <= MAX_PERCENT


def check_time(at: float | None) -> None:
    assert at is None or (math.isfinite(at) and 0 < at < LATEST)


def check_resets(resets: ResetCredits) -> None:
    assert resets.available >= 0
    assert resets.applicable is None or resets.applicable >= 0
    for credit in resets.credits:
        assert credit.id == clean_line(credit.id)
        check_time(credit.granted_at)
        check_time(credit.expires_at)


@given(st.one_of(DOCUMENTS, USAGES))
def test_any_document_is_a_reading_or_a_bad_payload(document: Any) -> None:
    try:
        reading = read_usage(document, NOW)
    except BadPayloadError:
        assert not isinstance(document, dict) or "plan_type" not in document
    else:
        check(reading)


@given(USAGES, LEAVES)
def test_a_wrong_part_never_costs_another_part(document: dict[str, Any], wrong: Any) -> None:
    good = {"primary_window": {"used_percent": 5, "limit_window_seconds": 18000}, "allowed": True}
    reading = read_usage(document | {"rate_limit": good, "plan_type": wrong}, NOW)
    codex = [limit for limit in reading.limits if limit.limit_id == "codex"]
    named = [str(each) for each in document.get("additional_rate_limits", [])]
    assert any("codex" in name.lower() for name in named) or [
        (window.id, window.used_percent) for window in codex[0].windows
    ] == [("codex/18000", 5.0)]


@given(DOCUMENTS)
def test_any_document_about_resets_is_read_or_a_bad_payload(document: Any) -> None:
    with suppress(BadPayloadError):
        check_resets(read_reset_credits(document))
    with suppress(BadPayloadError):
        windows = read_redeemed(document).windows_reset
        assert windows is None or windows >= 0


FAMILIES = st.sampled_from(["codex", "codex-fox", "codex-secondary", "x" * 61, "-", "ü"])
HEADER_NAMES = st.one_of(
    st.builds(
        "x-{}-{}-{}".format,
        FAMILIES,
        st.sampled_from(["primary", "secondary"]),
        st.sampled_from(["used-percent", "window-minutes", "reset-at", "reset-after-seconds"]),
    ),
    FAMILIES.map("x-{}-limit-name".format),
    st.sampled_from(
        [
            "X-Codex-Plan-Type",
            "x-codex-credits-has-credits",
            "x-codex-credits-unlimited",
            "x-codex-credits-balance",
            "x-codex-active-limit",
            "x-codex-rate-limit-reached-type",
        ]
    ),
    st.text(max_size=20),
)
HEADERS = st.dictionaries(HEADER_NAMES, TEXTS, max_size=16)


@given(HEADERS, st.booleans())
def test_any_headers_are_a_reading_or_none(headers: Mapping[str, str], is_success: bool) -> None:
    reading = read_headers(headers, NOW, is_success=is_success)
    if reading is not None:
        check(reading)
        assert reading.is_success is is_success


@given(HEADERS, st.sampled_from(["usage_limit_reached", "usage_not_included", "other"]), NUMBERS)
def test_any_refusal_is_a_reading_that_lets_nothing_through(
    headers: Mapping[str, str], code: str, at: float
) -> None:
    error = RateLimitedError("Enough", code=code, retry_at=at)
    error.headers = headers
    reading = read_refusal(error, NOW)
    assert (reading is None or reading.refusal is None) is (code == "other")
    if reading is not None:
        check(reading)
        assert not reading.is_success


@given(st.integers(100, 599), HEADERS, st.one_of(st.binary(max_size=60), DOCUMENTS.map(json.dumps)))
def test_any_answer_to_a_task_is_a_reading_or_none(
    status: int, headers: Mapping[str, str], body: bytes | str
) -> None:
    sent = body if isinstance(body, bytes) else body.encode("utf-8", "replace")
    reading = read_task_error(status, headers, sent, NOW)
    if reading is not None:
        check(reading)
        assert not reading.is_success
        assert status >= 400


@given(DOCUMENTS, DOCUMENTS, DOCUMENTS, TEXTS)
def test_any_event_is_a_reading_or_none(limits: Any, more: Any, money: Any, name: str) -> None:
    event = LimitsEvent(
        type="codex.rate_limits",
        rate_limits=limits,
        additional_rate_limits=more,
        credits=money,
        metered_limit_name=name,
        plan_type=name,
    )
    reading = read_event(event, NOW)
    if reading is not None:
        check(reading)
