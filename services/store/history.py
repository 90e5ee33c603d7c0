"""Wire items of chats, each read from its row once though every request needs them all."""

import sqlite3
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.store.encoding import decode_raw, storable

KEPT: Final = 4
"""Chats whose items stay in memory."""


def _no_places() -> list[int]:
    return []


def _no_items() -> list[Mapping[str, Any]]:
    return []


@dataclass(slots=True)
class _Known:
    version: int
    """Of the database, when no other process had changed anything that is not known here."""
    places: list[int] = field(default_factory=_no_places)
    items: list[Mapping[str, Any]] = field(default_factory=_no_items)
    """As many as `places`, in order."""


class Histories:
    """Reads histories, inside a transaction of the caller; a damaged item is left out.

    What this process appends is found by its place. What it changes or removes must be told by
    `forget` or `drop`; what another process does is seen at SQLite's `data_version`.
    """

    def __init__(self) -> None:
        self._chats: dict[str, _Known] = {}

    def read(self, connection: sqlite3.Connection, chat_id: str) -> tuple[Mapping[str, Any], ...]:
        """Wire items in order; those that were read before are the same objects."""
        version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        known = self._chats.pop(chat_id, None)
        if known is None or known.version != version:
            known = _Known(version)
        found = connection.execute(
            """
            SELECT place, raw FROM items WHERE chat_id = ? AND place > ? AND raw IS NOT NULL
            ORDER BY place
            """,
            (chat_id, known.places[-1] if known.places else -1),
        )
        for place, raw in found:
            item = decode_raw(raw)
            if item is not None:
                known.places.append(place)
                known.items.append(item)
        self._chats[chat_id] = known
        if len(self._chats) > KEPT:
            del self._chats[next(iter(self._chats))]
        return tuple(known.items)

    def forget(self, connection: sqlite3.Connection, chat_id: str, item_id: str) -> None:
        """Read anew from this item on; called before it is changed or removed."""
        known = self._chats.get(chat_id)
        if known is None:
            return
        row = connection.execute(
            "SELECT place FROM items WHERE chat_id = ? AND id = ?", (chat_id, storable(item_id))
        ).fetchone()
        if row is not None:
            index = bisect_left(known.places, row[0])
            del known.places[index:], known.items[index:]

    def drop(self, chat_id: str) -> None:
        """Read the whole chat anew."""
        self._chats.pop(chat_id, None)
