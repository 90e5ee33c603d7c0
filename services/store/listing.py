"""Finding chats: the list, and names that people type."""

import sqlite3
from typing import Final

from services.errors import UsageError
from services.models.chat import ChatSummary
from services.store.rows import SUMMARY, no_chat, summary

SHORTEST_PREFIX: Final = 6
"""Characters of an id that may stand for the whole."""

_FILTER: Final = """
    WHERE (archived_at IS NOT NULL) = :archived AND (
        :pattern = '%%' OR title LIKE :pattern ESCAPE '\\' OR EXISTS (
            SELECT 1 FROM items WHERE chat_id = chats.id AND
                CASE WHEN json_valid(value) THEN json_extract(value, '$.text') END
                    LIKE :pattern ESCAPE '\\'
        )
    )
    ORDER BY updated_at DESC, rowid DESC LIMIT :limit
    """
_LISTED: Final = f"{SUMMARY}{_FILTER}"
_NAMED: Final = """
    SELECT id FROM chats
    WHERE id = :name
        OR length(:name) >= :shortest AND substr(id, 1, length(:name)) = :name
    ORDER BY id = :name DESC LIMIT 2
"""


def find(
    connection: sqlite3.Connection, *, limit: int, query: str, is_archived: bool
) -> tuple[ChatSummary, ...]:
    """Chats whose title, messages or replies hold `query`, newest first."""
    pattern = "".join(f"\\{letter}" if letter in "\\%_" else letter for letter in query)
    names = {"archived": is_archived, "pattern": f"%{pattern}%", "limit": limit}
    return tuple(map(summary, connection.execute(_LISTED, names)))


def resolve(connection: sqlite3.Connection, name: str) -> str:
    """The id that an id, or the beginning of one, names.

    Raises:
        NotFoundError: No chat is named like that.
        UsageError: Several are.
    """
    found = connection.execute(_NAMED, {"name": name, "shortest": SHORTEST_PREFIX})
    ids: list[str] = [row[0] for row in found]
    if not ids:
        raise no_chat(name)
    if len(ids) > 1 and ids[0] != name:
        raise UsageError(f"Several chats begin with {name!r}", next_step="Give more of the id")
    return ids[0]
