"""Answers below `/wham` that are about use. Wire format: docs/simulator.md."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simulator.auth.account import Account
from simulator.limits.answers import written_credits
from simulator.limits.standing import Bucket, Member, ResetCredit, Spend, Standing, Window

IN_USAGE: Mapping[Member, str] = {
    "used": "used_percent",
    "seconds": "limit_window_seconds",
    "resets_at": "reset_at",
    "resets_in": "reset_after_seconds",
}


def usage(standing: Standing, account: Account) -> dict[str, Any]:
    """The body of `GET usage`."""
    additional = [
        {
            "limit_name": bucket.name,
            "metered_feature": bucket.id,
            "rate_limit": _details(bucket, standing.at),
        }
        for bucket in standing.additional
    ]
    review = standing.review
    reached = standing.reached_type
    available = len(standing.free_resets)
    has_use = any(window.used > 0 for _, window in standing.main.windows())
    return {
        "user_id": account.user_id,
        "account_id": account.account_id,
        "email": account.email,
        "plan_type": standing.plan,
        "rate_limit": _details(standing.main, standing.at),
        "code_review_rate_limit": _details(review, standing.at) if review else None,
        "additional_rate_limits": additional or None,
        "credits": written_credits(standing)
        | {
            "approx_local_messages": [0, 0],
            "approx_cloud_messages": [0, 0],
            "overage_limit_reached": False,
        },
        "spend_control": _spend_control(standing) if standing.has_spend_control else None,
        "rate_limit_reached_type": {"type": reached} if reached else None,
        "rate_limit_reset_credits": {
            "available_count": available,
            "applicable_available_count": available if has_use else 0,
        },
        "promo": None,
    }


def reset_credits(standing: Standing) -> dict[str, Any]:
    """The body of `GET rate-limit-reset-credits`."""
    return {
        "available_count": len(standing.free_resets),
        "total_earned_count": len(standing.reset_credits),
        "credits": [_reset_credit(credit) for credit in standing.reset_credits],
    }


def _details(bucket: Bucket, at: float) -> dict[str, Any] | None:
    if not bucket.has_details:
        return None
    return {
        "allowed": bucket.is_allowed,
        "limit_reached": bucket.is_reached,
        "primary_window": _window(bucket.primary, at),
        "secondary_window": _window(bucket.secondary, at),
    }


def _window(window: Window | None, at: float) -> dict[str, Any] | None:
    if window is None:
        return None
    said = window.written(at, is_in_minutes=False)
    return {IN_USAGE[name]: said[name] for name in said}


def _spend_control(standing: Standing) -> dict[str, Any]:
    spend = standing.spend
    if spend is None:
        return {"reached": False, "individual_limit": None}
    return {"reached": spend.is_reached, "individual_limit": _individual(spend, standing.at)}


def _individual(spend: Spend, at: float) -> dict[str, Any]:
    used = math.floor(100 * spend.used / spend.limit)
    resets_at = round(spend.resets_at)
    return {
        "limit": f"{spend.limit:.2f}",
        "used": f"{spend.used:.2f}",
        "remaining": f"{spend.limit - spend.used:.2f}",
        "used_percent": used,
        "remaining_percent": 100 - used,
        "reset_after_seconds": max(0, resets_at - math.floor(at)),
        "reset_at": resets_at,
    }


def _reset_credit(credit: ResetCredit) -> dict[str, Any]:
    return {
        "id": credit.id,
        "reset_type": "codex_rate_limits",
        "status": "redeemed" if credit.is_redeemed else "available",
        "granted_at": _iso(credit.granted_at),
        "expires_at": None if credit.expires_at is None else _iso(credit.expires_at),
        "title": "Limit reset",
        "description": "Starts your Codex windows over.",
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
