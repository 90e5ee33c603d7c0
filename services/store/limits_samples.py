"""Samples of the use of windows: inside a transaction of the caller. Tables: docs/store.md."""

import sqlite3
from typing import Final

from services.limits.merging import Change
from services.limits.periods import is_same_time

HOLD: Final = 900.0
"""Seconds after which a number that does not change is stored again."""
FINE: Final = 2 * 86_400.0
"""Seconds of which single samples are shown; of a longer time it is hours."""
HOUR: Final = 3600


def keep(connection: sqlite3.Connection, account: str, change: Change) -> None:
    """Store a sample.

    Of a number that stays, the first and the last reading are kept, and one each `HOLD` seconds
    between them: so both ends of a step are exact, and a year stays small.
    """
    known = connection.execute(
        """
        SELECT at, used, resets_at FROM limit_samples
        WHERE account = ? AND window_id = ? AND at <= ? ORDER BY at DESC LIMIT 2
        """,
        (account, change.window_id, change.at),
    ).fetchall()
    replaced = change.at
    if len(known) == 2 and change.at - known[1][0] <= HOLD:
        is_idle = all(used == change.used_percent for _, used, _ in known)
        is_one_period = change.used_percent <= 0.0 or all(
            resets_at == change.resets_at or is_same_time(resets_at, change.resets_at)
            for _, _, resets_at in known
        )
        if is_idle and is_one_period:
            replaced = known[0][0]
    connection.execute(
        "DELETE FROM limit_samples WHERE account = ? AND window_id = ? AND at IN (?, ?)",
        (account, change.window_id, replaced, change.at),
    )
    connection.execute(
        "INSERT INTO limit_samples VALUES (?, ?, ?, ?, ?, ?)",
        (
            account,
            change.window_id,
            change.at,
            change.used_percent,
            change.resets_at,
            change.source.value,
        ),
    )


def samples(
    connection: sqlite3.Connection, account: str, window_id: str, *, since: float, now: float
) -> tuple[tuple[float, float, float | None], ...]:
    """Time, use and reset, oldest first: one an hour, and of the last two days every change."""
    fine_since = (now - FINE) // HOUR * HOUR
    rows = connection.execute(
        """
        SELECT last_at, last, resets_at FROM limit_hours
        WHERE account = :account AND window_id = :window AND hour < :fine AND last_at >= :since
        UNION ALL
        SELECT at, used, resets_at FROM limit_samples
        WHERE account = :account AND window_id = :window
            AND at >= max(:since, :fine) AND at <= :now
        """,
        {
            "account": account,
            "window": window_id,
            "fine": fine_since,
            "since": since,
            "now": now,
        },
    )
    return tuple(rows)


def window_ids(connection: sqlite3.Connection, account: str) -> list[str]:
    """All windows of which there is a history."""
    # Jumps from one to the next in the index, where DISTINCT would read every row.
    rows = connection.execute(
        """
        WITH RECURSIVE found (id) AS (
            SELECT min(window_id) FROM limit_hours WHERE account = :account
            UNION ALL
            SELECT (
                SELECT min(window_id) FROM limit_hours
                WHERE account = :account AND window_id > found.id
            )
            FROM found WHERE id IS NOT NULL
        )
        SELECT id FROM found WHERE id IS NOT NULL
        """,
        {"account": account},
    )
    return [row[0] for row in rows]
