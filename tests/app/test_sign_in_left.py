"""Leaving the screen of sign-in while the login is being stored, which goes on."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from app.foredeck import Foredeck
from services.auth.keeping import keeper
from tests.app.conftest import Deck
from tests.app.signing_in import World, signing_in, started
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from tests.app.test_sign_in_stored import held

STORED_LATER = "The login is still being stored"


def lock_of(world: World) -> Path:
    """Codex's lock, which is held while somebody writes."""
    return world.file.with_name("auth.lock")


async def allowed_and_left(deck: Deck, world: World, key: str = "escape") -> None:
    """Allow the code on its page, and leave the screen while the login is being stored."""
    (code,) = world.sim.auth.device.waiting()
    world.sim.auth.device.decide(code, "allow")
    await deck.until(lambda: deck.shows("Storing the login"))
    assert deck.shows("esc back")
    await deck.pilot.press(key)
    await deck.until(lambda: deck.app.screen is deck.shell, "not left")
    await deck.until(lambda: STORED_LATER in " ".join(deck.notices()), "not said")


@pytest.mark.parametrize("key", ["escape", "q", "ctrl+c"])
async def test_a_login_is_stored_after_the_screen_was_left_and_then_used(
    world: World, key: str
) -> None:
    async with signing_in(world) as deck:
        with held(lock_of(world)):
            await allowed_and_left(deck, world, key)
            assert world.stored() == {}
        await started(deck)
    assert world.stored()["auth_mode"] == "chatgpt"


async def test_a_run_that_is_signed_in_hears_of_it(world: World) -> None:
    world.put(world.sim.issue())
    before = world.stored()["tokens"]["refresh_token"]
    world.sim.auth.policy.approve_at = None
    async with world.chatting() as deck:
        deck.shell.sign_in()
        await deck.until(lambda: deck.shows("Waiting for the page"))
        with held(lock_of(world)):
            await allowed_and_left(deck, world)
            assert world.stored()["tokens"]["refresh_token"] == before
        await deck.until(lambda: "signed in as" in " ".join(deck.notices()), "not told")
        assert world.stored()["tokens"]["refresh_token"] != before


async def test_what_could_not_be_stored_is_said_and_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "COMMIT_WAIT", 0.5)
    async with signing_in(world) as deck:
        with held(lock_of(world)):
            await allowed_and_left(deck, world)
            told = "The login was not stored. Another program holds the lock of the login"
            await deck.until(lambda: told in " ".join(deck.notices()), "not told")
        await deck.until(lambda: world.sim.sent("/oauth/revoke"), "not ended")
    assert world.stored() == {}


async def test_leaving_the_app_waits_for_it(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world.sim.auth.policy.approve_at = None
    world.sim.auth.policy.interval = "0"
    app = Foredeck(world.settings, None, driver_class=None)

    async def use(pilot: Pilot[Any]) -> None:
        deck = Deck(app, pilot)
        await deck.until(lambda: deck.shows("Four ways to start"))
        await pilot.press("enter")
        await deck.until(lambda: deck.shows("Waiting for the page"))
        await allowed_and_left(deck, world)
        await pilot.press("ctrl+c", "ctrl+c")

    with held(lock_of(world)):
        running = asyncio.create_task(app.run_async(headless=True, auto_pilot=use))
        said = ""
        while "Waiting for the login to be stored" not in said:
            assert not running.done()
            await asyncio.sleep(0.02)
            said += capfd.readouterr().err
        assert world.stored() == {}
    await running
    assert json.loads(world.file.read_text())["auth_mode"] == "chatgpt"
