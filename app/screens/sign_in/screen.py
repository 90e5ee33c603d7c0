"""The screen on which somebody signs in: three ways, each a key away from the others."""

from typing import ClassVar

from textual import events, on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input

from app.keymap import Context, Keymap
from app.screens.sign_in.attempts import SignInAttempts
from app.screens.sign_in.panes import BrowserPane, KeyPane
from app.sign_in_ways import Way
from services.errors import ServiceError
from widgets.address import Address


class SignInScreen(SignInAttempts):
    """Over everything but the header; gives the account, or None where nobody signed in.

    It owns the plain letters and names them in its footer. Leaving it ends the attempt and frees
    its port; a login that has come already is stored all the same.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *Keymap().bindings(Context.SIGN_IN),
        # Fields of text would take Ctrl-C for themselves.
        Binding("ctrl+c", "interrupt", "leave", show=False, priority=True, id="overlay.leave"),
    ]

    def action_use(self, way: str) -> None:
        """Go on another way."""
        if self._is_unfocused_key and way == self._way:
            self.set_focus(self.query_one(Input))
        else:
            self._start(Way(way))

    def action_retry(self) -> None:
        """Begin again, with a new code or port."""
        self._start(self._way)

    def action_paste(self) -> None:
        """Take the address that the page ended on; only a browser's page ends on one."""
        if isinstance(self._pane, BrowserPane):
            self._pane.open_field()
        else:
            self._wants_paste = True
            self._start(Way.BROWSER)

    def action_copy(self) -> None:
        """Copy the code, or the address."""
        self._copy(self._copied[0])

    def action_copy_link(self) -> None:
        """Copy the address."""
        self._copy(self._copied[1])

    def action_open_page(self) -> None:
        """Open the address in a browser, again if need be."""
        self._open_again(self._copied[1])

    @work(exclusive=True, group="open")
    async def _open_again(self, url: str) -> None:
        problem = await self._open_page(url)
        if isinstance(self._pane, BrowserPane):
            self._pane.show_news(problem)
            if problem:
                self._pane.bring(".news")
        if not problem:
            self._say("opened in your browser")
        elif not isinstance(self._pane, BrowserPane):
            self._say(problem, is_error=True)

    @on(Address.Clicked)
    def _on_address(self, message: Address.Clicked) -> None:
        message.stop()
        if self._may_open:
            self.action_open_page()

    def action_scroll(self, lines: int) -> None:
        """Scroll what has no room."""
        self.query_one(".body", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_help(self) -> None:
        """Keys of this screen."""
        from app.screens.help import HelpScreen

        self.app.push_screen(
            HelpScreen(self._keymap, (Context.SIGN_IN,), "while signing in", self.glyphs)
        )

    def action_close(self) -> None:
        """Leave the field, or the screen where none is being typed in."""
        if not isinstance(self.focused, Input) or self._stage == "storing":
            self.action_leave()
            return
        if self._trying is not None:
            self._trying.cancel()
        if isinstance(self._pane, BrowserPane):
            self._pane.close_field()
        self.set_focus(None)

    def action_leave(self) -> None:
        """Leave without a login; one that is being stored is handed over."""
        if self._stage == "done" or not self.is_active:
            return
        if self._stage == "storing" and self._storing is not None:
            self._left_storing(self._storing)
        for worker in (self._trying, self._attempt):
            if worker is not None:
                worker.cancel()
        self._let_go()
        self.dismiss(None)

    def action_interrupt(self) -> None:
        """Leave, also out of a field."""
        self.action_leave()

    async def action_submit(self) -> None:
        """Take what stands in the field."""
        await self.query_one(Input).action_submit()

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted while nothing takes text can only be meant for the field."""
        event.stop()
        if self._is_deaf:
            self._await_quiet()
            self._insert_below(event.text)
            return
        text = event.text.strip().partition("\n")[0]
        if self._stage != "waits":
            return
        if isinstance(self._pane, BrowserPane):
            self._pane.open_field(text)
        elif isinstance(self._pane, KeyPane):
            self._pane.field.value = text
            self._pane.field.focus()

    @on(Input.Submitted)
    def _on_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        value = message.value.strip()
        if not value:
            return
        if isinstance(self._pane, BrowserPane) and self._login is not None:
            try:
                self._login.paste(value)
            except ServiceError as error:
                self._pane.show_answer(error.failure)
                return
            self._pane.close_field()
            self._pane.show_news("Signing in")
            self.set_focus(None)
        elif isinstance(self._pane, KeyPane) and self._auth is not None:
            self._trying = self._use_key(self._auth, self._pane, value)
