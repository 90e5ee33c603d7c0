"""Keys that edit a draft, pressed while a screen of sign-in that nobody asked for comes between."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from services.errors import CredentialsError
from services.events import SignInNeeded
from tests.app.conftest import Deck
from tests.app.signing_in import World, screen_of
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from tests.app.test_sign_in_unasked import Quiet
from tests.app.test_sign_in_unasked import quiet as quiet  # noqa: PLC0414 a fixture

ENDED = CredentialsError("The login has ended", code="signed_out").failure


@asynccontextmanager
async def come_between(world: World, draft: str, *first: str) -> AsyncGenerator[Deck]:
    """The screen, which has opened after this was typed and these keys were pressed."""
    world.put(world.sim.issue())
    world.sim.auth.policy.approve_at = None
    async with world.chatting() as deck:
        deck.view.composer.focus_input()
        await deck.pilot.press(*draft, *first)
        services = deck.shell._services
        assert services is not None
        services.bus.publish(SignInNeeded(failure=ENDED))
        await deck.until(lambda: deck.shows("Waiting for the page"), "no screen")
        yield deck


@pytest.mark.parametrize(
    ("keys", "draft"),
    [
        (("e", "l", "l", "backspace", "p"), "help"),
        (("l", "ctrl+h", "l"), "hl"),
        (("e", "l", "p", "left", "left", "X"), "heXlp"),
        (("e", "_", "y", "ctrl+w", "n"), "n"),
        (("e", "ctrl+u", "n"), "n"),
        (("e", "ctrl+j", "n"), "he\nn"),
        (("e", "enter", "y"), "hey"),
        (("e", "up", "y"), "hey"),
    ],
    ids=["backspace", "ctrl-h", "left", "ctrl-w", "ctrl-u", "ctrl-j", "enter", "up"],
)
async def test_it_is_done_to_the_draft_and_nothing_is_sent(
    world: World, quiet: Quiet, keys: tuple[str, ...], draft: str
) -> None:
    async with come_between(world, "h") as deck:
        await deck.pilot.press(*keys)
        await deck.until(lambda: deck.view.composer.text == draft, deck.view.composer.text)
        assert len(quiet.ends) == len(keys) + 1, "each of them is a sign of somebody who writes"
        assert world.sim.sent("/responses") == []
        assert screen_of(deck)._stage == "waits"


async def test_keys_that_were_meant_for_no_text_change_none(world: World, quiet: Quiet) -> None:
    async with come_between(world, "draft", "escape") as deck:
        await deck.pilot.press("j", "k", "backspace")
        await deck.until(lambda: len(quiet.ends) == 4)
        assert deck.view.composer.text == "draft"


async def test_what_is_typed_over_a_page_above_the_chat_is_not_the_draft(
    world: World, quiet: Quiet
) -> None:
    async with come_between(world, "draft", "ctrl+x", "question_mark") as deck:
        await deck.pilot.press("j", "backspace")
        await deck.until(lambda: len(quiet.ends) == 3)
        assert deck.view.composer.text == "draft"
