from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from services.models.chat import ErrorCard, Notice, Reply
from simulator import events as ev
from simulator.script import Drop, Status
from simulator.server import Simulator

if TYPE_CHECKING:
    from tests.app.conftest import Deck

Open = Callable[..., AbstractAsyncContextManager["Deck"]]


def asked(sim: Simulator, place: int) -> list[str]:
    """The user messages that a request carried."""
    body = sim.sent("/responses")[place].body
    return [item["content"][0]["text"] for item in body["input"] if item.get("role") == "user"]


async def test_a_reply_is_shown_while_its_turn_still_runs(open_deck: Open, sim: Simulator) -> None:
    more = sim.gate()
    text = ev.text_turn("Hello **there**", size=3)
    sim.script("responses", [*text[:6], more, *text[6:]])
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: more.is_reached)
        await deck.until(lambda: deck.shows("Hel"))
        assert deck.view.is_answering
        assert deck.shows("answering")
        more.open()
        await deck.until(lambda: deck.replies() == ["Hello **there**"])
        await deck.until(lambda: not deck.view.is_answering)
        assert deck.shows("Hello there")
    assert asked(sim, 0) == ["hi"]


async def test_a_broken_stream_is_tried_again_and_says_so_in_one_line(
    open_deck: Open, sim: Simulator
) -> None:
    half = ev.text_turn("half of it", size=4)[:5]
    gate = sim.gate()
    sim.script("responses", [*half, Drop()])
    sim.script("responses", [gate, *ev.text_turn("the whole answer")])
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: gate.is_reached)
        await deck.until(lambda: deck.shows("retry 1 of 2"))
        assert deck.shows("half")
        gate.open()
        await deck.until(lambda: deck.replies() == ["the whole answer"])
        assert not deck.shows("half")
    assert [asked(sim, n) for n in (0, 1)] == [["hi"], ["hi"]]


async def test_when_all_tries_fail_a_card_keeps_the_text_and_retry_replaces_it(
    open_deck: Open, sim: Simulator
) -> None:
    half = ev.text_turn("only half", size=9)[:5]
    for _ in range(3):
        sim.script("responses", [*half, Drop()])
    sim.script("responses", ev.text_turn("all of it"))
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.view.transcript.has_failed)
        await deck.until(lambda: deck.shows("r retry"))
        assert deck.shows("only half")
        card = deck.items()[-1]
        assert isinstance(card, ErrorCard)
        await deck.pilot.press("escape", "r")
        await deck.until(lambda: deck.replies() == ["all of it"])
        kinds = [type(item).__name__ for item in deck.items()]
        assert kinds == ["UserMessage", "Reply"]
    assert asked(sim, 3) == ["hi"]


async def test_a_refusal_of_the_key_names_cause_next_step_and_request(
    open_deck: Open, sim: Simulator
) -> None:
    body = {"error": {"message": "Incorrect API key", "type": "invalid_request_error"}}
    sim.script("responses", [Status(401, {"x-request-id": "req_abc123"}, body)])
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.shows("request req_abc123"))
        assert deck.shows("OPENAI_API_KEY")


async def test_a_message_sent_meanwhile_waits_and_follows(open_deck: Open, sim: Simulator) -> None:
    gate = sim.gate()
    sim.script("responses", [gate, *ev.text_turn("one")])
    sim.script("responses", ev.text_turn("two"))
    async with open_deck() as deck:
        await deck.say("first")
        await deck.until(lambda: gate.is_reached)
        await deck.say("second")
        await deck.until(lambda: deck.shows("queued  second"))
        gate.open()
        await deck.until(lambda: deck.replies() == ["one", "two"])
        assert not deck.shows("queued")
    assert asked(sim, 1) == ["first", "second"]


async def test_interrupting_keeps_the_text_and_gives_the_queue_back(
    open_deck: Open, sim: Simulator
) -> None:
    gate = sim.gate()
    sim.script("responses", [*ev.text_turn("partly", size=6)[:4], gate])
    async with open_deck() as deck:
        await deck.say("first")
        await deck.until(lambda: deck.shows("partly"))
        await deck.say("second")
        await deck.until(lambda: deck.shows("queued"))
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: not deck.view.is_answering)
        await deck.until(lambda: deck.view.composer.text == "second")
        assert deck.shows("unfinished")
        (reply,) = [item for item in deck.items() if isinstance(item, Reply)]
        assert (reply.text, reply.is_partial) == ("partly", True)
        assert sim.sent("/responses")[0].closed.wait(2)


async def test_r_tries_an_interrupted_turn_again_once_it_is_over(
    open_deck: Open, sim: Simulator
) -> None:
    sim.script("responses", [*ev.text_turn("partly", size=6)[:4], sim.gate()])
    sim.script("responses", ev.text_turn("whole"))
    async with open_deck() as deck:
        await deck.say("first")
        await deck.until(lambda: deck.shows("partly"))
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.shows("x stop"))
        assert not deck.shows("r retry")
        await deck.pilot.press("x")
        await deck.until(lambda: deck.shows("r retry"))
        await deck.pilot.press("r")
        await deck.until(lambda: deck.replies() == ["whole"])
        await deck.until(lambda: not deck.shows("r retry"))
    assert asked(sim, 1) == ["first"]


async def test_the_app_reopens_the_last_chat_with_its_draft(
    open_deck: Open, sim: Simulator
) -> None:
    sim.script("responses", ev.text_turn("kept answer"))
    async with open_deck() as deck:
        await deck.say("kept question")
        await deck.until(lambda: deck.replies() == ["kept answer"])
        await deck.until(lambda: not deck.view.is_answering)
        deck.view.composer.focus_input()
        await deck.pilot.press(*"unsent")
        assert deck.view.summary is not None
        chat_id = deck.view.summary.id
        services = deck.shell._services
        assert services is not None
        await deck.until(lambda: deck.view.composer.text == "unsent")
    async with open_deck() as again:
        await again.until(lambda: again.replies() == ["kept answer"])
        assert again.view.composer.text == "unsent"
        assert again.view.summary is not None
        assert again.view.summary.id == chat_id
        assert again.shows("kept question")


async def test_a_model_that_the_server_changed_is_one_calm_line(
    open_deck: Open, sim: Simulator
) -> None:
    events = ev.text_turn("hello")
    events.insert(1, ev.metadata(headers={"openai-model": "gpt-5.4-mini"}))
    sim.script("responses", events)
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.replies() == ["hello"])
        notices = [item.text for item in deck.items() if isinstance(item, Notice)]
        assert notices == ["answered by gpt-5.4-mini instead of gpt-5.5"]


async def test_what_is_sent_before_the_services_are_there_is_not_lost(
    open_deck: Open, sim: Simulator
) -> None:
    sim.script("responses", ev.text_turn("hello"))
    async with open_deck(prompt="from the command line") as deck:
        assert deck.view.composer.text == "from the command line"
        assert sim.sent("/responses") == []
        await deck.say("")
        await deck.until(lambda: deck.replies() == ["hello"])
    assert asked(sim, 0) == ["from the command line"]


async def test_an_answer_streams_on_as_it_was_after_a_look_at_another_chat(
    open_deck: Open, sim: Simulator
) -> None:
    text = "Some *words* first.\n\n```python\ndef greet(name):\n    return name\n```\n\n- a\n- b\n"
    events = ev.text_turn(text, size=3)
    gate, end = sim.gate(), sim.gate()
    sim.script("responses", [*events[:12], gate, *events[12:-3], end, *events[-3:]])
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: gate.is_reached and deck.shows("Some words first."))
        assert deck.view.summary is not None
        chat_id = deck.view.summary.id
        await deck.view.new_chat()
        await deck.view.open_chat(chat_id)
        gate.open()
        await deck.until(lambda: deck.shows("• b"))
        assert end.is_reached
        assert deck.shows("def greet(name):")
        assert deck.shows("    return name")
        end.open()
        await deck.until(lambda: deck.replies() == [text])
