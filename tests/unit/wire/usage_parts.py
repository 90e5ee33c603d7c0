"""Pieces of answers about usage, as the server writes them and as they are read."""

from typing import Any

from services.models.limits import (
    RateWindow,
    UsageReading,
)
from services.wire.usage import read_usage

NOW = 1_790_000_000.0


def window(role: str = "primary", limit_id: str = "codex", **members: Any) -> RateWindow:
    values: dict[str, Any] = {"used_percent": 42.0, "window_seconds": 17940, "resets_at": NOW + 900}
    return RateWindow(limit_id=limit_id, role=role, **(values | members))


def slot(**members: Any) -> dict[str, Any]:
    """A window as the server writes it; a member of `...` is left out."""
    values = {
        "used_percent": 42,
        "limit_window_seconds": 17940,
        "reset_after_seconds": 900,
        "reset_at": int(NOW + 900),
    }
    return {name: value for name, value in (values | members).items() if value is not ...}


def details(primary: Any = None, secondary: Any = None, **members: Any) -> dict[str, Any]:
    values = {
        "allowed": True,
        "limit_reached": False,
        "primary_window": primary,
        "secondary_window": secondary,
    }
    return {name: value for name, value in (values | members).items() if value is not ...}


def usage(**members: Any) -> UsageReading:
    return read_usage({"plan_type": "pro", **members}, NOW)


def read_window(**members: Any) -> RateWindow:
    """The one window of an answer whose primary slot has these members."""
    (limit,) = usage(rate_limit=details(slot(**members))).limits
    (found,) = limit.windows
    return found
