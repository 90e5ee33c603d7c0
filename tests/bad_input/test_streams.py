"""Odd streams that still end: the answer is shown, and nothing else breaks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.models.chat import ErrorCard, Reply, UnknownItem
from services.provider import Provider
from simulator import events as ev
from simulator import items
from simulator.script import Drop, Raw
from simulator.server import Simulator
from tests.app.conftest import Open

WORDS = "all that was said"


def with_event(event: Any, place: int = 3) -> list[Any]:
    """A whole answer with one more event in it."""
    events: list[Any] = ev.text_turn(WORDS, size=6)
    events.insert(place, event)
    return events


ODD: dict[str, Callable[[], Sequence[Any]]] = {
    "an event without type": lambda: with_event({"delta": "no"}),
    "an event that is a list": lambda: with_event([1, 2]),
    "an event that is null": lambda: with_event(None),
    "wrong field types": lambda: with_event(
        {"type": "response.output_text.delta", "item_id": 7, "delta": ["no"]}
    ),
    "a delta that is a number": lambda: with_event({**ev.delta("msg_sim", ""), "delta": 3}),
    "an unknown event": lambda: with_event({"type": "response.hologram.delta", "x": 1}),
    "a delta for an unknown item": lambda: with_event(ev.delta("msg_nobody", "")),
    "an unknown status": lambda: with_event(
        ev.item_added(items.message("", item_id="msg_sim", status="levitating"))
    ),
    "a done twice": lambda: with_event(
        ev.item_done(items.message(WORDS, item_id="msg_sim")), len(ev.text_turn(WORDS, size=6)) - 1
    ),
    "text after the end": lambda: [*ev.text_turn(WORDS), ev.delta("msg_sim", " and more")],
    "garbage between": lambda: with_event(Raw(b": comment\n\ndata:\n\nnonsense\n\nid\n\n")),
    "bytes that are no UTF-8": lambda: with_event(Raw(b"data: \xff\xfe\n\n")),
    "5,000 empty deltas": lambda: [
        *ev.text_turn(WORDS)[:2],
        *[ev.delta("msg_sim", "")] * 5_000,
        *ev.text_turn(WORDS)[2:],
    ],
    "no item done": lambda: [*ev.text_turn(WORDS)[:-2], ev.completed()],
}


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_stream_is_read_as_far_as_it_makes_sense(
    open_deck: Open, sim: Simulator, name: str
) -> None:
    sim.script("responses", ODD[name]())
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.replies() and not deck.view.is_answering)
        assert deck.replies()[0] == WORDS
        assert not [item for item in deck.items() if isinstance(item, ErrorCard)]
        assert deck.shows(WORDS)
    assert len(sim.sent("/responses")) == 1


async def test_an_unknown_item_is_folded_and_its_json_is_there(
    open_deck: Open, sim: Simulator
) -> None:
    odd = {"type": "hologram", "id": "h_1", "of": "[bold]things[/bold]"}
    sim.script("responses", with_event(ev.item_done(odd, 1), 1))
    async with open_deck(size=(120, 40)) as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.replies() == [WORDS] and not deck.view.is_answering)
        assert [item.type for item in deck.items() if isinstance(item, UnknownItem)] == ["hologram"]
        assert not deck.shows("[bold]things")
        await deck.pilot.press("escape", "k", "enter")
        await deck.until(lambda: deck.shows("[bold]things[/bold]"))


@pytest.mark.parametrize("place", range(len(ev.text_turn(WORDS, size=6))))
async def test_a_stream_that_is_cut_is_sent_again_and_ends_whole(
    open_deck: Open, sim: Simulator, place: int
) -> None:
    sim.script("responses", [*ev.text_turn(WORDS, size=6)[:place], Drop()])
    sim.script("responses", ev.text_turn(WORDS))
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.replies() == [WORDS] and not deck.view.is_answering)
        assert [item.is_partial for item in deck.items() if isinstance(item, Reply)] == [False]
    first, second = (request.body["input"] for request in sim.sent("/responses"))
    assert second[: len(first)] == first
    assert [item["role"] for item in second] in (["user"], ["user", "assistant"])


async def test_silence_ends_in_a_card_that_names_it(
    open_deck: Open, sim: Simulator, once: Provider
) -> None:
    sim.script("responses", [*ev.text_turn("half", size=9)[:3], sim.gate()])
    async with open_deck(provider=replace(once, idle_timeout=0.4)) as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.view.transcript.has_failed)
        assert deck.replies() == ["half"]
        await deck.until(lambda: deck.shows("was silent"))


async def test_an_event_of_10_mb_does_not_stop_the_app(open_deck: Open, sim: Simulator) -> None:
    huge = "x" * 10_000_000
    whole = ev.text_turn(WORDS)
    sim.script("responses", [*whole[:2], ev.delta("msg_sim", huge), *whole[2:]])
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: not deck.view.is_answering and len(deck.items()) > 1)
        await deck.pilot.press(*"still")
        assert deck.view.composer.text == "still"
