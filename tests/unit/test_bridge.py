import asyncio
from typing import cast

from textual.message_pump import MessagePump

from app.bridge import FRAME, STREAM_BATCHES, BusBatch, pump
from services.bus import EventBus
from services.events import TextDelta


class OwnClock:
    """Goes on only while somebody sleeps."""

    time = 100.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


class Screen:
    """Handles batches at once, and has more to say after each until it had enough."""

    def __init__(self, clock: OwnClock, bus: EventBus, *, count: int, pause: float) -> None:
        self.clock = clock
        self.bus = bus
        self.count = count
        self.pause = pause
        self.times: list[float] = []

    def post_message(self, message: BusBatch) -> bool:
        self.times.append(self.clock.time)
        message.handled.set()
        self.clock.time += self.pause
        self.bus.publish(TextDelta(chat_id="c", item_id="m", text="more"))
        return len(self.times) < self.count

    @property
    def gaps(self) -> list[int]:
        """Milliseconds."""
        return [
            round(1000 * (later - time))
            for time, later in zip(self.times, self.times[1:], strict=False)
        ]


async def run(count: int, *, pause: float = 0.0, frame: float = FRAME) -> list[int]:
    clock, bus = OwnClock(), EventBus()
    screen = Screen(clock, bus, count=count, pause=pause)
    with bus.subscribe() as subscription:
        bus.publish(TextDelta(chat_id="c", item_id="m", text="first"))
        async with asyncio.timeout(5):
            await pump(subscription, cast("MessagePump", screen), clock, lambda: frame)
    return screen.gaps


async def test_a_stream_is_shown_less_often_than_what_happens_now_and_then() -> None:
    gaps = await run(STREAM_BATCHES + 6)
    assert gaps == [33] * STREAM_BATCHES + [50] * 5


async def test_what_comes_after_a_pause_is_shown_at_once() -> None:
    assert await run(12, pause=0.2) == [200] * 11


async def test_a_frame_that_is_longer_already_stays_as_it_is() -> None:
    assert await run(12, frame=0.25) == [250] * 11
