"""The app whose sign-in is the simulator's: an own Codex home, and no port that others use."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app import accounts
from app.foredeck import Foredeck
from app.screens.sign_in.screen import SignInScreen
from app.settings import Settings, load_settings
from app.wiring import open_services
from services.auth.provider import SignInProvider
from simulator.server import Simulator
from tests.app.conftest import Deck


class World:
    """A machine on which somebody may sign in."""

    def __init__(
        self, sim: Simulator, settings: Settings, home: Path, patch: pytest.MonkeyPatch
    ) -> None:
        self.sim = sim
        self.settings = settings
        self._patch = patch
        self.file = home / "auth.json"

    def use_ports(self, *ports: int) -> None:
        """Have the callback on these ports; 0 is any free one."""
        provider = partial(SignInProvider, callback_ports=ports)
        self._patch.setattr(accounts, "SignInProvider", provider)

    def put(self, document: dict[str, Any]) -> None:
        """Have this login stored."""
        self.file.write_text(json.dumps(document))
        self.file.chmod(0o600)

    def stored(self) -> dict[str, Any]:
        """The document that is stored; empty where there is none."""
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    @asynccontextmanager
    async def welcome(self, size: tuple[int, int] = (100, 30)) -> AsyncGenerator[Deck]:
        """The app with nothing set up."""
        app = Foredeck(self.settings, None, driver_class=None)
        async with app.run_test(size=size) as pilot:
            deck = Deck(app, pilot)
            await deck.until(lambda: deck.shows("Four ways to start") or size[1] < 20)
            # No hand is so fast that a screen opens before the app hears keys.
            await deck.until(lambda: app.hears_keys, "keys are not heard")
            yield deck
            app.exit()

    @asynccontextmanager
    async def running(self, size: tuple[int, int] = (100, 30)) -> AsyncGenerator[Deck]:
        """The app with services that the stored login signs."""
        app = Foredeck(self.settings, lambda: open_services(self.settings), driver_class=None)
        async with app.run_test(size=size) as pilot:
            yield Deck(app, pilot)
            app.exit()

    @asynccontextmanager
    async def chatting(self, size: tuple[int, int] = (100, 30)) -> AsyncGenerator[Deck]:
        """The same, ready to be talked to."""
        async with self.running(size) as deck:
            await deck.until(lambda: deck.shell.state == "online", "not online")
            await deck.until(lambda: deck.view.summary is not None, "no chat")
            await deck.until(lambda: deck.view.models, "no models")
            yield deck


Enter = Callable[..., AbstractAsyncContextManager[Deck]]


@pytest.fixture
def world(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    home = tmp_path / "codex"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("CODEX_HOME", str(home))
    for name in ("SSH_CONNECTION", "SSH_TTY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    sim.auth.policy.interval = 1
    settings = load_settings(
        {},
        {
            "FOREDECK_HOME": str(tmp_path / "foredeck"),
            "FOREDECK_ISSUER": sim.issuer,
            "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
            "FOREDECK_OPENAI_BASE_URL": sim.openai_base_url,
        },
    )
    made = World(sim, settings, home, monkeypatch)
    made.use_ports(0)
    return made


def screen_of(deck: Deck) -> SignInScreen:
    """The screen of sign-in, which is the one on top."""
    screen = deck.app.screen
    assert isinstance(screen, SignInScreen), deck.text()
    return screen


async def until_screen(deck: Deck) -> SignInScreen:
    """Wait until the screen of sign-in is there and hears letters."""
    await deck.until(lambda: isinstance(deck.app.screen, SignInScreen), "no sign-in")
    screen = screen_of(deck)
    await deck.until(lambda: not screen._is_deaf, "still deaf")
    return screen


@asynccontextmanager
async def signing_in(world: World, *keys: str) -> AsyncGenerator[Deck]:
    """The screen over the welcome, these keys pressed on it once it shows a code."""
    world.sim.auth.policy.approve_at = None
    async with world.welcome() as deck:
        await deck.pilot.press("enter")
        await deck.until(lambda: deck.shows("Waiting for the page"))
        for key in keys:
            await deck.pilot.press(key)
        yield deck


async def started(deck: Deck) -> None:
    """The app ends this run to begin one by what is configured now."""
    await deck.until(lambda: deck.app.return_value is not None)
    again = deck.app.return_value
    assert again is not None
    assert (again.demo, again.provider) == (False, None)


def said(deck: Deck) -> str:
    """What the screen says, as one row without the bars of what is folded."""
    return " ".join(deck.text().replace("▌", "").split())
