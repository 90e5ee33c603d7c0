"""What tests say of an account's limits, in the form that `/_sim/limits` takes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from simulator.limits.account import AccountLimits
from simulator.limits.clock import StoryClock
from simulator.limits.flows import steady
from simulator.limits.meter import Meter
from simulator.limits.standing import MAIN, SLOTS, Credits
from simulator.limits.story import FIVE_HOURS, MONTH, BucketRule, SpendStart, WindowStart

WINDOW = frozenset(
    {
        "bucket",
        "slot",
        "used_percent",
        "seconds",
        "resets_at",
        "resets_in",
        "per_turn",
        "per_hour",
        "gone",
    }
)
BUCKET = frozenset({"id", "name", "allowed", "limit_reached", "has_details", "gone"})
CREDITS = frozenset({"has_credits", "unlimited", "balance"})
SPEND = frozenset({"limit", "used", "per_turn", "resets_at", "resets_in"})


def change(limits: AccountLimits, clock: StoryClock, changes: Mapping[str, Any]) -> None:
    """Make changes, each in turn.

    Raises:
        ValueError: One of them means nothing.
    """
    now = limits.catch_up()
    for name, value in changes.items():
        match name, value:
            case "plan", str() | None:
                limits.plan = value
            case "windows", list():
                for each in _objects(cast("list[object]", value), WINDOW):
                    _change_window(limits, clock, now, each)
            case "buckets", list():
                for each in _objects(cast("list[object]", value), BUCKET):
                    _change_bucket(limits, each)
            case "credits", _:
                limits.credits = _credits(value)
            case "spend_control", _:
                _change_spend(limits, clock, now, value)
            case "reached_type", str() | None:
                limits.reached_type = value
            case "reset_credits", int():
                limits.grant(value)
            case "refuses", bool() | None:
                limits.refuses = value
            case "usage", _:
                limits.usage = value
            case _:
                raise ValueError(f"{name!r} with that value means nothing")


def as_number(value: object, name: str) -> float:
    """The value as a number.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name!r} is a number")
    return float(value)


def _objects(values: list[object], members: frozenset[str]) -> list[Mapping[str, Any]]:
    return [_members(value, members) for value in values]


def _members(value: object, members: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"an object with some of {', '.join(sorted(members))} is wanted")
    fields = cast("Mapping[str, Any]", value)
    if unknown := fields.keys() - members:
        raise ValueError(f"no member {', '.join(map(repr, sorted(unknown)))}")
    return fields


def _change_window(
    limits: AccountLimits, clock: StoryClock, now: float, fields: Mapping[str, Any]
) -> None:
    bucket, slot = str(fields.get("bucket", MAIN)), fields.get("slot", "primary")
    if slot not in SLOTS:
        raise ValueError(f"no slot {slot!r}; there are {', '.join(SLOTS)}")
    meter = limits.meter(bucket, slot)
    if fields.get("gone"):
        limits.meters = [each for each in limits.meters if each is not meter]
        return
    if meter is None:
        seconds = int(as_number(fields.get("seconds", FIVE_HOURS), "seconds"))
        start = WindowStart(
            bucket=bucket, slot=slot, seconds=seconds, used=0.0, resets_in=float(seconds)
        )
        meter = Meter.of(start, now)
        limits.meters = [*limits.meters, meter]
    if "seconds" in fields:
        meter.seconds = max(1, int(as_number(fields["seconds"], "seconds")))
    if "per_hour" in fields:
        meter.fix(meter.used(now), now)
        meter.flow = steady(as_number(fields["per_hour"], "per_hour"))
    if "used_percent" in fields:
        meter.fix(as_number(fields["used_percent"], "used_percent"), now)
    if "per_turn" in fields:
        meter.fix(meter.used(now), now)
        meter.per_turn = as_number(fields["per_turn"], "per_turn")
    meter.resets_at = _reset(clock, now, fields, meter.resets_at)
    meter.begins_with_use = False


def _reset(clock: StoryClock, now: float, fields: Mapping[str, Any], usual: float) -> float:
    """The reset in seconds of the story: `resets_at` in Unix seconds, `resets_in` from now."""
    if "resets_at" in fields:
        return clock.story_time(as_number(fields["resets_at"], "resets_at"))
    if "resets_in" in fields:
        at = clock.unix_time(now) + as_number(fields["resets_in"], "resets_in")
        return clock.story_time(round(at))
    return usual


def _change_bucket(limits: AccountLimits, fields: Mapping[str, Any]) -> None:
    name = str(fields.get("id", MAIN))
    if fields.get("gone"):
        limits.rules.pop(name, None)
        limits.rules.setdefault(MAIN, BucketRule())
        limits.meters = [each for each in limits.meters if each.bucket != name]
        return
    rule = limits.rules.get(name, BucketRule())
    limits.rules[name] = replace(
        rule,
        name=fields.get("name", rule.name),
        allowed=fields.get("allowed", rule.allowed),
        reached=fields.get("limit_reached", rule.reached),
        has_details=bool(fields.get("has_details", rule.has_details)),
    )


def _credits(value: object) -> Credits:
    if value is None:
        return Credits()
    fields = _members(value, CREDITS)
    balance = fields.get("balance")
    return Credits(
        has_credits=bool(fields.get("has_credits", True)),
        is_unlimited=bool(fields.get("unlimited")),
        balance=None if balance is None else str(balance),
    )


def _change_spend(limits: AccountLimits, clock: StoryClock, now: float, value: object) -> None:
    limits.has_spend_control = value is not None
    if value is None or value == {}:
        limits.spend = None
        return
    fields = _members(value, SPEND)
    old = limits.spend or SpendStart(limit=100.0, used=0.0, resets_in=float(MONTH), per_turn=0.0)
    limits.spend_resets_at = _reset(clock, now, fields, limits.spend_resets_at or now + MONTH)
    limits.spend = SpendStart(
        limit=as_number(fields.get("limit", old.limit), "limit"),
        used=as_number(fields.get("used", old.used), "used"),
        per_turn=as_number(fields.get("per_turn", old.per_turn), "per_turn"),
        resets_in=old.resets_in,
    )
