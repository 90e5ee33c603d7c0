"""Merging what waits never changes where it ends."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App

from app.bridge import BusBatch, pump
from services.bus import MAX_WAITING_FACTS, EventBus
from services.clock import SystemClock
from services.events import (
    AnyEvent,
    ItemEnded,
    ItemsDropped,
    ItemStarted,
    Lagged,
    ReasoningDelta,
    TextDelta,
    TurnStateChanged,
)
from services.models.chat import Notice, Reply, TurnPhase, TurnState

IDS = st.sampled_from(["a", "b", "c"])
TEXT = st.text(max_size=5)


def state(phase: TurnPhase) -> TurnState:
    return TurnState(chat_id="chat", turn_id="t", phase=phase, started_at=0.0, model="m")


EVENTS: st.SearchStrategy[AnyEvent] = st.one_of(
    st.builds(TextDelta, chat_id=st.just("chat"), item_id=IDS, text=TEXT),
    st.builds(ReasoningDelta, chat_id=st.just("chat"), item_id=IDS, text=TEXT),
    st.builds(TurnStateChanged, state=st.sampled_from(TurnPhase).map(state)),
    st.builds(
        ItemStarted,
        chat_id=st.just("chat"),
        item=st.builds(Reply, id=IDS, turn_id=st.just("t")),
    ),
    st.builds(
        ItemEnded,
        chat_id=st.just("chat"),
        item=st.builds(Notice, id=IDS, turn_id=st.just("t"), text=TEXT),
    ),
    st.builds(ItemsDropped, chat_id=st.just("chat"), item_ids=st.tuples(IDS)),
)


@dataclass
class Listener:
    """What a view would know: texts by item, the order of facts, the newest state."""

    texts: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    facts: list[tuple[AnyEvent, dict[tuple[str, str], str], TurnState | None]] = field(
        default_factory=list[tuple[AnyEvent, dict[tuple[str, str], str], TurnState | None]]
    )
    state: TurnState | None = None

    def hear(self, event: AnyEvent) -> None:
        match event:
            case TextDelta() | ReasoningDelta():
                place = (type(event).__name__, event.item_id)
                self.texts[place] = self.texts.get(place, "") + event.text
            case TurnStateChanged():
                self.state = event.state
            case _:
                self.facts.append((event, dict(self.texts), self.state))
                if isinstance(event, ItemsDropped):
                    for place in [p for p in self.texts if p[1] in event.item_ids]:
                        del self.texts[place]


@given(st.lists(EVENTS, max_size=60), st.lists(st.integers(0, 60), max_size=6))
async def test_what_was_merged_ends_where_the_plain_replay_ends(
    events: list[AnyEvent], cuts: list[int]
) -> None:
    plain, merged = Listener(), Listener()
    bus = EventBus()
    with bus.subscribe() as subscription:
        for place, event in enumerate(events):
            plain.hear(event)
            bus.publish(event)
            if place in cuts:
                for waiting in subscription.take():
                    merged.hear(waiting)
        for waiting in subscription.take():
            merged.hear(waiting)
    assert merged == plain


class Screenful(App[None]):
    def __init__(self, slow: list[int]) -> None:
        super().__init__()
        self.listener = Listener()
        self.batches = 0
        self.in_flight = 0
        self.slow = slow

    async def on_bus_batch(self, batch: BusBatch) -> None:
        self.in_flight += 1
        assert self.in_flight == 1
        self.batches += 1
        for _ in range(self.slow[self.batches % len(self.slow)] if self.slow else 0):
            await asyncio.sleep(0)
        for event in batch.events:
            self.listener.hear(event)
        self.in_flight -= 1
        batch.handled.set()


@settings(max_examples=15, deadline=None)
@given(st.lists(EVENTS, max_size=80), st.lists(st.integers(0, 5), max_size=4))
async def test_the_screen_ends_where_the_plain_replay_ends(
    events: list[AnyEvent], slow: list[int]
) -> None:
    plain = Listener()
    bus = EventBus()
    app = Screenful(slow)
    async with app.run_test() as pilot:
        with bus.subscribe() as subscription:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(pump(subscription, app, SystemClock(), lambda: 0.001))
                for event in events:
                    plain.hear(event)
                    bus.publish(event)
                    await asyncio.sleep(0)
                async with asyncio.timeout(5):
                    while app.listener != plain:
                        await pilot.pause()
                task.cancel()
    assert app.listener == plain
    assert app.batches <= max(1, len(events))


async def test_too_many_waiting_facts_become_one_word_of_it() -> None:
    bus = EventBus()
    fact = ItemsDropped(chat_id="chat", item_ids=("a",))
    with bus.subscribe() as subscription:
        for _ in range(MAX_WAITING_FACTS + 1):
            bus.publish(fact)
        bus.publish(TextDelta(chat_id="chat", item_id="a", text="x"))
        assert subscription.take() == (
            Lagged(),
            TextDelta(chat_id="chat", item_id="a", text="x"),
        )


async def test_who_left_is_told_nothing_more() -> None:
    bus = EventBus()
    with bus.subscribe() as subscription:
        pass
    bus.publish(TextDelta(chat_id="chat", item_id="a", text="x"))
    assert subscription.take() == ()
