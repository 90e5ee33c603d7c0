"""The question before a message that a limit probably cuts off."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from services.errors import StorageError
from services.limits.ports import Limits
from services.models.limit_history import PreSend
from services.models.limits import LimitsState
from simulator import events as ev
from simulator.server import Simulator
from tests.app.conftest import Deck, Open
from tests.app.test_turn import asked

NOW = 1_795_698_131.0
"""Thu 26 Nov 2026 13:02:11 UTC."""
HOUR = 3_600.0
SIZE = (92, 30)
SCARCE = PreSend(
    window_id="codex/18000",
    label="5h",
    cost_percent=1.24,
    left_percent=0.8,
    resets_at=NOW + HOUR,
)
WORDS = "cost about 1.2% of 5 h; 0.8% left: likely cut off; resets "


@dataclass
class Stub:
    """What limits say before a message goes."""

    answer: PreSend | None = SCARCE
    error: Exception | None = None
    gate: asyncio.Event | None = None
    asked: list[str] = field(default_factory=list[str])
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    state: LimitsState = field(default_factory=LimitsState)

    async def before_send(self, chat_id: str) -> PreSend | None:
        self.asked.append(chat_id)
        self.was_asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.answer

    async def refresh(self, *, is_wanted: bool = True) -> LimitsState:
        return self.state


class Clock:
    """Stands still; who sleeps is woken by the test."""

    def __init__(self) -> None:
        self.at = NOW
        self.woken = asyncio.Event()

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await self.woken.wait()


def look_at(deck: Deck, stub: Stub) -> Clock:
    """Let the deck ask this stub, and take every key after it asked for an answer."""
    clock = Clock()
    writing, services = deck.view._writing, deck.shell._services
    assert services is not None
    writing.look_at(cast("Limits", stub), clock)
    services.chat.look_at(cast("Limits", stub))
    writing.question._now = clock.now
    ticks = iter(range(10**9))
    writing.question._monotonic = lambda: float(next(ticks))
    return clock


async def ask(deck: Deck, text: str = "hello") -> None:
    """Write a message about which there is a question."""
    await deck.say(text)
    await deck.until(lambda: deck.shows(WORDS), "no question")
    await deck.until(lambda: deck.view._writing.question.has_focus)


async def press_enter_and_be_asked(deck: Deck, stub: Stub, text: str, *more: str) -> None:
    """The same, where limits do not answer yet: the pilot would wait for them."""
    deck.view.composer.focus_input()
    await deck.pilot.press(*text)
    for key in ("enter", *more):
        deck.app.simulate_key(key)
    async with asyncio.timeout(10):
        await stub.was_asked.wait()


async def draft(deck: Deck) -> str:
    """What is on disk of the open chat as its draft."""
    services, summary = deck.shell._services, deck.view.summary
    assert services is not None
    assert summary is not None
    return (await services.chats.load(summary.id)).draft


async def test_a_message_that_is_likely_cut_off_is_asked_about_and_not_sent(
    open_deck: Open, sim: Simulator
) -> None:
    async with open_deck(size=SIZE) as deck:
        stub = Stub()
        look_at(deck, stub)
        await ask(deck)
        assert deck.view.summary is not None
        assert stub.asked == [deck.view.summary.id]
        assert deck.view.composer.text == "hello"
        assert await draft(deck) == "hello"
        for words in ("enter send anyway", "w wait until the reset", "esc cancel"):
            assert deck.shows(words)
    assert sim.sent("/responses") == []


async def test_enter_sends_it_anyway_once(open_deck: Open, sim: Simulator) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, Stub())
        await ask(deck)
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.replies() == ["one"])
        await deck.until(lambda: not deck.view.is_answering)
        assert not deck.shows(WORDS)
        assert deck.view.composer.text == ""
        assert await draft(deck) == ""
        assert deck.view.composer.has_input_focus
    assert [asked(sim, n) for n in range(len(sim.sent("/responses")))] == [["hello"]]


async def test_s_sends_it_anyway(open_deck: Open, sim: Simulator) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, Stub())
        await ask(deck)
        await deck.pilot.press("s", "s")
        await deck.until(lambda: deck.replies() == ["one"])
    assert len(sim.sent("/responses")) == 1


async def test_esc_gives_the_text_back_as_it_was(open_deck: Open, sim: Simulator) -> None:
    async with open_deck(size=SIZE) as deck:
        look_at(deck, Stub())
        pasted = "\n".join(f"line {number}" for number in range(20))
        composer = deck.view.composer
        composer.focus_input()
        composer.insert(pasted)
        await deck.pilot.press(*" and so", "ctrl+a", "enter")
        await deck.until(lambda: deck.shows(WORDS))
        await deck.until(lambda: deck.view._writing.question.has_focus)
        await deck.pilot.press("escape")
        await deck.until(lambda: not deck.shows(WORDS))
        await deck.until(lambda: composer.has_input_focus)
        assert composer.text == f"{pasted} and so"
        assert deck.shows("[pasted")
        await deck.pilot.press(*"so: ")
        assert composer.text == f"so: {pasted} and so"
    assert sim.sent("/responses") == []


async def test_what_was_typed_right_after_enter_comes_after_the_choice(
    open_deck: Open, sim: Simulator
) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        stub = Stub(gate=asyncio.Event())
        look_at(deck, stub)
        question = deck.view._writing.question
        question._monotonic = lambda: 0.0
        await press_enter_and_be_asked(deck, stub, "hello", "w", "enter")
        composer = deck.view.composer
        assert stub.gate is not None
        stub.gate.set()
        await deck.until(lambda: question.has_focus)
        await deck.pilot.press("s", "enter")
        assert deck.shows(WORDS)
        assert composer.text == "hello"
        question._monotonic = lambda: 1.0
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.replies() == ["one"])
        assert composer.text == "ws"
    assert asked(sim, 0) == ["hello"]


async def type_ahead(deck: Deck, *keys: str) -> None:
    """Write a message about which there is a question, and type on before it is read."""
    look_at(deck, Stub())
    deck.view._writing.question._monotonic = lambda: 0.0
    await ask(deck)
    await deck.pilot.press(*keys)


async def until_kept(deck: Deck, words: str) -> None:
    """Wait until this is on disk as the draft."""
    async with asyncio.timeout(10):
        while await draft(deck) != words:
            await deck.pilot.pause(0.01)


async def test_what_is_typed_ahead_is_shown_and_on_disk_as_it_is_typed(
    open_deck: Open, sim: Simulator
) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        await type_ahead(deck, *" plus mote", "backspace", "backspace", *"re", "ctrl+j", "x")
        await until_kept(deck, "hello plus more\nx")
        await deck.until(lambda: deck.shows("then: plus more x"))
        assert deck.view.composer.text == "hello"
        await deck.pilot.resize_terminal(60, 20)
        await deck.until(lambda: deck.shows("then: plus more x"))
        deck.view._writing.question._monotonic = lambda: 1.0
        await deck.pilot.press("s")
        await deck.until(lambda: deck.replies() == ["one"])
        assert deck.view.composer.text == " plus more\nx"
        assert not deck.shows("then:")
        await until_kept(deck, " plus more\nx")
    assert asked(sim, 0) == ["hello"]


async def test_all_that_was_typed_ahead_can_be_taken_back(open_deck: Open) -> None:
    async with open_deck(size=SIZE) as deck:
        await type_ahead(deck, "a", "b")
        await until_kept(deck, "helloab")
        await deck.pilot.press("backspace", "backspace", "backspace")
        await until_kept(deck, "hello")
        assert not deck.shows("then:")


async def test_what_was_typed_ahead_is_there_after_quitting(
    open_deck: Open, sim: Simulator
) -> None:
    async with open_deck(size=SIZE) as deck:
        await type_ahead(deck, *" plus more")
        # No pause in typing has told of it, or will.
        deck.view.composer._announced = deck.view.composer.draft
    async with open_deck(size=SIZE) as again:
        await again.until(lambda: again.view.composer.text == "hello plus more")
    assert sim.sent("/responses") == []


async def test_nothing_is_asked_where_enough_is_left(open_deck: Open, sim: Simulator) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, Stub(answer=None))
        await deck.say("hello")
        await deck.until(lambda: deck.replies() == ["one"])
        assert not deck.shows(WORDS)


async def test_a_message_goes_where_limits_do_not_answer_in_time(
    open_deck: Open, sim: Simulator
) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        stub = Stub(gate=asyncio.Event())
        clock = look_at(deck, stub)
        await press_enter_and_be_asked(deck, stub, "hello")
        assert sim.sent("/responses") == []
        clock.woken.set()
        await deck.until(lambda: deck.replies() == ["one"])
        assert not deck.shows(WORDS)


async def test_a_message_goes_where_limits_fail(open_deck: Open, sim: Simulator) -> None:
    for answer in ("one", "two"):
        sim.script("responses", ev.text_turn(answer))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, Stub(error=StorageError("The disk is gone")))
        await deck.say("hello")
        await deck.until(lambda: deck.replies() == ["one"])
        await deck.until(lambda: not deck.view.is_answering)
        look_at(deck, Stub(error=KeyError("x")))
        await deck.say("again")
        await deck.until(lambda: deck.replies() == ["one", "two"])


async def test_what_is_queued_is_not_asked_about_before_its_turn(
    open_deck: Open, sim: Simulator
) -> None:
    gate = sim.gate()
    sim.script("responses", [gate, *ev.text_turn("one")])
    async with open_deck(size=SIZE) as deck:
        await deck.say("first")
        await deck.until(lambda: gate.is_reached)
        stub = Stub()
        look_at(deck, stub)
        await deck.say("second")
        await deck.until(lambda: deck.shows("queued  second"))
        assert stub.asked == []


async def test_another_chat_puts_the_question_away_and_the_text_stays_behind(
    open_deck: Open, sim: Simulator
) -> None:
    async with open_deck(size=SIZE) as deck:
        look_at(deck, Stub())
        await ask(deck)
        assert deck.view.summary is not None
        first = deck.view.summary.id
        await deck.pilot.press("n")
        await deck.until(lambda: not deck.view.is_open(first))
        assert not deck.shows(WORDS)
        assert deck.view.composer.text == ""
        await deck.view.open_chat(first)
        await deck.until(lambda: deck.view.composer.text == "hello")
        assert not deck.shows(WORDS)
    assert sim.sent("/responses") == []


async def test_a_draft_that_is_put_away_takes_the_question_along(
    open_deck: Open, sim: Simulator
) -> None:
    async with open_deck(size=SIZE) as deck:
        look_at(deck, Stub())
        await ask(deck)
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: not deck.shows(WORDS))
        await deck.until(lambda: deck.view.composer.has_input_focus)
        await deck.pilot.press("up")
        assert deck.view.composer.text == "hello"
    assert sim.sent("/responses") == []


async def test_a_click_into_the_text_puts_the_question_away(
    open_deck: Open, sim: Simulator
) -> None:
    async with open_deck(size=SIZE) as deck:
        look_at(deck, Stub())
        await ask(deck)
        await deck.pilot.press("i")
        await deck.until(lambda: not deck.shows(WORDS))
        await deck.pilot.press(*" you")
        assert deck.view.composer.text == "hello you"
    assert sim.sent("/responses") == []
