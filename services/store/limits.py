"""Limits on disk: what is known of each account, its history, and what work cost.

Rules: docs/limits.md; tables: docs/store.md.
"""

import json
import logging
import sqlite3
from dataclasses import replace
from typing import Final, Literal

from services.clock import Clock
from services.errors import BadPayloadError
from services.limits.board import Board, from_json, to_json
from services.limits.merging import merge
from services.limits.ports import Applied, Kept, LastPoll
from services.models.failure import Failure
from services.models.limit_history import Cost, LedgerEntry, LedgerKind, Series, Work
from services.models.limits import LimitsState, RedeemTry, UsageReading
from services.store import (
    limits_claims,
    limits_costs,
    limits_samples,
    limits_series,
    limits_status,
    limits_upkeep,
)
from services.store.database import Database
from services.store.encoding import storable
from services.store.owners import Program

_log: Final = logging.getLogger(__name__)


class LimitStore:
    """Keeps limits, for all processes. Every call may raise `StorageError`.

    Args:
        database: Where; in memory or in a file.
        clock: Read inside transactions, so that times of several processes are in their order.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._owner = Program().name

    async def board(self, account: str) -> Kept:
        """What is known of an account; an empty board where that is nothing that can be read."""
        return await self._database.read(lambda found: _kept(found, storable(account)))

    async def apply(self, account: str, reading: UsageReading) -> Applied:
        """Merge a reading into the account's board: one transaction with samples, costs and ledger.

        A board that cannot be read is replaced.
        """
        account = storable(account)

        def work(connection: sqlite3.Connection) -> Applied:
            now = self._clock.now()
            kept = _kept(connection, account)
            merged = merge(kept.board, reading)
            limits_costs.show_life(connection, account, self._owner, now)
            limits_costs.end_lost(connection, account, self._owner, now)
            limits_costs.charge(connection, account, merged.changes)
            for change in merged.changes:
                limits_samples.keep(connection, account, change)
            version = kept.version
            if merged.board != kept.board:
                version += 1
                connection.execute(
                    """
                    INSERT INTO limit_boards VALUES (?, ?, ?) ON CONFLICT (account)
                    DO UPDATE SET version = excluded.version, board = excluded.board
                    """,
                    (account, version, to_json(merged.board)),
                )
            entries = tuple(_add(connection, account, entry) for entry in merged.entries)
            limits_upkeep.prune_daily(connection, now)
            return Applied(board=merged.board, version=version, entries=entries)

        return await self._database.run(work)

    async def version(self, account: str) -> int:
        """The version of what is stored, at the price of one row."""

        def work(connection: sqlite3.Connection) -> int:
            row = connection.execute(
                "SELECT version FROM limit_boards WHERE account = ?", (storable(account),)
            ).fetchone()
            return 0 if row is None else row[0]

        return await self._database.read(work)

    async def claim_poll(self, account: str, *, interval: float) -> bool:
        """Whether this process shall ask the server now.

        As `LimitStorage.claim_poll`.
        """
        account = storable(account)

        def work(connection: sqlite3.Connection) -> bool:
            now = self._clock.now()
            limits_costs.show_life(connection, account, self._owner, now)
            return limits_claims.claim_poll(connection, account, interval=interval, now=now)

        return await self._database.run(work)

    async def poll_ended(
        self, account: str, failure: Failure | None = None, *, not_before: float | None = None
    ) -> None:
        """Note how a claimed poll ended."""
        await self._database.run(
            lambda found: limits_claims.end_poll(found, storable(account), failure, not_before)
        )

    async def last_poll(self, account: str) -> LastPoll:
        """When and how the server was asked last."""
        return await self._database.read(
            lambda found: limits_claims.last_poll(found, storable(account))
        )

    async def work_began(self, account: str, work: Work) -> None:
        """Note that something draws on the limits from now on; said again, that it still does."""
        await self._database.run(
            lambda found: limits_costs.begin(
                found, storable(account), work, self._owner, self._clock.now()
            )
        )

    async def work_ended(self, account: str, kind: str, work_id: str, *, title: str = "") -> None:
        """Note that it is over; a title replaces the one of its beginning."""
        await self._database.run(
            lambda found: limits_costs.end(
                found, storable(account), kind, work_id, title, self._clock.now()
            )
        )

    async def costs(self, account: str, *, since: float, limit: int = 100) -> tuple[Cost, ...]:
        """What each work, and what nothing of ours, cost since then; dearest first."""
        return await self._database.read(
            lambda found: limits_costs.costs(found, storable(account), since=since, limit=limit)
        )

    async def hours(self, account: str, *, since: float) -> tuple[Cost, ...]:
        """The same by the hour, oldest first."""
        return await self._database.read(
            lambda found: limits_costs.hours(found, storable(account), since=since)
        )

    async def turn_costs(self, account: str, chat_id: str, *, count: int) -> tuple[Cost, ...]:
        """Of the last finished turns of a chat, newest first; those that cost nothing too."""
        return await self._database.read(
            lambda found: limits_costs.turn_costs(found, storable(account), chat_id, count=count)
        )

    async def series(
        self, account: str, *, since: float, until: float, columns: int
    ) -> tuple[Series, ...]:
        """Every window's history, reduced in SQL to at most one point a column."""
        account = storable(account)
        return await self._database.read(
            lambda found: limits_series.series(
                found,
                account,
                _kept(found, account).board,
                since=since,
                until=until,
                columns=columns,
            )
        )

    async def samples(
        self, account: str, window_id: str, *, since: float
    ) -> tuple[tuple[float, float, float | None], ...]:
        """Time, percent used and reset for the forecast, oldest first.

        Of the last two days every change, before that one an hour.
        """
        return await self._database.read(
            lambda found: limits_samples.samples(
                found,
                storable(account),
                storable(window_id),
                since=since,
                now=self._clock.now(),
            )
        )

    async def ledger(
        self, account: str, *, window_id: str | None = None, limit: int = 100
    ) -> tuple[LedgerEntry, ...]:
        """What happened, newest first; with an empty id what is of no window on the board."""
        return await self._database.read(
            lambda found: _entries(found, storable(account), window_id, limit)
        )

    async def note(self, account: str, entry: LedgerEntry) -> LedgerEntry:
        """Add what no reading shows, a reset that was redeemed; with the id of its row."""
        return await self._database.run(lambda found: _add(found, storable(account), entry))

    async def claim_alert(self, account: str, window_id: str, period: int, kind: str) -> bool:
        """Whether this process shall tell this alert: True once, over all processes and time.

        A threshold takes the lower ones of its episode along.
        """
        return await self._database.run(
            lambda found: limits_claims.claim_alert(
                found, storable(account), storable(window_id), period, kind, self._clock.now()
            )
        )

    async def redeem_id(self, account: str, credit: str, new_id: str) -> str:
        """The id of the try to redeem a credit whose end is not known, else `new_id`, kept.

        A try that is older than a day is forgotten.
        """
        return await self._database.run(
            lambda found: limits_claims.redeem_id(
                found, storable(account), storable(credit), storable(new_id), self._clock.now()
            )
        )

    async def open_redeem(self, account: str) -> RedeemTry | None:
        """The oldest try whose end is not known, for a day after it was made; else None."""
        return await self._database.read(
            lambda found: limits_claims.open_redeem(found, storable(account), self._clock.now())
        )

    async def redeem_ended(self, account: str, credit: str) -> None:
        """Forget the id of a try whose end is known."""
        await self._database.run(
            lambda found: limits_claims.end_redeem(found, storable(account), storable(credit))
        )

    async def set_status(self, state: LimitsState) -> None:
        """Write what a status line reads, where `state` is not older than what stands there."""
        await self._database.run(lambda found: limits_status.write(found, state))

    async def set_shows(self, what: Literal["left", "used"]) -> None:
        """Keep for a status line whether what is left is shown, or what is used."""
        await self._database.run(lambda found: limits_status.show(found, what))

    async def purge(self, *, before: float | None = None) -> int:
        """Delete samples, costs and ledger before a time, or all limits; the number of rows."""
        return await self._database.run(lambda found: limits_upkeep.purge(found, before))


def _kept(connection: sqlite3.Connection, account: str) -> Kept:
    row = connection.execute(
        "SELECT version, board FROM limit_boards WHERE account = ?", (account,)
    ).fetchone()
    if row is None:
        return Kept(board=Board(), version=0)
    version, text = row
    try:
        return Kept(board=from_json(text), version=version)
    except BadPayloadError as error:
        _log.warning("%s; they begin anew", error.message)
    # Its episodes go on, so that alerts of the new board are not taken for told.
    last = connection.execute(
        "SELECT max(period) FROM limit_alerts WHERE account = ?", (account,)
    ).fetchone()[0]
    return Kept(board=Board(next_period=0 if last is None else last + 1), version=version)


def _add(connection: sqlite3.Connection, account: str, entry: LedgerEntry) -> LedgerEntry:
    added = connection.execute(
        """
        INSERT INTO limit_ledger (account, at, kind, window_id, label, before, after)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        (
            account,
            entry.at,
            entry.kind.value,
            entry.window_id,
            storable(entry.label),
            entry.before,
            entry.after,
        ),
    )
    return replace(entry, id=added.lastrowid or 0)


def _entries(
    connection: sqlite3.Connection, account: str, window_id: str | None, limit: int
) -> tuple[LedgerEntry, ...]:
    """Of all windows, of one, or with an empty id of the account and of windows that are gone."""
    there = _kept(connection, account).board.windows if window_id == "" else ()
    rows = connection.execute(
        """
        SELECT id, at, kind, window_id, label, before, after FROM limit_ledger
        WHERE account = :account AND CASE
            WHEN :window IS NULL THEN TRUE
            WHEN :window = '' THEN
                window_id IS NULL OR window_id NOT IN (SELECT value FROM json_each(:there))
            ELSE window_id = :window
        END
        ORDER BY at DESC, id DESC LIMIT :limit
        """,
        {
            "account": account,
            "window": window_id,
            "there": json.dumps([window.id for window in there]),
            "limit": max(0, limit),
        },
    )
    kinds = {kind.value: kind for kind in LedgerKind}
    return tuple(
        LedgerEntry(
            id=number,
            at=at,
            kind=kinds[kind],
            window_id=window,
            label=label,
            before=before,
            after=after,
        )
        for number, at, kind, window, label, before, after in rows
        # A newer program may have written of what this one does not know.
        if kind in kinds
    )
