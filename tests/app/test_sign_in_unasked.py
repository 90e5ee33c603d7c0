"""A screen of sign-in that opens unasked while somebody types into the text below."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from textual import events
from textual.timer import Timer
from textual.widgets import Input

from app import accounts
from app.screens.sign_in import stage
from app.screens.sign_in.screen import SignInScreen
from app.sign_in_ways import Way
from services.errors import CredentialsError
from tests.app.conftest import Deck
from tests.app.signing_in import World, screen_of
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from widgets.glyphs import UNICODE

ENDED = CredentialsError("The login has ended", next_step="Sign in again", code="signed_out")


@dataclass
class Quiet:
    """The waits for no key, which end when a test says so."""

    ends: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])


class Below:
    """A text that takes every letter."""

    def __init__(self, typed: list[str]) -> None:
        self._typed = typed

    def insert(self, text: str) -> None:
        self._typed.append(text)

    async def press(self, key: str) -> None:
        """No key edits it."""


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Quiet:
    made, begin = Quiet(), SignInScreen.set_timer

    def set_timer(
        screen: SignInScreen, delay: float, callback: Callable[[], None], **rest: Any
    ) -> Timer:
        if delay == stage.DEAF_SECONDS:
            made.ends.append(callback)
            return begin(screen, 0.01, lambda: None)
        return begin(screen, delay, callback, **rest)

    monkeypatch.setattr(SignInScreen, "set_timer", set_timer)
    return made


@asynccontextmanager
async def unasked(world: World, way: Way, words: str) -> AsyncGenerator[tuple[Deck, list[str]]]:
    """The screen with a reason, and what it hands on to the text below."""
    world.sim.auth.policy.approve_at = None
    typed: list[str] = []
    async with world.welcome() as deck:
        await deck.until(lambda: deck.app.hears_keys)
        screen = SignInScreen(
            lambda: accounts.open_auth(world.settings, {"CODEX_HOME": str(world.file.parent)}),
            world.settings,
            UNICODE,
            environ={},
            reason=ENDED.failure,
            way=way,
            below=Below(typed),
        )
        deck.app.push_screen(screen)
        await deck.until(lambda: deck.shows(words))
        yield deck, typed


async def test_what_is_typed_goes_to_the_text_below_and_no_way_is_changed(
    world: World, quiet: Quiet
) -> None:
    async with unasked(world, Way.DEVICE, "Waiting for the page") as (deck, typed):
        await deck.pilot.press(*"bkq?", "space", "enter", "up", "p", "é")
        await deck.until(lambda: "".join(typed) == "bkq? pé")
        screen = screen_of(deck)
        assert (screen._way, screen._stage, deck.app.focused) == (Way.DEVICE, "waits", None)
        assert quiet.ends


async def test_each_key_begins_the_wait_anew(world: World, quiet: Quiet) -> None:
    async with unasked(world, Way.DEVICE, "Waiting for the page") as (deck, typed):
        await deck.pilot.press("k", "e")
        await deck.until(lambda: typed == ["k", "e"])
        first, second, third = quiet.ends
        first()
        second()
        await deck.pilot.press("b")
        await deck.until(lambda: typed == ["k", "e", "b"])
        third()
        await deck.pilot.press("d")
        await deck.until(lambda: typed == ["k", "e", "b", "d"])
        quiet.ends[-1]()
        await deck.pilot.press("b")
        await deck.until(lambda: deck.shows("on port"))
        assert "".join(typed) == "kebd"


async def test_a_key_s_field_takes_no_letter_until_it_is_quiet(world: World, quiet: Quiet) -> None:
    async with unasked(world, Way.KEY, "It is not shown") as (deck, typed):
        await deck.pilot.press(*"half")
        await deck.until(lambda: "".join(typed) == "half")
        field = screen_of(deck).query_one(Input)
        assert field.value == ""
        quiet.ends[-1]()
        await deck.until(lambda: deck.app.focused is field)
        await deck.pilot.press(*"sk")
        await deck.until(lambda: field.value == "sk")
        assert "".join(typed) == "half"


async def test_what_is_pasted_meanwhile_goes_to_the_text_below_too(
    world: World, quiet: Quiet
) -> None:
    async with unasked(world, Way.BROWSER, "on port") as (deck, typed):
        deck.app.post_message(events.Paste("two\nlines"))
        await deck.until(lambda: typed == ["two\nlines"])
        assert deck.app.focused is None
        assert len(quiet.ends) == 2


async def test_esc_leaves_a_screen_that_nobody_asked_for_at_once(
    world: World, quiet: Quiet
) -> None:
    async with unasked(world, Way.DEVICE, "Waiting for the page") as (deck, typed):
        await deck.pilot.press("escape")
        await deck.until(lambda: deck.app.screen is deck.shell)
        assert typed == []
        assert quiet.ends
