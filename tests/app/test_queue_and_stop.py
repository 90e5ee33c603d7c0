"""What waits for the end of an answer, and the ways to stop one."""

from services.models.chat import Reply
from simulator import events as ev
from simulator.server import Simulator
from tests.app.conftest import Deck, Open
from tests.app.test_turn import asked


async def begin(deck: Deck, sim: Simulator, *queued: str) -> None:
    """A turn that streams and holds, and messages that wait for it."""
    sim.script("responses", [*ev.text_turn("partly", size=6)[:4], sim.gate()])
    await deck.say("first")
    await deck.until(lambda: deck.shows("partly"))
    for count, text in enumerate(queued, start=1):
        await deck.say(text)
        await deck.until(lambda n=count: len(deck.view.composer.queue) == n)


async def test_up_takes_a_queued_message_back_to_edit_it(open_deck: Open, sim: Simulator) -> None:
    async with open_deck() as deck:
        await begin(deck, sim, "second", "third")
        assert deck.shows("queued  second")
        await deck.pilot.press("up")
        await deck.until(lambda: deck.view.composer.text == "third")
        await deck.until(lambda: len(deck.view.composer.queue) == 1)
        await deck.until(lambda: not deck.shows("queued  third"))
        await deck.pilot.press(*" too", "enter")
        await deck.until(lambda: deck.shows("queued  third too"))
        assert [m.text for m in deck.view.composer.queue] == ["second", "third too"]


async def test_a_click_on_the_mark_removes_a_queued_message(
    open_deck: Open, sim: Simulator
) -> None:
    async with open_deck() as deck:
        await begin(deck, sim, "second", "third")
        await deck.until(lambda: deck.shows("queued  third"))
        row = next(n for n, text in enumerate(deck.rows()) if "queued  second" in text)
        column = deck.rows()[row].rindex("×")
        await deck.pilot.click(offset=(column, row))
        await deck.until(lambda: not deck.shows("queued  second"))
        assert [m.text for m in deck.view.composer.queue] == ["third"]
        assert deck.view.composer.text == ""


async def test_esc_esc_stops_the_answer(open_deck: Open, sim: Simulator) -> None:
    async with open_deck() as deck:
        await begin(deck, sim)
        await deck.pilot.press("escape")
        assert deck.view.is_answering
        assert not deck.view.composer.has_input_focus
        await deck.pilot.press("escape")
        await deck.until(lambda: not deck.view.is_answering)
        (reply,) = [item for item in deck.items() if isinstance(item, Reply)]
        assert (reply.text, reply.is_partial) == ("partly", True)


async def test_x_in_the_transcript_stops_the_answer(open_deck: Open, sim: Simulator) -> None:
    async with open_deck() as deck:
        await begin(deck, sim)
        await deck.pilot.press("escape", "x")
        await deck.until(lambda: not deck.view.is_answering)


async def test_send_now_stops_the_answer_and_comes_before_the_queue(
    open_deck: Open, sim: Simulator
) -> None:
    async with open_deck() as deck:
        await begin(deck, sim, "later")
        for text in ("now answer", "later answer"):
            sim.script("responses", ev.text_turn(text))
        await deck.pilot.press(*"now", "ctrl+x", "enter")
        await deck.until(lambda: deck.replies() == ["partly", "now answer", "later answer"])
    assert asked(sim, 1) == ["first", "now"]
    assert asked(sim, 2) == ["first", "now", "later"]


async def test_ctrl_c_goes_down_its_ladder_step_by_step(open_deck: Open, sim: Simulator) -> None:
    async with open_deck() as deck:
        await begin(deck, sim)
        await deck.pilot.press(*"draft", "ctrl+c")
        await deck.until(lambda: not deck.view.is_answering)
        assert deck.view.composer.text == "draft"
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: deck.view.composer.text == "")
        assert deck.app.is_running
        await deck.pilot.press("up")
        assert deck.view.composer.text == "draft"
        await deck.pilot.press("ctrl+c", "ctrl+c")
        await deck.until(lambda: any("again quits" in n for n in deck.notices()))
        assert deck.app.is_running
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: deck.app._exit)


async def test_ctrl_c_in_an_overlay_only_closes_it(open_deck: Open, sim: Simulator) -> None:
    async with open_deck() as deck:
        await begin(deck, sim)
        for keys in (("f1",), ("ctrl+x", "colon"), ("ctrl+x", "p"), ("ctrl+x",)):
            await deck.pilot.press(*keys)
            await deck.until(lambda: len(deck.app.screen_stack) == 2)
            await deck.pilot.press("ctrl+c")
            await deck.until(lambda: len(deck.app.screen_stack) == 1)
        assert deck.view.is_answering
