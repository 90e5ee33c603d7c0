"""Queued messages that wait for a time, each held by the one program that sends it then."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace

from services.models.chat import QueuedMessage
from services.store import rows
from services.store.database import Database
from services.store.owners import Program


class HeldMessages:
    """Messages with a `not_before`. Every call may raise `StorageError`.

    Args:
        database: Where; in memory or in a file.
        program: This one.
    """

    def __init__(self, database: Database, program: Program) -> None:
        self._database = database
        self._program = program

    def is_ours(self, message: QueuedMessage) -> bool:
        """Whether it waits, and this program holds it."""
        return message.not_before is not None and message.holder == self._program.name

    def ours(self, message: QueuedMessage) -> QueuedMessage:
        """The same, held by this program."""
        return replace(message, holder=self._program.name)

    async def left_behind(self) -> tuple[str, ...]:
        """Ids of the chats in which something waits that a program held that is gone."""

        def work(connection: sqlite3.Connection) -> tuple[str, ...]:
            ids = connection.execute("SELECT DISTINCT chat_id FROM queued ORDER BY chat_id")
            return tuple(
                chat_id
                for (chat_id,) in ids.fetchall()
                if any(self._is_left_behind(each) for each in rows.queue(connection, chat_id))
            )

        return await self._database.read(work)

    def _is_left_behind(self, message: QueuedMessage) -> bool:
        return message.not_before is not None and not self._program.is_alive(message.holder)

    async def take_over(self, chat_id: str) -> tuple[QueuedMessage, ...]:
        """Hold what a program held that is gone; the whole queue as it is then."""

        def work(connection: sqlite3.Connection) -> tuple[QueuedMessage, ...]:
            for message in rows.queue(connection, chat_id):
                if self._is_left_behind(message):
                    rows.put_queued(connection, chat_id, self.ours(message))
            return rows.queue(connection, chat_id)

        return await self._database.run(work)

    async def hold(
        self, chat_id: str, queued_id: str, change: Callable[[QueuedMessage], QueuedMessage]
    ) -> QueuedMessage | None:
        """Let a message wait for a time, or for another one, held by this program.

        Args:
            chat_id: Which chat.
            queued_id: Which message.
            change: Gives it the time; called with the message as it is on disk.

        Returns:
            The message as it is now; None where it was sent or taken out, or another program
            holds it.
        """

        def work(connection: sqlite3.Connection) -> QueuedMessage | None:
            waiting = {message.id: message for message in rows.queue(connection, chat_id)}
            message = waiting.get(queued_id)
            if message is None or (message.not_before is not None and not self.is_ours(message)):
                return None
            held = self.ours(change(message))
            rows.put_queued(connection, chat_id, held)
            return held

        return await self._database.run(work)

    async def release(
        self, chat_id: str, queued_id: str, *, is_forced: bool = False
    ) -> QueuedMessage | None:
        """Let a message wait for nothing but its turn, from now on.

        Args:
            chat_id: Which chat.
            queued_id: Which message.
            is_forced: Whoever holds it.

        Returns:
            The message as it is now; None where it was sent or taken out, or is not ours to send.
        """

        def work(connection: sqlite3.Connection) -> QueuedMessage | None:
            waiting = {message.id: message for message in rows.queue(connection, chat_id)}
            message = waiting.get(queued_id)
            if message is None or not (is_forced or self.is_ours(message)):
                return None
            free = replace(message, not_before=None, holder="")
            rows.put_queued(connection, chat_id, free)
            return free

        return await self._database.run(work)
