"""Rate limits as headers, events and refusals state them. Wire: docs/protocols/limits.md."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from services.clean import clean_line
from services.errors import BadPayloadError, RefusedError, ServiceError
from services.models.limits import (
    Credits,
    LimitReading,
    LimitSource,
    RateWindow,
    Refusal,
    UsageReading,
)
from services.models.windows import MAIN
from services.transport.failures import clamp_time
from services.wire.errors import read_error_body
from services.wire.limit_values import (
    NAME_LIMIT,
    read_amount,
    read_length,
    read_limit_id,
    read_reset,
    window_of,
)
from services.wire.reading import as_bool, as_number, as_object, loads

if TYPE_CHECKING:
    from services.wire.responses import LimitsEvent

_FAMILY: Final = re.compile(r"x-([a-z0-9][a-z0-9-]{0,60})-primary-used-percent")
_MAX_FAMILIES: Final = 32
ROLES: Final = ("primary", "secondary")
ACTIVE: Final = "x-codex-active-limit"
REACHED_TYPE: Final = "x-codex-rate-limit-reached-type"
REACHED: Final = "usage_limit_reached"
NOT_INCLUDED: Final = "usage_not_included"
NO_LIMIT: Final = ""
"""Id in a refusal that is about no limit with windows: the plan has none, or it is about money."""
_OF_WORKSPACE: Final = "workspace_"


def read_headers(
    headers: Mapping[str, str], now: float, *, is_success: bool = True
) -> UsageReading | None:
    """What the headers of an answer say about limits; None where they say nothing.

    Args:
        headers: Names in any case.
        now: Unix seconds.
        is_success: Whether it is the answer to a call that was let through (2xx).
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
                    limit_name=clean_line(names.get(f"x-{family}-limit-name", ""), NAME_LIMIT)
                    or None,
                    windows=windows,
                )
            )
    balance = _credits_of_headers(names)
    if not limits and balance is None:
        return None
    return UsageReading(
        source=LimitSource.HEADERS,
        as_of=now,
        is_success=is_success,
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
    return window_of(
        limit_id,
        role,
        used=percent,
        seconds=None if length is None else read_length(length * 60),
        resets_at=read_reset(resets_at, resets_in, now),
    )


def _credits_of_headers(names: Mapping[str, str]) -> Credits | None:
    has = as_bool(names.get("x-codex-credits-has-credits"))
    unlimited = as_bool(names.get("x-codex-credits-unlimited"))
    if has is None or unlimited is None:
        return None
    balance = clean_line(names.get("x-codex-credits-balance", ""), 40)
    return Credits(has_credits=has, unlimited=unlimited, balance=balance or None)


def read_event(event: "LimitsEvent", now: float) -> UsageReading | None:
    """What a `codex.rate_limits` event says; None where that is nothing."""
    limit_id = read_limit_id(event.metered_limit_name) or read_limit_id(event.limit_name) or MAIN
    said = as_object(event.rate_limits)
    limits: dict[str, LimitReading] = {}
    windows = _windows_of_event(limit_id, said, now)
    allowed, reached = as_bool(said.get("allowed")), as_bool(said.get("limit_reached"))
    if windows or allowed is not None or reached is not None:
        limits[limit_id] = LimitReading(
            limit_id=limit_id, windows=windows, allowed=allowed, limit_reached=reached
        )
    for name, value in list(as_object(event.additional_rate_limits).items())[:_MAX_FAMILIES]:
        other = read_limit_id(name)
        if other and (windows := _windows_of_event(other, value, now)):
            limits[other] = LimitReading(limit_id=other, windows=windows)
    balance = _credits_of_event(event.credits)
    if not limits and balance is None:
        return None
    return UsageReading(
        source=LimitSource.STREAM,
        as_of=now,
        plan=clean_line(event.plan_type, 40) if event.plan_type else None,
        limits=tuple(limits.values()),
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
    balance = read_amount(members.get("balance"))
    return Credits(has_credits=has, unlimited=unlimited, balance=balance)


def naming_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that name the limit that a refusal inside the answer is about.

    The numbers beside them were said before the answer began, and are known.
    """
    return {name: headers[name] for name in (ACTIVE, REACHED_TYPE) if name in headers}


def read_refusal(error: ServiceError, now: float) -> UsageReading | None:
    """What a call that failed says about limits; None where that is nothing.

    Args:
        error: Of a model call, from an answer or from inside a stream.
        now: Unix seconds.
    """
    if not isinstance(error, RefusedError):
        return None
    return _refused(
        error.headers,
        now,
        code=error.code,
        message=error.message,
        resets_at=error.retry_at if error.code == REACHED else None,
    )


def read_task_error(
    status: int, headers: Mapping[str, str], body: bytes, now: float
) -> UsageReading | None:
    """What the refusal of a new cloud task says about limits; None where that is nothing.

    Args:
        status: Of HTTP.
        headers: Names in any case.
        body: As it came.
        now: Unix seconds.
    """
    if status < 400:
        return None
    said = read_error_body(body)
    code = REACHED if said.type == REACHED else said.code
    resets_at = said.resets_at
    if resets_at is None and said.resets_in is not None:
        resets_at = now + said.resets_in
    verdict = _verdict_of_task(body)
    if as_bool(verdict.get("limit_reached")) or as_bool(verdict.get("allowed")) is False:
        code = code if code == NOT_INCLUDED else REACHED
        if resets_at is None:
            resets_at = read_reset(None, verdict.get("resets_after"), now)
    message = said.message or "The usage limit is reached"
    return _refused(headers, now, code=code, message=message, resets_at=resets_at)


def _verdict_of_task(body: bytes) -> dict[str, object]:
    """The `rate_limit` that answers about tasks carry, at the top or where an error says why.

    Its windows are left alone: they count tasks, and not the use of the account's windows.
    """
    try:
        members = as_object(loads(body))
    except BadPayloadError:
        return {}
    for holder in (members, as_object(members.get("error")), as_object(members.get("detail"))):
        if found := as_object(holder.get("rate_limit")):
            return found
    return {}


def _refused(
    headers: Mapping[str, str],
    now: float,
    *,
    code: str | None,
    message: str,
    resets_at: float | None,
) -> UsageReading | None:
    """A refusal, with what else the headers beside it say."""
    said = read_headers(headers, now, is_success=False)
    names = {name.lower(): value for name, value in headers.items()}
    reached_type = clean_line(names.get(REACHED_TYPE, ""), NAME_LIMIT) or None
    refusal = None
    if code == REACHED:
        # What a workspace lets its members spend is no window, whichever limit is named beside it.
        is_money = (reached_type or "").startswith(_OF_WORKSPACE)
        limit_id = NO_LIMIT if is_money else read_limit_id(names.get(ACTIVE)) or MAIN
        known = clamp_time(resets_at)
        refusal = Refusal(
            limit_id=limit_id,
            resets_at=known if known is not None and known > now else None,
            reached_type=reached_type,
            message=message,
        )
    elif code == NOT_INCLUDED:
        refusal = Refusal(
            limit_id=NO_LIMIT, reached_type=reached_type or NOT_INCLUDED, message=message
        )
    if refusal is None and said is None:
        return None
    said = said or UsageReading(source=LimitSource.ERROR, as_of=now)
    return replace(said, source=LimitSource.ERROR, refusal=refusal, reached_type=reached_type)
