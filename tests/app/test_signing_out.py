"""Signing out while something is slow: a lock, or the issuer."""

from typing import Any

import pytest
from textual.pilot import Pilot

from app import waits
from app.foredeck import Foredeck
from app.screens.confirm import ConfirmScreen
from app.wiring import open_services
from simulator.script import Usual
from tests.app.conftest import Deck
from tests.app.signing_in import World
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
