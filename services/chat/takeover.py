"""Sees that what waits for a time has a program that sends it, for as long as this one is there.

Rules: docs/chat.md.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from services.chat.record import Collaborators
from services.errors import ServiceError

OFTEN: Final = 30.0
"""Seconds between two looks: nobody tells when another program is gone, and the one before this
may still have been closing when this one began."""


class Takeover:
    """Looks at once and again and again for messages that a program left behind.

    Args:
        having: What every turn works with.
        group: Entered by whoever owns it.
        take_over: Called with the id of a chat in which there are some.
    """

    def __init__(
        self,
        having: Collaborators,
        group: asyncio.TaskGroup,
        take_over: Callable[[str], Awaitable[None]],
    ) -> None:
        self._having = having
        self._group = group
        self._take_over = take_over
        self._round: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Look now, and from now on."""
        if self._round is None:
            self._round = self._group.create_task(self._go_round())
        else:
            self._group.create_task(self._look())

    def leave(self) -> None:
        """Look no more."""
        if self._round is not None:
            self._round.cancel()

    async def _go_round(self) -> None:
        while True:
            # On its own, since leaving cancels the round, and nothing shall be cut in two.
            await asyncio.wait({self._group.create_task(self._look())})
            await self._having.clock.sleep(OFTEN)

    async def _look(self) -> None:
        # Nobody asked for it now: when such a chat is opened, its failure is told.
        with suppress(ServiceError):
            for chat_id in await self._having.store.held.left_behind():
                with suppress(ServiceError):
                    await self._take_over(chat_id)
