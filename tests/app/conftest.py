"""The whole app, in this process, against the simulator over real sockets."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from app.foredeck import Foredeck, StartAgain
from app.screens.shell import ShellScreen
from app.settings import Settings, load_settings
from app.views.chat import ChatView
from app.wiring import open_services
from services.models.chat import Item, Reply
from services.provider import Provider, Secret
from simulator.server import Simulator

LIMIT = 10.0


class Deck:
    """A running app as a test sees it."""

    def __init__(self, app: Foredeck, pilot: Pilot[StartAgain]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def shell(self) -> ShellScreen:
        shell = self.app.screen_stack[0]
        assert isinstance(shell, ShellScreen)
        return shell

    @property
    def view(self) -> ChatView:
        view = self.shell.chat
        assert view is not None
        return view

    async def until(self, condition: Callable[[], object], words: str = "") -> None:
        """Let the app go on until `condition` holds."""
        deadline = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < deadline, f"{words}\n{self.text()}"
            await self.pilot.pause(0.01)

    async def say(self, text: str) -> None:
        """Write and send a message."""
        self.view.composer.focus_input()
        for character in text:
            await self.pilot.press("space" if character == " " else character)
        await self.pilot.press("enter")

    def rows(self) -> list[str]:
        """What the screen shows, row by row."""
        screen = self.app.screen
        width, height = self.app.size
        strips = screen._compositor.render_strips()
        return ["".join(s.text for s in strip)[:width].rstrip() for strip in strips[:height]]

    def text(self) -> str:
        return "\n".join(self.rows())

    def shows(self, words: str) -> bool:
        return any(words in row for row in self.rows())

    def items(self) -> list[Item]:
        """The items of the transcript; an answer of many blocks is one."""
        blocks = self.view.transcript._viewport.blocks
        return list({block.item.id: block.item for block in blocks}.values())

    def replies(self) -> list[str]:
        """The text of every reply in the transcript."""
        return [item.text for item in self.items() if isinstance(item, Reply)]

    def notices(self) -> list[str]:
        """What toasts say now."""
        return [n.message for n in self.app._notifications]


Open = Callable[..., AbstractAsyncContextManager[Deck]]
"""What `open_deck` is: keywords `size`, `settings`, `provider`, `prompt`."""


@pytest.fixture
async def sim() -> AsyncGenerator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({}, {"FOREDECK_HOME": str(tmp_path / "foredeck")})


@pytest.fixture
def provider(sim: Simulator) -> Provider:
    return Provider(
        id="openai",
        name="simulator",
        base_url=sim.openai_base_url,
        key=Secret(sim.api_key or ""),
        key_source="OPENAI_API_KEY",
        default_model="gpt-5.5",
        request_retries=1,
        stream_retries=2,
    )


@pytest.fixture
def once(provider: Provider) -> Provider:
    """The provider without retries."""
    return replace(provider, request_retries=0, stream_retries=0)


@pytest.fixture
def open_deck(settings: Settings, provider: Provider) -> Open:
    """Opens the app; every use is a new start over the same home."""

    @asynccontextmanager
    async def opened(
        *,
        size: tuple[int, int] = (100, 30),
        settings: Settings = settings,
        provider: Provider = provider,
        prompt: str = "",
    ) -> AsyncGenerator[Deck]:
        app = Foredeck(
            settings,
            lambda: open_services(settings, provider=provider, environ={}),
            prompt=prompt,
            driver_class=None,
        )
        async with app.run_test(size=size) as pilot:
            deck = Deck(app, pilot)
            await deck.until(lambda: deck.shell.state == "online", "not online")
            await deck.until(lambda: deck.view.summary is not None, "no chat")
            yield deck
            app.exit()

    return opened
