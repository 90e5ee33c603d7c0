"""What is known of an account's limits, as a value. Rules: docs/limits.md.

The store keeps one board for each account, and every process applies its readings to it inside a
transaction (`services/limits/merging.py`), so that all of them see the same numbers.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, TypeVar, cast, get_args, get_origin

from services.errors import BadPayloadError
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import (
    Credits,
    LimitSource,
    LimitVerdict,
    ResetCredit,
    ResetCredits,
    SpendControl,
)
from services.models.windows import MAIN, label

T = TypeVar("T")
VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardWindow:
    """One window, as the words of the server have it."""

    id: str
    """`codex/18000`."""
    limit_id: str
    limit_name: str | None = None
    role: str = "primary"
    """The slot it came in last: a window of another length in it is this one, resized."""
    window_seconds: int | None = None
    """Canonical length."""
    used_percent: float
    """As it was said, within 0 and 100."""
    resets_at: float | None = None
    """Unix seconds."""
    as_of: float
    source: LimitSource
    refused_at: float | None = None
    """When the server refused a call on it; None once something took that back."""
    refused_until: float | None = None
    """When the refusal ends by itself, where it was said."""
    period: int = 0
    """Counts the resets that two readings showed: names an episode of alerts."""
    counted: float = 0.0
    """The most that was used in this period: only what lies above it is new use."""
    is_counted_by_poll: bool = False
    """Whether a poll said so: where polls and answers disagree, each takes back its own only."""
    lowered_to: float | None = None
    """What a word took back of that; a second one has to agree."""
    due_at: float | None = None
    """The reset that the ledger knows of; another one counts when two words agree on it."""
    missing_since: float | None = None
    """When a whole reading did not name it; with the second one in a row it is gone."""

    @property
    def label(self) -> str:
        """`5h`, or with the limit's name where that is not the main one: `Fast week`."""
        name = self.limit_name or self.limit_id
        if self.window_seconds is None:
            return f"{name} {self.role}"
        length = label(self.window_seconds)
        return length if self.limit_id == MAIN else f"{name} {length}"

    def is_refused(self, now: float) -> bool:
        """Whether a refusal still counts: until its reset, if it has one."""
        until = self.refused_until
        return self.refused_at is not None and (until is None or now < until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What one reading showed, and the next one has to confirm before it is told."""

    entry: LedgerEntry
    resets_at: float | None = None
    """What that reading said, to be compared with the next one."""
    used_percent: float = 0.0
    """Use before it."""
    counted: float = 0.0
    """The most that was used before it."""
    is_ours: bool = False
    """Whether nothing was read between a redeemed reset and it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The limits of one account."""

    windows: tuple[BoardWindow, ...] = ()
    verdicts: tuple[LimitVerdict, ...] = ()
    """On limits beside the main one."""
    plan: str | None = None
    credits: Credits | None = None
    spend_control: SpendControl | None = None
    reset_credits: ResetCredits | None = None
    allowed: bool | None = None
    limit_reached: bool | None = None
    reached_type: str | None = None
    as_of: float | None = None
    """Unix seconds of the newest word about anything."""
    source: LimitSource | None = None
    whole_at: float | None = None
    """When a reading last named all windows there are: only since then can one appear."""
    refused_until: float | None = None
    """Until when a refusal counts that is about no known window; None where there is none."""
    redeemed_at: float | None = None
    """When the user redeemed a reset last, or tried to and nobody knows what came of it."""
    is_redeem_sure: bool = True
    """Whether it is known; else the ledger says so once windows begin anew."""
    next_period: int = 0
    """First period of a window that appears: above those of all windows that have gone."""
    suspected: tuple[Suspicion, ...] = ()

    def window(self, window_id: str) -> BoardWindow | None:
        """The window of that id."""
        return next((each for each in self.windows if each.id == window_id), None)


def to_json(board: Board) -> str:
    """The board as text for the store."""
    return json.dumps({"v": VERSION, **asdict(board)}, separators=(",", ":"))


def from_json(text: str) -> Board:
    """The board that a text holds; what a newer program added to it is left out.

    Raises:
        BadPayloadError: It is no board that this version knows; readings make a new one.
    """
    try:
        members = cast("dict[str, Any]", json.loads(text))
        if members.pop("v", None) != VERSION:
            raise BadPayloadError("The stored limits are of another version", code="board")
        return _board(members)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise BadPayloadError("The stored limits cannot be read", code="board") from error


def _board(members: dict[str, Any]) -> Board:
    source, resets = members.get("source"), members.get("reset_credits")
    if resets is not None:
        single = tuple(_made(ResetCredit, each) for each in resets["credits"])
        resets = _made(ResetCredits, resets, credits=single)
    return _made(
        Board,
        members,
        windows=tuple(
            _made(BoardWindow, each, source=LimitSource(each["source"]))
            for each in members["windows"]
        ),
        verdicts=tuple(
            _made(LimitVerdict, each, source=LimitSource(each["source"]))
            for each in members.get("verdicts", ())
        ),
        suspected=tuple(
            _made(Suspicion, each, entry=_entry(each["entry"])) for each in members["suspected"]
        ),
        credits=_maybe(Credits, members.get("credits")),
        spend_control=_maybe(SpendControl, members.get("spend_control")),
        reset_credits=resets,
        source=None if source is None else LimitSource(source),
    )


def _entry(members: dict[str, Any]) -> LedgerEntry:
    return _made(LedgerEntry, members, kind=LedgerKind(members["kind"]))


def _maybe(cls: type[T], members: dict[str, Any] | None) -> T | None:
    return None if members is None else _made(cls, members)


def _made(cls: type[T], members: Mapping[str, Any], **known: object) -> T:
    """A value of a class, from members of which each has the type of its field.

    Raises:
        TypeError: One is missing or of another type.
    """
    values = {**members, **known}
    fitting: dict[str, Any] = {}
    for field in fields(cast("Any", cls)):
        if field.name in values:
            if not _fits(values[field.name], field.type):
                raise TypeError(field.name)
            fitting[field.name] = values[field.name]
    return cls(**fitting)


def _fits(value: object, kind: Any) -> bool:
    if get_origin(kind) is tuple:
        return isinstance(value, tuple)
    kinds = get_args(kind) or (kind,)
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int | float) and not math.isfinite(value):
        return False
    return isinstance(value, kinds) or (isinstance(value, int) and float in kinds)
