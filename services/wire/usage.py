"""The answer of `GET /wham/usage`, read part by part. Wire format: docs/protocols/limits.md.

A part that cannot be read costs that part: all else of the answer counts, and a sentence for the
log says what was left out.
"""

from collections.abc import Iterator
from typing import Final

from services.clean import clean_line
from services.errors import BadPayloadError
from services.models.limits import (
    Credits,
    LimitReading,
    LimitSource,
    RateWindow,
    ResetCredits,
    SpendControl,
    UsageReading,
)
from services.models.windows import CODE_REVIEW, MAIN
from services.wire.limit_values import (
    NAME_LIMIT,
    read_amount,
    read_length,
    read_limit_id,
    read_percent,
    read_reset,
    read_whole,
    window_of,
)
from services.wire.reading import JsonObject, as_bool, as_list, as_number, as_object, as_text

MAX_BUCKETS: Final = 64
"""Limits of one answer, the main one included."""
MAX_WINDOWS: Final = 8
"""Windows of one limit."""
_ID_LIMIT: Final = 200
_SLOT: Final = "_window"
_USUAL_SLOTS: Final = ("primary", "secondary")
_MEMBERS: Final = frozenset(
    {
        "plan_type",
        "rate_limit",
        "code_review_rate_limit",
        "additional_rate_limits",
        "credits",
        "spend_control",
        "rate_limit_reached_type",
        "rate_limit_reset_credits",
    }
)
"""By one of these at least an answer is known as one about usage."""


def read_usage(document: object, now: float) -> UsageReading:
    """What the server says of all limits of an account.

    Where a limit or a window could not be read, the reading is not whole: what it does not name
    may exist all the same.

    Args:
        document: The parsed answer.
        now: Unix seconds.

    Raises:
        BadPayloadError: It is no object, or names nothing that such an answer has.
    """
    members = as_object(document)
    if not members.keys() & _MEMBERS:
        raise BadPayloadError(
            "The server's answer about limits cannot be read",
            next_step="Check the base URL, and the proxy in between",
            code="usage",
        )
    return _Usage(members, now).read()


class _Usage:
    """One answer, and what of it could not be read."""

    def __init__(self, members: JsonObject, now: float) -> None:
        self._members = members
        self._now = now
        self._skipped: list[str] = []
        self._is_whole = True

    def read(self) -> UsageReading:
        members = self._members
        return UsageReading(
            source=LimitSource.POLL,
            as_of=self._now,
            plan=self._text("plan_type", 40),
            limits=tuple(self._limits().values()),
            credits=self._credits(),
            spend_control=self._spend_control(),
            reset_credits=self._reset_credits(),
            reached_type=self._reached_type(members.get("rate_limit_reached_type")),
            account_id=self._text("account_id", _ID_LIMIT),
            user_id=self._text("user_id", _ID_LIMIT),
            is_whole=self._is_whole,
            skipped=tuple(self._skipped),
        )

    # --- limits and windows ----------------------------------------------------------------------

    def _limits(self) -> dict[str, LimitReading]:
        """Every limit by its id: a later one replaces an earlier one of the same id."""
        found: dict[str, LimitReading] = {}
        for limit_id, member in ((MAIN, "rate_limit"), (CODE_REVIEW, "code_review_rate_limit")):
            said = self._members.get(member)
            if said is not None and (limit := self._limit(limit_id, None, said)) is not None:
                found[limit_id] = limit
        additional: object = self._members.get("additional_rate_limits")
        entries = as_list(additional)
        if additional is not None and not isinstance(additional, list):
            self._lose("The additional limits are no list")
        for number, entry in enumerate(entries):
            if len(found) >= MAX_BUCKETS:
                left = len(entries) - number
                self._skipped.append(f"{left} additional limits are too many")
                break
            if (limit := self._additional(entry)) is not None:
                found[limit.limit_id] = limit
        return found

    def _additional(self, entry: object) -> LimitReading | None:
        members = as_object(entry)
        name = clean_line(as_text(members.get("limit_name")) or "", NAME_LIMIT)
        limit_id = read_limit_id(members.get("metered_feature")) or read_limit_id(name)
        if not limit_id:
            self._lose("An additional limit has no name")
            return None
        said = members.get("rate_limit")
        return self._limit(limit_id, name or None, {} if said is None else said)

    def _limit(self, limit_id: str, name: str | None, said: object) -> LimitReading | None:
        members = as_object(said)
        if not isinstance(said, dict):
            self._lose(f"The limit {limit_id} is no object")
            return None
        return LimitReading(
            limit_id=limit_id,
            limit_name=name,
            windows=tuple(self._windows(limit_id, members)),
            allowed=self._flag(members, "allowed", limit_id),
            limit_reached=self._flag(members, "limit_reached", limit_id),
        )

    def _windows(self, limit_id: str, members: JsonObject) -> Iterator[RateWindow]:
        """The windows in all slots, those that have no name yet included."""
        others = (
            name.removesuffix(_SLOT)
            for name, value in members.items()
            if name.endswith(_SLOT) and isinstance(value, dict)
        )
        roles = dict.fromkeys((*_USUAL_SLOTS, *others))
        for role in list(roles)[:MAX_WINDOWS]:
            said = members.get(f"{role}{_SLOT}")
            if said is None or not (shown := clean_line(role, NAME_LIMIT)):
                continue
            slot = as_object(said)
            if not isinstance(said, dict):
                self._lose(f"The {shown} window of {limit_id} is no object")
            elif (window := self._window(limit_id, shown, slot)) is not None:
                yield window

    def _window(self, limit_id: str, role: str, members: JsonObject) -> RateWindow | None:
        used = as_number(members.get("used_percent"))
        if used is None:
            self._lose(f"The {role} window of {limit_id} has no percentage")
            return None
        length = members.get("limit_window_seconds")
        if length is not None and as_number(length) is None:
            # Its length is its name, without which it would pass for another one.
            self._lose(f"The length of the {role} window of {limit_id} is no number")
        seconds = read_length(as_number(length))
        resets_at = self._reset(members, f"{role} window of {limit_id}")
        return window_of(limit_id, role, used=used, seconds=seconds, resets_at=resets_at)

    def _reset(self, members: JsonObject, what: str) -> float | None:
        at, after = members.get("reset_at"), members.get("reset_after_seconds")
        resets_at = read_reset(at, after, self._now)
        if resets_at is None and at is not None and as_number(at) is None:
            self._skipped.append(f"The reset of the {what} is no time")
        return resets_at

    # --- the account -----------------------------------------------------------------------------

    def _credits(self) -> Credits | None:
        said = self._members.get("credits")
        if said is None:
            return None
        members = as_object(said)
        has, unlimited = as_bool(members.get("has_credits")), as_bool(members.get("unlimited"))
        balance = read_amount(members.get("balance"))
        if has is None and unlimited is None and balance is None:
            self._skipped.append("The credits say nothing")
            return None
        return Credits(has_credits=bool(has), unlimited=bool(unlimited), balance=balance)

    def _spend_control(self) -> SpendControl | None:
        said = self._members.get("spend_control")
        if said is None:
            return None
        members = as_object(said)
        reached = as_bool(members.get("reached"))
        personal = as_object(members.get("individual_limit"))
        if reached is None and not personal:
            self._skipped.append("The spend control says nothing")
            return None
        used, left = (
            as_number(personal.get(name)) for name in ("used_percent", "remaining_percent")
        )
        if used is None and left is not None:
            used = 100.0 - left
        return SpendControl(
            reached=bool(reached),
            limit=read_amount(personal.get("limit")),
            used=read_amount(personal.get("used")),
            remaining=read_amount(personal.get("remaining")),
            used_percent=None if used is None else read_percent(used),
            resets_at=self._reset(personal, "spend limit"),
        )

    def _reset_credits(self) -> ResetCredits | None:
        said = self._members.get("rate_limit_reset_credits")
        if said is None:
            return None
        members = as_object(said)
        available = read_whole(members.get("available_count"))
        if available is None:
            self._skipped.append("The number of resets is no number")
            return None
        applicable = read_whole(members.get("applicable_available_count"))
        return ResetCredits(available=available, applicable=applicable)

    def _reached_type(self, said: object) -> str | None:
        kind = as_text(said) or as_text(as_object(said).get("type"))
        if said is not None and not kind:
            self._skipped.append("The kind of limit that is reached is no text")
        return clean_line(kind or "", NAME_LIMIT) or None

    def _text(self, name: str, limit: int) -> str | None:
        said = self._members.get(name)
        if said is not None and not isinstance(said, str):
            self._skipped.append(f"The member {name} is no text")
        return clean_line(as_text(said) or "", limit) or None

    def _flag(self, members: JsonObject, name: str, limit_id: str) -> bool | None:
        said = members.get(name)
        flag = as_bool(said)
        if flag is None and said is not None:
            self._skipped.append(f"The member {name} of {limit_id} is no boolean")
        return flag

    def _lose(self, sentence: str) -> None:
        """Leave out something that may hold a window."""
        self._skipped.append(sentence)
        self._is_whole = False
