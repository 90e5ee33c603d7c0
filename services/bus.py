"""Who is told what happened: publish never blocks, and what waits is merged.

Merging never changes the end state. A delta joins an earlier one of its key, and a snapshot
replaces one, only if no fact has come between; facts keep their order.
"""

import asyncio
from collections.abc import Hashable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import cast

from services.events import AnyEvent, Delta, Lagged, Snapshot

MAX_WAITING_FACTS = 10_000


class Subscription(AbstractContextManager["Subscription"]):
    """One listener's waiting events. Leave the context to stop listening."""

    def __init__(self, bus: "EventBus") -> None:
        self._bus = bus
        self._waiting: list[AnyEvent] = []
        self._places: dict[Hashable, int] = {}
        self._facts = 0
        self._ready = asyncio.Event()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bus.unsubscribe(self)

    def offer(self, event: AnyEvent) -> None:
        """Add an event to what waits, merged where it can be."""
        if isinstance(event, Delta | Snapshot):
            place = self._places.get(event.key)
            if place is None:
                self._places[event.key] = len(self._waiting)
                self._waiting.append(event)
            elif isinstance(event, Delta):
                earlier = cast("Delta", self._waiting[place])
                self._waiting[place] = cast("AnyEvent", earlier.absorb(event))
            else:
                self._waiting[place] = event
        else:
            self._places.clear()
            self._facts += 1
            if self._facts > MAX_WAITING_FACTS:
                self._waiting = [Lagged()]
                self._facts = 1
            else:
                self._waiting.append(event)
        self._ready.set()

    async def wait(self) -> None:
        """Wait until something happened; it stays here, to be merged with what follows."""
        await self._ready.wait()

    def take(self) -> tuple[AnyEvent, ...]:
        """Take what waits, in the order of what happened; may be empty."""
        events = tuple(self._waiting)
        self._waiting = []
        self._places.clear()
        self._facts = 0
        self._ready.clear()
        return events


class EventBus:
    """Hands each event to every subscription. One event loop, no threads."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def publish(self, event: AnyEvent) -> None:
        """Tell every listener; returns at once."""
        for subscription in self._subscriptions:
            subscription.offer(event)

    def subscribe(self) -> Subscription:
        """Listen from now on."""
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop telling this listener."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
