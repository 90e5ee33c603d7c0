"""Use over time as a chart shows it: inside a transaction of the caller. Tables: docs/store.md."""

import sqlite3
from collections.abc import Iterator
from typing import Final, TypeAlias

from services.limits.board import Board
from services.models.limit_history import LedgerKind, Series, SeriesPoint
from services.models.windows import MAIN, label
from services.store.limits_samples import FINE, HOLD, HOUR, window_ids

CLOSE: Final = 2 * HOLD
"""Seconds between two samples from which on nobody looked in between."""
CLOSE_HOURS: Final = 1.5 * HOUR

Point: TypeAlias = tuple[float, float, float]
"""Lowest, highest and last use."""

# Column, lowest, highest and last use, in the order of time.
_BY_SAMPLES: Final = """
    SELECT place, low, high, (
        SELECT used FROM limit_samples
        WHERE account = :account AND window_id = :window AND at = newest
    )
    FROM (
        SELECT CAST((at - :since) / :width AS INTEGER) AS place,
            min(used) AS low, max(used) AS high, max(at) AS newest
        FROM limit_samples
        WHERE account = :account AND window_id = :window AND at >= :since AND at <= :until
        GROUP BY place
    )
    ORDER BY newest
    """
_BY_HOURS: Final = """
    SELECT place, low, high, (
        SELECT last FROM limit_hours
        WHERE account = :account AND window_id = :window AND hour = newest
    )
    FROM (
        SELECT CAST((hour + 1800 - :since) / :width AS INTEGER) AS place,
            min(low) AS low, max(high) AS high, max(hour) AS newest
        FROM limit_hours
        WHERE account = :account AND window_id = :window
            AND hour >= :since - 1800 AND hour <= :until
        GROUP BY place
    )
    ORDER BY newest
    """


def series(
    connection: sqlite3.Connection,
    account: str,
    board: Board,
    *,
    since: float,
    until: float,
    columns: int,
) -> tuple[Series, ...]:
    """Every window's history, at most one point a column; windows in their order on the board.

    Args:
        connection: To the database.
        account: Whose.
        board: Names the windows that there are.
        since: First moment, Unix seconds.
        until: Last moment.
        columns: How many points at most.
    """
    if until <= since or columns < 1:
        return ()
    places = {window.id: place for place, window in enumerate(board.windows)}
    ids = sorted(window_ids(connection, account), key=lambda each: (places.get(each, 99), each))
    found: list[Series] = []
    for window_id in ids:
        points = _points(connection, (account, window_id), since, until, columns)
        if points:
            window = board.window(window_id)
            found.append(
                Series(
                    window_id=window_id,
                    label=window.label if window else label_of(window_id),
                    points=points,
                    resets=_resets(connection, account, window_id, since, until),
                )
            )
    return tuple(found)


def label_of(window_id: str) -> str:
    """What a window that has gone is called."""
    limit_id, _, length = window_id.rpartition("/")
    if not length.isdecimal():
        return f"{limit_id} {length}"
    name = label(int(length))
    return name if limit_id == MAIN else f"{limit_id} {name}"


def _points(
    connection: sqlite3.Connection,
    names: tuple[str, str],
    since: float,
    until: float,
    columns: int,
) -> tuple[SeriesPoint, ...]:
    width = (until - since) / columns
    is_fine = until - since <= FINE
    rows = connection.execute(
        _BY_SAMPLES if is_fine else _BY_HOURS,
        {
            "account": names[0],
            "window": names[1],
            "since": since,
            "until": until,
            "width": width,
        },
    )
    found: dict[int, Point] = {}
    for column, low, high, last in rows:
        place = min(max(column, 0), columns - 1)
        known = found.get(place, (low, high, last))
        found[place] = (min(low, known[0]), max(high, known[1]), last)
    if is_fine:
        filled = _filled(found, width, CLOSE, _before(connection, names, since))
    else:
        filled = _filled(found, width, CLOSE_HOURS, None)
    return tuple(
        SeriesPoint(at=since + (place + 0.5) * width, low=low, high=high, last=last)
        for place, (low, high, last) in filled
    )


def _before(
    connection: sqlite3.Connection, names: tuple[str, str], since: float
) -> tuple[float, float] | None:
    """How many seconds before the first moment the last sample was, and its use."""
    row = connection.execute(
        """
        SELECT ? - at, used FROM limit_samples
        WHERE account = ? AND window_id = ? AND at < ? ORDER BY at DESC LIMIT 1
        """,
        (since, *names, since),
    ).fetchone()
    return None if row is None else (row[0], row[1])


def _filled(
    found: dict[int, Point], width: float, close: float, before: tuple[float, float] | None
) -> Iterator[tuple[int, Point]]:
    """The points, and in columns without one the number that held, unless nobody looked."""
    if not found:
        return
    reached, held = (-1, 0.0) if before is None else (-1, before[1])
    is_open = before is not None and before[0] + min(found) * width <= close
    for place in sorted(found):
        if is_open or (reached >= 0 and (place - reached) * width <= close):
            for between in range(reached + 1, place):
                yield between, (held, held, held)
        yield place, found[place]
        reached, held, is_open = place, found[place][2], False


def _resets(
    connection: sqlite3.Connection, account: str, window_id: str, since: float, until: float
) -> tuple[float, ...]:
    rows = connection.execute(
        """
        SELECT at FROM limit_ledger
        WHERE account = ? AND window_id = ? AND kind IN (?, ?) AND at >= ? AND at <= ?
        ORDER BY at
        """,
        (
            account,
            window_id,
            LedgerKind.RESET.value,
            LedgerKind.RESET_EARLY.value,
            since,
            until,
        ),
    )
    return tuple(row[0] for row in rows)
