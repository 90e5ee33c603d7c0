"""The Textual application: themes, services behind the first frame, every way out."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import AutopilotCallbackType
from textual.binding import BindingType
from textual.driver import Driver
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.worker import Worker, WorkerError

from app import caret, themes
from app.crash import EXIT_BUG, write_report
from app.driver import GuardedDriver
from app.held_keys import HoldsKeys
from app.screens.actions import ShellActions
from app.screens.limit_actions import LimitActions
from app.screens.shell import ShellScreen
from app.settings import Settings
from app.styles import STYLES, StagedStylesheet
from services.errors import ServiceError

if TYPE_CHECKING:
    from app.wiring import Services
    from services.provider import Provider

FATAL_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
"""The terminal is raw and its Ctrl-C a byte, so an interrupt comes from another program."""
SILENT = 1.0
"""Seconds that closing the services may take without a word."""
UNFINISHED = b"note: Waiting for the sign-in or sign-out to be finished. Ctrl-C breaks it off.\n"
COLLECT_AFTER = 10_000
"""New objects after which the collector of cycles looks at them; Python's own figure is 700."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAgain:
    """The run ends, and another begins with this."""

    demo: bool = False
    is_welcome: bool = False
    """Whether nothing is set up, as services found that had to be opened to know."""
    provider: "Provider | None" = None
    notice: str = ""
    """Said at the start of that one."""
    draft: str = ""
    """Put into its composer."""


OpenServices = Callable[[], AbstractAsyncContextManager["Services"]]


class Foredeck(HoldsKeys[StartAgain], inherit_bindings=False):
    """One terminal for ChatGPT, Codex cloud and Devin."""

    CSS_PATH = STYLES
    TITLE = "Foredeck"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        settings: Settings,
        open_services: OpenServices | None,
        *,
        prompt: str = "",
        host: str = "",
        notice: str = "",
        driver_class: type[Driver] | None = GuardedDriver,
    ) -> None:
        """Prepare the application; nothing is read or opened yet.

        Args:
            settings: Of this run.
            open_services: Opens all behind the screen, after the first frame; None where nothing
                is set up, which shows the welcome.
            prompt: Put into the composer, not sent.
            host: A server to name in the header, since it is not the usual one.
            notice: Said at the start.
            driver_class: What reads the terminal; None for Textual's choice.
        """
        super().__init__(driver_class=driver_class)
        self.stylesheet = StagedStylesheet()
        self._settings = settings
        self._open_services = open_services
        self._prompt = prompt
        self._host = host
        self._notice = notice
        self._caught: list[int] = []
        self._is_styled = False
        self._holding: asyncio.Task[Any] | None = None
        """Holds the services open; a screen without services holds sign-in in a group "auth"."""
        themes.register(self)
        self.theme = themes.choose(settings.theme, os.environ)
        if settings.no_color:
            # Textual chose while its own theme, which paints in greys, was still the one in use.
            self._filters = [f for f in self._filters if not isinstance(f, Monochrome)]
            self._filters.append(NoColor())

    async def run_async(
        self,
        *,
        headless: bool = False,
        inline: bool = False,
        inline_no_clear: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
        auto_pilot: "AutopilotCallbackType | None" = None,
    ) -> StartAgain | None:
        """Run, give the terminal back, and let the services close.

        What is still open when the loop ends is cancelled; a login that is being renewed then would
        be lost, for its old tokens are spent.
        """
        try:
            return await super().run_async(
                headless=headless,
                inline=inline,
                inline_no_clear=inline_no_clear,
                mouse=mouse,
                size=size,
                auto_pilot=auto_pilot,
            )
        finally:
            await self._services_closed()

    async def _services_closed(self) -> None:
        closing = {asyncio.ensure_future(_ended(w)) for w in self.workers if w.group == "auth"}
        holding = self._holding
        if holding is not None:
            closing.add(holding)
            if not holding.cancelling():
                # It began when all that ran had been cancelled already. A second time would end
                # the closing itself.
                holding.cancel()
        if not closing:
            return
        _, left = await asyncio.wait(closing, timeout=SILENT)
        if left:
            with suppress(OSError):
                os.write(2, UNFINISHED)
            await asyncio.wait(left)

    def get_default_screen(self) -> Screen[None]:
        """The shell is the first thing drawn."""
        return ShellScreen(
            self._settings,
            prompt=self._prompt,
            host=self._host,
            notice=self._notice,
            is_set_up=self._open_services is not None,
        )

    def on_mount(self) -> None:
        """Wait for signals; open the services once the first frame is out."""
        self._is_styled = True
        loop = asyncio.get_running_loop()
        for number in FATAL_SIGNALS:
            try:
                loop.add_signal_handler(number, self._end_by_signal, number)
            except (ValueError, NotImplementedError, RuntimeError):
                continue
            self._caught.append(number)
        self.call_after_refresh(self._go_on)

    def on_unmount(self) -> None:
        """Give the signals back."""
        loop = asyncio.get_running_loop()
        for number in self._caught:
            loop.remove_signal_handler(number)

    def on_shell_screen_start_requested(self, message: ShellScreen.StartRequested) -> None:
        """End this run and begin another with what the welcome found, a login, or the welcome."""
        is_login = message.is_signed_in or message.is_not_set_up
        is_chosen = message.provider is None and not is_login
        again = StartAgain(
            demo=is_chosen or (is_login and self._settings.demo),
            is_welcome=message.is_not_set_up,
            provider=message.provider,
            notice=message.notice,
            draft=message.draft,
        )
        self.exit(again)

    def on_shell_actions_mouse_requested(self, message: ShellActions.MouseRequested) -> None:
        """Take the mouse, or leave it to the terminal."""
        if isinstance(self._driver, GuardedDriver):
            self._driver.use_mouse(message.is_ours)

    def on_limit_actions_notification_wanted(
        self, message: LimitActions.NotificationWanted
    ) -> None:
        """Tell the desktop, through the terminal."""
        from app.notification import sequence

        if self._driver is not None:
            self._driver.write(sequence(message.text, os.environ))

    def post_display_hook(self) -> None:
        """Put the terminal's caret where text is typed."""
        caret.follow(self, self._driver)

    def refresh_css(self, animate: bool = True) -> None:
        """Follow a changed theme; before the first frame the styles are parsed anyway, once."""
        if self._is_styled:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def _go_on(self) -> None:
        self.release_keys()
        self._start_services()

    def _start_services(self) -> None:
        if self._open_services is None:
            _collect_from_now_on()
        else:
            self.run_worker(
                self._hold_services(self._open_services), name="services", exit_on_error=True
            )

    async def _hold_services(self, open_services: OpenServices) -> None:
        """Keep the services open as long as the application runs."""
        shell = self.screen_stack[0]
        assert isinstance(shell, ShellScreen)
        self._holding = asyncio.current_task()
        try:
            # Imports that take long happen in there, and whoever types shall not wait for them.
            opening = await asyncio.to_thread(open_services)
            async with opening as services:
                _collect_from_now_on()
                if self.is_running:
                    await shell.run_with(services)
        except ServiceError as error:
            _collect_from_now_on()
            shell.show_failure(error.failure)

    def _end_by_signal(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def _watch_app_focus(self, focus: bool) -> None:
        """Follow the terminal's focus without Textual's restyling of every node."""
        for screen in self.screen_stack:
            # Below a page as well: who looks, and is to be told of alerts, is known there.
            if isinstance(screen, ShellScreen):
                screen.has_terminal_focus = focus

    def _handle_exception(self, error: Exception) -> None:
        """End in one line and a report instead of Textual's traceback with locals."""
        if self._exception is None:
            self._exception = error
            self._exception_event.set()  # pyright: ignore[reportUnknownMemberType]
            message = write_report(error, self._settings.folders.state)
            self.exit(return_code=EXIT_BUG, message=message)


async def _ended(worker: Worker[Any]) -> None:
    """Bring a worker to its end, whatever that is."""
    if not worker.is_cancelled:
        # It began after the others were cancelled. A second time would end its closing itself.
        worker.cancel()
    with suppress(WorkerError):
        await worker.wait()


def _collect_from_now_on() -> None:
    """Switch the collector of cycles on, which leaves alone what is there already.

    Looking through all modules took 40 ms each time, in the middle of a stream. Drawing makes so
    much that soon goes by itself that a long chat was looked through every few turns as well.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    gc.enable()
