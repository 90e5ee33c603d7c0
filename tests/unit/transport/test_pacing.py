from collections.abc import Callable, Mapping
from typing import Any

from anyio.abc import ByteStream

from services.transport.pacing import BURST, INTERVAL, SMALL, PacedBytes


class Sleeper:
    """Time that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 100.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class Bytes(ByteStream):
    """Always has something to say."""

    def __init__(self, size: int) -> None:
        self.size = size

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return {}

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return bytes(min(self.size, max_bytes))

    async def send(self, item: bytes) -> None:
        raise AssertionError

    async def send_eof(self) -> None:
        raise AssertionError

    async def aclose(self) -> None:
        raise AssertionError


async def test_a_burst_goes_through_and_then_reads_come_once_a_frame() -> None:
    clock = Sleeper()
    stream = PacedBytes(Bytes(200), clock)
    for _ in range(BURST):
        await stream.receive()
    assert clock.slept == []
    for _ in range(30):
        await stream.receive()
    assert abs(sum(clock.slept) - 30 * INTERVAL) < INTERVAL
    assert max(clock.slept) <= INTERVAL


async def test_large_reads_never_wait() -> None:
    clock = Sleeper()
    stream = PacedBytes(Bytes(SMALL), clock)
    for _ in range(100):
        await stream.receive()
    assert clock.slept == []


async def test_a_slow_stream_never_waits() -> None:
    clock = Sleeper()
    stream = PacedBytes(Bytes(200), clock)
    for _ in range(100):
        clock.time += INTERVAL
        await stream.receive()
    assert clock.slept == []
