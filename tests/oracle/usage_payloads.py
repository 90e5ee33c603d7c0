"""Answers to `GET wham/usage` for the real Codex CLI and for our client alike.

Plain JSON, but for the last few, whose very text is what matters. `rejected` says why Codex 0.169
takes nothing from an answer (`test_usage_payloads.py` holds it to that); our client is to be more
tolerant there, as docs/simulator.md says of each.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOW = 1_790_000_000
"""Unix seconds at which the payloads are told unless a test says otherwise."""

HOUR, DAY = 3600, 86_400
FIVE_HOURS, WEEK, MONTH, YEAR = 5 * HOUR, 7 * DAY, 30 * DAY, 365 * DAY

ACCOUNT = "11111111-2222-4333-8444-555555555555"
USER = "user-sim0000000000000000ada"
"""The account that the simulator signs in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePayload:
    """One answer."""

    about: str
    body: Any = None
    """The JSON value."""
    text: bytes | None = None
    """The answer as it is, where it is not just that value."""
    rejected: str | None = None
    """What Codex says of it, in part; None if it takes it."""

    @property
    def raw(self) -> bytes:
        """What goes over the wire."""
        return json.dumps(self.body).encode() if self.text is None else self.text


def window(
    used: Any, seconds: Any, resets_in: int, now: int, without: str | None = None, **more: Any
) -> dict[str, Any]:
    """A window that is reset so many seconds from `now`."""
    whole: dict[str, Any] = {
        "used_percent": used,
        "limit_window_seconds": seconds,
        "reset_after_seconds": max(0, resets_in),
        "reset_at": now + resets_in,
    }
    return {name: value for name, value in (whole | more).items() if name != without}


def details(
    primary: Any = None, secondary: Any = None, *, allowed: bool = True, reached: bool = False
) -> dict[str, Any]:
    """What is said of a bucket."""
    return {
        "allowed": allowed,
        "limit_reached": reached,
        "primary_window": primary,
        "secondary_window": secondary,
    }


def additional(name: str, feature: str, rate_limit: Any, **more: Any) -> dict[str, Any]:
    """One bucket beside the main one."""
    return {"limit_name": name, "metered_feature": feature, "rate_limit": rate_limit, **more}


def payload(rate_limit: Any, plan: Any = "plus", **more: Any) -> dict[str, Any]:
    """A whole answer."""
    return {
        "user_id": USER,
        "account_id": ACCOUNT,
        "email": "ada@example.test",
        "plan_type": plan,
        "rate_limit": rate_limit,
        "code_review_rate_limit": None,
        "additional_rate_limits": None,
        "credits": {"has_credits": False, "unlimited": False, "balance": None},
        "spend_control": {"reached": False, "individual_limit": None},
        "rate_limit_reached_type": None,
        "rate_limit_reset_credits": {"available_count": 0, "applicable_available_count": 0},
        "promo": None,
    } | more


def usage_payloads(now: int = NOW) -> Mapping[str, UsagePayload]:
    """Every payload by name, told at `now` (Unix seconds)."""
    return {
        **_usual(now),
        **_plans_and_money(now),
        **_odd_but_taken(now),
        **_rejected(now),
        **_rejected_texts(now),
    }


def _five(now: int, used: Any = 38, resets_in: int = 8040, **more: Any) -> dict[str, Any]:
    return window(used, FIVE_HOURS, resets_in, now, **more)


def _week(now: int, used: Any = 61, resets_in: int = 4 * DAY, **more: Any) -> dict[str, Any]:
    return window(used, WEEK, resets_in, now, **more)


def _usual(now: int) -> dict[str, UsagePayload]:
    both = details(_five(now), _week(now))
    spark = details(_five(now, 81, 3 * HOUR), _week(now, 27, 2 * DAY))
    return {
        "both": UsagePayload(about="five hours and a week", body=payload(both)),
        "week-first": UsagePayload(
            about="only a week, in the first place",
            body=payload(details(_week(now, 35)), "go"),
        ),
        "month-first": UsagePayload(
            about="only a month, in the first place",
            body=payload(details(window(57, MONTH, 12 * DAY, now)), "free"),
        ),
        "year": UsagePayload(
            about="five hours and a year",
            body=payload(details(_five(now), window(3, YEAR, 300 * DAY, now)), "enterprise"),
        ),
        "short-lengths": UsagePayload(
            about="lengths that are a minute short of the usual ones",
            body=payload(details(window(42, 17_940, 900, now), window(61, 604_740, DAY, now))),
        ),
        "exhausted": UsagePayload(
            about="nothing is left of five hours",
            body=payload(
                details(_five(now, 100, 900), _week(now, 74), allowed=False, reached=True),
                rate_limit_reached_type={"type": "rate_limit_reached"},
            ),
        ),
        "blocked": UsagePayload(
            about="not allowed, and no window that says why",
            body=payload(details(allowed=False, reached=True)),
        ),
        "nothing": UsagePayload(about="no details at all", body=payload(None)),
        "least": UsagePayload(about="the plan, and nothing else", body={"plan_type": "plus"}),
        "unused": UsagePayload(
            about="both windows are empty",
            body=payload(details(_five(now, 0, FIVE_HOURS), _week(now, 0, WEEK))),
        ),
        "many-buckets": UsagePayload(
            about="buckets with two windows, with none, blocked, and one with an id like a slot",
            body=payload(
                both,
                additional_rate_limits=[
                    additional("GPT-5.3-Codex-Spark", "codex_bengalfox", spark),
                    additional("Fast", "codex_fast", None),
                    additional("Blocked", "codex_blocked", details(allowed=False)),
                    additional("Second", "codex_secondary", details(_five(now, 9))),
                ],
            ),
        ),
        "code-review": UsagePayload(
            about="code reviews are counted apart",
            body=payload(both, code_review_rate_limit=details(_week(now, 14, 5 * DAY))),
        ),
        "same-bucket-twice": UsagePayload(
            about="two buckets with one id: the later one counts",
            body=payload(
                both,
                additional_rate_limits=[
                    additional("Fox", "codex_fox", details(_five(now, 10))),
                    additional("Fox", "codex_fox", details(_five(now, 20))),
                ],
            ),
        ),
    }


def _plans_and_money(now: int) -> dict[str, UsagePayload]:
    both = details(_five(now), _week(now))
    limit = {
        "limit": "200.00",
        "used": "165.00",
        "remaining": "35.00",
        "used_percent": 82,
        "remaining_percent": 18,
        "reset_after_seconds": 11 * DAY,
        "reset_at": now + 11 * DAY,
    }
    spent = limit | {"used": "200.00", "remaining": "0.00", "used_percent": 100}
    return {
        "lapsed": UsagePayload(
            about="the plan has ended: free, and the windows are empty",
            body=payload(details(_five(now, 0, FIVE_HOURS), _week(now, 0, WEEK)), "free"),
        ),
        "unknown-plan": UsagePayload(
            about="a plan that nobody knows", body=payload(both, "quantum_max")
        ),
        "old-plan": UsagePayload(about="a plan of schools", body=payload(both, "education")),
        "credits": UsagePayload(
            about="some credits are left",
            body=payload(
                both, "pro", credits={"has_credits": True, "unlimited": False, "balance": "9.99"}
            ),
        ),
        "unlimited": UsagePayload(
            about="credits without end, and a balance all the same",
            body=payload(
                both, "pro", credits={"has_credits": True, "unlimited": True, "balance": "5"}
            ),
        ),
        "spend-control": UsagePayload(
            about="a member may spend a little more",
            body=payload(both, "team", spend_control={"reached": False, "individual_limit": limit}),
        ),
        "spend-reached": UsagePayload(
            about="a member may spend no more",
            body=payload(
                both,
                "team",
                spend_control={
                    "reached": True,
                    "individual_limit": spent | {"remaining_percent": 0},
                },
                rate_limit_reached_type={"type": "workspace_member_usage_limit_reached"},
            ),
        ),
        "reset-credits": UsagePayload(
            about="two reset credits",
            body=payload(
                both,
                rate_limit_reset_credits={"available_count": 2, "applicable_available_count": 1},
            ),
        ),
        "other-account": UsagePayload(
            about="of another account than the one that is signed in",
            body=payload(both, account_id="99999999-2222-4333-8444-555555555555"),
        ),
    }


def _odd_but_taken(now: int) -> dict[str, UsagePayload]:
    both = details(_five(now), _week(now))
    return {
        "beyond": UsagePayload(
            about="less than nothing is used of one window, more than all of the other",
            body=payload(details(_five(now, -3), _week(now, 104), allowed=False, reached=True)),
        ),
        "past-reset": UsagePayload(
            about="one reset was an hour ago, the other at the beginning of time",
            body=payload(details(_five(now, 50, -HOUR), _week(now, 50, reset_at=0))),
        ),
        "no-length": UsagePayload(
            about="windows of no length, and of less than none",
            body=payload(details(window(12, 0, HOUR, now), window(7, -60, HOUR, now))),
        ),
        "unknown-reached": UsagePayload(
            about="a kind of end that nobody knows",
            body=payload(both, rate_limit_reached_type={"type": "moon_phase"}),
        ),
        "unknown-members": UsagePayload(
            about="members that nobody knows, and some that few do",
            body=payload(
                details(_five(now, mood="calm"), _week(now)),
                chatpass={"windows": []},
                model_usage={
                    "gpt-5.5": {
                        "available": True,
                        "available_at": None,
                        "credits_would_enable": False,
                    }
                },
                rate_limit_upsell={"title": "More", "nested": [1, {"a": None}]},
                weather="fine",
            ),
        ),
        "mark": UsagePayload(
            about="a byte order mark before it",
            text=b"\xef\xbb\xbf" + json.dumps(payload(both)).encode(),
        ),
    }


def _rejected(now: int) -> dict[str, UsagePayload]:
    both = details(_five(now), _week(now))
    return {
        "float-percent": UsagePayload(
            about="percent with a fraction",
            body=payload(details(_five(now, 41.5), _week(now))),
            rejected="invalid type: map, expected i32",
        ),
        "float-times": UsagePayload(
            about="a time with a fraction of nothing",
            body=payload(details(_five(now, reset_at=float(now + 900)), _week(now))),
            rejected="invalid type: map, expected i32",
        ),
        "text-numbers": UsagePayload(
            about="numbers as texts",
            body=payload(details(_five(now, "38"), _week(now))),
            rejected='invalid type: string "38", expected i32',
        ),
        "null-percent": UsagePayload(
            about="a window whose use is null",
            body=payload(details(_five(now, None), _week(now))),
            rejected="invalid type: null, expected i32",
        ),
        "no-reset": UsagePayload(
            about="no time of the reset, but how long it takes",
            body=payload(details(_five(now, without="reset_at"), _week(now))),
            rejected="missing field `reset_at`",
        ),
        "no-window-length": UsagePayload(
            about="a window that does not say its length",
            body=payload(details(_five(now, without="limit_window_seconds"), _week(now))),
            rejected="missing field `limit_window_seconds`",
        ),
        "milliseconds": UsagePayload(
            about="a time in milliseconds",
            body=payload(details(_five(now, reset_at=1000 * (now + 900)), _week(now))),
            rejected="expected i32",
        ),
        "no-verdict": UsagePayload(
            about="windows, but not whether they are in the way",
            body=payload({"primary_window": _five(now), "secondary_window": _week(now)}),
            rejected="missing field `allowed`",
        ),
        "bad-bucket": UsagePayload(
            about="good windows, and one bucket that is no object",
            body=payload(both, additional_rate_limits=["codex_fox"]),
            rejected="invalid type: string",
        ),
        "no-plan": UsagePayload(
            about="no plan",
            body={name: value for name, value in payload(both).items() if name != "plan_type"},
            rejected="missing field `plan_type`",
        ),
        "null-plan": UsagePayload(
            about="the plan is null", body=payload(both, None), rejected="invalid type: null"
        ),
        "plain-reached": UsagePayload(
            about="what was reached as a plain text",
            body=payload(both, rate_limit_reached_type="rate_limit_reached"),
            rejected="invalid type: string",
        ),
        "number-balance": UsagePayload(
            about="the balance as a number",
            body=payload(both, credits={"has_credits": True, "unlimited": False, "balance": 5.39}),
            rejected="invalid type: map, expected a string",
        ),
        "short-spend": UsagePayload(
            about="a member's limit without what remains",
            body=payload(
                both,
                "team",
                spend_control={
                    "reached": False,
                    "individual_limit": {
                        "limit": "200.00",
                        "used": "165.00",
                        "used_percent": 82,
                        "reset_at": now + DAY,
                    },
                },
            ),
            rejected="missing field",
        ),
        "uncounted-resets": UsagePayload(
            about="reset credits that are not counted",
            body=payload(both, rate_limit_reset_credits={}),
            rejected="missing field `available_count`",
        ),
    }


def _rejected_texts(now: int) -> dict[str, UsagePayload]:
    usual = json.dumps(payload(details(_five(now), _week(now))))
    return {
        "twice": UsagePayload(
            about="a member that is there twice",
            text=usual.replace(
                '"plan_type": "plus"', '"plan_type": "plus", "plan_type": "pro"'
            ).encode(),
            rejected="duplicate field `plan_type`",
        ),
        "not-a-number": UsagePayload(
            about="percent that is no number",
            text=usual.replace('"used_percent": 38', '"used_percent": NaN').encode(),
            rejected="expected value",
        ),
        "page": UsagePayload(
            about="a page in the place of an answer",
            text=b"<!DOCTYPE html><html><body>Log in</body></html>",
            rejected="expected value",
        ),
        "empty": UsagePayload(about="nothing at all", text=b"", rejected="EOF while parsing"),
        "list": UsagePayload(about="a list", text=b"[]", rejected="invalid type: sequence"),
    }
