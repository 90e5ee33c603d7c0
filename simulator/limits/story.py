"""What a limit story consists of: how an account stands when it begins, and what happens then."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.limits.flows import Flow, still
from simulator.limits.standing import MAIN, Credits, Member, Slot, Spelling

if TYPE_CHECKING:
    from simulator.limits.account import AccountLimits

HOUR = 3600.0
DAY = 24 * HOUR

FIVE_HOURS = 18_000
WEEK = 604_800
MONTH = 2_592_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStart:
    """A window as the story begins with it."""

    used: float
    """Percent."""
    resets_in: float
    """Seconds from the beginning to its first reset."""
    seconds: int = FIVE_HOURS
    slot: Slot = "primary"
    bucket: str = MAIN
    flow: Flow = still
    per_turn: float = 0.0
    """Percent that a turn uses."""
    most: float = 100.0
    """Percent beyond which neither time nor turns lift it."""
    begins_with_use: bool = False
    """Whether its time does not run while nothing of it is used."""
    spelling: Spelling = "whole"
    omitted: frozenset[Member] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendStart:
    """What a workspace lets its member spend, as the story begins."""

    limit: float
    used: float
    resets_in: float
    per_turn: float
    """Credits that a turn uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRule:
    """What else is said of a bucket than its windows."""

    name: str | None = None
    allowed: bool | None = None
    """None: while no window is full."""
    reached: bool | None = None
    """None: when a window is full."""
    has_details: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that the server does at a time of the story."""

    at: float
    """Seconds from the beginning."""
    happens: "Callable[[AccountLimits, float], None]"
    """Gets the account and the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitStory:
    """The limits of every account, as a function of time and turns."""

    about: str
    windows: Sequence[WindowStart] = ()
    buckets: Mapping[str, BucketRule] = field(default_factory=dict[str, BucketRule])
    """Rules by id; a bucket with a window needs none."""
    plan: str | None = None
    """None: the one of the account."""
    credits: Credits = field(default_factory=Credits)
    has_spend_control: bool = False
    spend: SpendStart | None = None
    reset_credits: int = 0
    refuses: bool | None = None
    """Whether turns are refused. None: while the main bucket is not allowed or no
    money may be spent."""
    moments: Sequence[Moment] = ()
    flaws: Sequence[str] = ()
    """What every third poll meets in turn, in the words of `--fail` without the route."""
