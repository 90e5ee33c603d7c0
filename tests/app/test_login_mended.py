"""What is typed while there is no login, and what happens once there is one again."""

import asyncio
from dataclasses import replace

import pytest

from app.foredeck import Foredeck, StartAgain
from app.screens.confirm import ConfirmScreen
from app.screens.sign_in import stage
from app.screens.sign_in.screen import SignInScreen
from app.wiring import open_services
from services.errors import CredentialsError
from services.events import SignInNeeded
from services.store.database import Database
from simulator.auth.account import Account
from simulator.server import Simulator
from tests.app.conftest import Deck
from tests.app.signing_in import World
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture

BOB = Account(account_id="22222222-2222-4222-8222-222222222222", user_id="user-bob")


@pytest.fixture
def signed_in(world: World, sim: Simulator) -> World:
    """Ada is signed in."""
    world.put(sim.issue())
    return world


def is_signing_in(deck: Deck) -> bool:
    return isinstance(deck.app.screen, SignInScreen)


async def test_the_answer_comes_once_somebody_has_signed_in_again(
    signed_in: World, sim: Simulator
) -> None:
    sim.auth.policy.interval = "0"
    async with signed_in.chatting() as deck:
        sim.auth.ledger.end_all("revoked")
        await deck.say("still there")
        await deck.until(lambda: is_signing_in(deck), "no screen")
        await deck.until(lambda: not is_signing_in(deck), "not signed in")
        await deck.until(lambda: deck.replies() and not deck.view.is_answering, "no answer")
    asked = [call.body["input"][-1]["content"][0]["text"] for call in sim.sent("/responses")]
    assert asked[-1] == "still there"


async def test_what_is_typed_without_services_stays_and_goes_into_the_next_run(
    world: World, sim: Simulator
) -> None:
    sim.auth.policy.interval = "1"
    sim.auth.policy.approve_at = None
    world.file.write_text("{x")
    app = Foredeck(world.settings, lambda: open_services(world.settings), driver_class=None)
    async with app.run_test(size=(100, 30)) as pilot:
        deck = Deck(app, pilot)
        await deck.until(lambda: is_signing_in(deck), "no screen")
        await deck.until(lambda: deck.shows("Waiting for the page"), "no code")
        await deck.pilot.press("escape")
        await deck.until(lambda: not is_signing_in(deck), "not left")
        sim.auth.policy.approve_at = 1
        await deck.say("question")
        await deck.until(lambda: is_signing_in(deck), "no screen")
        assert deck.view.composer.text == "question"
        await deck.until(lambda: app.return_value is not None, "not signed in")
    assert isinstance(app.return_value, StartAgain)
    assert app.return_value.draft == "question"


async def test_a_login_that_another_program_stored_survives_a_logout(
    signed_in: World, sim: Simulator
) -> None:
    async with signed_in.chatting() as deck:
        theirs = sim.issue(BOB)
        signed_in.put(theirs)
        await deck.pilot.press("ctrl+x", "o")
        await deck.until(lambda: isinstance(deck.app.screen, ConfirmScreen), "no question")
        await deck.pilot.press("y")
        await deck.until(lambda: any("who stays" in said for said in deck.notices()), "not said")
    assert signed_in.stored() == theirs
    ends = {family.account.user_id: family.end for family in sim.auth.ledger.families()}
    assert ends == {sim.account.user_id: "revoked", BOB.user_id: "alive"}


@pytest.mark.parametrize("key", ["o", "l", "a"])
async def test_a_demo_that_has_not_begun_touches_no_login_of_the_user(
    signed_in: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signed_in.stored()
    demo = replace(signed_in.settings, demo=True)
    held = asyncio.Event()

    async def never(*_: object) -> None:
        await held.wait()

    monkeypatch.setattr(Database, "_start", never)
    app = Foredeck(demo, lambda: open_services(demo), driver_class=None)
    async with app.run_test(size=(100, 30)) as pilot:
        deck = Deck(app, pilot)
        await deck.pilot.press("escape", "ctrl+x", key)
        await deck.until(lambda: "the demo is still starting" in deck.notices(), "not said")
        app.exit()
    assert signed_in.stored() == before


async def test_a_login_of_this_process_lasts_through_a_new_start(
    world: World, sim: Simulator
) -> None:
    sim.auth.policy.interval = "0"
    world.settings = replace(world.settings, auth_store="ephemeral")
    async with world.welcome() as deck:
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.app.return_value is not None, "not signed in")
    assert world.stored() == {}
    async with world.running() as deck:
        await deck.until(lambda: deck.shell.state == "online", "not online")
        await deck.say("hello")
        await deck.until(lambda: deck.replies() and not deck.view.is_answering, "no answer")


async def test_what_is_typed_when_the_screen_comes_between_stays_in_the_draft(
    signed_in: World, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A slow machine types slowly, and is no reader who has stopped to look.
    monkeypatch.setattr(stage, "DEAF_SECONDS", 3600.0)
    sim.auth.policy.approve_at = None
    async with signed_in.chatting() as deck:
        deck.view.composer.focus_input()
        await deck.pilot.press(*"look at the k".replace(" ", "_"))
        services = deck.shell._services
        assert services is not None
        failure = CredentialsError("It has ended", code="signed_out").failure
        services.bus.publish(SignInNeeded(failure=failure))
        await deck.until(lambda: is_signing_in(deck), "no screen")
        await deck.pilot.press(*"ernel_module")
        await deck.until(lambda: deck.shows("Waiting for the page"), "no code")
        screen = deck.app.screen
        assert isinstance(screen, stage.SignInStage)
        screen._listen(screen._keys_unheard)
        await deck.pilot.press("escape")
        await deck.until(lambda: not is_signing_in(deck), "not left")
        assert deck.view.composer.text == "look_at_the_kernel_module"
