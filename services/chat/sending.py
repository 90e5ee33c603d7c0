"""What goes next in a chat: after a turn, when its time has come, or once more.

Callers hold the chat's lock. Rules: docs/chat.md.
"""

import asyncio
from dataclasses import replace

from services.chat.asking import Asking
from services.chat.queue import Queue, Taken
from services.chat.record import Collaborators
from services.chat.resets import Sight
from services.chat.runner import Runner
from services.chat.shelf import Shelf
from services.chat.state import ChatState, LastTurn
from services.chat.waiting import Waiting
from services.errors import UsageError
from services.events import ItemsDropped
from services.models.chat import QueuedMessage


class Sending:
    """Sends what waits, and runs turns again.

    Args:
        having: What every turn works with.
        shelf: The open chats.
        group: Entered by whoever owns it.
    """

    def __init__(self, having: Collaborators, shelf: Shelf, group: asyncio.TaskGroup) -> None:
        self._having = having
        self._shelf = shelf
        self.runner = Runner(having, shelf, group, self._go_on)
        self.queue = Queue(having, shelf)
        self.waiting = Waiting(having, group, self._send_due, self._move)
        self.asking = Asking(having.clock, shelf, self.queue, self.waiting)
        self._is_leaving = False

    def leave(self) -> None:
        """Send nothing more by itself."""
        self._is_leaving = True
        self.waiting.leave()

    async def put(self, state: ChatState, message: QueuedMessage) -> QueuedMessage:
        """Put a message last that this program sends when its time comes."""
        held = self._having.store.held.ours(message)
        await self.queue.put(state, held)
        self.waiting.watch_one(state, held)
        return held

    async def broken(self, state: ChatState) -> LastTurn:
        """The last turn of a chat, if it can be run again.

        Raises:
            UsageError: There is no such turn.
        """
        if state.turn is not None:
            raise UsageError("The turn is still running", next_step="Interrupt it first")
        last = state.last or await self._shelf.find_last(state)
        if last is None or not last.can_be_retried:
            raise UsageError("There is nothing to try again")
        return last

    async def retry(self, state: ChatState, last: LastTurn) -> None:
        """Run a turn again: what it had brought is taken away."""
        self.asking.end(state)
        keep, store = self._having.keeper.keep, self._having.store
        for each in state.queue:
            if each.retries == last.message.turn_id:
                await self.queue.remove(state, each.id)
        if last.item_ids:
            gone = tuple(last.item_ids)
            await keep(store.remove_items(state.id, gone))
            self._having.bus.publish(ItemsDropped(chat_id=state.id, item_ids=gone))
        if not await self._shelf.refresh_history(state):
            del state.history[last.start :]
        self.runner.start(
            state,
            LastTurn(message=last.message, start=last.start, schema=last.schema, is_again=True),
        )

    async def _go_on(self, state: ChatState) -> None:
        """Send what waits after a turn, or ask whether to."""
        if not self._is_leaving and not await self.asking.stops(state):
            await self.send_next(state)

    async def send_next(self, state: ChatState) -> None:
        """Send the first message that waits for its turn only."""
        while not self._is_leaving and (taken := await self.queue.take_next(state)) is not None:
            if isinstance(taken, Taken):
                await self.runner.begin(state, taken.message, taken.raw, taken.schema)
            else:
                try:
                    last = await self.broken(state)
                except UsageError:
                    continue
                if last.message.turn_id != taken:
                    continue
                await self.retry(state, last)
            if self._is_leaving and state.turn is not None:
                # Too late to be among those that leaving interrupts.
                state.turn.interrupt()
            return

    async def _send_due(self, state: ChatState, queued_id: str) -> None:
        """Send a message whose time has come, after the turn that may be running.

        What stands before it and waits for the same goes before it.
        """
        async with state.lock:
            due = next((each for each in state.queue if each.id == queued_id), None)
            if self._is_leaving or due is None or due.not_before is None:
                return
            for each in state.queue:
                is_alike = (each.window_id, each.not_before) == (due.window_id, due.not_before)
                if each is due or (is_alike and self.waiting.is_watching(each)):
                    await self.queue.release(state, each.id)
                if each is due:
                    break
            if state.turn is None and state.asked is None:
                await self.send_next(state)

    async def _move(self, state: ChatState, queued_id: str, seen: Sight) -> None:
        """Let a message wait for the time at which its window begins anew by now."""
        async with state.lock:
            await self.queue.hold(
                state,
                queued_id,
                lambda message: replace(message, not_before=seen.resets_at, period=seen.period),
            )
