"""From the state of all limits to the rows of their view: pure."""

from collections.abc import Sequence
from typing import Final, Literal

from app.limit_words import age_words
from app.views import limits_words as words
from services.models.limit_history import Cost, LedgerEntry
from services.models.limit_terms import Level, Show, level_of, shown_percent, spend_level
from services.models.limits import (
    Forecast,
    ForecastState,
    LimitsState,
    LimitVerdict,
    SpendControl,
    WindowState,
)
from services.models.windows import CODE_REVIEW, MAIN
from widgets.cost_table import CostRow
from widgets.glyphs import Glyphs
from widgets.ledger_list import LedgerRow
from widgets.limit_wire import TimeWire
from widgets.window_group import WindowRow

SPEND: Final = "spend-control"
"""Id of the row about what a workspace lets its member spend."""
LINES: Final = 4
"""Windows in the table."""
MOST_SHARES: Final = 3
OTHER: Final[dict[Show, Show]] = {"left": "used", "used": "left"}
OLDER: Final = 120.0
"""Seconds by which a number is older than the newest one, to be said."""
SLOW: Final = 10.0
"""Seconds between two looks at the time while no countdown changes each second."""
Tone = Literal["calm", "warning", "failed"]


def window_rows(
    state: LimitsState, now: float, shows: Show, glyphs: Glyphs
) -> tuple[WindowRow, ...]:
    """A row for each window, each refused limit without one, and for what a member may spend.

    Args:
        state: What is known.
        now: Unix seconds.
        shows: The percentage that is shown.
        glyphs: Marks to draw with.
    """
    main = [window for window in state.windows if window.limit_id == MAIN]
    others = [window for window in state.windows if window.limit_id != MAIN]
    with_windows = {window.limit_id for window in others}
    rows = [_window_row(window, state, now, shows, glyphs) for window in main]
    # What is refused comes before what goes on, or it is not seen where there is little room.
    rows += [_refused_row(each, now) for each in state.refused if each.limit_id not in with_windows]
    rows += [_window_row(window, state, now, shows, glyphs) for window in others]
    if state.spend_control is not None:
        rows.append(_spend_row(state.spend_control, now, shows))
    return tuple(rows)


def _window_row(
    window: WindowState, state: LimitsState, now: float, shows: Show, glyphs: Glyphs
) -> WindowRow:
    level, pace = level_of(window), window.pace(now)
    is_out = level in {Level.OUT, Level.REFUSED}
    is_refused = not is_out and state.is_refused(window.limit_id)
    is_due = window.is_redeemed or (window.resets_at is not None and window.resets_at <= now)
    even = None if pace is None or is_out or is_due else round(100.0 - pace, 1)
    name, age = words.row_name(window), age_words(window.as_of, window.source, now)
    is_old = state.as_of is not None and state.as_of - window.as_of > OLDER
    outlook = words.REFUSED if is_refused else words.outlook_words(window, now)
    outlook_short = words.outlook_in_short(window, now)
    if is_due and not (is_out or is_refused):
        outlook = ""
    if window.is_redeemed:
        outlook_short = ""
    share = shown_percent(window, shows)
    return WindowRow(
        id=window.id,
        name=name,
        short="Review" if window.limit_id == CODE_REVIEW else name,
        length=window.label if name.endswith(f" {window.label}") else "",
        left=window.left_percent,
        even=even,
        share=words.exact(share),
        word=shows,
        other=f"{words.exact(100.0 - share)} {OTHER[shows]}",
        tone=level.tone,
        outlook=outlook,
        outlook_short=outlook_short,
        outlook_tone="failed" if is_refused else _outlook_tone(level, window.forecast),
        time=None if is_due else _time_wire(window, now, has_range=not (is_out or is_refused)),
        reset=words.UNCONFIRMED if window.is_redeemed else words.reset_parts(window.resets_at, now),
        note=age if is_old else "",
        facts=tuple(filter(None, (_last_turn(window, glyphs), age, _even(even, shows)))),
    )


def _last_turn(window: WindowState, glyphs: Glyphs) -> str:
    cost = window.last_turn
    return "" if cost is None else f"last turn {glyphs.minus}{words.exact(cost)}"


def _even(left: float | None, shows: Show) -> str:
    if left is None:
        return ""
    return f"even use {words.exact(left if shows == 'left' else 100.0 - left)} {shows}"


def _refused_row(verdict: LimitVerdict, now: float) -> WindowRow:
    """A limit that has no window to show, of which the server says no."""
    name = words.limit_name(verdict)
    return WindowRow(
        id=verdict.limit_id,
        name=name,
        short=name,
        left=None,
        tone="failed",
        outlook=words.REFUSED,
        outlook_tone="failed",
        reset=("it has no window, so no reset is known", "", "", ""),
        facts=(age_words(verdict.as_of, verdict.source, now),),
    )


def _outlook_tone(level: Level, forecast: Forecast) -> Literal[Tone, "muted"]:
    if level in {Level.OUT, Level.REFUSED}:
        return "failed"
    if forecast.is_likely:
        return "warning"
    return "muted" if forecast.state is ForecastState.UNKNOWN else level.tone


def _time_wire(window: WindowState, now: float, *, has_range: bool) -> TimeWire | None:
    pace, length, resets_at = window.pace(now), window.window_seconds, window.resets_at
    if pace is None or length is None or resets_at is None:
        return None
    forecast = window.forecast
    early = forecast.p50_at if forecast.p10_at is None else forecast.p10_at
    if not has_range or forecast.state is not ForecastState.RUNS_OUT or early is None:
        return TimeWire(now=_share(pace / 100.0))
    late = forecast.p90_at
    return TimeWire(
        now=_share(pace / 100.0),
        early=_share(1.0 - (resets_at - early) / length),
        late=None if late is None else _share(1.0 - (resets_at - late) / length),
    )


def _share(share: float) -> float:
    """As fine as a wire shows it, or every second would make another row."""
    return round(share, 3)


def _spend_row(spend: SpendControl, now: float, shows: Show) -> WindowRow:
    used = None if spend.used_percent is None else min(100.0, max(0.0, spend.used_percent))
    level = spend_level(spend)
    amounts = f"{spend.used} of {spend.limit} spent" if spend.used and spend.limit else ""
    share = None if used is None else used if shows == "used" else 100.0 - used
    outlook = ", ".join(filter(None, (level.value, amounts)))
    return WindowRow(
        id=SPEND,
        name="Spending",
        short="Spending",
        left=None if used is None else 100.0 - used,
        share="" if share is None else words.exact(share),
        word="" if share is None else shows,
        other="" if share is None else f"{words.exact(100.0 - share)} {OTHER[shows]}",
        tone=level.tone,
        outlook="limit of the workspace reached" if spend.reached else outlook,
        outlook_short="" if spend.reached else level.value,
        outlook_tone="muted" if level is Level.CALM else level.tone,
        reset=("", "", "", "")
        if spend.resets_at is None
        else words.reset_parts(spend.resets_at, now),
        facts=(amounts,) if spend.reached and amounts else (),
    )


def last_turn(state: LimitsState, minus: str) -> tuple[tuple[str, str], ...]:
    """What the last turn cost, each share and what it is a share of."""
    shares = [
        (f"{minus}{words.exact(window.last_turn)}", f"of {words.short_name(window)}")
        for window in state.windows
        if window.last_turn is not None
    ]
    return tuple(shares[:MOST_SHARES])


def table_windows(state: LimitsState, selected: str = "") -> tuple[WindowState, ...]:
    """The windows that the table has columns for: the selected one first, then the main limit's."""
    chosen = [window for window in state.windows if window.id == selected]
    main = [window for window in state.windows if window.limit_id == MAIN]
    if chosen and chosen[0].limit_id != MAIN:
        return tuple([*chosen, *main][:LINES])
    return tuple((main or list(state.windows))[:LINES])


def cost_rows(
    costs: Sequence[Cost], windows: Sequence[WindowState], now: float
) -> tuple[CostRow, ...]:
    """Where it went, with a value for each of these windows; nothing of other windows."""
    rows: list[CostRow] = []
    for cost in costs:
        percents = dict(cost.percents)
        if not any(percents.get(each.id) for each in windows):
            continue
        is_ours = cost.kind in {"turn", "task", "hour"}
        rows.append(
            CostRow(
                title=words.cost_title(cost, now),
                time="" if cost.kind in {"hour", "shared", "elsewhere"} else _when(cost.at, now),
                glyph="C" if cost.kind == "task" else "",
                values=tuple(
                    words.exact(percents[each.id]) if percents.get(each.id) else ""
                    for each in windows
                ),
                tone="shared" if cost.is_shared else "text" if is_ours else "muted",
            )
        )
    return tuple(rows)


def _when(at: float, now: float) -> str:
    return words.past_words(at, now).removeprefix("today ")


def ledger_rows(
    entries: Sequence[LedgerEntry], now: float, glyphs: Glyphs
) -> tuple[LedgerRow, ...]:
    """What the server did, newest first."""
    rows: list[LedgerRow] = []
    for entry in entries:
        what, detail = words.ledger_words(entry, now, glyphs.arrow)
        rows.append(LedgerRow(words.past_words(entry.at, now), what, detail))
    return tuple(rows)


def reserve_rows(state: LimitsState, now: float) -> tuple[LedgerRow, ...]:
    """What there is beyond the windows: credits, and resets with their end."""
    rows: list[LedgerRow] = []
    if (spare := state.credits) is not None:
        some = spare.balance or ("some" if spare.has_credits else "none")
        rows.append(LedgerRow("credits", "unlimited" if spare.unlimited else some))
    if (resets := state.reset_credits) is not None:
        end = words.next_end(resets, now)
        count = f"{resets.available}{', the next' if resets.available > 1 else ','} expires"
        rows.append(
            LedgerRow("resets", str(resets.available))
            if end is None
            else LedgerRow("resets", count, words.at_words(end, now))
        )
        if resets.available:
            rows.append(LedgerRow(detail=":redeem asks first"))
    return tuple(rows)


def reserve_words(state: LimitsState, now: float, dot: str) -> str:
    """The same in a few words: `credits 18 · 1 reset, expires Sun 29 Nov 13:02 UTC`."""
    parts: list[str] = []
    if (spare := state.credits) is not None and (spare.unlimited or spare.has_credits):
        parts.append(f"credits {'unlimited' if spare.unlimited else spare.balance or 'some'}")
    if (resets := state.reset_credits) is not None and resets.available:
        count = f"{resets.available} reset{'' if resets.available == 1 else 's'}"
        if (end := words.next_end(resets, now)) is not None:
            which = "" if resets.available == 1 else "the next "
            count = f"{count}, {which}expires {words.at_words(end, now)}"
        parts.append(count)
    return f" {dot} ".join(parts)


def until_change(state: LimitsState, now: float) -> float:
    """Seconds until the words about time are others: one while a countdown shows its seconds."""
    ends = [window.resets_at for window in state.windows]
    counting = [at for at in ends if at is not None and words.counts_seconds(at, now)]
    if not counting:
        return SLOW
    # Just after the second is over, or one would be left out now and then.
    wait = (counting[0] - now) % 1.0 + 0.01
    return wait + 1.0 if wait < 0.1 else wait
