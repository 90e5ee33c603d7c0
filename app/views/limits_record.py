"""What the view of all limits reads from the store: where it went, and what the server did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.views.limits_ranges import RANGES, day_start
from services.models.limit_history import Cost, LedgerEntry, Series
from services.models.limits import LimitsState

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
    others: Sequence[LedgerEntry] = ()
    """Of the account, and of windows that are gone; newest first."""


NOTHING = Record()
MOST_ENTRIES: Final = 100
"""Entries that the ledger tells at once."""


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
        ledger=await limits.ledger(window_id) if window_id else (),
        others=await limits.ledger(""),
    )


def changes_words(entries: Sequence[LedgerEntry], window_id: str, state: LimitsState) -> str:
    """How many changes the page of a window tells: `3 changes`; empty for none.

    Args:
        entries: Of all windows, newest first.
        window_id: Whose page; empty where there is no window.
        state: Names the windows that there are.
    """
    if len(entries) >= MOST_ENTRIES:
        # Of what was left out nobody knows whose it is.
        return "what changed"
    elsewhere = {window.id for window in state.windows} - {window_id}
    count = sum(entry.window_id not in elsewhere for entry in entries)
    return f"{count} change{'' if count == 1 else 's'}" if count else ""


def head_words(head: str, entries: Sequence[LedgerEntry], dot: str) -> str:
    """A head with the number of its entries, so that those out of view are known of."""
    if not entries:
        return head
    is_cut = len(entries) >= MOST_ENTRIES
    return f"{head} {dot} {'the newest ' if is_cut else ''}{len(entries)}"
