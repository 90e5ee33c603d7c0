"""Messages that wait for a time: each is sent by itself, once, by the program that holds it."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from services.chat.record import Collaborators
from services.chat.state import ChatState
from services.models.chat import QueuedMessage

LOOK: Final = 30.0
"""Seconds between two looks at the clock: no sleep knows that the machine was asleep, or its clock
set."""
MARGIN: Final = (2.0, 8.0)
"""Seconds by which a message goes later than its time: no reset is exact to the second, and not
everybody shall come at once."""


class Waiting:
    """Knows when messages of open chats are due.

    Args:
        having: What every turn works with.
        group: Entered by whoever owns it.
        send: Called when a message is due.
        rng: Chooses the margin.
    """

    def __init__(
        self,
        having: Collaborators,
        group: asyncio.TaskGroup,
        send: Callable[[ChatState, str], Awaitable[None]],
        rng: random.Random | None = None,
    ) -> None:
        self._having = having
        self._group = group
        self._send = send
        self._rng = rng or random.Random()  # noqa: S311 spreads programs
        self._naps: dict[str, asyncio.Task[None]] = {}

    def watch(self, state: ChatState) -> None:
        """Send what this program holds when its time comes, but not what is over its time."""
        now = self._having.clock.now()
        for message in state.queue:
            if (
                message.not_before is not None
                and message.not_before > now
                and message.id not in self._naps
                and self._having.store.held.is_ours(message)
            ):
                self.watch_one(state, message, message.not_before)

    def watch_one(self, state: ChatState, message: QueuedMessage, not_before: float) -> None:
        """Send this one when its time comes, which may be now.

        Args:
            state: Which chat.
            message: Which message.
            not_before: Unix seconds.
        """
        due_at = not_before + self._rng.uniform(*MARGIN)
        nap = self._group.create_task(self._sleep(state, message.id, due_at))
        self._naps[message.id] = nap

    def leave(self) -> None:
        """Send nothing more."""
        for nap in self._naps.values():
            nap.cancel()

    async def _sleep(self, state: ChatState, queued_id: str, due_at: float) -> None:
        clock = self._having.clock
        try:
            while (left := due_at - clock.now()) > 0:
                await clock.sleep(min(left, LOOK))
                if all(each.id != queued_id for each in state.queue):
                    return
        finally:
            del self._naps[queued_id]
        # On its own, since leaving cancels whoever sleeps, and no write shall be cut in two.
        self._group.create_task(self._due(state, queued_id))

    async def _due(self, state: ChatState, queued_id: str) -> None:
        await self._send(state, queued_id)
