"""What limits say before a turn begins, and messages that do not go before the user says so.

Rules: docs/chat.md.
"""

import asyncio
import logging
from functools import partial
from typing import Final

from services.chat.ports import Limits
from services.chat.queue import Queue
from services.chat.resets import for_window
from services.chat.shelf import Shelf
from services.chat.state import ChatState
from services.chat.waiting import Waiting
from services.clock import Clock
from services.models.limit_history import PreSend

PATIENCE: Final = 0.1
"""Seconds that a turn waits at most for what limits have to say."""
_log = logging.getLogger(__name__)


class Asking:
    """Stops a queue before a message that a limit probably cuts off. Callers hold the chat's lock.

    Args:
        clock: Time.
        shelf: The open chats.
        queue: What waits in them.
        waiting: Sends what waits for a time.
    """

    def __init__(self, clock: Clock, shelf: Shelf, queue: Queue, waiting: Waiting) -> None:
        self._clock = clock
        self._shelf = shelf
        self._queue = queue
        self._waiting = waiting
        self.limits: Limits | None = None
        """What is known of them; None where nobody could answer."""

    async def stops(self, state: ChatState) -> bool:
        """Whether the next message of a queue does not go yet, which is told."""
        if self.limits is None or not self._queue.has_next(state):
            return False
        state.asked = await look(self.limits, self._clock, state.id)
        if state.asked is None:
            return False
        self._shelf.set_queue(state, state.queue)
        return True

    def end(self, state: ChatState) -> None:
        """Ask no more; the queue stays as it is."""
        if state.asked is not None:
            state.asked = None
            self._shelf.set_queue(state, state.queue)

    async def hold(self, state: ChatState) -> None:
        """Let all that waits for its turn only wait for the limit that was asked about."""
        asked = state.asked
        if asked is None or asked.resets_at is None:
            return
        for message in state.queue:
            if message.not_before is None:
                change = partial(for_window, asked=asked)
                held = await self._queue.hold(state, message.id, change)
                if held is not None:
                    self._waiting.watch_one(state, held)
        self.end(state)


async def look(limits: Limits, clock: Clock, chat_id: str) -> PreSend | None:
    """What the next turn of a chat costs, where that is more than is left.

    None where it fits, and where limits are not read in time or at all.
    """
    looking = asyncio.ensure_future(limits.before_send(chat_id))
    patience = asyncio.ensure_future(clock.sleep(PATIENCE))
    try:
        await asyncio.wait({looking, patience}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        patience.cancel()
        looking.cancel()
        looking.add_done_callback(_let_go)
    if not looking.done():
        _log.info("limits were not read in time before sending")
        return None
    failure = looking.exception()
    if failure is not None:
        _log.warning("limits cannot be read before sending: %s", type(failure).__name__)
        return None
    return looking.result()


def _let_go(task: "asyncio.Future[PreSend | None]") -> None:
    """Take note of an error that interests nobody any more."""
    if not task.cancelled():
        task.exception()
