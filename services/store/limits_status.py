"""What a status line reads: inside a transaction of the caller. Tables: docs/store.md."""

import sqlite3
from typing import Literal

from services.models.limits import LimitsState
from services.store.encoding import storable


def write(connection: sqlite3.Connection, state: LimitsState) -> None:
    """Write a state, unless that of a later change of the same account stands there."""
    account, version = connection.execute("SELECT account, version FROM limit_facts").fetchone()
    if account == storable(state.account) and state.version < version:
        return
    connection.execute(
        """
        UPDATE limit_facts SET account = ?, standing = ?, version = ?, as_of = ?, source = ?,
            plan = ?, allowed = ?, limit_reached = ?, failure = ?
        """,
        (
            storable(state.account),
            state.standing.value,
            state.version,
            state.as_of,
            None if state.source is None else state.source.value,
            None if state.plan is None else storable(state.plan),
            state.allowed,
            state.limit_reached,
            None if state.failure is None else storable(state.failure.message),
        ),
    )
    connection.execute("DELETE FROM limit_status")
    connection.executemany(
        "INSERT INTO limit_status VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                position,
                storable(window.id),
                storable(window.limit_id),
                None if window.limit_name is None else storable(window.limit_name),
                storable(window.label),
                window.window_seconds,
                window.used_percent,
                window.is_refused,
                window.resets_at,
                window.as_of,
                window.source.value,
                window.forecast.state.value,
                window.forecast.p10_at,
                window.forecast.p50_at,
                window.forecast.p90_at,
            )
            for position, window in enumerate(state.windows)
        ],
    )


def show(connection: sqlite3.Connection, what: Literal["left", "used"]) -> None:
    """Keep whether a status line shows what is left or what is used."""
    connection.execute("UPDATE limit_facts SET shows = ?", (what,))


def clear(connection: sqlite3.Connection) -> int:
    """Forget the windows, so that no state of before comes back; the number of rows."""
    connection.execute(
        """
        UPDATE limit_facts SET standing = 'unknown', as_of = NULL, source = NULL, plan = NULL,
            allowed = NULL, limit_reached = NULL, failure = NULL, version = coalesce(
                (SELECT version FROM limit_boards WHERE limit_boards.account = limit_facts.account),
                0
            )
        """
    )
    return connection.execute("DELETE FROM limit_status").rowcount
