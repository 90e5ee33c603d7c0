"""What the view of all limits reads from the store: where it went, and what the server did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.views.limits_ranges import RANGES, day_start
from services.models.limit_history import Cost, LedgerEntry, Series

if TYPE_CHECKING:
    from services.limits.ports import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was read for all windows."""

    series: Sequence[Series] = ()
    until: float | None = None
    """When it was read, Unix seconds."""
    ledger: Sequence[LedgerEntry] = ()
    """Newest first."""
    costs: Sequence[Cost] = ()
    """Of today, dearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """What was read for the page of one window; only what has to do with it."""

    window_id: str
    until: float
    """When it was read, Unix seconds."""
    works: Sequence[Cost]
    """Dearest first."""
    hours: Sequence[Cost]
    """Newest first."""
    ledger: Sequence[LedgerEntry]
    """Newest first."""


NOTHING = Record()


async def read_record(limits: "Limits", zoom: int, columns: int, now: float) -> Record:
    """Histories, ledger and costs.

    Args:
        limits: Reads them.
        zoom: Number of the chart's range in `RANGES`.
        columns: Points of a line.
        now: Unix seconds.

    Raises:
        ServiceError: The store cannot be read.
    """
    return Record(
        series=await limits.history(since=now - RANGES[zoom][0], columns=columns),
        until=now,
        ledger=await limits.ledger(),
        costs=await limits.costs(since=day_start(now)),
    )


async def read_page(limits: "Limits", window_id: str, zoom: int, now: float) -> PageRecord:
    """Where one window went, and what the server did to it. Arguments as of `read_record`.

    Raises:
        ServiceError: The store cannot be read.
    """
    since = now - RANGES[zoom][0]
    costs = await limits.costs(since=since)
    hours = await limits.hours(since=since)
    return PageRecord(
        window_id=window_id,
        until=now,
        works=[cost for cost in costs if dict(cost.percents).get(window_id)],
        hours=[cost for cost in hours if dict(cost.percents).get(window_id)][::-1],
        ledger=await limits.ledger(window_id),
    )
