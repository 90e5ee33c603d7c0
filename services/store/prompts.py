"""What was sent before, for the composer to offer again."""

import sqlite3
from typing import Final

KEPT: Final = 2000
"""How many prompts are remembered."""


def remember(connection: sqlite3.Connection, text: str, now: float) -> None:
    """Make this the newest prompt; each text stands there once."""
    connection.execute("DELETE FROM prompts WHERE text = ?", (text,))
    connection.execute("INSERT INTO prompts (text, at) VALUES (?, ?)", (text, now))
    connection.execute(
        """
        DELETE FROM prompts WHERE number <=
            (SELECT number FROM prompts ORDER BY number DESC LIMIT 1 OFFSET ?)
        """,
        (KEPT,),
    )


def newest(connection: sqlite3.Connection, limit: int) -> tuple[str, ...]:
    """The newest prompts, the newest of them last."""
    found = connection.execute("SELECT text FROM prompts ORDER BY number DESC LIMIT ?", (limit,))
    return tuple(reversed([row[0] for row in found]))
