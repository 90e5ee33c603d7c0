"""What a turn costs is known as soon as the turn before it has ended."""

from collections.abc import AsyncIterator

import pytest

from services.bus import EventBus
from services.clock import SystemClock
from services.events import LimitsRead, TurnEnded, TurnStarted
from services.limits.service import LimitsService
from services.models.chat import TurnStatus
from services.models.limits import (
    LimitReading,
    LimitSource,
    RateWindow,
    Redeemed,
    ResetCredits,
    UsageReading,
)
from services.store.database import Database
from services.store.limits import LimitStore


class Silent:
    """A server that nobody asks."""

    async def usage(self) -> UsageReading:
        raise NotImplementedError

    async def reset_credits(self) -> ResetCredits:
        raise NotImplementedError

    async def redeem(self, request_id: str, credit_id: str | None) -> Redeemed:
        raise NotImplementedError


@pytest.fixture
async def bus() -> EventBus:
    return EventBus()


@pytest.fixture
async def service(bus: EventBus) -> AsyncIterator[LimitsService]:
    clock = SystemClock()
    database = await Database.in_memory(clock)
    limits = LimitsService(
        account="me",
        storage=LimitStore(database, clock),
        source=Silent(),
        bus=bus,
        clock=clock,
        new_id=lambda: "id",
        is_polling=False,
    )
    async with limits:
        yield limits
    await database.close()


def run_turn(bus: EventBus, number: int, used: float, cost: float) -> None:
    """Tell of a whole turn in one moment."""
    clock, name = SystemClock(), f"turn-{number}"
    bus.publish(TurnStarted(chat_id="chat", turn_id=name, model="m", transport="sse"))
    for source, percent in ((LimitSource.HEADERS, used), (LimitSource.STREAM, used + cost)):
        window = RateWindow(
            limit_id="codex",
            role="primary",
            used_percent=percent,
            window_seconds=18_000,
            resets_at=clock.now() + 3_600,
        )
        reading = UsageReading(
            source=source,
            as_of=clock.now(),
            is_success=True,
            limits=(LimitReading(limit_id="codex", windows=(window,)),),
            turn_id=name,
            is_before_turn=source is LimitSource.HEADERS,
        )
        bus.publish(LimitsRead(reading=reading))
    bus.publish(TurnEnded(chat_id="chat", turn_id=name, status=TurnStatus.COMPLETED))


async def test_what_was_told_in_this_moment_counts(service: LimitsService, bus: EventBus) -> None:
    for number in range(3):
        run_turn(bus, number, 40.0 + 16.0 * number, 16.0)
    asked = await service.before_send("chat")
    assert asked is not None
    assert (asked.cost_percent, asked.left_percent) == (16.0, 12.0)
    assert await service.before_send("another chat") is None
