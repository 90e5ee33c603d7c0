"""The first run: nothing is set up, and each of three ways starts from there."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from textual.widgets import Input

from app import providers
from app.foredeck import Foredeck
from app.settings import Settings
from app.views import welcome
from simulator.server import Simulator
from tests.app.conftest import Deck
from tests.unit.transport.raw_server import raw_server, refusal

Start = Callable[[], AbstractAsyncContextManager[Deck]]


@pytest.fixture
def start(settings: Settings, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Start:
    """The app without anything set up; OpenAI is the simulator."""
    monkeypatch.setattr(welcome, "OPENAI_BASE_URL", sim.openai_base_url)
    monkeypatch.setattr(providers, "LOCAL_SERVERS", {})

    @asynccontextmanager
    async def started() -> AsyncGenerator[Deck]:
        app = Foredeck(settings, None, driver_class=None)
        async with app.run_test(size=(100, 30)) as pilot:
            deck = Deck(app, pilot)
            await deck.until(lambda: deck.shows("Three ways to start"))
            yield deck
            app.exit()

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
        await choose(deck, 2)
        await deck.until(lambda: deck.app.return_value is not None)
        assert deck.app.return_value
        assert (deck.app.return_value.demo, deck.app.return_value.provider) == (True, None)


async def test_a_key_that_is_typed_is_tried_and_never_shown(start: Start, sim: Simulator) -> None:
    async with start() as deck:
        await choose(deck, 0)
        await deck.until(lambda: deck.shows("it is not shown"))
        await deck.pilot.press(*"sk-wrong")
        await deck.until(lambda: deck.shows("•••"))
        assert not deck.shows("sk-wrong")
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("The server refused the key (401)"))
        assert deck.app.return_value is None
        await typed(deck, sim.api_key or "")
        await deck.until(lambda: deck.app.return_value is not None)
        assert deck.app.return_value
        provider = deck.app.return_value.provider
        assert provider is not None
        assert provider.key is not None
        assert provider.key.reveal() == sim.api_key


async def test_an_address_that_is_none_is_said_and_esc_goes_back(start: Start) -> None:
    async with start() as deck:
        await choose(deck, 1)
        await typed(deck, "not an address")
        await deck.until(lambda: deck.shows("is not the address of a server"))
        await typed(deck, "http://127.0.0.1:9/v1")
        await deck.until(lambda: deck.shows("Nothing answers at 127.0.0.1:9"))
        await deck.pilot.press("escape")
        await deck.until(lambda: not deck.app.screen.query_one("#welcome-input").display)
        assert deck.app.return_value is None


async def test_a_server_that_wants_a_key_is_asked_with_one(start: Start, sim: Simulator) -> None:
    async with start() as deck:
        await choose(deck, 1)
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
            await choose(deck, 1)
            await typed(deck, f"{server.url}/v1")
            await deck.until(lambda: deck.app.return_value is not None)
            assert deck.app.return_value
            provider = deck.app.return_value.provider
            assert provider is not None
            assert (provider.base_url, provider.wire) == (f"{server.url}/v1", "chat")
