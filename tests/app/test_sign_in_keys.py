"""Leaving the screen of sign-in, its hints, and the field of an API key."""

import socket
import time

import pytest
from textual import events
from textual.widgets import Input

from tests.app.conftest import Deck
from tests.app.signing_in import World, said, screen_of, signing_in, started
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture

CANCEL_LIMIT = 0.5
"""Seconds after which an attempt that was left must be gone: 0.2, and a busy machine."""


@pytest.mark.parametrize("key", ["escape", "q", "ctrl+c"], ids="E7 {}".format)
@pytest.mark.parametrize("way", ["d", "b"])
async def test_leaving_frees_the_port_and_signs_nobody_in(world: World, key: str, way: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world.use_ports(port)
    async with signing_in(world, *([way] if way == "b" else [])) as deck:
        if way == "b":
            await deck.until(lambda: deck.shows(f"on port {port}"))
        begun = time.monotonic()
        await deck.pilot.press(key)
        await deck.until(lambda: is_free(port))
        assert time.monotonic() - begun < CANCEL_LIMIT
        await deck.until(lambda: deck.app.screen is deck.shell)
        assert deck.app.return_value is None
        await deck.until(lambda: deck.shows("Four ways to start"))
    assert world.stored() == {}


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


async def test_a_key_is_typed_hidden_tried_once_and_kept(world: World) -> None:
    async with signing_in(world, "k") as deck:
        await deck.until(lambda: isinstance(deck.app.focused, Input))
        assert f"kept in {world.file}" in said(deck)
        await deck.pilot.press(*"sk-wrong")
        await deck.until(lambda: deck.shows("•" * 8))
        assert not deck.shows("sk-wrong")
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("refused the key"))
        assert world.stored() == {}
        field = screen_of(deck).query_one(Input)
        assert (field.value, field.has_focus) == ("", True)
        deck.app.post_message(events.Paste(world.sim.api_key or ""))
        await deck.until(lambda: field.value != "")
        await deck.pilot.press("enter")
        await started(deck)
    assert world.stored() == {"auth_mode": "apikey", "OPENAI_API_KEY": world.sim.api_key}


async def test_the_hints_of_the_footer_can_be_clicked(world: World) -> None:
    async with signing_in(world) as deck:
        await click(deck, "k API key")
        await deck.until(lambda: isinstance(deck.app.focused, Input))
        await deck.pilot.press(*"sk-wrong")
        await click(deck, "enter take it")
        await deck.until(lambda: deck.shows("refused the key"))
        await click(deck, "esc leave the text")
        await deck.until(lambda: deck.app.focused is None)
        await click(deck, "b browser")
        await deck.until(lambda: deck.shows("on port"))
        await click(deck, "esc back")
        await deck.until(lambda: deck.app.screen is deck.shell)


async def click(deck: Deck, words: str) -> None:
    """Click a hint of the footer, once it is there."""
    await deck.until(lambda: words in deck.rows()[-1])
    column = deck.rows()[-1].index(words)
    await deck.pilot.click(offset=(column + 1, deck.app.size.height - 1))


async def test_esc_leaves_the_key_s_field_first_and_k_goes_back_into_it(world: World) -> None:
    async with signing_in(world, "k") as deck:
        await deck.until(lambda: isinstance(deck.app.focused, Input))
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.app.focused is None)
        await deck.until(lambda: deck.shows("k API key"))
        await deck.pilot.press("k")
        await deck.until(lambda: isinstance(deck.app.focused, Input))
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: deck.app.screen is deck.shell)


async def test_a_key_that_is_being_tried_can_be_left(world: World) -> None:
    gate = world.sim.gate()
    world.sim.script("models", [gate])
    async with signing_in(world, "k") as deck:
        await deck.until(lambda: isinstance(deck.app.focused, Input))
        deck.app.post_message(events.Paste(world.sim.api_key or ""))
        await deck.until(lambda: screen_of(deck).query_one(Input).value)
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("Checking"))
        await deck.pilot.press("escape")
        await deck.until(lambda: not deck.shows("Checking"))
        gate.open()
    assert world.stored() == {}
