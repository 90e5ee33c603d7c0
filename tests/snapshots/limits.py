"""Limits with fixed content, in memory: what a service would tell, and nothing behind it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.errors import ServiceError
from services.models.limit_history import (
    Cost,
    LedgerEntry,
    LedgerKind,
    PreSend,
    Series,
    SeriesPoint,
)
from services.models.limits import (
    Credits,
    Forecast,
    ForecastState,
    LimitSource,
    LimitsState,
    Redeemed,
    RedeemTry,
    ResetCredit,
    ResetCredits,
    Standing,
    WindowState,
)

NOW = 1_795_698_131.0
"""Thu 26 Nov 2026 13:02:11 UTC."""
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
FIVE, WEEK, REVIEW = "codex/18000", "codex/604800", "code_review/604800"

FIVE_HOURS = WindowState(
    id=FIVE,
    limit_id="codex",
    window_seconds=18_000,
    used_percent=38.0,
    resets_at=NOW + HOUR + 12 * MINUTE + 4.0,
    as_of=NOW - 10.0,
    source=LimitSource.POLL,
    last_turn=0.6,
    forecast=Forecast(state=ForecastState.LASTS),
)
A_WEEK = WindowState(
    id=WEEK,
    limit_id="codex",
    window_seconds=604_800,
    used_percent=59.0,
    resets_at=NOW + 4 * DAY + 4 * HOUR,
    as_of=NOW - 10.0,
    source=LimitSource.POLL,
    last_turn=0.1,
    forecast=Forecast(
        state=ForecastState.RUNS_OUT,
        p10_at=NOW + 1.9 * DAY,
        p50_at=NOW + 2.4 * DAY,
        p90_at=NOW + 3.2 * DAY,
    ),
)
A_REVIEW = WindowState(
    id=REVIEW,
    limit_id="code_review",
    limit_name="Code review",
    window_seconds=604_800,
    used_percent=12.0,
    resets_at=NOW + 4 * DAY + 4 * HOUR,
    as_of=NOW - 10.0,
    source=LimitSource.POLL,
    forecast=Forecast(state=ForecastState.LASTS),
)
RESET = ResetCredit(
    id="credit-1",
    status="available",
    granted_at=NOW - DAY,
    expires_at=NOW + 3 * DAY,
    title="Weekend reset",
)
RESETS = ResetCredits(available=1, credits=(RESET,))
STATE = LimitsState(
    standing=Standing.KNOWN,
    account="account-1",
    plan="pro",
    windows=(FIVE_HOURS, A_WEEK, A_REVIEW),
    credits=Credits(has_credits=True, unlimited=False, balance="18"),
    reset_credits=RESETS,
    as_of=NOW - 10.0,
    source=LimitSource.POLL,
    version=1,
)


def points(*, since: float, until: float, columns: int) -> tuple[Series, ...]:
    """A sawtooth of five hours and a slope of a week, with a night in which nothing was read."""
    step = (until - since) / columns
    times = [since + (number + 0.5) * step for number in range(columns)]
    reset = FIVE_HOURS.resets_at or 0.0
    five: list[SeriesPoint] = []
    week: list[SeriesPoint] = []
    for at in times:
        age = NOW - at
        if age < 0 or 11 * HOUR < age < 14 * HOUR:
            continue
        share = (at - reset) % (5 * HOUR) / (5 * HOUR)
        used = 50.0 * share
        five.append(SeriesPoint(at=at, low=used, high=used, last=used))
        slope = max(0.0, 59.0 - 8.0 * age / DAY)
        week.append(SeriesPoint(at=at, low=slope, high=slope, last=slope))
    resets = tuple(reset - number * 5 * HOUR for number in range(1, 200))
    kept = tuple(at for at in sorted(resets) if since <= at <= NOW)
    return (
        Series(window_id=FIVE, label="5h", points=tuple(five), resets=kept),
        Series(window_id=WEEK, label="week", points=tuple(week)),
    )


LEDGER = (
    LedgerEntry(
        id=4,
        at=NOW - 26 * MINUTE,
        kind=LedgerKind.MOVED,
        window_id=WEEK,
        label="week",
        before=NOW + 2 * DAY,
        after=NOW + 4 * DAY + 4 * HOUR,
    ),
    LedgerEntry(
        id=3,
        at=NOW - 2 * DAY - 5 * HOUR,
        kind=LedgerKind.RESET,
        window_id=FIVE,
        label="5h",
        before=61.0,
        after=0.0,
    ),
    LedgerEntry(
        id=2, at=NOW - 9 * DAY, kind=LedgerKind.PLAN, before="plus", after="pro"
    ),
    LedgerEntry(
        id=1,
        at=NOW - 12 * DAY,
        kind=LedgerKind.APPEARED,
        window_id=REVIEW,
        label="Code review week",
        after=604_800.0,
    ),
)  # fmt: skip
COSTS = (
    Cost(
        kind="task",
        id="t1",
        title="fix N+1 in invoices",
        at=NOW - 26 * MINUTE,
        percents=((FIVE, 12.4), (WEEK, 1.9)),
    ),
    Cost(
        kind="turn",
        id="u1",
        title="Invoices slow after the rewrite",
        at=NOW - 2 * HOUR,
        percents=((FIVE, 6.1), (WEEK, 0.04)),
    ),
    Cost(
        kind="task",
        id="t2",
        title="migrate auth to OIDC",
        at=NOW - 3 * HOUR,
        percents=((FIVE, 4.0),),
        is_shared=True,
    ),
    Cost(kind="elsewhere", id="", title="", at=NOW - 4 * HOUR, percents=((WEEK, 2.0),)),
)
HOURS = tuple(
    Cost(
        kind="hour",
        id=str(number),
        title="",
        at=NOW - NOW % HOUR - number * HOUR,
        percents=((FIVE, 3.0 + number), (WEEK, 0.5)),
    )
    for number in (3, 2, 1, 0)
)


class FixedClock:
    """A clock that a test moves."""

    def __init__(self, now: float = NOW) -> None:
        self.at = now

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class FixedLimits:
    """Limits in memory, which write down what was asked of them."""

    state: LimitsState = STATE
    series: bool = True
    entries: Sequence[LedgerEntry] = LEDGER
    works: Sequence[Cost] = COSTS
    error: ServiceError | None = None
    """Raised by `refresh`, `reset_credits` and `redeem`."""
    reading_error: ServiceError | None = None
    """Raised by everything that is read from the store."""
    wish: RedeemTry | None = None
    """Of which it is not known what came."""
    outcome: Redeemed = field(default_factory=lambda: Redeemed(code="reset", windows_reset=2))
    asked: list[str] = field(default_factory=list[str])
    clock: FixedClock = field(default_factory=FixedClock)

    def watch(self, *, is_looking: bool) -> None:
        self.asked.append(f"watch {is_looking}")

    async def tell_alerts(self) -> None:
        """Nobody shows them here."""

    async def refresh(self, *, is_wanted: bool = True) -> LimitsState:
        del is_wanted
        self.asked.append("refresh")
        if self.error is not None:
            raise self.error
        self.state = replace(self.state, as_of=self.clock.now(), version=self.state.version + 1)
        return self.state

    async def history(self, *, since: float, columns: int) -> Sequence[Series]:
        self.asked.append(f"history {(self.clock.now() - since) / HOUR:g}")
        if self.reading_error is not None:
            raise self.reading_error
        if not self.series:
            return ()
        return points(since=since, until=self.clock.now(), columns=columns)

    async def ledger(self, window_id: str | None = None) -> Sequence[LedgerEntry]:
        if window_id == "":
            known = {window.id for window in self.state.windows}
            return [each for each in self.entries if each.window_id not in known]
        return [each for each in self.entries if window_id in {None, each.window_id}]

    async def costs(self, *, since: float) -> Sequence[Cost]:
        return [each for each in self.works if each.at >= since]

    async def hours(self, *, since: float) -> Sequence[Cost]:
        return [each for each in HOURS if each.at >= since]

    async def before_send(self, chat_id: str) -> PreSend | None:
        raise AssertionError(chat_id)

    async def reset_credits(self) -> ResetCredits:
        self.asked.append("resets")
        if self.error is not None:
            raise self.error
        return self.state.reset_credits or ResetCredits(available=0)

    async def open_redeem(self) -> RedeemTry | None:
        return self.wish

    async def redeem(self, credit_id: str | None) -> Redeemed:
        self.asked.append(f"redeem {credit_id}")
        if self.error is not None:
            raise self.error
        return self.outcome
