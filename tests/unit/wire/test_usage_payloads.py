import json
from typing import Any

import pytest

from services.errors import BadPayloadError
from services.models.limits import (
    Credits,
    LimitReading,
    LimitSource,
    ResetCredits,
    SpendControl,
    UsageReading,
)
from services.wire.reading import loads
from services.wire.usage import MAX_BUCKETS, read_usage
from tests.unit.wire.usage_parts import NOW, details, slot, usage, window


def test_a_whole_answer_is_read() -> None:
    document = loads(
        json.dumps(
            {
                "user_id": "user-1",
                "account_id": "acct-1",
                "email": "a@example.com",
                "plan_type": "prolite",
                "rate_limit": details(
                    slot(),
                    slot(used_percent=61.5, limit_window_seconds=604_740),
                    allowed=False,
                    limit_reached=True,
                ),
                "code_review_rate_limit": details(slot(limit_window_seconds=604_800)),
                "additional_rate_limits": [
                    {
                        "limit_name": "GPT-5.3-Codex-Spark",
                        "metered_feature": "codex_bengalfox",
                        "rate_limit": details(slot(used_percent=3)),
                    },
                    {"limit_name": "Fast", "metered_feature": "codex_fast", "rate_limit": None},
                ],
                "credits": {
                    "has_credits": True,
                    "unlimited": False,
                    "balance": "9.99",
                    "approx_local_messages": [10, 20],
                    "overage_limit_reached": False,
                },
                "spend_control": {
                    "reached": False,
                    "individual_limit": {
                        "limit": "100",
                        "used": "25.50",
                        "remaining": "74.50",
                        "used_percent": 25,
                        "remaining_percent": 75,
                        "reset_after_seconds": 900,
                        "reset_at": int(NOW + 900),
                    },
                },
                "rate_limit_reached_type": {"type": "rate_limit_reached"},
                "rate_limit_reset_credits": {
                    "available_count": 3,
                    "applicable_available_count": 2,
                },
                "rate_limit_upsell": {"banner": "Buy"},
                "promo": None,
                "model_usage": {"gpt-5.5": {"available": True}},
                "chatpass": {"windows": [slot()]},
            }
        )
    )
    assert read_usage(document, NOW) == UsageReading(
        source=LimitSource.POLL,
        as_of=NOW,
        is_whole=True,
        plan="prolite",
        limits=(
            LimitReading(
                limit_id="codex",
                windows=(
                    window(),
                    window("secondary", used_percent=61.5, window_seconds=604_740),
                ),
                allowed=False,
                limit_reached=True,
            ),
            LimitReading(
                limit_id="code_review",
                windows=(window(limit_id="code_review", window_seconds=604_800),),
                allowed=True,
                limit_reached=False,
            ),
            LimitReading(
                limit_id="codex_bengalfox",
                limit_name="GPT-5.3-Codex-Spark",
                windows=(window(limit_id="codex_bengalfox", used_percent=3.0),),
                allowed=True,
                limit_reached=False,
            ),
            LimitReading(limit_id="codex_fast", limit_name="Fast"),
        ),
        credits=Credits(has_credits=True, unlimited=False, balance="9.99"),
        spend_control=SpendControl(
            reached=False,
            limit="100",
            used="25.50",
            remaining="74.50",
            used_percent=25.0,
            resets_at=NOW + 900,
        ),
        reset_credits=ResetCredits(available=3, applicable=2),
        reached_type="rate_limit_reached",
        account_id="acct-1",
        user_id="user-1",
    )


def test_a_lapsed_plan_has_no_limits_and_that_is_the_whole_truth() -> None:
    said = usage(plan_type="free", rate_limit=None, additional_rate_limits=None, credits=None)
    assert said == UsageReading(source=LimitSource.POLL, as_of=NOW, is_whole=True, plan="free")


def test_a_later_limit_with_the_same_id_replaces_an_earlier_one() -> None:
    def fox(name: str, used: int, limit_id: str) -> dict[str, Any]:
        limit = details(slot(used_percent=used))
        return {"limit_name": name, "metered_feature": limit_id, "rate_limit": limit}

    reading = usage(additional_rate_limits=[fox("A", 1, "codex_fox"), fox("B", 2, "Codex-Fox")])
    (limit,) = reading.limits
    assert (limit.limit_id, limit.limit_name) == ("codex_fox", "B")
    assert [each.used_percent for each in limit.windows] == [2.0]


def test_a_limit_without_a_feature_goes_by_its_name() -> None:
    reading = usage(additional_rate_limits=[{"limit_name": "Fast", "rate_limit": details(slot())}])
    assert reading.limits[0].windows == (window(limit_id="fast"),)


def test_more_limits_than_anybody_has_are_cut_off() -> None:
    entries = [{"limit_name": "x", "metered_feature": f"f{n}"} for n in range(MAX_BUCKETS + 9)]
    reading = usage(rate_limit=details(slot()), additional_rate_limits=entries)
    assert len(reading.limits) == MAX_BUCKETS
    assert reading.skipped == ("10 additional limits are too many",)


@pytest.mark.parametrize(
    ("member", "wrong", "sentence", "is_whole"),
    [
        ("rate_limit", "x", "The limit codex is no object", False),
        ("rate_limit", [], "The limit codex is no object", False),
        ("code_review_rate_limit", 7, "The limit code_review is no object", False),
        (
            "rate_limit",
            details("x"),
            "The primary window of codex is no object",
            False,
        ),
        ("rate_limit", details(allowed="maybe"), "The member allowed of codex is no boolean", True),
        ("additional_rate_limits", {}, "The additional limits are no list", False),
        ("additional_rate_limits", [7], "An additional limit has no name", False),
        (
            "additional_rate_limits",
            [{"metered_feature": "fox", "rate_limit": 7}],
            "The limit fox is no object",
            False,
        ),
        ("plan_type", 7, "The member plan_type is no text", True),
        ("account_id", [], "The member account_id is no text", True),
        ("credits", "many", "The credits say nothing", True),
        ("credits", {"has_credits": "yes"}, "The credits say nothing", True),
        ("spend_control", {"reached": "x"}, "The spend control says nothing", True),
        (
            "rate_limit_reset_credits",
            {"available_count": None},
            "The number of resets is no number",
            True,
        ),
        (
            "rate_limit_reached_type",
            {"type": 7},
            "The kind of limit that is reached is no text",
            True,
        ),
    ],
)
def test_a_wrong_part_costs_that_part_and_is_said(
    member: str, wrong: Any, sentence: str, is_whole: bool
) -> None:
    good: dict[str, Any] = {
        "rate_limit": details(slot()),
        "code_review_rate_limit": details(slot()),
        "additional_rate_limits": [
            {"metered_feature": "fox", "limit_name": "Fox", "rate_limit": details(slot())}
        ],
        "credits": {"has_credits": True, "unlimited": False, "balance": None},
        "spend_control": {"reached": True, "individual_limit": None},
        "rate_limit_reached_type": "rate_limit_reached",
        "rate_limit_reset_credits": {"available_count": 1},
        "plan_type": "pro",
        "account_id": "acct-1",
    }
    before, after = usage(**good), usage(**good | {member: wrong})
    assert after.skipped == (sentence,)
    assert after.is_whole is is_whole
    kept = {
        "plan": "plan_type",
        "credits": "credits",
        "spend_control": "spend_control",
        "reset_credits": "rate_limit_reset_credits",
        "reached_type": "rate_limit_reached_type",
        "account_id": "account_id",
    }
    for name, wire in kept.items():
        assert getattr(after, name) == (None if wire == member else getattr(before, name))
    assert len(after.limits) >= 2


@pytest.mark.parametrize(
    ("said", "balance"),
    [
        ("9.99", "9.99"),
        (5.39, "5.39"),
        (18, "18"),
        (1234567.89, "1234567.89"),
        ("", None),
        ("abc", "abc"),
        ("-1", "-1"),
        (None, None),
        ([], None),
    ],
)
def test_a_balance_is_a_text_or_a_number(said: Any, balance: str | None) -> None:
    reading = usage(credits={"has_credits": True, "unlimited": False, "balance": said})
    assert reading.credits == Credits(has_credits=True, unlimited=False, balance=balance)


def test_parts_of_credits_and_spend_control_may_be_missing() -> None:
    reading = usage(
        credits={"balance": 5},
        spend_control={"individual_limit": {"limit": 100, "remaining_percent": "75"}},
    )
    assert reading.credits == Credits(has_credits=False, unlimited=False, balance="5")
    assert reading.spend_control == SpendControl(reached=False, limit="100", used_percent=25.0)


@pytest.mark.parametrize("said", ["workspace_owner_credits_depleted", {"type": "of_tomorrow"}])
def test_what_is_reached_is_a_text_or_an_object_and_kept_though_unknown(said: Any) -> None:
    kind = said if isinstance(said, str) else said["type"]
    assert usage(rate_limit_reached_type=said).reached_type == kind


def test_texts_are_clean_before_they_are_values() -> None:
    reading = usage(
        plan_type="pro\x1b[31m",
        additional_rate_limits=[
            {"limit_name": "Fox\u202e\n", "metered_feature": "fox\x07" + "x" * 99}
        ],
        credits={"has_credits": True, "unlimited": False, "balance": "9\x00"},
    )
    assert reading.plan == "pro\u241b[31m"
    (limit,) = reading.limits
    assert limit.limit_name == "Fox\ufffd"
    assert limit.limit_id == "fox\u2407" + "x" * 55 + "…"
    assert reading.credits == Credits(has_credits=True, unlimited=False, balance="9\u2400")


@pytest.mark.parametrize("document", [None, [], "x", 7, True, {}, {"detail": "no"}, {"items": []}])
def test_what_is_no_answer_about_usage_is_none(document: Any) -> None:
    with pytest.raises(BadPayloadError) as caught:
        read_usage(document, NOW)
    assert caught.value.message == "The server's answer about limits cannot be read"
