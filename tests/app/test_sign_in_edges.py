"""Rows of the edge table that somebody meets on the screen of sign-in: E7, E33 and E34."""

import httpx
import pytest
from textual import events
from textual.widgets import Input

from services.auth.flows import browser
from simulator.script import Status
from tests.app.conftest import Deck
from tests.app.signing_in import World, said, screen_of, signing_in, until_screen
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from tests.unit.auth.rows import row
from widgets.code_tiles import CodeTiles

WARNING = ("! Never type a code that somebody sent you.", "Nor share yours: it opens your account.")
UNAUTHORIZED = Status(401, {}, {"detail": "Unauthorized"})
SIZES = [(100, 30), (80, 24), (60, 20), (60, 16), (80, 12)]


def shows_the_code(deck: Deck) -> bool:
    """Whether the tiles of the code are in sight, all of them."""
    tiles = screen_of(deck).query_one(CodeTiles)
    return tiles.region.height > 0 and screen_of(deck).region.contains_region(tiles.region)


async def at_the_code(deck: Deck) -> None:
    await deck.pilot.press("enter")
    await deck.until(lambda: deck.app.screen is not deck.shell)
    await deck.until(lambda: screen_of(deck)._stage == "waits")


@pytest.mark.parametrize("size", SIZES, ids=[f"E34 warning at {w}x{h}" for w, h in SIZES])
async def test_the_code_is_shown_beside_a_warning(world: World, size: tuple[int, int]) -> None:
    world.sim.auth.policy.approve_at = None
    async with world.welcome(size) as deck:
        await at_the_code(deck)
        await deck.until(lambda: shows_the_code(deck))
        await deck.until(lambda: all(map(deck.shows, WARNING)), "no warning in sight")


@row("E34 warning at 40x14")
async def test_where_rows_are_scarce_the_warning_is_a_few_rows_below(world: World) -> None:
    world.sim.auth.policy.approve_at = None
    async with world.welcome((40, 14)) as deck:
        await at_the_code(deck)
        await deck.until(lambda: shows_the_code(deck))
        await deck.pilot.press(*["down"] * 5)
        await deck.until(lambda: "Never type a code that" in said(deck), "no warning in sight")


@row("E34 nothing typed or pasted")
async def test_a_code_of_somebody_else_is_taken_from_nowhere(world: World) -> None:
    """Whoever had the app ask about this code, which is allowed already, would sign it in."""
    async with signing_in(world) as deck:
        await until_screen(deck)
        (ours,) = world.sim.auth.device.waiting()
        async with httpx.AsyncClient(trust_env=False) as attacker:
            client_id = {"client_id": "app_EMoamEEZ73f0CkXaXp7hrann"}
            path = f"{world.sim.issuer}/api/accounts/deviceauth/usercode"
            theirs = (await attacker.post(path, json=client_id)).json()["user_code"]
        assert world.sim.auth.device.decide(theirs, "allow")
        asked = len(world.sim.sent("/deviceauth/token"))
        deck.app.post_message(events.Paste(theirs))
        await deck.pilot.press("enter")
        # Two more questions, and none of them about a code that is allowed.
        await deck.until(lambda: len(world.sim.sent("/deviceauth/token")) > asked + 1)
        assert screen_of(deck)._stage == "waits"
        assert not screen_of(deck).query(Input)
        assert theirs not in said(deck)
        assert world.sim.auth.device.decide(ours, "deny")
        await deck.until(lambda: "was declined" in said(deck))
    assert world.stored() == {}
    assert world.sim.sent("/oauth/token") == []


@row("E7 deadline on the screen")
async def test_at_the_deadline_of_the_browser_a_code_is_a_key_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "LIFE", 0.3)
    async with signing_in(world, "b") as deck:
        await deck.until(lambda: "The browser did not come back" in said(deck))
        assert "d sign in with a code" in said(deck)
        await deck.pilot.press("d")
        await deck.until(lambda: deck.shows("Type this code there"))


@row("E33 sign-in")
async def test_while_an_exchange_hangs_keys_work_and_esc_leaves(world: World) -> None:
    gate = world.sim.gate()
    world.sim.script("oauth/token", [gate, Status(500, {}, {})])
    async with signing_in(world) as deck:
        await until_screen(deck)
        (code,) = world.sim.auth.device.waiting()
        assert world.sim.auth.device.decide(code, "allow")
        await deck.until(lambda: gate.is_reached)
        await deck.pilot.press("question_mark")
        await deck.until(lambda: deck.shows("Keys while signing in"))
        await deck.pilot.press("escape")
        await deck.until(lambda: not deck.shows("Keys while signing in"))
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.app.screen is deck.shell)
        gate.open()
    assert world.stored() == {}


@row("E33 renewal in a chat")
async def test_while_a_renewal_hangs_one_can_type_and_esc_stops(world: World) -> None:
    world.put(world.sim.issue())
    gate = world.sim.gate()
    async with world.chatting() as deck:
        world.sim.script("oauth/token", [gate, Status(500, {}, {})])
        for _ in range(2):
            world.sim.script("responses", [UNAUTHORIZED])
        await deck.say("hello")
        await deck.until(lambda: gate.is_reached)
        await deck.pilot.press(*"more")
        await deck.until(lambda: deck.view.composer.text == "more")
        await deck.pilot.press("escape", "escape")
        await deck.until(lambda: not deck.view.is_answering)
        gate.open()
