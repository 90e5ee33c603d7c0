"""Who is signed in: the page of the account."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from app.account_words import account_rows
from app.keymap import Context, Keymap, show_key
from app.screens.overlay import Overlay
from app.screens.sign_in.parts import Trouble
from services.errors import ServiceError
from services.models.account import Account, AccountMode, StoragePlace
from widgets.fact_rows import FactRows
from widgets.footer import Footer, Hint
from widgets.glyphs import Glyphs
from widgets.pane_title import PaneTitle

if TYPE_CHECKING:
    from app.screens.sign_in.stage import OpenAuth
    from services.auth.service import AuthService


class AccountScreen(Overlay[str | None]):
    """Tells the account; gives the action that it was left with, or None."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *Keymap().bindings(Context.ACCOUNT),
        Binding("q", "close", "close", show=False, id="account.close"),
        Binding("j,down", "scroll(1)", "line below", show=False, id="account.down"),
        Binding("k,up", "scroll(-1)", "line above", show=False, id="account.up"),
    ]

    def __init__(
        self,
        open_auth: "OpenAuth",
        glyphs: Glyphs,
        *,
        environ: Mapping[str, str],
        now: Callable[[], float] = time.time,
    ) -> None:
        """A page that reads the account once it is shown.

        Args:
            open_auth: Opens what knows it; called in a thread.
            glyphs: Marks to draw with.
            environ: Tells how to copy.
            now: Unix seconds.
        """
        super().__init__(glyphs)
        self._open_auth = open_auth
        self._environ = environ
        self._now = now
        self._auth: AuthService | None = None
        self._account: Account | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="popup"):
            title = PaneTitle(self.glyphs)
            title.title = "Account"
            title.is_active = True
            yield title
            with VerticalScroll(classes="words", can_focus=False):
                yield FactRows()
                yield Static("", classes="notices muted")
                yield Trouble()
                yield Static(Content("Reading the account"), classes="news muted")
            yield Footer(self.glyphs)

    def on_mount(self) -> None:
        self._tell_footer()
        self._read()

    @work(exclusive=True, group="auth")
    async def _read(self) -> None:
        try:
            opening = await asyncio.to_thread(self._open_auth)
            async with opening as auth:
                self._auth = auth
                self._show(auth.account)
                await asyncio.Event().wait()
        except ServiceError as error:
            self._say("")
            self.query_one(Trouble).show(error.failure)

    def _show(self, account: Account, news: str = "") -> None:
        self._account = account
        self.query_one(FactRows).rows = account_rows(account, self._now())
        notices = self.query_one(".notices", Static)
        notices.update(Content("\n".join(account.notices)))
        notices.display = bool(account.notices)
        self._say(news)
        self._tell_footer()

    def _say(self, news: str) -> None:
        line = self.query_one(".news", Static)
        line.update(Content(news))
        line.display = bool(news)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done with this account is not offered."""
        account = self._account
        match action:
            case "logout":
                # Also one that cannot be read, and so is nobody's.
                return (
                    account is not None
                    and account.storage is not None
                    and not account.is_read_only
                    and account.storage is not StoragePlace.ENVIRONMENT
                )
            case "renew":
                return (
                    account is not None
                    and account.mode is AccountMode.CHATGPT
                    and not account.is_read_only
                    and account.storage is not StoragePlace.ENVIRONMENT
                )
            case "copy":
                return account is not None and account.account_id is not None
            case _:
                return True

    def action_login(self) -> None:
        """Close, and sign in as someone else."""
        self.dismiss("login")

    def action_logout(self) -> None:
        """Close, and ask whether to sign out."""
        self.dismiss("logout")

    @work(exclusive=True, group="renew")
    async def action_renew(self) -> None:
        """Renew the tokens now."""
        if self._auth is None:
            return
        self._say("Renewing")
        self.query_one(Trouble).show(None)
        try:
            account = await self._auth.renew()
        except ServiceError as error:
            self._say("")
            self.query_one(Trouble).show(error.failure)
        else:
            self._show(account, "Renewed")

    @work(exclusive=True, group="copy")
    async def action_copy(self) -> None:
        """Copy the id of the workspace."""
        from app.clipboard import copy

        if self._account is None or self._account.account_id is None:
            return
        result = await copy(
            self._account.account_id,
            environ=self._environ,
            ask_terminal=self.app.copy_to_clipboard,
        )
        self._say(result.words)

    def action_scroll(self, lines: int) -> None:
        """Scroll what has no room."""
        self.query_one(".words", VerticalScroll).scroll_relative(y=lines, animate=False)

    def _tell_footer(self) -> None:
        actions = [
            Hint(action.action, show_key(action.keys[0]), action.hint)
            for action in Keymap().of(Context.ACCOUNT)
            if self.check_action(action.action, ())
        ]
        self.query_one(Footer).hints = (*actions, Hint("close", "esc", "close"))
