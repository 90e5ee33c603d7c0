"""What answers of models say about the limits: headers, events of streams, refusals.

Wire format: docs/simulator.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulator import events
from simulator.limits.standing import MAIN, Bucket, Member, Standing, Window
from simulator.script import Status

IN_HEADERS: Mapping[Member, str] = {
    "used": "used-percent",
    "seconds": "window-minutes",
    "resets_at": "reset-at",
    "resets_in": "reset-after-seconds",
}

IN_EVENTS: Mapping[Member, str] = {
    "used": "used_percent",
    "seconds": "window_minutes",
    "resets_at": "reset_at",
    "resets_in": "reset_after_seconds",
}


def headers(standing: Standing) -> dict[str, str]:
    """Headers of an answer. A bucket without windows has none, and neither have code reviews."""
    fields = {"x-codex-plan-type": standing.plan}
    for bucket in (standing.main, *standing.additional):
        family = f"x-{bucket.id.lower().replace('_', '-')}"
        for slot, window in bucket.windows():
            said = window.written(standing.at, is_in_minutes=True)
            fields |= {f"{family}-{slot}-{IN_HEADERS[name]}": str(said[name]) for name in said}
        if bucket.name is not None and bucket.windows():
            fields[f"{family}-limit-name"] = bucket.name
    if standing.main.primary and standing.main.secondary:
        fields["x-codex-primary-over-secondary-limit-percent"] = "0"
    return fields | {
        "x-codex-credits-has-credits": str(standing.credits.has_credits),
        "x-codex-credits-unlimited": str(standing.credits.is_unlimited),
        "x-codex-credits-balance": standing.credits.balance or "",
    }


def stream_event(standing: Standing) -> events.Event:
    """The same inside a stream; other buckets by their id."""
    main = standing.main
    additional = {
        bucket.id: {"limit_name": bucket.name, **_windows(bucket, standing.at)}
        for bucket in standing.additional
        if bucket.has_details
    }
    return {
        "type": "codex.rate_limits",
        "plan_type": standing.plan,
        "rate_limits": {
            "allowed": main.is_allowed,
            "limit_reached": main.is_reached,
            **_windows(main, standing.at),
        },
        "credits": written_credits(standing),
        "additional_rate_limits": additional or None,
        "metered_limit_name": MAIN,
        "limit_name": None,
        "promo": None,
    }


def written_credits(standing: Standing) -> dict[str, Any]:
    """The credits in JSON."""
    return {
        "has_credits": standing.credits.has_credits,
        "unlimited": standing.credits.is_unlimited,
        "balance": standing.credits.balance,
    }


def refusal(standing: Standing) -> Status | None:
    """Why a turn is refused; None if it is not.

    Where the windows say that something is left all the same, the refusal says that the first
    one is used up.
    """
    if not standing.is_refusing:
        return None
    said = standing
    main = standing.main
    if main.is_allowed and standing.spend is None and main.primary is not None:
        full = replace(main, primary=replace(main.primary, used=100.0))
        said = replace(standing, buckets=[full, *standing.buckets[1:]])
    error: dict[str, Any] = {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": standing.plan,
        "eligible_promo": None,
    }
    if said.opens_at is not None:
        resets_at = round(said.opens_at)
        error["resets_at"] = resets_at
        error["resets_in_seconds"] = max(0, resets_at - int(standing.at))
    reached = {"x-codex-active-limit": MAIN}
    if said.reached_type is not None:
        reached["x-codex-rate-limit-reached-type"] = said.reached_type
    return Status(429, headers(said) | reached, {"error": error})


def _windows(bucket: Bucket, at: float) -> dict[str, Any]:
    windows = (("primary", bucket.primary), ("secondary", bucket.secondary))
    return {slot: _window(window, at) for slot, window in windows}


def _window(window: Window | None, at: float) -> dict[str, Any] | None:
    if window is None:
        return None
    said = window.written(at, is_in_minutes=True)
    return {IN_EVENTS[name]: said[name] for name in said}
