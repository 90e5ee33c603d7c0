"""Limits over time: what the server changed, what was used when, and what it was used for.

Rules: docs/limits.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class LedgerKind(StrEnum):
    """What the server did to a window, or to the plan."""

    MOVED = "moved"
    """Its reset is at another time."""
    RESET = "reset"
    """It began anew when it was due."""
    RESET_EARLY = "reset_early"
    RESIZED = "resized"
    """It has another length now (`5h` became `month`): both ids are named."""
    APPEARED = "appeared"
    VANISHED = "vanished"
    REFUSED = "refused"
    """A call was refused while the reading said that there is something left."""
    PLAN = "plan"
    """The plan is another one."""
    REDEEMED = "redeemed"
    """The user redeemed a reset here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One thing that happened to the limits, told after two readings agreed."""

    at: float
    """Unix seconds of the first reading that showed it."""
    kind: LedgerKind
    window_id: str | None = None
    """None for the plan."""
    label: str = ""
    """Of the window (`week`), or empty."""
    before: str | float | None = None
    """Reset in Unix seconds (moved, reset_early: when it was due), percent used (reset), length in
    seconds (resized), plan; None where there was none."""
    after: str | float | None = None
    id: int = 0
    """Of the row in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesPoint:
    """The use of a window within one column of a chart."""

    at: float
    """Unix seconds of the column's middle."""
    low: float
    high: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The use of one window over time, reduced to the columns of a chart; gaps have no points."""

    window_id: str
    label: str
    points: tuple[SeriesPoint, ...] = ()
    resets: tuple[float, ...] = ()
    """When it began anew, Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one piece of work cost, in percent of each window."""

    kind: Literal["turn", "task", "hour", "elsewhere", "shared"]
    """`elsewhere`: use while nothing of ours ran. `shared`: several ran, told as one row."""
    id: str
    """Turn or task id; the hour's begin for an hour."""
    title: str
    at: float
    """Unix seconds: the beginning."""
    percents: tuple[tuple[str, float], ...]
    """Window id and percent, for windows in which anything was seen."""
    is_shared: bool = False
    """Whether some of it was spent while something else ran too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Something of ours that draws on the limits."""

    kind: Literal["turn", "task"]
    id: str
    group: str = ""
    """The chat of a turn."""
    title: str = ""
    started_at: float
    ended_at: float | None = None
    """None while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something about a window that is said once an episode."""

    window_id: str
    label: str
    kind: Literal["75", "90", "95", "100", "runs_out"]
    text: str
    """One sentence for a toast or a notification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreSend:
    """What the next turn of a chat probably costs, where that is more than what is left."""

    window_id: str
    label: str
    cost_percent: float
    """Of the chat's turns so far, per turn; 0 where that is not known, and nothing is left."""
    left_percent: float
    resets_at: float | None
    period: int = 0
    """The one that the window is in; a later one has begun anew."""
