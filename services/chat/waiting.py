"""Messages that wait for a time: each is sent by itself, once, by the program that holds it.

One that waits for a limit goes with that limit: docs/chat.md.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from services.chat.ports import Limits
from services.chat.record import Collaborators
from services.chat.resets import UNKNOWN, Sight, sight
from services.chat.state import ChatState
from services.errors import ServiceError
from services.models.chat import QueuedMessage

LOOK: Final = 30.0
"""Seconds between two looks at the clock and the limit: no sleep knows that the machine was asleep,
its clock set, or a reset moved."""
MARGIN: Final = (2.0, 8.0)
"""Seconds by which a message goes later than its time: no reset is exact to the second, and not
everybody shall come at once."""
UNCONFIRMED: Final = 90.0
"""Seconds after its time for which a message waits for a word that the window began anew: by then
two polls have been made, or they fail."""
AGAIN: Final = 10.0
"""Seconds between two looks meanwhile."""


class Waiting:
    """Knows when messages of open chats are due.

    Args:
        having: What every turn works with.
        group: Entered by whoever owns it.
        send: Called when a message is due.
        move: Called when the reset that a message waits for is at another time.
        rng: Chooses the margin.
    """

    def __init__(
        self,
        having: Collaborators,
        group: asyncio.TaskGroup,
        send: Callable[[ChatState, str], Awaitable[None]],
        move: Callable[[ChatState, str, Sight], Awaitable[None]],
        rng: random.Random | None = None,
    ) -> None:
        self._having = having
        self._group = group
        self._send = send
        self._move = move
        self._rng = rng or random.Random()  # noqa: S311 spreads programs
        self._naps: dict[str, asyncio.Task[None]] = {}
        """One a message."""
        self._has_left = False
        self.limits: Limits | None = None
        """What is known of them; None where times alone count."""
        self.since = float("inf")
        """When this program began to send what others left behind, in Unix seconds."""

    def watch(self, state: ChatState) -> None:
        """Send what this program holds when its time comes, or came while it was there.

        What was over its time before stays.
        """
        since = min(self.since, self._having.clock.now())
        for message in state.queue:
            if (
                message.not_before is not None
                and message.not_before > since
                and message.id not in self._naps
                and self._having.store.held.is_ours(message)
            ):
                self.watch_one(state, message)

    def watch_one(self, state: ChatState, message: QueuedMessage) -> None:
        """Send this one, which is in the queue, when its time comes; that may be now."""
        if self._has_left:
            return
        if (earlier := self._naps.get(message.id)) is not None:
            # It waited before, was let go and waits again; its old nap may not have noticed.
            earlier.cancel()
        nap = self._naps[message.id] = self._group.create_task(self._sleep(state, message.id))

        def forget(_: asyncio.Task[None]) -> None:
            if self._naps.get(message.id) is nap:
                del self._naps[message.id]

        nap.add_done_callback(forget)

    def is_watching(self, message: QueuedMessage) -> bool:
        """Whether this one will be sent when its time comes."""
        return message.id in self._naps

    def leave(self) -> None:
        """Send nothing more."""
        self._has_left = True
        for nap in self._naps.values():
            nap.cancel()

    async def _sleep(self, state: ChatState, queued_id: str) -> None:
        clock, margin = self._having.clock, self._rng.uniform(*MARGIN)
        open_since = float("inf")
        while (message := _found(state, queued_id)) is not None:
            assert message.not_before is not None
            seen = self._look(message)
            if seen.resets_at is not None:
                await self._moved(state, queued_id, seen)
                continue
            now = clock.now()
            open_since = min(open_since, now) if seen.is_open else float("inf")
            left = min(message.not_before, open_since) + margin - now
            if left <= 0.0:
                if not seen.is_full or now >= message.not_before + UNCONFIRMED:
                    break
                await self._read()
                left = AGAIN
            await clock.sleep(min(left, LOOK))
        else:
            return
        # On its own, since leaving cancels whoever sleeps, and no write shall be cut in two.
        self._group.create_task(self._due(state, queued_id))

    def _look(self, message: QueuedMessage) -> Sight:
        return UNKNOWN if self.limits is None else sight(message, self.limits.state)

    async def _read(self) -> None:
        """Hear what the server says by now, where nobody asked it for a minute."""
        if self.limits is not None:
            with suppress(ServiceError):
                await self.limits.refresh(is_wanted=False)

    async def _moved(self, state: ChatState, queued_id: str, seen: Sight) -> None:
        work = self._group.create_task(self._tell_moved(state, queued_id, seen))
        # Not cut in two either.
        await asyncio.wait({work})

    async def _tell_moved(self, state: ChatState, queued_id: str, seen: Sight) -> None:
        await self._move(state, queued_id, seen)

    async def _due(self, state: ChatState, queued_id: str) -> None:
        await self._send(state, queued_id)


def _found(state: ChatState, queued_id: str) -> QueuedMessage | None:
    """The message, if it still waits for a time."""
    for each in state.queue:
        if each.id == queued_id and each.not_before is not None:
            return each
    return None
