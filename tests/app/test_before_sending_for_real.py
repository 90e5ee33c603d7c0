"""The question before sending, with limits that the server's answers tell."""

import time

import pytest

from services.chat import asking
from services.limits.costing import LATE
from tests.app.signing_in import World
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from tests.app.test_turn import asked
from tests.app.test_waiting_messages import LeapingClock
from tests.app.test_waiting_messages import clock as clock  # noqa: PLC0414 a fixture

PAUSE = LATE + 10


@pytest.mark.parametrize("pause", [PAUSE, 0.0], ids=["slow", "one after the other"])
async def test_after_turns_that_cost_much_the_next_one_is_asked_about_until_the_reset(
    world: World, clock: LeapingClock, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A slow machine is no reason to send.
    monkeypatch.setattr(asking, "PATIENCE", 4.0)
    sim = world.sim
    clock.leap(time.time() - clock.now())
    world.put(sim.issue())
    sim.limits.set(
        windows=[
            {"slot": "primary", "used_percent": 40, "per_turn": 16, "per_hour": 0},
            {"slot": "secondary", "used_percent": 5, "per_turn": 0, "per_hour": 0},
        ]
    )
    async with world.chatting((92, 30)) as deck:
        services = deck.shell._services
        assert services is not None
        await deck.until(lambda: services.limits.state.windows, "no limits")
        for number in (1, 2, 3):
            clock.leap(pause)
            await deck.say(f"question {number}")
            await deck.until(lambda n=number: len(sim.sent("/responses")) == n)
            await deck.until(lambda: not deck.view.is_answering)
            await deck.until(
                lambda n=number: services.limits.state.windows[0].used_percent == 40 + 16 * n,
                "the answer's limits were not heard",
            )
        clock.leap(pause)
        await deck.say("question 4")
        await deck.until(lambda: deck.shows("16% of 5 h; 12% left: likely cut off; resets "))
        assert deck.view.composer.text == "question 4"
        assert len(sim.sent("/responses")) == 3
        deck.view._writing.question._monotonic = lambda: float("inf")
        await deck.until(lambda: deck.view._writing.question.has_focus)
        await deck.pilot.press("s")
        await deck.until(lambda: len(sim.sent("/responses")) == 4)
        await deck.until(lambda: not deck.view.is_answering)
    assert asked(sim, 3)[-1] == "question 4"
