"""A store as status lines and metrics read it."""

import sqlite3
from pathlib import Path
from typing import Any

from services.store.limits_schema import LIMITS
from tests.cli.limits_stand import NOW


def row(
    name: str = "5h", used: float = 38.0, *, resets_in: float | None = 4_320.0, **other: Any
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "window_id": f"codex/{name}",
        "limit_id": "codex",
        "limit_name": None,
        "label": name,
        "window_seconds": 18_000,
        "used": used,
        "is_refused": 0,
        "resets_at": None if resets_in is None else NOW + resets_in,
        "as_of": NOW - 30,
        "source": "poll",
        "forecast": "unknown",
        "p10_at": None,
        "p50_at": None,
        "p90_at": None,
    }
    return values | other


def store(path: Path, rows: list[dict[str, Any]], **facts: Any) -> sqlite3.Connection:
    """A database with the tables of limits; the connection stays open, its log unwritten."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE chats (id TEXT)")
    for migration in LIMITS:
        for statement in migration.statements:
            connection.execute(statement)
    for position, values in enumerate(rows):
        names = ", ".join(("position", *values))
        marks = ", ".join("?" * (len(values) + 1))
        connection.execute(
            f"INSERT INTO limit_status ({names}) VALUES ({marks})",
            (position, *values.values()),
        )
    for name, value in ({"standing": "known", "as_of": NOW - 30} | facts).items():
        connection.execute(f"UPDATE limit_facts SET {name} = ?", (value,))
    return connection
