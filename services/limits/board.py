"""What is known of an account's limits, as a value. Rules: docs/limits.md.

The store keeps one board for each account, and every process applies its readings to it inside a
transaction (`services/limits/merging.py`), so that all of them see the same numbers.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar, cast

from services.errors import BadPayloadError
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import (
    Credits,
    LimitSource,
    ResetCredit,
    ResetCredits,
    SpendControl,
)

T = TypeVar("T")
VERSION = 1


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
    period: int = 0
    """Counts the resets that two readings showed."""
    missing: int = 0
    """Whole readings in a row that did not name it; with the second one it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What one reading showed, and the next one has to confirm before it is told."""

    entry: LedgerEntry
    resets_at: float | None = None
    """What that reading said, to be compared with the next one."""
    used_percent: float = 0.0
    """Use before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The limits of one account."""

    windows: tuple[BoardWindow, ...] = ()
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
    suspected: tuple[Suspicion, ...] = ()

    def window(self, window_id: str) -> BoardWindow | None:
        """The window of that id."""
        return next((each for each in self.windows if each.id == window_id), None)


def to_json(board: Board) -> str:
    """The board as text for the store."""
    return json.dumps({"v": VERSION, **asdict(board)}, separators=(",", ":"))


def from_json(text: str) -> Board:
    """The board that a text holds.

    Raises:
        BadPayloadError: It is no board that this version knows; readings make a new one.
    """
    try:
        members = cast("dict[str, Any]", json.loads(text))
        if members.pop("v", None) != VERSION:
            raise BadPayloadError("The stored limits are of another version", code="board")
        return _board(members)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
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
        suspected=tuple(
            _made(Suspicion, each, entry=_entry(each["entry"])) for each in members["suspected"]
        ),
        credits=_maybe(Credits, members.get("credits")),
        spend_control=_maybe(SpendControl, members.get("spend_control")),
        reset_credits=resets,
        source=None if source is None else LimitSource(source),
    )


def _entry(members: dict[str, Any]) -> LedgerEntry:
    return _made(LedgerEntry, {**members, "kind": LedgerKind(members["kind"])})


def _maybe(kind: Callable[..., T], members: dict[str, Any] | None) -> T | None:
    return None if members is None else _made(kind, members)


def _made(kind: Callable[..., T], members: dict[str, Any], **known: object) -> T:
    return kind(**{**members, **known})
