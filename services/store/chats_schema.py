"""Tables of chats. What each column means: docs/store.md."""

from typing import Final

from services.store.migrations import Migration

CHATS: Final = (
    Migration(
        version=1,
        area="chats",
        statements=(
            """
            CREATE TABLE chats (
                id TEXT PRIMARY KEY,
                title TEXT NOT NULL DEFAULT '',
                model TEXT,
                effort TEXT,
                provider TEXT,
                draft TEXT NOT NULL DEFAULT '',
                created_at REAL NOT NULL,
                updated_at REAL NOT NULL,
                archived_at REAL
            )
            """,
            "CREATE INDEX chats_by_age ON chats (updated_at)",
            """
            CREATE TABLE turns (
                number INTEGER PRIMARY KEY,
                chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
                id TEXT NOT NULL,
                status TEXT NOT NULL,
                owner TEXT NOT NULL DEFAULT '',
                model TEXT,
                started_at REAL NOT NULL,
                ended_at REAL,
                input_tokens INTEGER,
                cached_input_tokens INTEGER,
                output_tokens INTEGER,
                reasoning_tokens INTEGER,
                total_tokens INTEGER,
                UNIQUE (chat_id, id)
            )
            """,
            """
            CREATE TABLE items (
                number INTEGER PRIMARY KEY,
                chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
                place INTEGER NOT NULL,
                id TEXT NOT NULL,
                turn_id TEXT NOT NULL,
                kind TEXT NOT NULL,
                value TEXT NOT NULL,
                raw TEXT,
                UNIQUE (chat_id, place),
                UNIQUE (chat_id, id)
            )
            """,
            """
            CREATE TABLE queued (
                number INTEGER PRIMARY KEY,
                chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
                id TEXT NOT NULL,
                value TEXT NOT NULL,
                UNIQUE (chat_id, id)
            )
            """,
            """
            CREATE TABLE prompts (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                text TEXT NOT NULL UNIQUE,
                at REAL NOT NULL
            )
            """,
        ),
    ),
)
