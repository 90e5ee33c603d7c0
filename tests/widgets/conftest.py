"""A bare app for one widget: its styles and themes, and nothing else of the program."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from app import themes

STYLES = Path(__file__).resolve().parents[2] / "styles.tcss"
M = TypeVar("M", bound=Message)


class HostApp(App[None]):
    """Shows the given widgets and nothing else."""

    CSS_PATH = STYLES
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, widgets: Iterable[Widget], *, theme: str) -> None:
        super().__init__()
        themes.register(self)
        self.theme = theme
        self._widgets = list(widgets)

    def compose(self) -> ComposeResult:
        yield from self._widgets


class Host:
    """What a test does with its widgets, and sees of them."""

    def __init__(self, app: App[None], pilot: Pilot[None], messages: list[Message]) -> None:
        self.app = app
        self.pilot = pilot
        self.messages = messages

    async def settle(self) -> None:
        """Wait until everything that was asked for is drawn."""
        await self.pilot.pause()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until they took effect."""
        await self.pilot.press(*keys)
        await self.settle()

    async def resize(self, width: int, height: int) -> None:
        """Make the terminal another size."""
        await self.pilot.resize_terminal(width, height)
        await self.settle()

    def posted(self, kind: type[M]) -> list[M]:
        """Messages of a kind, in order."""
        found = {id(message): message for message in self.messages if isinstance(message, kind)}
        return list(found.values())

    async def until(self, claim: Callable[[], bool]) -> None:
        """Wait until a claim holds.

        Raises:
            AssertionError: It does not within ten seconds.
        """
        for _ in range(1000):
            await self.pilot.pause()
            if claim():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("did not happen")


@asynccontextmanager
async def hosted(
    *widgets: Widget, size: tuple[int, int] = (80, 24), theme: str = themes.DARK
) -> AsyncGenerator[Host]:
    """Run an app of these widgets; the first one has the focus."""
    messages: list[Message] = []
    app = HostApp(widgets, theme=theme)
    async with app.run_test(size=size, message_hook=messages.append) as pilot:
        widgets[0].focus()
        host = Host(app, pilot, messages)
        await host.settle()
        yield host


def strips_of(widget: Widget) -> list[Strip]:
    """Each row of a widget as it is drawn."""
    return [widget.render_line(y) for y in range(widget.size.height)]


def rows_of(widget: Widget) -> list[str]:
    """What each row of a widget says, without blanks at its end."""
    return [strip.text.rstrip() for strip in strips_of(widget)]
