"""Messages that wait for a limit to begin anew."""

import asyncio
import time
from dataclasses import replace
from typing import cast

import pytest

import app.wiring
from services.clock import SystemClock
from services.limits.ports import Limits
from services.models.chat import QueuedMessage
from services.models.times import clock_time, day_time, full_time
from simulator import events as ev
from simulator.server import Simulator
from tests.app.conftest import Deck, Open
from tests.app.test_before_sending import HOUR, NOW, SCARCE, SIZE, Stub, draft
from tests.app.test_turn import asked

RESET = NOW + HOUR
MARGIN = 10.0
"""Seconds within which a message goes after its time."""
DAY = 24 * HOUR


class LeapingClock(SystemClock):
    """The machine's clock, in another year, and forward when the test says so."""

    def __init__(self) -> None:
        self._ahead = NOW - time.time()
        self._leapt = asyncio.Event()

    def now(self) -> float:
        return super().now() + self._ahead

    async def sleep(self, seconds: float) -> None:
        if seconds < 5:
            await super().sleep(seconds)
        else:
            await self._leapt.wait()

    def leap(self, seconds: float) -> None:
        self._ahead += seconds
        self._leapt.set()
        self._leapt = asyncio.Event()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> LeapingClock:
    leaping = LeapingClock()
    monkeypatch.setattr(app.wiring, "SystemClock", lambda: leaping)
    return leaping


def look_at(deck: Deck, clock: LeapingClock, stub: Stub | None = None) -> None:
    """Let the deck ask a stub, and show times as the clock has them."""
    writing, services = deck.view._writing, deck.shell._services
    assert services is not None
    limits = cast("Limits", stub or Stub())
    writing.look_at(limits, clock)
    services.chat.look_at(limits)
    writing.question._now = clock.now
    writing.question._monotonic = iter(range(10**9)).__next__
    writing.composer._queue_rows._now = clock.now


async def wait(deck: Deck, text: str = "later") -> None:
    """Write a message, and let it wait until the reset."""
    await deck.say(text)
    await deck.until(lambda: deck.view._writing.question.has_focus)
    await deck.pilot.press("w")
    await deck.until(lambda: deck.shows("waits until"))


async def stored(deck: Deck) -> tuple[QueuedMessage, ...]:
    """The queue on disk."""
    services, summary = deck.shell._services, deck.view.summary
    assert services is not None
    assert summary is not None
    return await services.chats.queue(summary.id)


async def test_a_message_waits_until_the_reset_and_goes_by_itself_once(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, clock)
        await wait(deck)
        assert deck.shows(f"waits until {clock_time(RESET)}  later")
        assert deck.view.composer.text == ""
        assert deck.view.composer.has_input_focus
        assert await draft(deck) == ""
        assert [(each.text, each.not_before) for each in await stored(deck)] == [("later", RESET)]
        clock.leap(HOUR - 60)
        await deck.pilot.pause()
        assert sim.sent("/responses") == []
        clock.leap(60 + MARGIN)
        await deck.until(lambda: deck.replies() == ["one"])
        await deck.until(lambda: not deck.shows("waits until"))
        assert await stored(deck) == ()
        clock.leap(HOUR)
        await deck.pilot.pause()
    assert len(sim.sent("/responses")) == 1
    assert asked(sim, 0) == ["later"]


async def test_another_day_is_named(open_deck: Open, clock: LeapingClock) -> None:
    far = Stub(answer=replace(SCARCE, label="week", resets_at=NOW + 3 * DAY))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, clock, far)
        await wait(deck)
        assert deck.shows(f"waits until {full_time(NOW + 3 * DAY)}  later")
        await deck.pilot.resize_terminal(60, 24)
        await deck.until(lambda: deck.shows(f"waits until {day_time(NOW + 3 * DAY, NOW)}  later"))


async def test_up_takes_it_back_to_edit_it_and_it_waits_no_more(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with open_deck(size=SIZE) as deck:
        look_at(deck, clock)
        await wait(deck)
        await deck.pilot.press("up")
        await deck.until(lambda: deck.view.composer.text == "later")
        await deck.until(lambda: not deck.shows("waits until"))
        clock.leap(HOUR + MARGIN)
        await deck.pilot.pause()
        assert await stored(deck) == ()
    assert sim.sent("/responses") == []


@pytest.mark.parametrize("way", ["click", "keys"])
async def test_it_can_be_sent_now(
    open_deck: Open, sim: Simulator, clock: LeapingClock, way: str
) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, clock)
        await wait(deck)
        if way == "click":
            row = next(n for n, text in enumerate(deck.rows()) if "waits until" in text)
            await deck.pilot.click(offset=(deck.rows()[row].index("send now"), row))
        else:
            await deck.pilot.press("ctrl+x", "enter")
        await deck.until(lambda: deck.replies() == ["one"])
        assert not deck.shows("waits until")
        clock.leap(HOUR + MARGIN)
        await deck.pilot.pause()
    assert [asked(sim, n) for n in range(len(sim.sent("/responses")))] == [["later"]]


async def test_a_click_beside_send_now_edits_and_one_on_the_mark_removes(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    async with open_deck(size=SIZE) as deck:
        look_at(deck, clock)
        await wait(deck)
        row = next(n for n, text in enumerate(deck.rows()) if "waits until" in text)
        await deck.pilot.click(offset=(deck.rows()[row].index("edit") + 3, row))
        await deck.until(lambda: deck.view.composer.text == "later")
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.view._writing.question.has_focus)
        await deck.pilot.press("w")
        await deck.until(lambda: deck.shows("waits until"))
        await deck.pilot.click(offset=(deck.rows()[row].rindex("×"), row))
        await deck.until(lambda: not deck.shows("waits until"))
        assert deck.view.composer.text == ""
        assert await stored(deck) == ()
    assert sim.sent("/responses") == []


async def test_an_interrupt_gives_it_back(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    sim.script("responses", [*ev.text_turn("partly", size=6)[:4], sim.gate()])
    async with open_deck(size=SIZE) as deck:
        look_at(deck, clock)
        await wait(deck)
        look_at(deck, clock, Stub(answer=None))
        await deck.say("first")
        await deck.until(lambda: deck.shows("partly"))
        assert deck.shows("waits until")
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: deck.view.composer.text == "later")
        assert not deck.shows("waits until")
    assert len(sim.sent("/responses")) == 1


async def test_nobody_is_let_wait_for_a_reset_that_is_not_known(
    open_deck: Open, clock: LeapingClock
) -> None:
    unknown = Stub(answer=replace(SCARCE, label="week", resets_at=None))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, clock, unknown)
        await deck.say("later")
        await deck.until(lambda: deck.view._writing.question.has_focus)
        await deck.until(lambda: deck.shows("enter send anyway"))
        assert not deck.shows("wait until")
        await deck.pilot.press("w")
        assert deck.view._writing.question.asked is not None
        assert deck.view.composer.text == "later"


async def test_after_a_new_start_it_waits_on_and_goes_at_its_time(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, clock)
        await wait(deck)
    async with open_deck(size=SIZE) as again:
        look_at(again, clock)
        await again.until(lambda: again.shows("until"))
        again.view.composer._queue_rows.refresh()
        await again.until(lambda: again.shows(f"waits until {clock_time(RESET)}  later"))
        services = again.shell._services
        assert services is not None
        await again.until(lambda: services.chat._waiting._naps, "nobody took it over")
        assert sim.sent("/responses") == []
        clock.leap(HOUR + MARGIN)
        await again.until(lambda: again.replies() == ["one"])
    assert len(sim.sent("/responses")) == 1


async def test_what_was_due_while_the_app_was_closed_waits_for_send_now(
    open_deck: Open, sim: Simulator, clock: LeapingClock
) -> None:
    sim.script("responses", ev.text_turn("one"))
    async with open_deck(size=SIZE) as deck:
        look_at(deck, clock)
        await wait(deck)
    clock.leap(HOUR + MARGIN)
    async with open_deck(size=SIZE) as again:
        look_at(again, clock)
        await again.until(lambda: again.shows("waited until") or again.shows("waits until"))
        again.view.composer._queue_rows.refresh()
        await again.until(lambda: again.shows(f"waited until {clock_time(RESET)}  later"))
        clock.leap(HOUR)
        await again.pilot.pause()
        assert sim.sent("/responses") == []
        row = next(n for n, text in enumerate(again.rows()) if "waited until" in text)
        await again.pilot.click(offset=(again.rows()[row].index("send now") + 7, row))
        await again.until(lambda: again.replies() == ["one"])
    assert len(sim.sent("/responses")) == 1
