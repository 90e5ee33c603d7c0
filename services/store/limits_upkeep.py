"""What is kept for how long: inside a transaction of the caller. Rules: docs/store.md."""

import sqlite3
from typing import Final

from services.limits.board import Board, to_json
from services.store import limits_status
from services.store.limits_samples import window_ids

DAY: Final = 86_400.0
SAMPLES_KEPT: Final = 35 * DAY
"""Seconds; of what is older, an hour is the finest that is known."""
KEPT: Final = 400 * DAY
"""Seconds; a year, and what it takes to compare it with the one before."""
AWAY: Final = 30 * DAY
_PURGE: Final = (
    "DELETE FROM limit_samples",
    "DELETE FROM limit_hours",
    "DELETE FROM limit_ledger",
    "DELETE FROM limit_work",
    "DELETE FROM limit_costs",
    "DELETE FROM limit_alerts",
)


def prune_daily(connection: sqlite3.Connection, now: float) -> None:
    """Once a day, delete what is too old."""
    pruned_at: float | None = connection.execute("SELECT pruned_at FROM limit_facts").fetchone()[0]
    if pruned_at is not None and 0 <= now - pruned_at < DAY:
        return
    connection.execute("UPDATE limit_facts SET pruned_at = ?", (now,))
    # A clock that is set to another year by mistake must not cost the history: it has a day to be
    # set right.
    if pruned_at is not None and 0 <= now - pruned_at < AWAY:
        _delete_samples(connection, now - SAMPLES_KEPT)
        _delete_history(connection, now - KEPT)
        connection.execute("DELETE FROM limit_alerts WHERE at < ?", (now - KEPT,))


def purge(connection: sqlite3.Connection, before: float | None) -> int:
    """Delete what is older than a time, or everything; the number of rows.

    Which alerts were told is no history: without it, those of windows that go on came again.
    """
    if before is not None:
        return _delete_samples(connection, before) + _delete_history(connection, before)
    count = sum(connection.execute(statement).rowcount for statement in _PURGE)
    # The version goes on, by which other processes see that their numbers are gone.
    empty = to_json(Board())
    count += connection.execute(
        "UPDATE limit_boards SET board = ?, version = version + 1 WHERE board <> ?", (empty, empty)
    ).rowcount
    return count + limits_status.clear(connection)


def _delete_samples(connection: sqlite3.Connection, before: float) -> int:
    count = 0
    for (account,) in connection.execute("SELECT account FROM limit_boards").fetchall():
        for window_id in window_ids(connection, account):
            count += connection.execute(
                "DELETE FROM limit_samples WHERE account = ? AND window_id = ? AND at < ?",
                (account, window_id, before),
            ).rowcount
    return count


def _delete_history(connection: sqlite3.Connection, before: float) -> int:
    deleted = (
        connection.execute("DELETE FROM limit_hours WHERE hour + 3600 <= ?", (before,)),
        connection.execute("DELETE FROM limit_costs WHERE at < ?", (before,)),
        connection.execute("DELETE FROM limit_ledger WHERE at < ?", (before,)),
        connection.execute(
            """
            DELETE FROM limit_work WHERE coalesce(ended_at, seen_at) < :before AND NOT EXISTS (
                SELECT 1 FROM limit_costs AS cost WHERE cost.account = limit_work.account
                    AND cost.kind = limit_work.kind AND cost.work_id = limit_work.id
            )
            """,
            {"before": before},
        ),
    )
    return sum(each.rowcount for each in deleted)
