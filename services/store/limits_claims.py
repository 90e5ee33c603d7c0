"""What is done once, by one process for all: polls, alerts, redeeming.

Inside a transaction of the caller. Tables: docs/store.md.
"""

import json
import sqlite3
from dataclasses import asdict, fields
from typing import Any, Final, cast

from services.limits.alerts import said_with
from services.limits.ports import LONGEST_PAUSE, ON_REQUEST, LastPoll
from services.models.failure import Failure, FailureKind
from services.models.limits import RedeemTry
from services.store.encoding import dump

REDEEM_KEPT: Final = 86_400.0
"""Seconds for which a try whose end is not known is repeated with its own id, also where the clock
was set back meanwhile. How long a server knows ids is said nowhere."""


def claim_poll(
    connection: sqlite3.Connection, account: str, *, interval: float, now: float
) -> bool:
    """Whether the server shall be asked now, which is noted."""
    known = last_poll(connection, account)
    # A time that lies a little ahead is of before the clock was set back, and counts. One that lies
    # further ahead says nothing about how long ago that was, and must not hold anybody up.
    if known.asked_at is not None and -interval <= now - known.asked_at < interval:
        return False
    until = known.not_before
    if interval <= ON_REQUEST and until is not None:
        # Whoever asks for it now only has to respect what the server said.
        told = None if known.failure is None else known.failure.retry_at
        until = None if told is None else min(told, until)
    if until is not None and now < until <= now + LONGEST_PAUSE + interval:
        return False
    connection.execute(
        """
        INSERT INTO limit_polls (account, asked_at) VALUES (?, ?)
        ON CONFLICT (account) DO UPDATE SET asked_at = excluded.asked_at, not_before = NULL
        """,
        (account, now),
    )
    return True


def end_poll(
    connection: sqlite3.Connection,
    account: str,
    failure: Failure | None,
    not_before: float | None,
) -> None:
    """Note how a poll ended."""
    connection.execute(
        """
        INSERT INTO limit_polls (account, failure, failures, not_before) VALUES (?, ?, ?, ?)
        ON CONFLICT (account) DO UPDATE SET
            failure = excluded.failure,
            failures = CASE WHEN excluded.failures = 0 THEN 0 ELSE failures + 1 END,
            not_before = excluded.not_before
        """,
        (
            account,
            None if failure is None else dump(asdict(failure)),
            0 if failure is None else 1,
            not_before,
        ),
    )


def last_poll(connection: sqlite3.Connection, account: str) -> LastPoll:
    """When and how the server was asked last."""
    row = connection.execute(
        "SELECT asked_at, failure, failures, not_before FROM limit_polls WHERE account = ?",
        (account,),
    ).fetchone()
    if row is None:
        return LastPoll()
    asked_at, failure, failures, not_before = row
    return LastPoll(
        asked_at=asked_at,
        failure=None if failure is None else _failure(failure),
        failures=failures,
        not_before=not_before,
    )


def claim_alert(
    connection: sqlite3.Connection,
    account: str,
    window_id: str,
    period: int,
    kind: str,
    now: float,
) -> bool:
    """Whether an alert shall be told now, which is noted, and that lower ones need not be."""
    added = {
        each: connection.execute(
            "INSERT INTO limit_alerts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (account, window_id, period, each, now),
        ).rowcount
        for each in said_with(kind)
    }
    return added[kind] == 1


def redeem_id(
    connection: sqlite3.Connection, account: str, credit: str, new_id: str, now: float
) -> str:
    """The id of the try whose end is not known, else the new one, which is kept.

    Tries that are too old are forgotten.
    """
    connection.execute(
        "DELETE FROM limit_redeems WHERE account = ? AND abs(? - at) >= ?",
        (account, now, REDEEM_KEPT),
    )
    connection.execute(
        """
        INSERT INTO limit_redeems (account, credit, request_id, at) VALUES (?, ?, ?, ?)
        ON CONFLICT DO NOTHING
        """,
        (account, credit, new_id, now),
    )
    row = connection.execute(
        "SELECT request_id FROM limit_redeems WHERE account = ? AND credit = ?", (account, credit)
    ).fetchone()
    return str(row[0])


def open_redeem(connection: sqlite3.Connection, account: str, now: float) -> RedeemTry | None:
    """The oldest try whose end is not known and that is not too old."""
    row = connection.execute(
        """
        SELECT credit, request_id, at FROM limit_redeems
        WHERE account = ? AND abs(? - at) < ? ORDER BY at, credit LIMIT 1
        """,
        (account, now, REDEEM_KEPT),
    ).fetchone()
    if row is None:
        return None
    credit, request_id, at = row
    return RedeemTry(credit_id=credit or None, request_id=request_id, at=at)


def end_redeem(connection: sqlite3.Connection, account: str, credit: str) -> None:
    """Forget the id of a try whose end is known."""
    connection.execute(
        "DELETE FROM limit_redeems WHERE account = ? AND credit = ?", (account, credit)
    )


def _failure(text: str) -> Failure:
    names = {field.name for field in fields(Failure)}
    try:
        members = cast("dict[str, Any]", json.loads(text))
        known = {name: value for name, value in members.items() if name in names}
        known["kind"] = FailureKind(known["kind"])
        return Failure(**known)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Failure(
            kind=FailureKind.STORAGE, message="The last reading of the limits failed", next_step=""
        )
