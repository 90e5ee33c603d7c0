"""Chats on disk: items as they end, drafts and queue before anything is sent."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.clock import Clock
from services.errors import NotFoundError
from services.models.chat import (
    Chat,
    ChatSummary,
    Item,
    QueuedMessage,
    TurnStatus,
    Usage,
    UserMessage,
)
from services.store import listing, prompts, rows
from services.store.database import Database
from services.store.encoding import storable
from services.store.forking import fork
from services.store.held import HeldMessages
from services.store.history import Histories
from services.store.owners import Program


class ChatStore:
    """Keeps chats. Every call may raise `StorageError`; what it returned from is kept.

    Args:
        database: Where; in memory or in a file.
        clock: For the times of chats and turns.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._program = Program()
        self.held = HeldMessages(database, self._program)
        """The part that knows messages which wait for a time."""
        self._histories = Histories()
        """Of the database's thread."""

    async def create(
        self, *, chat_id: str, model: str | None, effort: str | None, provider: str | None
    ) -> ChatSummary:
        """Make a chat without turns; one that exists already stays as it is."""
        now = self._clock.now()

        def work(connection: sqlite3.Connection) -> ChatSummary:
            connection.execute(
                """
                INSERT INTO chats (id, model, effort, provider, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
                """,
                (chat_id, *map(_column, (model, effort, provider)), now, now),
            )
            return rows.find_summary(connection, chat_id)

        return await self._database.run(work)

    async def summaries(
        self, *, limit: int = 200, query: str = "", is_archived: bool = False
    ) -> tuple[ChatSummary, ...]:
        """Rows of the chat list, newest first.

        Args:
            limit: How many at most.
            query: Text that the title, a message or a reply holds, in upper or lower case (ASCII).
            is_archived: The archived ones instead of the others.
        """
        return await self._database.read(
            lambda connection: listing.find(
                connection, limit=limit, query=storable(query), is_archived=is_archived
            )
        )

    async def resolve(self, name: str) -> str:
        """The id of the chat that an id, or the beginning of one, names.

        Raises:
            NotFoundError: No chat is named like that.
            UsageError: Several are.
        """
        return await self._database.read(
            lambda connection: listing.resolve(connection, storable(name.strip()))
        )

    async def last(self) -> ChatSummary | None:
        """The chat that was used last, if there is one."""
        found = await self.summaries(limit=1)
        return found[0] if found else None

    async def load(self, chat_id: str, newest: int | None = None) -> Chat:
        """A chat with its `newest` items, all of them where that is None.

        Raises:
            NotFoundError: There is no such chat.
        """

        def work(connection: sqlite3.Connection) -> Chat:
            summary = rows.find_summary(connection, chat_id)
            earlier = 0
            if newest is not None:
                earlier = max(0, rows.count_items(connection, chat_id) - newest)
            draft = connection.execute("SELECT draft FROM chats WHERE id = ?", (chat_id,))
            context = connection.execute(
                """
                SELECT total_tokens FROM turns WHERE chat_id = ? AND total_tokens IS NOT NULL
                ORDER BY number DESC LIMIT 1
                """,
                (chat_id,),
            ).fetchone()
            return Chat(
                summary=summary,
                items=rows.items(connection, chat_id, skip=earlier, count=newest),
                earlier=earlier,
                draft=draft.fetchone()[0],
                queue=rows.queue(connection, chat_id),
                context_tokens=context[0] if context else None,
            )

        return await self._database.read(work)

    async def load_earlier(self, chat_id: str, *, before: int, count: int) -> tuple[Item, ...]:
        """The `count` items that end where the first known one begins.

        Args:
            chat_id: Which chat.
            before: How many items stand before the first known one (`Chat.earlier`).
            count: How many to read at most.
        """
        skip = max(0, before - count)
        return await self._database.read(
            lambda connection: rows.items(connection, chat_id, skip=skip, count=before - skip)
        )

    async def history(self, chat_id: str) -> tuple[Mapping[str, Any], ...]:
        """Wire items in order, for the next request; nobody may change them."""
        return await self._database.read(
            lambda connection: self._histories.read(connection, chat_id)
        )

    async def append_item(
        self, chat_id: str, item: Item, raw: Mapping[str, Any] | None, *, turn_id: str
    ) -> None:
        """Keep an item that is whole, after all others; its turn runs until `end_turn`.

        Args:
            chat_id: Which chat.
            item: What is shown; of an id that is there already, it takes that one's place.
            raw: What goes into the history; None for nothing.
            turn_id: Which turn it belongs to.
        """

        def work(connection: sqlite3.Connection) -> None:
            self._append(connection, chat_id, item, raw, turn_id)

        await self._database.run(work)

    async def replace_item(self, chat_id: str, item: Item, raw: Mapping[str, Any] | None) -> None:
        """Keep another version of an item, in its place."""
        await self._write(chat_id, lambda found: self._put(found, chat_id, item, raw))

    async def remove_items(self, chat_id: str, ids: Sequence[str]) -> None:
        """Take items out, and what they had put into the history."""

        def work(connection: sqlite3.Connection) -> None:
            for item_id in ids:
                self._histories.forget(connection, chat_id, item_id)
            connection.executemany(
                "DELETE FROM items WHERE chat_id = ? AND id = ?",
                [(chat_id, storable(item_id)) for item_id in ids],
            )

        await self._database.run(work)

    async def end_turn(
        self,
        chat_id: str,
        turn_id: str,
        *,
        status: TurnStatus,
        usage: Usage | None,
        model: str | None,
    ) -> None:
        """Keep how a turn ended."""
        now = self._clock.now()
        await self._write(
            chat_id,
            lambda found: rows.end_turn(
                found, chat_id, turn_id, status=status, usage=usage, model=model, now=now
            ),
        )

    async def interrupted_turn(self, chat_id: str) -> str | None:
        """The newest turn, if it runs and nobody is left to end it: the program was killed."""

        def work(connection: sqlite3.Connection) -> tuple[str, str, str] | None:
            return connection.execute(
                "SELECT id, status, owner FROM turns WHERE chat_id = ? ORDER BY number DESC",
                (chat_id,),
            ).fetchone()

        found = await self._database.read(work)
        if found is None or found[1] != rows.RUNNING or self._program.is_alive(found[2]):
            return None
        return found[0]

    async def save_draft(self, chat_id: str, text: str) -> None:
        """Keep what is typed and not sent."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE chats SET draft = ? WHERE id = ?", (storable(text), chat_id))

        await self._database.run(work)

    async def queue(self, chat_id: str) -> tuple[QueuedMessage, ...]:
        """Messages that wait, first to be sent first."""
        return await self._database.read(lambda connection: rows.queue(connection, chat_id))

    async def enqueue(self, chat_id: str, message: QueuedMessage) -> None:
        """Put a message last."""
        await self._write(chat_id, lambda found: rows.put_queued(found, chat_id, message))

    async def update_queued(self, chat_id: str, queued_id: str, text: str) -> None:
        """Change the text of a message that waits.

        Raises:
            NotFoundError: It does not wait any more.
        """

        def work(connection: sqlite3.Connection) -> None:
            waiting = {message.id: message for message in rows.queue(connection, chat_id)}
            message = waiting.get(queued_id)
            if message is None:
                raise _not_waiting()
            rows.put_queued(connection, chat_id, replace(message, text=text))

        await self._database.run(work)

    async def remove_queued(self, chat_id: str, queued_id: str) -> None:
        """Take a message out, if it still waits."""

        def work(connection: sqlite3.Connection) -> None:
            rows.drop_queued(connection, chat_id, queued_id)

        await self._database.run(work)

    async def take_queued(
        self, chat_id: str, queued_id: str, message: UserMessage, raw: Mapping[str, Any]
    ) -> None:
        """Make a message that waits the one that is sent: in the queue or in the items, never both.

        Raises:
            NotFoundError: It does not wait any more; nothing was changed.
        """

        def work(connection: sqlite3.Connection) -> None:
            if not rows.drop_queued(connection, chat_id, queued_id):
                raise _not_waiting()
            self._append(connection, chat_id, message, raw, message.turn_id)

        await self._database.run(work)

    async def set_title(self, chat_id: str, title: str) -> None:
        """Name a chat."""
        await self._set(chat_id, "UPDATE chats SET title = ? WHERE id = ?", title)

    async def set_model(self, chat_id: str, *, model: str | None, effort: str | None) -> None:
        """Keep what the user chose."""
        await self._set(
            chat_id, "UPDATE chats SET model = ?, effort = ? WHERE id = ?", model, effort
        )

    async def archive(self, chat_id: str, *, is_archived: bool = True) -> None:
        """Take a chat off the list, or put it back."""
        at = self._clock.now() if is_archived else None
        await self._set(chat_id, "UPDATE chats SET archived_at = ? WHERE id = ?", at)

    async def delete(self, chat_id: str) -> None:
        """Take a chat away for good.

        Raises:
            NotFoundError: There is no such chat.
        """

        def work(connection: sqlite3.Connection) -> None:
            self._histories.drop(chat_id)
            connection.execute("DELETE FROM chats WHERE id = ?", (chat_id,))

        await self._write(chat_id, work)

    async def remember_prompt(self, text: str) -> None:
        """Add to the prompts that the composer offers again; each text stands there once."""
        now = self._clock.now()

        def work(connection: sqlite3.Connection) -> None:
            prompts.remember(connection, storable(text), now)

        if text.strip():
            await self._database.run(work)

    async def prompts(self, limit: int = 500) -> tuple[str, ...]:
        """The newest prompts, the newest of them last."""
        return await self._database.read(lambda connection: prompts.newest(connection, limit))

    async def fork(self, chat_id: str, *, before_item: str, new_id: str) -> Chat:
        """A new chat with a copy of all that stands before an item.

        Raises:
            NotFoundError: There is no such chat or item.
        """
        now = self._clock.now()

        def work(connection: sqlite3.Connection) -> None:
            fork(connection, chat_id, before_item=before_item, new_id=new_id, now=now)

        await self._database.run(work)
        return await self.load(new_id)

    def _append(
        self,
        connection: sqlite3.Connection,
        chat_id: str,
        item: Item,
        raw: Mapping[str, Any] | None,
        turn_id: str,
    ) -> None:
        now = self._clock.now()
        rows.touch(connection, chat_id, now)
        rows.begin_turn(connection, chat_id, turn_id, self._program.name, now)
        self._put(connection, chat_id, item, raw)

    def _put(
        self,
        connection: sqlite3.Connection,
        chat_id: str,
        item: Item,
        raw: Mapping[str, Any] | None,
    ) -> None:
        self._histories.forget(connection, chat_id, item.id)
        rows.put_item(connection, chat_id, item, raw)

    async def _set(self, chat_id: str, statement: str, *values: str | float | None) -> None:
        columns = [storable(value) if isinstance(value, str) else value for value in values]
        await self._write(
            chat_id, lambda connection: connection.execute(statement, (*columns, chat_id))
        )

    async def _write(self, chat_id: str, work: Callable[[sqlite3.Connection], object]) -> None:
        """Do `work` on a chat that exists."""

        def checked(connection: sqlite3.Connection) -> None:
            rows.find_summary(connection, chat_id)
            work(connection)

        await self._database.run(checked)


def _column(value: str | None) -> str | None:
    return None if value is None else storable(value)


def _not_waiting() -> NotFoundError:
    return NotFoundError("This message does not wait any more")
