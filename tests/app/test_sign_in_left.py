"""Leaving the screen of sign-in while the login is being stored, which goes on."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from app.foredeck import Foredeck
from app.screens.sign_in.screen import SignInScreen
from app.sign_in_ways import Way
from services.auth.keeping import keeper
from services.errors import StorageError
from tests.app.conftest import Deck
from tests.app.signing_in import World, screen_of, signing_in, started
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from tests.app.test_sign_in_stored import held
from widgets.glyphs import UNICODE

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
        while "Waiting for the sign-in or sign-out" not in said:
            assert not running.done()
            await asyncio.sleep(0.02)
            said += capfd.readouterr().err
        assert world.stored() == {}
    await running
    assert json.loads(world.file.read_text())["auth_mode"] == "chatgpt"


async def test_a_key_that_is_being_stored_is_stored_after_the_screen_was_left(
    world: World,
) -> None:
    world.put(world.sim.issue())
    async with world.chatting() as deck:
        deck.shell.sign_in(way=Way.KEY)
        await deck.until(lambda: deck.shows("An API key for"))
        await deck.pilot.press(*(world.sim.api_key or ""))
        with held(lock_of(world)):
            await deck.pilot.press("enter")
            await deck.until(lambda: screen_of(deck)._storing is not None, "not checked")
            await deck.pilot.press("escape")
            await deck.until(lambda: deck.app.screen is deck.shell, "not left")
            assert world.stored()["tokens"]
        await deck.until(lambda: world.stored().get("auth_mode") == "apikey", "not stored")
        await deck.until(lambda: world.sim.sent("/oauth/revoke"), "the old login is not ended")


async def test_a_screen_that_opens_in_vain_twice_and_is_left_ends_nothing_else(
    world: World,
) -> None:
    slow = threading.Event()
    fails: list[int] = []

    @asynccontextmanager
    async def opening() -> AsyncGenerator[Any]:
        fails.append(1)
        if len(fails) > 1:
            await asyncio.to_thread(slow.wait, 20)
        raise StorageError("No keyring service can be reached")
        yield

    async with world.welcome() as deck:
        screen = SignInScreen(opening, world.settings, UNICODE, environ={})
        deck.app.push_screen(screen)
        await deck.until(lambda: deck.shows("No keyring service"), "not failed")
        await deck.until(lambda: screen._stage == "failed")
        await deck.pilot.press("r")
        await deck.until(lambda: len(fails) == 2, "not tried again")
        await deck.pilot.press("r")
        await deck.until(lambda: len(fails) == 3, "not tried a third time")
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.app.screen is deck.shell, "not left")
        slow.set()
        await deck.pilot.pause(0.1)
        assert deck.app.is_running
        assert deck.app._exception is None
