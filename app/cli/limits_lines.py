"""Limits as scripts read them, and as lines for people. The keys: docs/cli.md."""

from collections.abc import Sequence
from typing import Any, Final

from app.cli.output import cleaned
from app.limit_words import age_words, forecast_words, reset_words, time_words
from services.models.account import PLAN_NAMES
from services.models.limit_history import LedgerEntry, LedgerKind, Series
from services.models.limit_terms import level_of, percent, spend_level, window_name
from services.models.limits import (
    Forecast,
    LimitsState,
    LimitVerdict,
    ResetCredits,
    SpendControl,
    WindowState,
)
from services.models.times import clock_time, full_time
from services.models.windows import MAIN, label

PLAN_ALIASES: Final = {"education": "edu", "hc": "unknown"}
"""Plans that have another name in the documents of scripts, as in Codex."""
HEAD: Final = ("window", "used", "left", "reset", "forecast", "read")
"""Columns of the table of windows."""
REFUSED: Final = "refused by the server"
POINT_HEAD: Final = ("window_id", "label", "at", "low_percent", "high_percent", "last_percent")
"""Columns of a history."""


def limits_values(state: LimitsState, now: float) -> dict[str, Any]:
    """All that is known, as one document.

    Args:
        state: Of the service.
        now: Unix seconds.
    """
    balance = state.credits
    return cleaned(
        {
            "as_of": seconds(state.as_of),
            "source": None if state.source is None else state.source.value,
            "stale": state.is_stale(now),
            "plan": plan_value(state.plan),
            "plan_raw": state.plan,
            "allowed": state.allowed,
            "limit_reached": state.limit_reached,
            "reached_type": state.reached_type,
            "windows": [window_values(window, now) for window in state.windows],
            "credits": None
            if balance is None
            else {
                "has_credits": balance.has_credits,
                "unlimited": balance.unlimited,
                "balance": balance.balance,
            },
            "spend_control": _spend_values(state.spend_control),
            "reset_credits": _reset_values(state.reset_credits),
            "limits": _verdict_values(state),
        }
    )


def window_values(window: WindowState, now: float) -> dict[str, Any]:
    """One window of the document."""
    left = window.resets_in(now)
    return {
        "id": window.id,
        "limit_id": window.limit_id,
        "limit_name": window.limit_name,
        "label": None if window.window_seconds is None else label(window.window_seconds),
        "used_percent": float(window.used_percent),
        "window_seconds": window.window_seconds,
        "resets_at": seconds(window.resets_at),
        "reset_in_seconds": None if left is None else round(left),
        "as_of": seconds(window.as_of),
        "source": window.source.value,
        "forecast": _forecast_values(window.forecast),
    }


def plan_value(plan: str | None) -> str | None:
    """A plan's id as Codex has it: `unknown` for one that it does not know."""
    if plan is None:
        return None
    return PLAN_ALIASES.get(plan, plan if plan in PLAN_NAMES else "unknown")


def seconds(at: float | None) -> int | None:
    """A moment as whole Unix seconds."""
    return None if at is None else int(at)


def window_rows(state: LimitsState, now: float) -> list[tuple[str, ...]]:
    """A row of `HEAD` for each window, each refused limit that has none, and for spending."""
    rows = [
        (
            window_name(window),
            f"{percent(window.used_percent)} used",
            f"{percent(window.left_percent)} left",
            reset_words(window, now),
            REFUSED
            if state.is_refused(window.limit_id)
            else forecast_words(window, now) or level_of(window).value,
            age_words(window.as_of, window.source, now),
        )
        for window in state.windows
    ]
    with_windows = {window.limit_id for window in state.windows}
    rows += [
        (each.name, "", "", "no reset known", REFUSED, age_words(each.as_of, each.source, now))
        for each in state.refused
        if each.limit_id not in with_windows
    ]
    spend = state.spend_control
    if spend is not None and (spend.reached or spend.used_percent is not None):
        rows.append(_spend_row(spend, now))
    return rows


def _spend_row(spend: SpendControl, now: float) -> tuple[str, str, str, str, str, str]:
    """What a member may spend, as a row of `HEAD`; it is as old as the newest poll."""
    used = None if spend.used_percent is None else min(100.0, max(0.0, spend.used_percent))
    return (
        "spending",
        "" if used is None else f"{percent(used)} used",
        "" if used is None else f"{percent(100.0 - used)} left",
        time_words(spend.resets_at, now),
        "limit of the workspace reached" if spend.reached else spend_level(spend).value,
        "",
    )


def fact_lines(state: LimitsState) -> list[str]:
    """What is known beside the windows, a sentence or less each."""
    lines = [f"plan: {state.plan}"] if state.plan else []
    held, spend, resets = state.credits, state.spend_control, state.reset_credits
    if held is not None and (held.has_credits or held.unlimited):
        lines.append(f"credits: {'unlimited' if held.unlimited else held.balance or 'some'}")
    if spend is not None and (spend.reached or spend.limit is not None):
        used = f"{spend.used} of {spend.limit} used" if spend.used and spend.limit else ""
        lines.append("spend control: " + (used or ("reached" if spend.reached else "set")))
    if resets is not None and resets.available:
        lines.append(f"resets to redeem: {resets.available}")
    return lines


def refusal_words(state: LimitsState) -> str:
    """That the server refuses calls, and why, where it said so."""
    why = (state.reached_type or "").replace("_", " ")
    if not why and state.spend_control is not None and state.spend_control.reached:
        why = "the spending limit of the workspace is reached"
    words = "The server refuses calls" if state.allowed is False else "A limit is reached"
    return f"{words}: {why}" if why else words


def what_counts(values: dict[str, Any]) -> object:
    """A document without what changes while nothing happens: ages and countdowns."""
    passing = {"as_of", "source", "reset_in_seconds", "forecast"}

    def lasting(each: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in each.items() if key not in passing}

    lists = {name: [lasting(each) for each in values[name]] for name in ("windows", "limits")}
    return lasting(values) | lists


def state_line(state: LimitsState, now: float) -> str:
    """All windows in one line, with the time it was printed."""
    parts = [f"{window_name(each)} {percent(each.used_percent)} used" for each in state.windows]
    parts += [f"{each.name} refused" for each in state.refused]
    if state.allowed is False:
        parts.append("calls are refused")
    if state.failure is not None:
        parts.append(f"not read: {state.failure.message}")
    return f"{full_time(now)}  {', '.join(parts) or 'no window known'}"


# --- History -------------------------------------------------------------------------------------


def history_values(series: Sequence[Series], since: float, until: float) -> dict[str, Any]:
    """What was used when, as one document; times in Unix seconds."""
    return cleaned(
        {
            "since": seconds(since),
            "until": seconds(until),
            "windows": [
                {
                    "id": each.window_id,
                    "label": each.label,
                    "points": [
                        {
                            "at": seconds(point.at),
                            "low_percent": round(point.low, 3),
                            "high_percent": round(point.high, 3),
                            "last_percent": round(point.last, 3),
                        }
                        for point in each.points
                    ],
                    "resets_at": [seconds(at) for at in each.resets],
                }
                for each in series
            ],
        }
    )


def history_csv(series: Sequence[Series]) -> str:
    """A row of `POINT_HEAD` for each point, oldest first within a window."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(POINT_HEAD)
    for each in series:
        for point in each.points:
            figures = (round(value, 3) for value in (point.low, point.high, point.last))
            writer.writerow((*_harmless(each), seconds(point.at), *figures))
    return text.getvalue()


def history_rows(series: Sequence[Series]) -> list[tuple[str, ...]]:
    """Window, time, and the use at its lowest, highest and last, for each point."""
    return [
        (
            cleaned(each.label),
            full_time(point.at),
            *(percent(value) for value in (point.low, point.high, point.last)),
        )
        for each in series
        for point in each.points
    ]


# --- Ledger --------------------------------------------------------------------------------------


def ledger_values(entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    """What the server did, newest first, as one document."""
    return cleaned(
        {
            "entries": [
                {
                    "id": entry.id,
                    "at": seconds(entry.at),
                    "kind": entry.kind.value,
                    "window_id": entry.window_id,
                    "label": entry.label or None,
                    "before": _ledger_value(entry, entry.before),
                    "after": _ledger_value(entry, entry.after),
                }
                for entry in entries
            ]
        }
    )


def ledger_words(entry: LedgerEntry) -> str:
    """What the server did, in words: `week moved Sun 22 Nov 12:40 CET → 18:05`."""
    name = entry.label or "window"
    match entry.kind:
        case LedgerKind.MOVED:
            return f"{name} moved {_change(entry)}".rstrip()
        case LedgerKind.RESET:
            used = _number(entry.before)
            return f"{name} reset" if used is None else f"{name} reset at {percent(used)} used"
        case LedgerKind.RESET_EARLY:
            due = _number(entry.before)
            was = "" if due is None else f", due {full_time(due)}"
            return f"{name} reset early{was}"
        case LedgerKind.RESIZED:
            before, after = _number(entry.before), _number(entry.after)
            lengths = [label(int(each)) for each in (before, after) if each is not None]
            return f"{name} resized {' → '.join(lengths)}".rstrip()
        case LedgerKind.APPEARED:
            return f"{name} appeared"
        case LedgerKind.VANISHED:
            return f"{name} vanished"
        case LedgerKind.REFUSED:
            used = _number(entry.before)
            at = "" if used is None else f" at {percent(used)} used"
            return f"{name} refused a call{at}"
        case LedgerKind.PLAN:
            plans = [str(each) for each in (entry.before, entry.after) if each]
            return f"plan changed {' → '.join(plans)}".rstrip()
        case LedgerKind.REDEEMED:
            return f"{entry.label or 'a'} reset redeemed"


def _change(entry: LedgerEntry) -> str:
    """A reset before and after; of the second only what differs."""
    before, after = _number(entry.before), _number(entry.after)
    if before is None or after is None:
        known = before if after is None else after
        return "" if known is None else f"→ {full_time(known)}"
    first, second = full_time(before), full_time(after)
    is_same_day = first.split()[:3] == second.split()[:3]
    return f"{first} → {clock_time(after) if is_same_day else second}"


def _ledger_value(entry: LedgerEntry, value: str | float | None) -> str | float | None:
    number = _number(value)
    if number is None or entry.kind is LedgerKind.PLAN:
        return value
    is_percent = entry.kind in {LedgerKind.RESET, LedgerKind.REFUSED}
    return number if is_percent else int(number)


def _number(value: str | float | None) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def _harmless(series: Series) -> tuple[str, str]:
    """Id and label of a window, which no spreadsheet takes for a formula."""
    names: tuple[str, str] = (cleaned(series.window_id), cleaned(series.label))
    first, second = (f"'{name}" if name[:1] in set("=+-@\t\r") else name for name in names)
    return first, second


def _forecast_values(forecast: Forecast) -> dict[str, Any]:
    return {
        "state": forecast.state.value,
        "p10_at": seconds(forecast.p10_at),
        "p50_at": seconds(forecast.p50_at),
        "p90_at": seconds(forecast.p90_at),
    }


def _spend_values(spend: SpendControl | None) -> dict[str, Any] | None:
    if spend is None:
        return None
    return {
        "reached": spend.reached,
        "limit": spend.limit,
        "used": spend.used,
        "remaining": spend.remaining,
        "used_percent": spend.used_percent,
        "resets_at": seconds(spend.resets_at),
    }


def _verdict_values(state: LimitsState) -> list[dict[str, Any]]:
    """The server's verdict on each limit, also on one without windows; the main one first."""
    verdicts = list(state.verdicts)
    is_known = state.allowed is not None or state.limit_reached is not None
    if is_known and state.as_of is not None and state.source is not None:
        main = LimitVerdict(
            limit_id=MAIN,
            allowed=state.allowed,
            limit_reached=state.limit_reached,
            as_of=state.as_of,
            source=state.source,
        )
        verdicts.insert(0, main)
    return [
        {
            "limit_id": each.limit_id,
            "limit_name": each.limit_name,
            "allowed": each.allowed,
            "limit_reached": each.limit_reached,
            "as_of": seconds(each.as_of),
            "source": each.source.value,
        }
        for each in verdicts
    ]


def _reset_values(resets: ResetCredits | None) -> dict[str, Any] | None:
    if resets is None:
        return None
    ends = [
        seconds(each.expires_at)
        for each in resets.credits
        if each.status == "available" and each.expires_at is not None
    ]
    return {"available": resets.available, "expires_at": ends}
