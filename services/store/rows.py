"""Reading and writing the rows of chats, inside a transaction of the caller."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.errors import NotFoundError
from services.models.chat import ChatSummary, Item, QueuedMessage, TurnStatus, Usage
from services.store.encoding import (
    decode_item,
    decode_queued,
    dump,
    encode_item,
    encode_queued,
    storable,
)

RUNNING: Final = "running"
"""Status of a turn that has not ended."""
_LARGEST: Final = 2**63 - 1

SUMMARY: Final = """
    SELECT id, title, created_at, updated_at, model, effort, provider,
        (SELECT count(*) FROM turns WHERE turns.chat_id = chats.id)
    FROM chats
"""


def summary(row: Sequence[Any]) -> ChatSummary:
    """A row of `SUMMARY` as a value."""
    return ChatSummary(
        id=row[0],
        title=row[1],
        created_at=row[2],
        updated_at=row[3],
        model=row[4],
        effort=row[5],
        provider=row[6],
        turns=row[7],
    )


def find_summary(connection: sqlite3.Connection, chat_id: str) -> ChatSummary:
    """One chat.

    Raises:
        NotFoundError: There is none of that id.
    """
    row = connection.execute(f"{SUMMARY} WHERE id = ?", (storable(chat_id),)).fetchone()
    if row is None:
        raise no_chat(chat_id)
    return summary(row)


def no_chat(name: str) -> NotFoundError:
    """The error for a name that no chat has."""
    return NotFoundError(
        f"There is no chat {storable(name)[:80]!r}", next_step="List them: foredeck chats list"
    )


def touch(connection: sqlite3.Connection, chat_id: str, now: float) -> None:
    """Make a chat the newest.

    Raises:
        NotFoundError: It is gone, deleted by another process for one.
    """
    changed = connection.execute(
        "UPDATE chats SET updated_at = max(updated_at, ?) WHERE id = ?", (now, chat_id)
    )
    if not changed.rowcount:
        raise no_chat(chat_id)


def put_item(
    connection: sqlite3.Connection, chat_id: str, item: Item, raw: Mapping[str, Any] | None
) -> None:
    """Put an item last, or in its place where it is there already."""
    kind, value = encode_item(item)
    connection.execute(
        """
        INSERT INTO items (chat_id, place, id, turn_id, kind, value, raw)
        VALUES (
            :chat, (SELECT coalesce(max(place), 0) + 1 FROM items WHERE chat_id = :chat),
            :id, :turn, :kind, :value, :raw
        )
        ON CONFLICT (chat_id, id) DO UPDATE
        SET kind = excluded.kind, value = excluded.value, raw = excluded.raw
        """,
        {
            "chat": chat_id,
            "id": storable(item.id),
            "turn": storable(item.turn_id),
            "kind": kind,
            "value": value,
            "raw": None if raw is None else dump(raw),
        },
    )


def begin_turn(
    connection: sqlite3.Connection, chat_id: str, turn_id: str, owner: str, now: float
) -> None:
    """Note that a turn runs, unless it is known already."""
    connection.execute(
        """
        INSERT INTO turns (chat_id, id, status, owner, started_at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (chat_id, id) DO NOTHING
        """,
        (chat_id, storable(turn_id), RUNNING, owner, now),
    )


def end_turn(
    connection: sqlite3.Connection,
    chat_id: str,
    turn_id: str,
    *,
    status: TurnStatus,
    usage: Usage | None,
    model: str | None,
    now: float,
) -> None:
    """Note how a turn ended; of a turn that is tried again, the last word counts."""
    counted = usage or Usage()
    begin_turn(connection, chat_id, turn_id, "", now)
    connection.execute(
        """
        UPDATE turns SET status = ?, model = ?, ended_at = ?, input_tokens = ?,
            cached_input_tokens = ?, output_tokens = ?, reasoning_tokens = ?, total_tokens = ?
        WHERE chat_id = ? AND id = ?
        """,
        (
            status.value,
            None if model is None else storable(model),
            now,
            *(
                None if usage is None else min(max(number, 0), _LARGEST)
                for number in (
                    counted.input_tokens,
                    counted.cached_input_tokens,
                    counted.output_tokens,
                    counted.reasoning_tokens,
                    counted.total_tokens,
                )
            ),
            chat_id,
            storable(turn_id),
        ),
    )


def items(
    connection: sqlite3.Connection, chat_id: str, *, skip: int, count: int | None
) -> tuple[Item, ...]:
    """Items in order, from the one after the first `skip`; all of them where `count` is None."""
    found = connection.execute(
        """
        SELECT id, turn_id, kind, value FROM items WHERE chat_id = ?
        ORDER BY place LIMIT ? OFFSET ?
        """,
        (chat_id, -1 if count is None else count, skip),
    )
    return tuple(decode_item(*row) for row in found)


def count_items(connection: sqlite3.Connection, chat_id: str) -> int:
    """How many items a chat has."""
    found = connection.execute("SELECT count(*) FROM items WHERE chat_id = ?", (chat_id,))
    return int(found.fetchone()[0])


def queue(connection: sqlite3.Connection, chat_id: str) -> tuple[QueuedMessage, ...]:
    """Messages that wait, first to be sent first."""
    found = connection.execute(
        "SELECT id, value FROM queued WHERE chat_id = ? ORDER BY number", (chat_id,)
    )
    return tuple(decode_queued(*row) for row in found)


def put_queued(connection: sqlite3.Connection, chat_id: str, message: QueuedMessage) -> None:
    """Put a message last, or in its place where it is there already."""
    connection.execute(
        """
        INSERT INTO queued (chat_id, id, value) VALUES (?, ?, ?)
        ON CONFLICT (chat_id, id) DO UPDATE SET value = excluded.value
        """,
        (chat_id, storable(message.id), encode_queued(message)),
    )


def drop_queued(connection: sqlite3.Connection, chat_id: str, queued_id: str) -> bool:
    """Take a message out; False where it was gone."""
    changed = connection.execute(
        "DELETE FROM queued WHERE chat_id = ? AND id = ?", (chat_id, storable(queued_id))
    )
    return bool(changed.rowcount)
