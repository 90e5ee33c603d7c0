"""Tables of limits. What each column means: docs/store.md."""

from typing import Final

from services.store.migrations import Migration

LIMITS: Final = (
    Migration(
        version=2,
        area="limits",
        statements=(
            """
            CREATE TABLE limit_boards (
                account TEXT PRIMARY KEY,
                version INTEGER NOT NULL,
                board TEXT NOT NULL
            ) WITHOUT ROWID
            """,
            """
            CREATE TABLE limit_samples (
                account TEXT NOT NULL,
                window_id TEXT NOT NULL,
                at REAL NOT NULL,
                used REAL NOT NULL,
                resets_at REAL,
                source TEXT NOT NULL,
                PRIMARY KEY (account, window_id, at)
            ) WITHOUT ROWID
            """,
            """
            CREATE TABLE limit_hours (
                account TEXT NOT NULL,
                window_id TEXT NOT NULL,
                hour INTEGER NOT NULL,
                low REAL NOT NULL,
                high REAL NOT NULL,
                last REAL NOT NULL,
                last_at REAL NOT NULL,
                resets_at REAL,
                PRIMARY KEY (account, window_id, hour)
            ) WITHOUT ROWID
            """,
            """
            CREATE TRIGGER limit_samples_by_hour AFTER INSERT ON limit_samples BEGIN
                INSERT INTO limit_hours
                VALUES (
                    new.account, new.window_id, CAST(new.at / 3600 AS INTEGER) * 3600,
                    new.used, new.used, new.used, new.at, new.resets_at
                )
                ON CONFLICT (account, window_id, hour) DO UPDATE SET
                    low = min(low, excluded.low),
                    high = max(high, excluded.high),
                    last = CASE WHEN excluded.last_at < last_at THEN last ELSE excluded.last END,
                    resets_at = CASE
                        WHEN excluded.last_at < last_at THEN resets_at ELSE excluded.resets_at
                    END,
                    last_at = max(last_at, excluded.last_at);
            END
            """,
            """
            CREATE TABLE limit_ledger (
                id INTEGER PRIMARY KEY,
                account TEXT NOT NULL,
                at REAL NOT NULL,
                kind TEXT NOT NULL,
                window_id TEXT,
                label TEXT NOT NULL,
                before,
                after
            )
            """,
            "CREATE INDEX limit_ledger_by_time ON limit_ledger (account, at)",
            """
            CREATE TABLE limit_work (
                account TEXT NOT NULL,
                kind TEXT NOT NULL,
                id TEXT NOT NULL,
                chat_id TEXT NOT NULL,
                title TEXT NOT NULL,
                owner TEXT NOT NULL,
                started_at REAL NOT NULL,
                seen_at REAL NOT NULL,
                ended_at REAL,
                PRIMARY KEY (account, kind, id)
            ) WITHOUT ROWID
            """,
            "CREATE INDEX limit_work_by_end ON limit_work (account, ended_at)",
            "CREATE INDEX limit_work_by_chat ON limit_work (chat_id, started_at)",
            """
            CREATE TRIGGER limit_work_of_chats AFTER DELETE ON chats BEGIN
                UPDATE limit_work SET title = '' WHERE chat_id = old.id AND kind = 'turn';
            END
            """,
            """
            CREATE TABLE limit_costs (
                account TEXT NOT NULL,
                at REAL NOT NULL,
                kind TEXT NOT NULL,
                work_id TEXT NOT NULL,
                window_id TEXT NOT NULL,
                percent REAL NOT NULL,
                is_shared INTEGER NOT NULL,
                PRIMARY KEY (account, at, kind, work_id, window_id)
            ) WITHOUT ROWID
            """,
            "CREATE INDEX limit_costs_by_work ON limit_costs (account, kind, work_id)",
            """
            CREATE TABLE limit_alerts (
                account TEXT NOT NULL,
                window_id TEXT NOT NULL,
                period INTEGER NOT NULL,
                kind TEXT NOT NULL,
                at REAL NOT NULL,
                PRIMARY KEY (account, window_id, period, kind)
            ) WITHOUT ROWID
            """,
            """
            CREATE TABLE limit_polls (
                account TEXT PRIMARY KEY,
                asked_at REAL,
                failure TEXT,
                failures INTEGER NOT NULL DEFAULT 0,
                not_before REAL
            ) WITHOUT ROWID
            """,
            """
            CREATE TABLE limit_redeems (
                account TEXT NOT NULL,
                credit TEXT NOT NULL,
                request_id TEXT NOT NULL,
                PRIMARY KEY (account, credit)
            ) WITHOUT ROWID
            """,
            """
            CREATE TABLE limit_status (
                position INTEGER PRIMARY KEY,
                window_id TEXT NOT NULL,
                limit_id TEXT NOT NULL,
                limit_name TEXT,
                label TEXT NOT NULL,
                window_seconds INTEGER,
                used REAL NOT NULL,
                is_refused INTEGER NOT NULL,
                resets_at REAL,
                as_of REAL NOT NULL,
                source TEXT NOT NULL,
                forecast TEXT NOT NULL,
                p10_at REAL,
                p50_at REAL,
                p90_at REAL
            )
            """,
            """
            CREATE TABLE limit_facts (
                id INTEGER PRIMARY KEY CHECK (id = 1),
                account TEXT NOT NULL DEFAULT '',
                standing TEXT NOT NULL DEFAULT 'unknown',
                version INTEGER NOT NULL DEFAULT 0,
                as_of REAL,
                source TEXT,
                plan TEXT,
                allowed INTEGER,
                limit_reached INTEGER,
                failure TEXT,
                shows TEXT NOT NULL DEFAULT 'left',
                pruned_at REAL
            )
            """,
            "INSERT INTO limit_facts (id) VALUES (1)",
        ),
    ),
    Migration(
        version=3,
        area="limits",
        statements=("ALTER TABLE limit_redeems ADD COLUMN at REAL NOT NULL DEFAULT 0",),
    ),
)
