"""Words of a server about limits, for tests of the store."""

from services.models.limit_history import Cost, Work
from services.models.limits import LimitReading, LimitSource, RateWindow, UsageReading

T0 = 1_700_000_000.0
HOUR, DAY = 3_600.0, 86_400.0
ME = "account-1"
FIVE, WEEK = "codex/18000", "codex/604800"


def word(
    at: float,
    five: float | None = None,
    week: float | None = None,
    *,
    resets_at: float | None = T0 + 4 * HOUR,
    source: LimitSource = LimitSource.POLL,
    plan: str | None = "pro",
) -> UsageReading:
    """What is used of five hours and of the week, as one answer says it."""
    windows = tuple(
        RateWindow(
            limit_id="codex",
            role=role,
            used_percent=used,
            window_seconds=seconds,
            resets_at=due,
        )
        for role, used, seconds, due in (
            ("primary", five, 18_000, resets_at),
            ("secondary", week, 604_800, T0 + 5 * DAY),
        )
        if used is not None
    )
    return UsageReading(
        source=source,
        as_of=at,
        is_whole=source is LimitSource.POLL,
        plan=plan,
        limits=(LimitReading(limit_id="codex", windows=windows, allowed=True),),
    )


def turn(name: str, started_at: float, *, chat: str = "chat-1", title: str = "") -> Work:
    """A turn of a chat that runs."""
    return Work(kind="turn", id=name, group=chat, title=title, started_at=started_at)


def spent(costs: tuple[Cost, ...], window_id: str = FIVE) -> dict[str, float]:
    """Percent of a window by work, or `elsewhere`."""
    return {
        cost.id or cost.kind: round(dict(cost.percents).get(window_id, 0.0), 6) for cost in costs
    }
