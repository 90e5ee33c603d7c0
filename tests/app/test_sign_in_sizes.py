"""The screen of sign-in where rows are scarce: what counts is in sight."""

import pytest
from textual import events
from textual.widgets import Input

from app.screens.sign_in.panes import BrowserPane, KeyPane
from tests.app.conftest import Deck
from tests.app.signing_in import World, said, screen_of
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture

LOW = [(80, 10), (60, 12), (40, 12), (80, 8), (40, 10), (30, 8)]
SIZES = pytest.mark.parametrize("size", LOW, ids=lambda size: f"{size[0]}x{size[1]}")


async def at(deck: Deck, key: str) -> None:
    """Open the screen on a way whose field takes the keys."""
    await deck.pilot.press("enter")
    await deck.until(lambda: deck.app.screen is not deck.shell)
    await deck.until(lambda: screen_of(deck)._stage == "waits")
    await deck.pilot.press(key)
    await deck.until(lambda: isinstance(deck.app.focused, Input))


@SIZES
async def test_p_shows_the_field_and_the_answer_to_a_wrong_paste(
    world: World, size: tuple[int, int]
) -> None:
    world.sim.auth.policy.approve_at = None
    async with world.welcome(size) as deck:
        await at(deck, "p")
        await deck.until(lambda: any(row.strip().startswith("›") for row in deck.rows()))
        deck.app.post_message(events.Paste("https://example.test/"))
        pane = screen_of(deck).query_one(BrowserPane)
        await deck.until(lambda: pane.field.value)
        await deck.pilot.press("enter")
        await deck.until(lambda: "This is not the address" in said(deck))
        await deck.pilot.press("backspace")
        await deck.until(lambda: any(row.strip().startswith("›") for row in deck.rows()))


@SIZES
async def test_the_answer_to_a_wrong_key_is_in_sight(world: World, size: tuple[int, int]) -> None:
    world.sim.auth.policy.approve_at = None
    async with world.welcome(size) as deck:
        await at(deck, "k")
        await deck.pilot.press(*"sk-wrong")
        pane = screen_of(deck).query_one(KeyPane)
        await deck.until(lambda: pane.field.value == "sk-wrong")
        await deck.pilot.press("enter")
        await deck.until(lambda: "refused the key" in said(deck))


@pytest.mark.parametrize("width", [80, 120, 160])
async def test_the_address_is_shown_whole(world: World, width: int) -> None:
    world.sim.auth.policy.approve_at = None
    async with world.welcome((width, 30)) as deck:
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.app.screen is not deck.shell)
        await deck.until(lambda: screen_of(deck)._stage == "waits")
        await deck.pilot.press("b")
        await deck.until(lambda: deck.shows("on port"))
        rows = "".join(row.strip() for row in deck.rows())
        assert screen_of(deck)._copied[0] in rows
        assert "…" not in rows
