"""Signing out while something is slow: a lock, or the issuer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from app import waits
from app.foredeck import Foredeck
from app.screens.confirm import ConfirmScreen
from app.wiring import open_services
from simulator.script import Usual
from tests.app.conftest import Deck
from tests.app.signing_in import World, until_screen
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from tests.app.test_sign_in_stored import held

TELLING = "signed out here; telling {} to end the login there too"


@pytest.fixture
def signed_in(world: World) -> World:
    """Ada is signed in."""
    world.put(world.sim.issue())
    return world


async def sign_out(deck: Deck) -> None:
    """Ask for it and confirm it."""
    await deck.pilot.press("ctrl+x", "o")
    await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen))
    await deck.pilot.press("y")


async def test_an_issuer_that_is_slow_is_said_and_the_login_is_gone_here_already(
    signed_in: World,
) -> None:
    gate = signed_in.sim.gate()
    signed_in.sim.script("oauth/revoke", [gate, Usual()])
    async with signed_in.chatting() as deck:
        await sign_out(deck)
        told = TELLING.format(signed_in.sim.issuer.partition("//")[2])
        await deck.until(lambda: deck.notices() == [told], "not said")
        assert signed_in.stored() == {}
        assert "no account" in deck.rows()[0]
        gate.open()
        await deck.until(lambda: deck.notices() == [told, "signed out"], "not done")


async def test_a_lock_that_another_program_holds_is_waited_for_with_a_word(
    signed_in: World,
) -> None:
    async with signed_in.chatting() as deck:
        with held(signed_in.file.with_name("foredeck-auth.lock")):
            await sign_out(deck)
            await deck.until(lambda: deck.notices() == ["signing out"], "not said")
            assert signed_in.stored()
        await deck.until(lambda: "signed out" in deck.notices(), "not done")
    assert signed_in.stored() == {}


BROKEN = "{not json"
LEFT = "Deleted here. It could not be read, so it was not revoked"


@asynccontextmanager
async def over_a_broken_login(world: World) -> AsyncGenerator[Deck]:
    """The app over a login that nobody can read, its screen of sign-in left."""
    world.file.write_text(BROKEN)
    world.file.chmod(0o600)
    world.sim.auth.policy.approve_at = None
    async with world.running() as deck:
        await until_screen(deck)
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.app.screen is deck.shell, "not left")
        yield deck


async def test_a_login_that_cannot_be_read_is_asked_about_and_deleted(world: World) -> None:
    async with over_a_broken_login(world) as deck:
        await deck.pilot.press("ctrl+x", "o")
        await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen), "not asked")
        await deck.until(lambda: deck.shows("Delete the login that cannot be used?"))
        words = str(deck.app.screen.query_one(".detail", Static).content)
        assert words == (
            "auth.json is no JSON that can be read. It is deleted here; what cannot be read "
            "cannot be ended at the issuer. Codex uses it too, and is signed out with it. Chats "
            "and drafts stay."
        )
        await deck.pilot.press("y")
        await deck.until(lambda: LEFT in deck.notices(), "not said")
        assert not world.file.exists()
        assert world.sim.sent("/oauth/revoke") == []
        await deck.pilot.press("ctrl+x", "o")
        await deck.until(lambda: "nobody is signed in" in deck.notices(), "still somebody")


async def test_a_login_that_cannot_be_read_stays_after_a_no(world: World) -> None:
    async with over_a_broken_login(world) as deck:
        await deck.pilot.press("escape", "colon", *"logout", "enter")
        await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen), "not asked")
        await deck.pilot.press("n")
        await deck.until(lambda: deck.app.screen is deck.shell, "still asked")
        assert deck.notices() == []
    assert world.file.read_text() == BROKEN


async def test_the_page_of_the_account_offers_to_delete_what_cannot_be_read(world: World) -> None:
    async with over_a_broken_login(world) as deck:
        await deck.pilot.press("ctrl+x", "a")
        await deck.until(lambda: deck.shows("nobody"), "no page")
        await deck.until(lambda: deck.shows("sign out"), "not offered")
        await deck.pilot.press("o")
        await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen), "not asked")


async def test_a_login_that_is_not_allowed_here_is_deleted_and_revoked(signed_in: World) -> None:
    config = signed_in.file.with_name("config.toml")
    config.write_text('forced_chatgpt_workspace_id = "another"\n')
    signed_in.sim.auth.policy.approve_at = None
    async with signed_in.running() as deck:
        await until_screen(deck)
        await deck.pilot.press("escape", "ctrl+x", "o")
        await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen), "not asked")
        await deck.pilot.press("y")
        await deck.until(lambda: "signed out" in deck.notices(), "not done")
    assert not signed_in.file.exists()
    assert signed_in.sim.auth.as_json()["families"]["revoked"] == 1


async def test_what_takes_no_longer_than_a_blink_is_said_once(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "BLINK", 60.0)
    async with signed_in.chatting() as deck:
        await sign_out(deck)
        await deck.until(deck.notices)
        assert deck.notices() == ["signed out"]


async def test_who_quits_right_after_signing_out_leaves_no_tokens_that_are_valid(
    signed_in: World,
) -> None:
    gate, sim = signed_in.sim.gate(), signed_in.sim
    sim.script("oauth/revoke", [gate, Usual()])
    settings = signed_in.settings
    app = Foredeck(settings, lambda: open_services(settings), driver_class=None)

    async def use(pilot: Pilot[Any]) -> None:
        deck = Deck(app, pilot)
        await deck.until(lambda: deck.shell.state == "online", "not online")
        await deck.until(lambda: deck.view.models, "no models")
        await sign_out(deck)
        await deck.until(lambda: signed_in.stored() == {}, "not deleted")
        await deck.until(lambda: sim.sent("/oauth/revoke"), "not asked")
        await pilot.press("ctrl+c", "ctrl+c")
        gate.open()

    await app.run_async(headless=True, auto_pilot=use)
    families = sim.auth.as_json()["families"]
    assert (families["alive"], families["revoked"]) == (0, 1)
