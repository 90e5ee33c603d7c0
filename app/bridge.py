"""From the bus to the screen: one batch a frame, one in flight."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message
from textual.message_pump import MessagePump

from services.bus import Subscription
from services.clock import Clock
from services.events import AnyEvent

FRAME = 1 / 30
"""Seconds between two batches at least."""


@dataclass
class BusBatch(Message):
    """What happened since the last batch, in order. Treated as read-only."""

    events: tuple[AnyEvent, ...]
    handled: asyncio.Event


async def pump(
    subscription: Subscription,
    target: MessagePump,
    clock: Clock,
    frame: Callable[[], float] = lambda: FRAME,
) -> None:
    """Post what happens to `target` until cancelled.

    The receiver sets `batch.handled` when it is done, also after an error; only then the next
    batch is taken, so a slow screen makes batches larger and never a queue of them.

    Args:
        subscription: Where events wait and are merged.
        target: Whose handler of `BusBatch` is called.
        clock: Spaces the batches.
        frame: Seconds between two batches; asked each time, so that it can follow the load.
    """
    last = float("-inf")
    while True:
        await subscription.wait()
        early = last + frame() - clock.monotonic()
        if early > 0:
            await clock.sleep(early)
        handled = asyncio.Event()
        last = clock.monotonic()
        if not target.post_message(BusBatch(subscription.take(), handled)):
            return
        await handled.wait()
