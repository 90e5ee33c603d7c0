"""The question before queued messages go on, and before a turn is run again."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from textual import events

from services.models.times import clock_time
from simulator import events as ev
from simulator.script import Status
from simulator.server import Simulator
from tests.app.conftest import Deck, Open
from tests.app.test_before_sending import HOUR, SIZE, Stub, until_kept
from tests.app.test_turn import asked
from tests.app.test_waiting_messages import MARGIN, RESET, LeapingClock, look_at, stored
from tests.app.test_waiting_messages import clock as clock  # noqa: PLC0414 a fixture

HINT = "esc answers"
WORDS = "about 1.2% of 5 h"


@asynccontextmanager
async def stopped(
    open_deck: Open, sim: Simulator, clock: LeapingClock, written: str = ""
) -> AsyncGenerator[Deck]:
    """A deck whose turn has ended, with two messages behind it and the question above them.

    Args:
        open_deck: Opens it.
        sim: Answers once.
        clock: Of the deck.
        written: Stands in the composer when the turn ends.
    """
    gate = sim.gate()
    sim.script("responses", [gate, *ev.text_turn("one")])
    async with open_deck(size=SIZE) as deck:
        await deck.say("first")
        await deck.until(lambda: gate.is_reached)
        for text in ("second", "third"):
            await deck.say(text)
            await deck.until(lambda text=text: deck.shows(f"queued  {text}"))
        look_at(deck, clock)
        await deck.pilot.press(*written)
        gate.open()
        await deck.until(lambda: deck.shows(WORDS), "no question")
        yield deck


async def focused(deck: Deck) -> None:
    await deck.until(lambda: deck.view._writing.question.has_focus, "the question has no keys")


async def test_the_queue_stays_where_it_is_until_the_user_says_so(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with stopped(open_deck, sim, clock) as deck:
        await focused(deck)
        assert deck.shows("queued  second")
        assert deck.shows("queued  third")
        for words in ("enter send anyway", "w wait until the reset", "esc cancel"):
            assert deck.shows(words)
        sim.script("responses", ev.text_turn("two"))
        await deck.pilot.press("s")
        await deck.until(lambda: deck.replies() == ["one", "two"])
        await deck.until(lambda: deck.shows(WORDS))
        assert deck.shows("queued  third")
    assert [asked(sim, n)[-1] for n in range(len(sim.sent("/responses")))] == ["first", "second"]


async def test_all_of_it_can_wait_until_the_reset(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with stopped(open_deck, sim, clock) as deck:
        await focused(deck)
        await deck.pilot.press("w")
        for text in ("second", "third"):
            await deck.until(
                lambda text=text: deck.shows(f"waits until {clock_time(RESET)}  {text}")
            )
        assert not deck.shows(WORDS)
        assert deck.view.composer.has_input_focus
        look_at(deck, clock, Stub(answer=None))
        for answer in ("two", "three"):
            sim.script("responses", ev.text_turn(answer))
        clock.leap(HOUR + MARGIN)
        await deck.until(lambda: deck.replies() == ["one", "two", "three"])
        assert await stored(deck) == ()
    assert asked(sim, 2) == ["first", "second", "third"]


async def test_put_away_it_stays_queued_and_goes_with_what_is_sent_next(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with stopped(open_deck, sim, clock) as deck:
        await focused(deck)
        await deck.pilot.press("escape")
        await deck.until(lambda: not deck.shows(WORDS))
        assert deck.view.composer.has_input_focus
        assert [each.text for each in await stored(deck)] == ["second", "third"]
        assert len(sim.sent("/responses")) == 1
        look_at(deck, clock, Stub(answer=None))
        for answer in ("two", "three"):
            sim.script("responses", ev.text_turn(answer))
        await deck.pilot.press("ctrl+x", "enter")
        await deck.until(lambda: deck.replies() == ["one", "two", "three"])


async def test_somebody_who_writes_is_not_disturbed(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with stopped(open_deck, sim, clock, written="wes") as deck:
        assert deck.view.composer.has_input_focus
        assert deck.view.composer.text == "wes"
        assert deck.shows(HINT)
        await deck.pilot.press("s")
        assert deck.view.composer.text == "wess"
        await deck.pilot.press("escape")
        await focused(deck)
        assert not deck.shows(HINT)
        await deck.pilot.press("w")
        await deck.until(lambda: deck.shows("waits until"))
        assert deck.view.composer.text == "wess"
    assert len(sim.sent("/responses")) == 1


async def test_from_the_transcript_esc_goes_to_the_question_too(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with stopped(open_deck, sim, clock, written="x") as deck:
        deck.view.transcript.focus()
        await deck.until(lambda: deck.view.transcript.has_focus)
        assert deck.shows(HINT)
        await deck.pilot.press("escape")
        await focused(deck)


async def test_what_is_sent_while_it_is_asked_goes_behind_the_others(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with stopped(open_deck, sim, clock, written="last") as deck:
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("queued  last"))
        assert deck.view.composer.has_input_focus
        assert deck.shows(HINT)
        assert [each.text for each in await stored(deck)] == ["second", "third", "last"]
    assert len(sim.sent("/responses")) == 1


def burst(deck: Deck, text: str) -> None:
    """Type faster than anything can happen in between."""
    for character in text:
        name = {" ": "space", "\r": "enter"}.get(character, character)
        deck.app.post_message(events.Key(name, character))


@pytest.mark.parametrize("more", ["what about", "so what now"])
async def test_who_sends_something_while_it_is_asked_and_types_on_answers_nothing(
    open_deck: Open, sim: Simulator, clock: LeapingClock, more: str
) -> None:
    async with stopped(open_deck, sim, clock, written="last") as deck:
        assert deck.view.summary is not None
        chat_id = deck.view.summary.id
        burst(deck, f"\r{more}")
        await deck.until(lambda: deck.shows("queued  last"))
        await deck.until(lambda: deck.view.composer.text == more)
        await until_kept(deck, more)
        assert deck.view.is_open(chat_id)
        assert deck.shows(WORDS)
        assert [(each.text, each.not_before) for each in await stored(deck)] == [
            ("second", None),
            ("third", None),
            ("last", None),
        ]
    assert len(sim.sent("/responses")) == 1


@pytest.mark.parametrize("key", ["s", "w", "escape"])
async def test_what_is_typed_in_the_same_moment_as_the_answer_is_text(
    open_deck: Open, sim: Simulator, clock: LeapingClock, key: str
) -> None:
    async with stopped(open_deck, sim, clock) as deck:
        await focused(deck)
        assert deck.view.summary is not None
        chat_id = deck.view.summary.id
        gate = sim.gate()
        sim.script("responses", [gate, *ev.text_turn("two")])
        deck.app.simulate_key(key)
        burst(deck, "so now")
        await deck.until(lambda: deck.view.composer.text == "so now")
        await until_kept(deck, "so now")
        assert deck.view.is_open(chat_id)
        assert deck.view.composer.has_input_focus
    assert len(sim.sent("/responses")) == (2 if key == "s" else 1)


async def test_what_is_pasted_while_it_is_asked_is_text(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with stopped(open_deck, sim, clock) as deck:
        await focused(deck)
        deck.app.post_message(events.Paste("swn\nsecond line"))
        await deck.until(lambda: deck.view.composer.text == "swn\nsecond line")
        assert deck.shows(WORDS)
        assert deck.view.composer.has_input_focus
    assert len(sim.sent("/responses")) == 1


async def test_who_begins_to_write_as_it_appears_writes_on(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with stopped(open_deck, sim, clock) as deck:
        await focused(deck)
        deck.view._writing.question._monotonic = lambda: 0.0
        deck.view._writing.question._unread_since = 0.0
        await deck.pilot.press(*"wes")
        assert deck.view.composer.text == "wes"
        assert deck.shows(HINT)
        assert deck.shows(WORDS)
    assert len(sim.sent("/responses")) == 1


async def test_another_chat_has_no_such_question_and_coming_back_it_is_there(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with stopped(open_deck, sim, clock) as deck:
        assert deck.view.summary is not None
        first = deck.view.summary.id
        await deck.view.new_chat()
        await deck.until(lambda: not deck.shows(WORDS))
        await deck.view.open_chat(first)
        await deck.until(lambda: deck.shows(WORDS))
        assert deck.shows("queued  second")


# --- a turn that is run again --------------------------------------------------------------------


@asynccontextmanager
async def broken(open_deck: Open, sim: Simulator, clock: LeapingClock) -> AsyncGenerator[Deck]:
    """A deck whose turn has failed, and the question before it is run again."""
    sim.script("responses", [Status(400, body={"error": {"message": "no"}})])
    async with open_deck(size=SIZE) as deck:
        await deck.say("hi")
        await deck.until(lambda: deck.shows("r retry"))
        look_at(deck, clock)
        deck.view.transcript.focus()
        await deck.pilot.press("r")
        await deck.until(lambda: deck.shows(WORDS), "no question")
        await focused(deck)
        assert len(sim.sent("/responses")) == 1
        yield deck


@pytest.mark.parametrize("key", ["s", "escape"])
async def test_trying_again_is_asked_about(
    open_deck: Open, sim: Simulator, clock: LeapingClock, key: str
) -> None:
    async with broken(open_deck, sim, clock) as deck:
        sim.script("responses", ev.text_turn("one"))
        await deck.pilot.press(key)
        await deck.until(lambda: not deck.shows(WORDS))
        if key == "s":
            await deck.until(lambda: deck.replies() == ["one"])
        else:
            assert deck.view.transcript.has_focus
            assert deck.shows("r retry")
    assert len(sim.sent("/responses")) == (2 if key == "s" else 1)


async def test_trying_again_can_wait_until_the_reset(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with broken(open_deck, sim, clock) as deck:
        await deck.pilot.press("w")
        await deck.until(lambda: deck.shows(f"tries again after {clock_time(RESET)}  hi"))
        sim.script("responses", ev.text_turn("one"))
        clock.leap(HOUR + MARGIN)
        await deck.until(lambda: deck.replies() == ["one"])
        await deck.until(lambda: not deck.shows("tries again"))
    assert [asked(sim, n) for n in range(len(sim.sent("/responses")))] == [["hi"], ["hi"]]


async def test_who_goes_back_to_the_text_tries_nothing_again(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with broken(open_deck, sim, clock) as deck:
        await deck.pilot.press("i")
        await deck.until(lambda: not deck.shows(WORDS))
        assert deck.view.composer.has_input_focus
    assert len(sim.sent("/responses")) == 1
