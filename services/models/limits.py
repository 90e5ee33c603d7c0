"""Rate limits: what the server said, what is known now, and what follows from it.

Wire format: docs/protocols/limits.md. Rules of merging, forecast and cost: docs/limits.md.
All percentages are of *use*; a screen that shows what is left subtracts.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from services.models.failure import Failure
from services.models.windows import label, window_id


class LimitSource(StrEnum):
    """Where a number comes from."""

    POLL = "poll"
    HEADERS = "headers"
    STREAM = "stream"
    ERROR = "error"
    STORE = "store"


# --- What the server said ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWindow:
    """One window of one limit, at one moment."""

    limit_id: str
    """The bucket's id, `codex` for the main one."""
    role: str
    """The slot it came in, `primary` or `secondary`: says nothing about its length."""
    used_percent: float
    """As it was said, from 0 to 1000."""
    window_seconds: int | None = None
    """As it was said; 17,940 and 18,000 are one window."""
    resets_at: float | None = None
    """Unix seconds."""

    @property
    def id(self) -> str:
        """Names the window across sources."""
        return window_id(self.limit_id, self.window_seconds, self.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """What can be spent beyond the windows."""

    has_credits: bool
    unlimited: bool
    balance: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendControl:
    """What a workspace lets its member spend."""

    reached: bool
    limit: str | None = None
    used: str | None = None
    remaining: str | None = None
    used_percent: float | None = None
    resets_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetCredit:
    """One reset that can be redeemed, or was."""

    id: str
    status: str
    """`available`, `redeeming`, `redeemed`, or what else the server says."""
    granted_at: float | None = None
    expires_at: float | None = None
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetCredits:
    """How many resets can be redeemed."""

    available: int
    applicable: int | None = None
    credits: tuple[ResetCredit, ...] = ()
    """The single ones, where they were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """What came of redeeming a reset."""

    code: Literal["reset", "nothing_to_reset", "no_credit", "already_redeemed"]
    windows_reset: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemTry:
    """A try to redeem a reset, of which it is not known what came."""

    credit_id: str | None
    """Which; None for whichever the server takes."""
    request_id: str
    """Names the wish: it counts once, however often it is sent."""
    at: float
    """When it was made first, Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReading:
    """What one answer of the server said about one limit (bucket)."""

    limit_id: str
    limit_name: str | None = None
    windows: tuple[RateWindow, ...] = ()
    allowed: bool | None = None
    """The server's own verdict, which is never guessed from percentages."""
    limit_reached: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The server refused a call because a limit is reached: the strongest word there is."""

    limit_id: str = "codex"
    """Empty where no window stands in the way, but the plan or the workspace's purse."""
    resets_at: float | None = None
    reached_type: str | None = None
    """`rate_limit_reached`, `workspace_owner_credits_depleted`, …, as it was said."""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReading:
    """What one answer said about an account: a whole poll, or a part in headers or a stream."""

    source: LimitSource
    as_of: float
    """Unix seconds."""
    is_whole: bool = False
    """Whether a window that is not named here does not exist (any more)."""
    is_success: bool = False
    """Whether a model call was let through with it: takes a refusal back."""
    redeemed_at: float | None = None
    """When the user redeemed a reset, or tried to: what the windows do next may be our own doing.
    Unix seconds."""
    is_redeemed: bool = False
    """Whether that is known to have happened: takes a refusal back."""
    plan: str | None = None
    """As it was said (`pro`, `prolite`, …); None where nothing was said."""
    limits: tuple[LimitReading, ...] = ()
    credits: Credits | None = None
    spend_control: SpendControl | None = None
    reset_credits: ResetCredits | None = None
    reached_type: str | None = None
    refusal: Refusal | None = None
    account_id: str | None = None
    user_id: str | None = None
    """Whose it is, where it was said."""
    skipped: tuple[str, ...] = ()
    """What could not be read, a sentence each, for the log."""
    turn_id: str = ""
    """The turn whose call this answers; empty where it is a poll, or not known."""
    is_before_turn: bool = False
    """Whether it was said before anything of that turn was counted."""


# --- What is known now ---------------------------------------------------------------------------


class ForecastState(StrEnum):
    """Whether a window lasts."""

    LASTS = "lasts"
    RUNS_OUT = "runs_out"
    EXHAUSTED = "exhausted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When a window runs out, as a range: in 8 of 10 cases it is between p10 and p90."""

    state: ForecastState = ForecastState.UNKNOWN
    p10_at: float | None = None
    """Early end, Unix seconds; None where even that lies behind the reset."""
    p50_at: float | None = None
    p90_at: float | None = None
    """Late end; None where it may last until the reset."""
    reason: str = ""
    """Why there is no forecast, a few words (`too little history`)."""

    @property
    def is_likely(self) -> bool:
        """Whether it is more likely than not to run out before the reset, and not only possible."""
        return self.state is ForecastState.RUNS_OUT and self.p50_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowState:
    """One window, as it is known now."""

    id: str
    """`codex/18000`."""
    limit_id: str
    limit_name: str | None = None
    window_seconds: int | None = None
    """Canonical length; None where the server named none."""
    used_percent: float
    """From 0 to 100."""
    resets_at: float | None = None
    """Unix seconds; kept when it has passed, until the server confirms the reset."""
    as_of: float
    source: LimitSource
    is_refused: bool = False
    """The server refused a call on it, whatever the percentage says."""
    is_redeemed: bool = False
    """A reset was redeemed after this was read, so that the number is of before."""
    last_turn: float | None = None
    """Percent that the last turn cost; None where that cannot be told."""
    period: int = 0
    """Counts the resets that were seen: names an episode of alerts."""
    forecast: Forecast = field(default_factory=Forecast)

    @property
    def label(self) -> str:
        """`5h`, `week`, …; the limit's own name where the length is not known."""
        if self.window_seconds is None:
            return self.limit_name or self.limit_id
        return label(self.window_seconds)

    @property
    def left_percent(self) -> float:
        """From 0 to 100."""
        return 100.0 - self.used_percent

    def resets_in(self, now: float) -> float | None:
        """Seconds to the reset, never negative."""
        return None if self.resets_at is None else max(0.0, self.resets_at - now)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it, by its number or by a refusal."""
        return self.is_refused or self.used_percent >= 100.0

    def is_due(self, now: float) -> bool:
        """Whether it should have begun anew, and no reading has confirmed it."""
        if self.is_redeemed:
            return True
        return self.resets_at is not None and self.resets_at <= now and self.as_of < self.resets_at

    def pace(self, now: float) -> float | None:
        """Percent that even use would have used by now; None where that cannot be told."""
        if self.window_seconds is None or self.resets_at is None:
            return None
        share = 1.0 - (self.resets_at - now) / self.window_seconds
        return min(100.0, max(0.0, share * 100.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitVerdict:
    """The server's own verdict on a limit beside the main one, which may have no window at all."""

    limit_id: str
    limit_name: str | None = None
    allowed: bool | None = None
    limit_reached: bool | None = None
    as_of: float
    """Unix seconds."""
    source: LimitSource

    @property
    def is_refused(self) -> bool:
        """Whether what the limit is about is refused."""
        return self.allowed is False or (self.allowed is None and self.limit_reached is True)

    @property
    def name(self) -> str:
        """`Fast`; its id in words where the server gave no name."""
        return self.limit_name or self.limit_id.replace("_", " ")


class Standing(StrEnum):
    """Whether there are limits to know."""

    UNKNOWN = "unknown"
    """Not read yet."""
    KNOWN = "known"
    SIGNED_OUT = "signed_out"
    API_KEY = "api_key"
    """Paid by the token: there are no windows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsState:
    """All limits of one account, as they are known now."""

    standing: Standing = Standing.UNKNOWN
    account: str = ""
    """Id of the account in the store; empty where nobody is signed in."""
    plan: str | None = None
    windows: tuple[WindowState, ...] = ()
    """Main limit first, then code review, then others; the shorter window first."""
    verdicts: tuple[LimitVerdict, ...] = ()
    """On limits beside the main one, in the server's order."""
    credits: Credits | None = None
    spend_control: SpendControl | None = None
    reset_credits: ResetCredits | None = None
    is_redeem_open: bool = False
    """Whether it is not known what came of a try to redeem a reset."""
    allowed: bool | None = None
    limit_reached: bool | None = None
    reached_type: str | None = None
    as_of: float | None = None
    """Unix seconds of the newest word."""
    source: LimitSource | None = None
    failure: Failure | None = None
    """Why the last poll failed; the numbers are those of before."""
    version: int = 0
    """Grows with each change that any process stored."""

    def is_stale(self, now: float, after: float = 900.0) -> bool:
        """Whether the numbers are old, or the last poll failed."""
        return self.failure is not None or (self.as_of is not None and now - self.as_of > after)

    @property
    def refused(self) -> tuple[LimitVerdict, ...]:
        """Limits beside the main one that are refused, although no window of theirs says why."""
        over = {each.limit_id for each in self.windows if each.is_over}
        return tuple(
            each for each in self.verdicts if each.is_refused and each.limit_id not in over
        )

    def is_refused(self, limit_id: str) -> bool:
        """Whether a limit is one of these."""
        return any(each.limit_id == limit_id for each in self.refused)

    def pressing(self) -> tuple[WindowState, ...]:
        """The windows, the one that is nearest to its end first."""
        return tuple(sorted(self.windows, key=_pressure))


def _pressure(window: WindowState) -> tuple[bool, bool, float, int]:
    runs_out = window.forecast.is_likely
    return (
        not window.is_over,
        not runs_out,
        -window.used_percent,
        window.window_seconds or 0,
    )
