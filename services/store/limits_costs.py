"""Work, and what it cost: inside a transaction of the caller. Tables: docs/store.md."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, cast

from services.limits.costing import ELSEWHERE, GAP, START, Span, pace, shares
from services.limits.merging import Change
from services.models.limit_history import Cost, Work
from services.store.encoding import storable
from services.store.owners import runs

LIFE: Final = 3600.0
"""Seconds after the last sign of life in which work without an end counts as running."""
LONGEST: Final = 6 * 3600.0
"""Seconds that a turn may take: the end of one that takes longer was missed."""
KINDS: Final = ("turn", "task", "elsewhere")


def begin(connection: sqlite3.Connection, account: str, work: Work, owner: str, now: float) -> None:
    """Note that work runs; of work that is known, that it still does."""
    connection.execute(
        """
        INSERT INTO limit_work VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (account, kind, id) DO UPDATE SET
            title = CASE WHEN excluded.title = '' THEN title ELSE excluded.title END,
            owner = excluded.owner,
            seen_at = excluded.seen_at,
            ended_at = excluded.ended_at
        """,
        (
            account,
            work.kind,
            storable(work.id),
            storable(work.group),
            storable(work.title),
            owner,
            work.started_at,
            now,
            work.ended_at,
        ),
    )


def end(
    connection: sqlite3.Connection, account: str, kind: str, work_id: str, title: str, now: float
) -> None:
    """Note that work is over; a title replaces the one of its beginning."""
    connection.execute(
        """
        UPDATE limit_work SET ended_at = ?, title = CASE WHEN ? = '' THEN title ELSE ? END
        WHERE account = ? AND kind = ? AND id = ?
        """,
        (now, storable(title), storable(title), account, kind, storable(work_id)),
    )


def show_life(connection: sqlite3.Connection, account: str, owner: str, now: float) -> None:
    """Note that what an owner runs still runs."""
    connection.execute(
        "UPDATE limit_work SET seen_at = ? WHERE account = ? AND ended_at IS NULL AND owner = ?",
        (now, account, owner),
    )


def end_lost(connection: sqlite3.Connection, account: str, owner: str, now: float) -> None:
    """End the work of programs that were killed, and what has shown no life for long.

    A turn ends with its program; a cloud task goes on without it.
    """
    rows = connection.execute(
        """
        SELECT kind, id, owner, started_at, seen_at FROM limit_work
        WHERE account = ? AND ended_at IS NULL
        """,
        (account,),
    ).fetchall()
    for kind, work_id, other, started_at, seen_at in rows:
        if kind == "turn" and other != owner and runs(other) is False:
            ended_at = min(seen_at, now)
        else:
            ended_at = seen_at + LIFE
            if kind == "turn":
                ended_at = min(ended_at, started_at + LONGEST)
        if ended_at <= now:
            connection.execute(
                "UPDATE limit_work SET ended_at = ? WHERE account = ? AND kind = ? AND id = ?",
                (ended_at, account, kind, work_id),
            )


def charge(connection: sqlite3.Connection, account: str, changes: Iterable[Change]) -> None:
    """Store what work, or nothing of ours, has of what the windows have grown by."""
    grown = [change for change in changes if change.grown > 0.0]
    if not grown:
        return
    earliest = min(min(change.at, change.since or change.at) for change in grown)
    works = [
        Span(kind=kind, id=work_id, started_at=started_at, ended_at=ended_at)
        for kind, work_id, started_at, ended_at in connection.execute(
            """
            SELECT kind, id, started_at, ended_at FROM limit_work
            WHERE account = :account AND ended_at IS NULL
            UNION ALL
            SELECT kind, id, started_at, ended_at FROM limit_work
            WHERE account = :account AND ended_at > :since
            ORDER BY started_at, kind, id
            """,
            {"account": account, "since": earliest - GAP},
        )
    ]
    for change in grown:
        others = pace(_of_others(connection, account, change.window_id, earliest), works, earliest)
        for share in shares(change, _told(connection, account, change, works), others):
            connection.execute(
                """
                INSERT INTO limit_costs VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (account, at, kind, work_id, window_id) DO UPDATE SET
                    percent = percent + excluded.percent,
                    is_shared = max(is_shared, excluded.is_shared)
                """,
                (
                    account,
                    change.at,
                    share.kind,
                    share.id,
                    change.window_id,
                    share.percent,
                    share.is_shared,
                ),
            )


def _told(
    connection: sqlite3.Connection, account: str, change: Change, works: Sequence[Span]
) -> list[Span]:
    """The same, knowing which of them had told their use of the window when they ended."""
    rows = connection.execute(
        """
        SELECT cost.kind, cost.work_id, cost.at FROM limit_costs AS cost
        JOIN limit_samples AS sample
            ON sample.account = cost.account AND sample.window_id = cost.window_id
            AND sample.at = cost.at AND sample.source IN ('headers', 'stream')
        WHERE cost.account = ? AND cost.at > ? AND cost.at < ? AND cost.window_id = ?
            AND cost.kind = 'turn'
        """,
        (account, change.at - GAP, change.at, change.window_id),
    ).fetchall()
    told = {(kind, work_id): at for kind, work_id, at in rows}
    return [
        replace(work, is_told=True)
        if work.ended_at is not None
        and work.ended_at - START <= told.get((work.kind, work.id), float("-inf")) <= work.ended_at
        else work
        for work in works
    ]


def _of_others(
    connection: sqlite3.Connection, account: str, window_id: str, until: float
) -> list[tuple[float, float]]:
    """When and by how much a window grew while nothing of ours ran, in the last quarter hour."""
    return connection.execute(
        """
        SELECT at, percent FROM limit_costs
        WHERE account = ? AND at > ? AND at <= ?
            AND kind = ? AND window_id = ? AND NOT is_shared
        ORDER BY at
        """,
        (account, until - GAP, until, ELSEWHERE, window_id),
    ).fetchall()


def costs(
    connection: sqlite3.Connection, account: str, *, since: float, limit: int
) -> tuple[Cost, ...]:
    """What each work, and what nothing of ours, cost since then; dearest first."""
    rows = connection.execute(
        """
        SELECT cost.kind, cost.work_id, coalesce(nullif(work.title, ''), chats.title),
            coalesce(work.started_at, min(cost.at)),
            cost.window_id, sum(cost.percent), max(cost.is_shared)
        FROM limit_costs AS cost LEFT JOIN limit_work AS work
            ON work.account = cost.account AND work.kind = cost.kind AND work.id = cost.work_id
        LEFT JOIN chats ON chats.id = work.chat_id AND work.kind = 'turn'
        WHERE cost.account = ? AND cost.at >= ?
        GROUP BY cost.kind, cost.work_id, cost.window_id
        """,
        (account, since),
    )
    found = _gathered(row for row in rows if row[0] in KINDS)
    found.sort(key=lambda cost: (-max(percent for _, percent in cost.percents), -cost.at))
    return tuple(found[: max(0, limit)])


def hours(connection: sqlite3.Connection, account: str, *, since: float) -> tuple[Cost, ...]:
    """What was used in each hour, oldest first."""
    rows = connection.execute(
        """
        SELECT 'hour', CAST(CAST(at / 3600 AS INTEGER) * 3600 AS TEXT), NULL,
            CAST(at / 3600 AS INTEGER) * 3600.0 AS hour,
            window_id, sum(percent), max(is_shared)
        FROM limit_costs WHERE account = ? AND at >= ?
        GROUP BY hour, window_id ORDER BY hour
        """,
        (account, since),
    )
    return tuple(_gathered(rows))


def turn_costs(
    connection: sqlite3.Connection, account: str, chat_id: str, *, count: int
) -> tuple[Cost, ...]:
    """Of the last finished turns of a chat, newest first; those that cost nothing too."""
    rows = connection.execute(
        """
        SELECT 'turn', work.id, work.title, work.started_at,
            cost.window_id, sum(cost.percent), max(cost.is_shared)
        FROM (
            SELECT * FROM limit_work
            WHERE chat_id = :chat AND account = :account AND kind = 'turn'
                AND ended_at IS NOT NULL
            ORDER BY started_at DESC, id DESC LIMIT :count
        ) AS work LEFT JOIN limit_costs AS cost
            ON cost.account = :account AND cost.kind = 'turn' AND cost.work_id = work.id
        GROUP BY work.id, cost.window_id
        ORDER BY work.started_at DESC, work.id DESC
        """,
        {"account": account, "chat": storable(chat_id), "count": max(0, count)},
    )
    return tuple(_gathered(rows))


def _gathered(rows: Iterable[Sequence[Any]]) -> list[Cost]:
    """Costs of rows (kind, id, title, at, window id, percent, is shared), one row a window."""
    found: dict[tuple[str, str], Cost] = {}
    for kind, work_id, title, at, window_id, percent, is_shared in rows:
        known = found.get((kind, work_id))
        percents = known.percents if known else ()
        if window_id is not None:
            percents = tuple(sorted((*percents, (window_id, percent))))
        found[kind, work_id] = Cost(
            kind=cast(Literal["turn", "task", "hour", "elsewhere"], kind),
            id=work_id,
            title=title or "",
            at=min(at, known.at) if known else at,
            percents=percents,
            is_shared=bool(is_shared) or (known is not None and known.is_shared),
        )
    return list(found.values())
