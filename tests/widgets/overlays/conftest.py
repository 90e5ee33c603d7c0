"""A page with one overlay over it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from app import themes

STYLES = Path(__file__).resolve().parents[3] / "styles.tcss"


class Host(App[None]):
    CSS_PATH = STYLES
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, theme: str) -> None:
        super().__init__()
        themes.register(self)
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield Static(Content("the page behind\n" * 4))


class Over:
    """What a test does with an overlay, and sees of it."""

    def __init__(self, app: Host, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.results: list[object] = []
        self._app = app

    def push(self, overlay: Screen[Any]) -> None:
        """Open an overlay."""
        self._app.push_screen(overlay, self.results.append)

    @property
    def is_open(self) -> bool:
        return len(self._app.screen_stack) > 1

    async def press(self, *keys: str) -> None:
        """Press keys and wait until they are drawn."""
        await self.pilot.press(*keys)
        await self.settle()

    async def press_at_once(self, *keys: str) -> None:
        """Press keys that come in one burst: none is handled before the last is there."""
        for key in keys:
            character = key if len(key) == 1 else {"slash": "/"}.get(key)
            self._app.post_message(events.Key(key, character))
        await self.settle()

    async def settle(self) -> None:
        """Wait until all is drawn."""
        await self.pilot.pause()
        await self.pilot.pause()

    @property
    def strips(self) -> list[Strip]:
        """The cells of the whole screen."""
        # Textual has no public way to them.
        compositor = self._app.screen._compositor  # pyright: ignore[reportPrivateUsage]
        return [Strip(strip) for strip in compositor.render_strips()]

    @property
    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def line(self, words: str) -> str:
        """The first line that holds these words."""
        found = [line for line in self.lines if words in line]
        assert found, f"{words!r} is not in\n{self.text}"
        return found[0]


@asynccontextmanager
async def open_over(
    overlay: Screen[Any] | None = None,
    *keys: str,
    size: tuple[int, int] = (80, 24),
    theme: str = themes.DARK,
) -> AsyncGenerator[Over]:
    app = Host(theme)
    async with app.run_test(size=size) as pilot:
        over = Over(app, pilot)
        if overlay is not None:
            over.push(overlay)
            await over.press(*keys)
        yield over


@pytest.fixture
def over() -> Callable[..., Any]:
    """Opens an overlay, presses keys, and gives an `Over` as a context manager."""
    return open_over


@pytest.fixture
def result() -> Callable[..., Awaitable[list[object]]]:
    """What an overlay gave after these keys."""

    async def run(overlay: Screen[Any], *keys: str) -> list[object]:
        async with open_over(overlay, *keys) as opened:
            return opened.results

    return run


@pytest.fixture
def shown() -> Callable[..., Awaitable[str]]:
    """What stands on the screen after these keys."""

    async def run(overlay: Screen[Any], *keys: str, size: tuple[int, int] = (80, 24)) -> str:
        async with open_over(overlay, *keys, size=size) as opened:
            return opened.text

    return run
