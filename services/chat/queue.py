"""Messages that wait: put in, changed, taken out. Callers hold the chat's lock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.chat import attachments as files
from services.chat.record import Collaborators
from services.chat.shelf import Shelf
from services.chat.state import ChatState
from services.errors import NotFoundError, StorageError, UsageError
from services.events import ServiceFailed
from services.models.chat import QueuedMessage, UserMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that waits no more: the store has it as the first item of a turn."""

    message: UserMessage
    raw: Mapping[str, Any]
    schema: Mapping[str, Any] | None


class Queue:
    """The queues of all open chats."""

    def __init__(self, having: Collaborators, shelf: Shelf) -> None:
        self._having = having
        self._shelf = shelf

    def has_next(self, state: ChatState) -> bool:
        """Whether a message waits for its turn only."""
        return any(each.not_before is None for each in state.queue)

    async def put(
        self, state: ChatState, message: QueuedMessage, schema: Mapping[str, Any] | None = None
    ) -> None:
        """Put a message last."""
        if schema is not None:
            state.schemas[message.id] = schema
        await self._having.keeper.keep(self._having.store.enqueue(state.id, message))
        self._shelf.set_queue(state, (*state.queue, message))

    async def edit(self, state: ChatState, queued_id: str, text: str) -> None:
        """Change a message; nothing happens if it was sent meanwhile."""
        for each in state.queue:
            if each.id == queued_id:
                having = self._having
                await having.keeper.keep(having.store.update_queued(state.id, queued_id, text))
                self._change(state, queued_id, replace(each, text=text))

    async def remove(self, state: ChatState, queued_id: str) -> None:
        """Take a message out; nothing happens if it was sent meanwhile."""
        if any(each.id == queued_id for each in state.queue):
            await self._having.keeper.keep(self._having.store.remove_queued(state.id, queued_id))
            self._change(state, queued_id, None)

    async def give_back(self, state: ChatState) -> tuple[QueuedMessage, ...]:
        """Take all out, but for what another program holds; in order.

        What would run a turn again is not given back: its message was sent.
        """
        having = self._having
        returned = tuple(
            each
            for each in state.queue
            if each.not_before is None or having.store.held.is_ours(each)
        )
        for message in returned:
            await having.keeper.keep(having.store.remove_queued(state.id, message.id))
        if returned:
            self._shelf.set_queue(state, tuple(e for e in state.queue if e not in returned))
        return tuple(each for each in returned if not each.retries)

    async def hold(
        self,
        state: ChatState,
        queued_id: str,
        change: Callable[[QueuedMessage], QueuedMessage],
    ) -> QueuedMessage | None:
        """Let a message wait for a time, or for another one; None where it is not ours to send.

        Args:
            state: Which chat.
            queued_id: Which message.
            change: Gives it the time.
        """
        known = next((each for each in state.queue if each.id == queued_id), None)
        if known is None:
            return None
        having = self._having
        held: QueuedMessage | None = having.store.held.ours(change(known))
        if not having.keeper.has_failed:
            try:
                held = await having.store.held.hold(state.id, queued_id, change)
            except StorageError as error:
                having.keeper.tell(error)
        self._change(state, queued_id, held)
        return held

    async def release(self, state: ChatState, queued_id: str, *, is_forced: bool = False) -> bool:
        """Let a message wait for its turn only; False where it is not there, or not ours to send.

        Args:
            state: Which chat.
            queued_id: Which message.
            is_forced: Whoever holds it.
        """
        known = next((each for each in state.queue if each.id == queued_id), None)
        if known is None:
            return False
        having = self._having
        free: QueuedMessage | None = replace(known, not_before=None, holder="")
        if not having.keeper.has_failed:
            try:
                free = await having.store.held.release(state.id, queued_id, is_forced=is_forced)
            except StorageError as error:
                having.keeper.tell(error)
        self._change(state, queued_id, free)
        return free is not None

    async def take_over(self, state: ChatState) -> None:
        """Hold what a program held that is gone."""
        having = self._having
        if having.keeper.has_failed or not state.is_stored:
            return
        # As it is on disk: another program may have put something in.
        queue = await having.keeper.keep(having.store.held.take_over(state.id))
        if queue is not None and queue != state.queue:
            self._shelf.set_queue(state, queue)

    async def take_next(self, state: ChatState) -> Taken | str | None:
        """The first message that waits for its turn only, or the id of a turn to be run again.

        None where there is none to be sent.
        """
        while self.has_next(state):
            queued = next(each for each in state.queue if each.not_before is None)
            if queued.retries:
                await self.remove(state, queued.id)
                return queued.retries
            try:
                raw = await files.message(queued.text, queued.attachments)
            except UsageError as error:
                self._having.bus.publish(ServiceFailed(failure=error.failure))
                return None
            message = self._shelf.message(queued.text, queued.attachments)
            is_ours = await self._take(state, queued, message, raw)
            self._change(state, queued.id, None)
            if is_ours:
                schema = state.schemas.pop(queued.id, None)
                return Taken(message=message, raw=raw, schema=schema)
        return None

    async def _take(
        self,
        state: ChatState,
        queued: QueuedMessage,
        message: UserMessage,
        raw: Mapping[str, Any],
    ) -> bool:
        """Whether it still waited, and no other process has sent it."""
        having = self._having
        if having.keeper.has_failed:
            return True
        try:
            await having.store.take_queued(state.id, queued.id, message, raw)
        except NotFoundError:
            return False
        except StorageError as error:
            having.keeper.tell(error)
        return True

    def _change(self, state: ChatState, queued_id: str, new: QueuedMessage | None) -> None:
        """Know and tell another version of a message; None where it waits no more."""
        changed = (new if each.id == queued_id else each for each in state.queue)
        self._shelf.set_queue(state, tuple(each for each in changed if each is not None))
