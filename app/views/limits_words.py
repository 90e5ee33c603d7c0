"""Limits in the words of their view: where it has little room, and counts seconds."""

import re
import time
from typing import Final

from app.limit_words import forecast_words
from services.models.account import PLAN_NAMES
from services.models.limit_history import Cost, LedgerEntry, LedgerKind
from services.models.limit_terms import Level, level_of, window_name
from services.models.limits import (
    ForecastState,
    LimitSource,
    LimitsState,
    LimitVerdict,
    ResetCredits,
    WindowState,
)
from services.models.times import (
    DAY,
    HOUR,
    MINUTE,
    clock_time,
    day_time,
    full_time,
    short_day,
    span,
)
from services.models.windows import CODE_REVIEW, MAIN, label

SOURCES: Final = {
    LimitSource.POLL: "poll",
    LimitSource.HEADERS: "answer",
    LimitSource.STREAM: "stream",
    LimitSource.ERROR: "refusal",
    LimitSource.STORE: "stored",
}
REACHED: Final = {
    "rate_limit_reached": "a limit of the plan is reached",
    "workspace_owner_credits_depleted": "the credits of the workspace are spent",
    "workspace_member_credits_depleted": "the credits of this member are spent",
    "workspace_owner_usage_limit_reached": "the workspace has reached its limit",
    "workspace_member_usage_limit_reached": "this member has reached the limit of the workspace",
}
"""Why the server refuses, by its own word."""
REFUSED: Final = "refused by the server"
_HOURS = re.compile(r"(\d+(?:\.\d+)?)h")


def long_name(window: WindowState) -> str:
    """`5 hours`, `week`, `Code review`; other limits as everywhere."""
    if window.limit_id == CODE_REVIEW:
        return "Code review"
    name = window_name(window)
    hours = _HOURS.fullmatch(name)
    if hours is None:
        return name
    return "1 hour" if hours[1] == "1" else f"{hours[1]} hours"


def row_name(window: WindowState) -> str:
    """In sentence case, `Week`; the name of another limit stays as the server wrote it."""
    name = long_name(window)
    return name[:1].upper() + name[1:] if window.limit_id == MAIN else name


def limit_name(verdict: LimitVerdict) -> str:
    """Of a limit without windows, as in `long_name`."""
    return "Code review" if verdict.limit_id == CODE_REVIEW else verdict.name


def short_name(window: WindowState) -> str:
    """For `% of …`: `5 h`, `week`."""
    name = "review" if window.limit_id == CODE_REVIEW else window_name(window)
    return apart(name)


def apart(name: str) -> str:
    """A label with its unit apart: `5 h` for `5h`."""
    hours = _HOURS.fullmatch(name)
    return f"{hours[1]} h" if hours else name


def plan_words(plan: str | None) -> str:
    """Name of the plan, as the server wrote it where we know no better; empty for none."""
    return PLAN_NAMES.get(plan or "") or (plan or "").replace("_", " ")


def exact(percent: float) -> str:
    """With one decimal, `100%` without; never `0.0%` or `100%` for what is neither."""
    if percent >= 100.0:
        return "100%"
    if 0.0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100.0:
        return ">99.9%"
    return f"{percent:.1f}%"


def countdown(seconds: float) -> str:
    """What is left, to the second below a day: `4 s`, `12 m 04 s`, `1 h 12 m 04 s`, `4 d 4 h`."""
    whole = max(0, int(seconds))
    if whole >= DAY:
        return span(whole)
    hours, rest = divmod(whole, HOUR)
    minutes, left = divmod(rest, MINUTE)
    if hours:
        return f"{hours} h {minutes:02} m {left:02} s"
    return f"{minutes} m {left:02} s" if minutes else f"{left} s"


def counts_seconds(at: float | None, now: float) -> bool:
    """Whether the countdown to `at` changes every second."""
    return at is not None and 0.0 < at - now < DAY


def ago(seconds: float) -> str:
    """How old: `just now`, `10 s ago` in steps of ten, `3 min ago`, `2 h ago`, `4 d ago`."""
    return "just now" if seconds < 10 else f"{old(seconds)} ago"


def old(seconds: float) -> str:
    """An age in one unit: `0 s`, `10 s`, `3 min`, `2 h`, `4 d`; seconds in steps of ten."""
    if seconds < MINUTE:
        return f"{int(max(0.0, seconds) // 10) * 10} s"
    for size, unit, end in ((MINUTE, "min", HOUR), (HOUR, "h", DAY)):
        if seconds < end:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // DAY)} d"


def at_words(at: float, now: float) -> str:
    """A moment to come: `today 15:14 CET`, else `Thu 26 Nov 03:16 CET`."""
    full = full_time(at)
    is_today = day_time(at, now) == clock_time(at)
    return f"today {' '.join(full.split()[-2:])}" if is_today and full.count(":") else full


def past_words(at: float, now: float) -> str:
    """A moment that has been: `today 13:16`, `Tue 09:12`, `27 Nov`."""
    if day_time(at, now) == clock_time(at):
        return f"today {clock_time(at)}"
    if 0 <= now - at < 6 * DAY:
        return f"{short_day(at, at)} {clock_time(at)}"
    return short_day(at, now)


UNCONFIRMED: Final = ("reset redeemed, not yet confirmed", "", "", "")
"""In place of a reset, where a reset was redeemed after the window was read."""


def reset_parts(resets_at: float | None, now: float) -> tuple[str, str, str, str]:
    """What happens, when, the zone, and in how long."""
    if resets_at is None:
        return "no reset known", "", "", ""
    when = at_words(resets_at, now)
    if resets_at <= now:
        since, _, zone = when.removeprefix("today ").rpartition(" ")
        return "reset due, not yet confirmed", f"since {since}", zone, ""
    day, _, zone = when.rpartition(" ")
    return "resets", day, zone, f"in {countdown(resets_at - now)}"


def outlook_words(window: WindowState, now: float) -> str:
    """Whether it lasts; for a window that is used up, only that."""
    if window.is_redeemed:
        return ""
    level = level_of(window)
    match level:
        case Level.REFUSED:
            return REFUSED
        case Level.OUT:
            return "used up"
        case _:
            pass
    forecast = window.forecast
    if forecast.state is ForecastState.RUNS_OUT and forecast.p90_at is None:
        early = forecast.p10_at or forecast.p50_at
        words = "likely out" if forecast.is_likely else "may run out"
        return f"{words} from {day_time(early, now)}" if early else words
    words = forecast_words(window, now)
    if level in {Level.LOW, Level.VERY_LOW, Level.NEARLY_OUT}:
        match forecast.state:
            case ForecastState.LASTS | ForecastState.UNKNOWN:
                return f"{level}, {words}"
            case _:
                pass
    return words


def outlook_in_short(window: WindowState, now: float) -> str:
    """The same in the fewest words: `low, no forecast`, `low, lasts`, `runs out 3 Dec to 9 Dec`."""
    level, forecast = level_of(window), window.forecast
    match forecast.state:
        case ForecastState.UNKNOWN:
            words = "no forecast"
        case ForecastState.LASTS:
            words = "lasts"
        case _:
            early, late = forecast.p10_at or forecast.p50_at, forecast.p90_at
            if early is None or late is None:
                return ""
            return f"runs out {short_day(early, now)} to {short_day(late, now)}"
    return f"{level}, {words}" if level.value else words


def as_of_words(state: LimitsState, now: float, dot: str) -> str:
    """`as of 14:02:01, 10 s ago · poll`; empty where nothing is known."""
    if state.as_of is None:
        return ""
    seconds = time.strftime(":%S", time.localtime(state.as_of))
    when = f"{day_time(state.as_of, now)}{seconds}"
    source = f" {dot} {SOURCES[state.source]}" if state.source else ""
    return f"as of {when}, {ago(now - state.as_of)}{source}"


def refusal_words(state: LimitsState) -> str:
    """Why the server refuses, in a few words."""
    said = state.reached_type or ""
    if said:
        return REACHED.get(said) or said.replace("_", " ")
    if state.spend_control is not None and state.spend_control.reached:
        return "the spending limit of the workspace is reached"
    if any(window.limit_id == MAIN and window.is_over for window in state.windows):
        return REACHED["rate_limit_reached"]
    return "no reason was given"


def next_end(resets: ResetCredits, now: float) -> float | None:
    """When the next reset that can be redeemed expires; None where that is not known."""
    ends = [
        each.expires_at
        for each in resets.credits
        if each.status == "available" and each.expires_at is not None and each.expires_at > now
    ]
    return min(ends, default=None) if resets.available else None


def ledger_words(entry: LedgerEntry, now: float, arrow: str) -> tuple[str, str]:
    """What the server did, and the detail below it."""
    name = _long(entry.label) or "window"
    before, after = _value(entry.before, now, entry.kind), _value(entry.after, now, entry.kind)
    change = f" {arrow} ".join(each for each in (before, after) if each)
    match entry.kind:
        case LedgerKind.MOVED:
            return f"{name} moved", change
        case LedgerKind.RESET:
            return f"{name} reset", f"at {before} used" if before else ""
        case LedgerKind.RESET_EARLY:
            return f"{name} reset early", f"was due {before}" if before else ""
        case LedgerKind.RESIZED:
            return f"{name} has another length", change
        case LedgerKind.APPEARED:
            return f"{name} is new", ""
        case LedgerKind.VANISHED:
            return f"{name} is gone", ""
        case LedgerKind.REFUSED:
            return f"{name} refused a call", f"at {before} used" if before else ""
        case LedgerKind.PLAN:
            return "another plan", change
        case LedgerKind.REDEEMED:
            return "you redeemed a reset", ""


def _value(value: str | float | None, now: float, kind: LedgerKind) -> str:
    if value is None or value == "":
        return ""
    match kind:
        case LedgerKind.PLAN:
            return plan_words(str(value))
        case LedgerKind.RESET | LedgerKind.REFUSED:
            return exact(float(value))
        case LedgerKind.RESIZED | LedgerKind.APPEARED | LedgerKind.VANISHED:
            return apart(label(int(float(value))))
        case _:
            at = float(value)
            return (
                f"{short_day(at, at)} {clock_time(at)}"
                if abs(at - now) < 7 * DAY
                else (day_time(at, now))
            )


def _long(name: str) -> str:
    hours = _HOURS.fullmatch(name)
    return f"{hours[1]} hours" if hours else name


def cost_title(cost: Cost, now: float) -> str:
    """What was paid for; of what ran beside something else, nobody knows how much it was."""
    match cost.kind:
        case "elsewhere":
            return (
                "elsewhere, beside ours too" if cost.is_shared else "elsewhere, nothing of ours ran"
            )
        case "shared":
            return "several at once"
        case "hour":
            return f"{past_words(cost.at, now)} to {clock_time(cost.at + HOUR)}"
        case "turn" | "task":
            title = cost.title or f"a {cost.kind} without a title"
            return f"shared: {title}" if cost.is_shared else title
