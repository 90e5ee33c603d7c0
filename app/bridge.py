"""From the bus to the screen: one batch a frame, one in flight."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from services.bus import Subscription
    from services.clock import Clock
    from services.events import AnyEvent

FRAME = 1 / 30
"""Seconds between two batches at least."""
STREAM_FRAME = 1 / 20
"""The same once text streams: each frame repaints all rows, and more of them read no better."""
STREAM_BATCHES = 6
"""Batches in a row, each with the next one waiting already, that make a stream."""


@dataclass
class BusBatch(Message):
    """What happened since the last batch, in order. Treated as read-only."""

    events: "tuple[AnyEvent, ...]"
    handled: asyncio.Event


async def pump(
    subscription: "Subscription",
    target: MessagePump,
    clock: "Clock",
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
    in_a_row = 0
    while True:
        await subscription.wait()
        wanted = frame() if in_a_row < STREAM_BATCHES else max(frame(), STREAM_FRAME)
        early = last + wanted - clock.monotonic()
        in_a_row = in_a_row + 1 if early > 0 else 0
        if early > 0:
            await clock.sleep(early)
        handled = asyncio.Event()
        last = clock.monotonic()
        if not target.post_message(BusBatch(subscription.take(), handled)):
            return
        await handled.wait()
