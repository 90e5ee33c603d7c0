"""Several chats: lists, drafts, switching while one streams, earlier items, second runs."""

import asyncio

import pytest

from services.models.chat import Chat, Notice, Reply, TurnStatus, UserMessage
from simulator import events as ev
from simulator.server import Simulator
from tests.app.conftest import Deck, Open
from tests.app.test_turn import asked


def titles(deck: Deck) -> list[str]:
    """Titles of the list, from the top."""
    assert deck.shell.chats is not None
    return [chat.title for chat in deck.shell.chats.chats]


async def talk(deck: Deck, sim: Simulator, question: str, answer: str) -> None:
    sim.script("responses", ev.text_turn(answer, size=40))
    await deck.say(question)
    await deck.until(lambda: answer in deck.replies() and not deck.view.is_answering)


async def open_by_list(deck: Deck, title: str) -> None:
    """Go to the list and open a chat there."""
    assert deck.shell.chats is not None
    rows = deck.shell.chats.rows
    rows.focus()
    await deck.pilot.press("g")
    await deck.pilot.press(*["j"] * titles(deck).index(title))
    await deck.pilot.press("enter")
    await deck.until(lambda: deck.view.summary and deck.view.summary.title == title)


async def test_switching_while_both_stream_keeps_both_texts(
    open_deck: Open, sim: Simulator
) -> None:
    first, second = sim.gate(), sim.gate()
    async with open_deck(size=(120, 30)) as deck:
        text = ev.text_turn("one two three", size=4)
        sim.script("responses", [*text[:4], first, *text[4:]])
        await deck.say("alpha")
        await deck.until(lambda: deck.replies() == ["one two "])
        await deck.pilot.press("ctrl+x", "n")
        await deck.until(lambda: deck.items() == [])
        assert not deck.view.is_answering
        text = ev.text_turn("four five six", item_id="msg_2", size=5)
        sim.script("responses", [*text[:4], second, *text[4:]])
        await deck.say("beta")
        await deck.until(lambda: deck.replies() == ["four five "])
        await open_by_list(deck, "alpha")
        await deck.until(lambda: deck.replies() == ["one two "])
        assert deck.view.is_answering
        second.open()
        first.open()
        await deck.until(lambda: deck.replies() == ["one two three"])
        await open_by_list(deck, "beta")
        await deck.until(lambda: deck.replies() == ["four five six"])
        await deck.until(lambda: not deck.view.is_answering)
    assert [asked(sim, n) for n in (0, 1)] == [["alpha"], ["beta"]]


async def test_every_chat_has_its_own_draft(open_deck: Open, sim: Simulator) -> None:
    async with open_deck(size=(120, 30)) as deck:
        await talk(deck, sim, "alpha", "one")
        await deck.pilot.press(*"draftA", "ctrl+x", "n")
        await deck.until(lambda: deck.items() == [] and deck.view.composer.text == "")
        await talk(deck, sim, "beta", "two")
        await deck.pilot.press(*"draftB")
        await open_by_list(deck, "alpha")
        await deck.until(lambda: deck.view.composer.text == "draftA")
        await open_by_list(deck, "beta")
        await deck.until(lambda: deck.view.composer.text == "draftB")
    async with open_deck(size=(120, 30)) as again:
        await again.until(lambda: again.view.composer.text == "draftB")


async def test_what_was_written_comes_back_with_up_in_the_next_run(
    open_deck: Open, sim: Simulator
) -> None:
    async with open_deck() as deck:
        await talk(deck, sim, "alpha", "one")
        await talk(deck, sim, "beta", "two")
    async with open_deck() as again:
        await again.until(lambda: again.view.composer.history)
        await again.pilot.press("ctrl+x", "n")
        await again.until(lambda: again.items() == [])
        await again.pilot.press("up")
        assert again.view.composer.text == "beta"
        await again.pilot.press("up")
        assert again.view.composer.text == "alpha"


async def fill(deck: Deck, turns: int) -> None:
    """So many finished turns in the open chat, as if they had been held before."""
    services, summary = deck.shell._services, deck.view.summary
    assert services is not None
    assert summary is not None
    await services.chats.create(
        chat_id=summary.id, model=None, effort=None, provider=services.provider.id
    )
    for number in range(turns):
        turn = f"turn-{number}"
        for item in (
            UserMessage(id=f"u{number}", turn_id=turn, text=f"question {number}", at=1.0),
            Reply(id=f"r{number}", turn_id=turn, text=f"answer {number}"),
        ):
            await services.chats.append_item(summary.id, item, None, turn_id=turn)
        await services.chats.end_turn(
            summary.id, turn, status=TurnStatus.COMPLETED, usage=None, model=None
        )


async def test_a_long_chat_opens_at_its_end_and_loads_what_is_earlier(open_deck: Open) -> None:
    async with open_deck() as deck:
        await fill(deck, 150)
    async with open_deck() as again:
        await again.until(lambda: again.shows("answer 149"))
        assert len(again.items()) == 200
        await again.pilot.press("escape", "g")
        await again.until(lambda: len(again.items()) == 300)
        await again.pilot.press("g")
        await again.until(lambda: again.shows("question 0"))
        assert again.replies() == [f"answer {n}" for n in range(150)]


async def test_find_looks_at_what_is_earlier_too(open_deck: Open) -> None:
    async with open_deck() as deck:
        await fill(deck, 150)
    async with open_deck() as again:
        await again.until(lambda: again.shows("answer 149"))
        await again.pilot.press("escape", "slash", *"answer", "space", "7", "enter")
        await again.until(lambda: "11 found" in again.notices())
        await again.until(lambda: again.shows("answer 79"))


async def test_an_empty_answer_is_said_so(open_deck: Open, sim: Simulator) -> None:
    sim.script("responses", [ev.created(), ev.completed()])
    async with open_deck() as deck:
        await deck.say("hi")
        await deck.until(lambda: len(deck.items()) == 2 and not deck.view.is_answering)
        assert [type(item) for item in deck.items()[1:]] == [Notice]
        assert not [item for item in deck.items() if isinstance(item, Reply)]


async def test_in_a_narrow_terminal_the_list_stands_alone_and_enter_goes_back(
    open_deck: Open, sim: Simulator
) -> None:
    sim.script("responses", ev.text_turn("first answer"))
    async with open_deck(size=(80, 24)) as deck:
        await deck.say("narrow question")
        await deck.until(lambda: deck.replies() == ["first answer"])
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.shows("first answer"))
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.shows("TODAY"))
        assert not deck.shows("first answer")
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("first answer"))
        assert not deck.shows("TODAY")
        await deck.pilot.press("h")
        await deck.until(lambda: deck.shows("TODAY"))
        await deck.pilot.press("i")
        await deck.until(lambda: deck.view.composer.has_input_focus)
        assert deck.shows("first answer")


async def test_what_is_typed_while_a_new_chat_is_made_is_in_it(
    open_deck: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_deck() as deck:
        services = deck.shell._services
        assert services is not None
        make, gate = services.chat.new, asyncio.Event()

        async def slow() -> Chat:
            await gate.wait()
            return await make()

        monkeypatch.setattr(services.chat, "new", slow)
        deck.view.composer.focus_input()
        await deck.pilot.press(*"old")
        deck.shell.action_new()
        await deck.pilot.press(*"new")
        gate.set()
        await deck.until(lambda: deck.view.composer.text == "new", deck.view.composer.text)
        chats = await services.chats.summaries()
        drafts = [(await services.chat.open(chat.id)).draft for chat in chats]
    assert "old" in drafts
