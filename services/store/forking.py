"""Copies of a chat up to an item."""

import sqlite3
from typing import Final

from services.errors import NotFoundError
from services.store.encoding import storable
from services.store.rows import find_summary

_STATEMENTS: Final = (
    """
    INSERT INTO chats (id, title, model, effort, provider, created_at, updated_at)
    SELECT :new, title, model, effort, provider, :now, :now FROM chats WHERE id = :old
    """,
    """
    INSERT INTO turns (chat_id, id, status, model, started_at, ended_at, input_tokens,
        cached_input_tokens, output_tokens, reasoning_tokens, total_tokens)
    SELECT :new, id, CASE status WHEN 'running' THEN 'interrupted' ELSE status END, model,
        started_at, ended_at, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
        total_tokens
    FROM turns WHERE chat_id = :old AND id IN
        (SELECT turn_id FROM items WHERE chat_id = :old AND place < :place)
    ORDER BY number
    """,
    """
    INSERT INTO items (chat_id, place, id, turn_id, kind, value, raw)
    SELECT :new, place, id, turn_id, kind, value, raw FROM items
    WHERE chat_id = :old AND place < :place ORDER BY place
    """,
)


def fork(
    connection: sqlite3.Connection, chat_id: str, *, before_item: str, new_id: str, now: float
) -> None:
    """Make the chat `new_id` with a copy of all that stands before an item.

    Raises:
        NotFoundError: There is no such chat or item.
    """
    find_summary(connection, chat_id)
    place = connection.execute(
        "SELECT place FROM items WHERE chat_id = ? AND id = ?", (chat_id, storable(before_item))
    ).fetchone()
    if place is None:
        raise NotFoundError("There is no such message to go on from")
    names = {"old": chat_id, "new": new_id, "place": place[0], "now": now}
    for statement in _STATEMENTS:
        connection.execute(statement, names)
    # Without a message the title is that of one which will not be there: the next one gives it.
    connection.execute(
        """
        UPDATE chats SET title = '' WHERE id = :new
        AND NOT EXISTS (SELECT 1 FROM items WHERE chat_id = :new)
        """,
        names,
    )
