"""Rate limits as headers and events state them. Wire format: docs/protocols/limits.md."""

import re
from collections.abc import Mapping
from typing import Final

from services.clean import clean_line
from services.models.limits import (
    Credits,
    LimitReading,
    LimitSource,
    RateWindow,
    UsageReading,
)
from services.models.windows import MAIN
from services.transport.failures import clamp_time
from services.wire.reading import as_bool, as_number, as_object, as_text
from services.wire.responses import LimitsEvent

_FAMILY: Final = re.compile(r"x-([a-z0-9][a-z0-9-]{0,60})-primary-used-percent")
_MAX_FAMILIES: Final = 32
_MAX_MINUTES: Final = 10 * 366 * 24 * 60
ROLES: Final = ("primary", "secondary")


def read_headers(headers: Mapping[str, str], now: float) -> UsageReading | None:
    """What the headers of an answer say about limits; None where they say nothing.

    Args:
        headers: Names in lower case.
        now: Unix seconds.
    """
    names = {name.lower(): value for name, value in headers.items()}
    families = [MAIN]
    for name in names:
        found = _FAMILY.fullmatch(name)
        if found and found[1] not in families and len(families) < _MAX_FAMILIES:
            families.append(found[1])
    limits: list[LimitReading] = []
    for family in families:
        windows = tuple(
            window
            for role in ROLES
            if (window := _window_of_headers(names, family, role, now)) is not None
        )
        if windows:
            limits.append(
                LimitReading(
                    limit_id=family.replace("-", "_"),
                    limit_name=clean_line(names.get(f"x-{family}-limit-name", ""), 60) or None,
                    windows=windows,
                )
            )
    balance = _credits_of_headers(names)
    if not limits and balance is None:
        return None
    return UsageReading(
        source=LimitSource.HEADERS,
        as_of=now,
        is_success=True,
        plan=clean_line(names.get("x-codex-plan-type", ""), 40) or None,
        limits=tuple(limits),
        credits=balance,
    )


def _window_of_headers(
    names: Mapping[str, str], family: str, role: str, now: float
) -> RateWindow | None:
    prefix = f"x-{family}-{role}-"
    return _window(
        family.replace("-", "_"),
        role,
        used=names.get(f"{prefix}used-percent"),
        minutes=names.get(f"{prefix}window-minutes"),
        resets_at=names.get(f"{prefix}reset-at"),
        resets_in=names.get(f"{prefix}reset-after-seconds"),
        now=now,
    )


def _window(
    limit_id: str,
    role: str,
    *,
    used: object,
    minutes: object,
    resets_at: object,
    resets_in: object,
    now: float,
) -> RateWindow | None:
    percent = as_number(used)
    if percent is None:
        return None
    length = as_number(minutes)
    reset = clamp_time(as_number(resets_at))
    if reset is None and (wait := as_number(resets_in)) is not None and wait > 0:
        reset = clamp_time(now + wait)
    if percent == 0 and not length and reset is None:
        return None
    seconds = None
    if length is not None and 0 < length <= _MAX_MINUTES:
        seconds = int(length * 60)
    return RateWindow(
        limit_id=limit_id,
        role=role,
        used_percent=min(max(percent, 0.0), 1000.0),
        window_seconds=seconds,
        resets_at=reset,
    )


def _credits_of_headers(names: Mapping[str, str]) -> Credits | None:
    has = as_bool(names.get("x-codex-credits-has-credits"))
    unlimited = as_bool(names.get("x-codex-credits-unlimited"))
    if has is None or unlimited is None:
        return None
    balance = clean_line(names.get("x-codex-credits-balance", ""), 40)
    return Credits(has_credits=has, unlimited=unlimited, balance=balance or None)


def read_event(event: LimitsEvent, now: float) -> UsageReading | None:
    """What a `codex.rate_limits` event says; None where that is nothing."""
    limit_id = clean_line(event.metered_limit_name or event.limit_name or MAIN, 60)
    said = as_object(event.rate_limits)
    limits: list[LimitReading] = []
    if windows := _windows_of_event(limit_id, said, now):
        limits.append(
            LimitReading(
                limit_id=limit_id,
                windows=windows,
                allowed=as_bool(said.get("allowed")),
                limit_reached=as_bool(said.get("limit_reached")),
            )
        )
    for name, value in list(as_object(event.additional_rate_limits).items())[:_MAX_FAMILIES]:
        other = clean_line(name, 60)
        if windows := _windows_of_event(other, value, now):
            limits.append(LimitReading(limit_id=other, windows=windows))
    balance = _credits_of_event(event.credits)
    if not limits and balance is None:
        return None
    return UsageReading(
        source=LimitSource.STREAM,
        as_of=now,
        plan=clean_line(event.plan_type, 40) if event.plan_type else None,
        limits=tuple(limits),
        credits=balance,
    )


def _windows_of_event(limit_id: str, value: object, now: float) -> tuple[RateWindow, ...]:
    windows: list[RateWindow] = []
    for role in ROLES:
        members = as_object(as_object(value).get(role))
        window = _window(
            limit_id,
            role,
            used=members.get("used_percent"),
            minutes=members.get("window_minutes"),
            resets_at=members.get("reset_at"),
            resets_in=members.get("reset_after_seconds"),
            now=now,
        )
        if window is not None:
            windows.append(window)
    return tuple(windows)


def _credits_of_event(value: object) -> Credits | None:
    members = as_object(value)
    has, unlimited = as_bool(members.get("has_credits")), as_bool(members.get("unlimited"))
    if has is None or unlimited is None:
        return None
    balance = members.get("balance")
    number = as_number(balance)
    text = as_text(balance) or ("" if number is None else f"{number:g}")
    return Credits(has_credits=has, unlimited=unlimited, balance=clean_line(text, 40) or None)
