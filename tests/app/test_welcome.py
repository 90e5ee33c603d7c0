"""The first run: nothing is set up, and each of four ways starts from there."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from textual.widgets import Input

from app.views import welcome
from simulator.server import Simulator
from tests.app.conftest import Deck
from tests.app.signing_in import World
from tests.app.signing_in import world as world  # noqa: PLC0414 a fixture
from tests.unit.transport.raw_server import raw_server, refusal

Start = Callable[..., AbstractAsyncContextManager[Deck]]


@pytest.fixture
def start(world: World, monkeypatch: pytest.MonkeyPatch) -> Start:
    """The app without anything set up."""
    nobody = {"ollama": ("Ollama", "http://127.0.0.1:9/v1")}
    monkeypatch.setattr(welcome, "LOCAL_SERVERS", nobody)

    @asynccontextmanager
    async def started(size: tuple[int, int] = (100, 30)) -> AsyncGenerator[Deck]:
        async with world.welcome(size) as deck:
            yield deck

    return started


async def choose(deck: Deck, place: int) -> None:
    await deck.pilot.press(*["j"] * place, "enter")


async def typed(deck: Deck, text: str) -> None:
    field = deck.app.screen.query_one("#welcome-input", Input)
    await deck.until(lambda: field.has_focus)
    field.value = text
    await deck.pilot.press("enter")


async def test_the_demo_starts_at_once(start: Start) -> None:
    async with start() as deck:
        await choose(deck, 3)
        await deck.until(lambda: deck.app.return_value is not None)
        assert deck.app.return_value
        assert (deck.app.return_value.demo, deck.app.return_value.provider) == (True, None)


@pytest.mark.parametrize(
    ("place", "words"), [(0, "Sign in with a code"), (1, "Use an API key")], ids=["ChatGPT", "key"]
)
async def test_signing_in_has_a_screen_of_its_own(start: Start, place: int, words: str) -> None:
    async with start() as deck:
        await choose(deck, place)
        await deck.until(lambda: deck.shows(words) and not deck.shows("Four ways"))
        await deck.pilot.press("ctrl+c")
        await deck.until(lambda: deck.shows("Four ways to start"))
        assert deck.app.return_value is None


async def test_in_a_tiny_terminal_every_way_can_be_seen_and_a_question_has_the_room(
    start: Start,
) -> None:
    async with start((20, 5)) as deck:
        for title in ("Sign in", "Use an API", "Use a local", "Look around"):
            await deck.until(lambda title=title: deck.shows(f"▌ {title}"))
            await deck.pilot.press("j")
        await deck.pilot.press("k", "enter")
        await deck.until(lambda: deck.shows("Address of the"))


async def test_an_address_that_is_none_is_said_and_esc_goes_back(start: Start) -> None:
    async with start() as deck:
        await choose(deck, 2)
        await typed(deck, "not an address")
        await deck.until(lambda: deck.shows("is not the address of a server"))
        await typed(deck, "http://127.0.0.1:9/v1")
        await deck.until(lambda: deck.shows("Nothing answers at 127.0.0.1:9"))
        await deck.pilot.press("escape")
        await deck.until(lambda: not deck.app.screen.query_one("#welcome-input").display)
        assert deck.app.return_value is None


async def test_a_server_that_wants_a_key_is_asked_with_one(start: Start, sim: Simulator) -> None:
    async with start() as deck:
        await choose(deck, 2)
        await typed(deck, sim.openai_base_url)
        await deck.until(lambda: deck.shows("The server wants a key"))
        await typed(deck, sim.api_key or "")
        await deck.until(lambda: deck.app.return_value is not None)
        assert deck.app.return_value
        provider = deck.app.return_value.provider
        assert provider is not None
        assert (provider.base_url, provider.wire) == (sim.openai_base_url, "responses")


async def test_a_server_with_chat_completions_only_is_found_out(start: Start) -> None:
    async with raw_server() as server:
        server.answer(refusal("200 OK", {"data": [{"id": "local-model"}]}))
        server.answer(refusal("404 Not Found", {"detail": "Not Found"}))
        async with start() as deck:
            await choose(deck, 2)
            await typed(deck, f"{server.url}/v1")
            await deck.until(lambda: deck.app.return_value is not None)
            assert deck.app.return_value
            provider = deck.app.return_value.provider
            assert provider is not None
            assert (provider.base_url, provider.wire) == (f"{server.url}/v1", "chat")
