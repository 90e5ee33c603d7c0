"""Attempts to sign in: one at a time, and each gives its port back before the next begins."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from textual import work
from textual.worker import Worker

from app.account_words import one_line
from app.browser import open_and_watch, plain_address
from app.keymap import Context, show_key
from app.screens.sign_in.panes import BrowserPane, DevicePane, FailedPane, KeyPane, WordsPane
from app.screens.sign_in.stage import SignInStage
from app.screens.sign_in.words import (
    STORING,
    TITLES,
    UNDER_WAY,
    key_facts,
    what_becomes_of,
)
from app.sign_in_ways import Way
from services.errors import ServiceError
from services.models.account import Account, AccountMode
from services.models.failure import Failure, FailureKind
from services.provider import Secret
from widgets.pane_title import PaneTitle

if TYPE_CHECKING:
    from services.auth.flows.browser import BrowserLogin
    from services.auth.grant import Grant
    from services.auth.service import AuthService


class SignInAttempts(SignInStage):
    """The screen without its keys."""

    _auth: "AuthService | None" = None
    _login: "BrowserLogin | None" = None
    """The attempt by browser that is under way: it takes what is pasted."""
    _wants_paste = False
    """Whether the next attempt by browser begins with the field to paste into."""
    _attempt: Worker[None] | None = None
    _trying: Worker[None] | None = None
    """The API key that is being tried."""
    _storing: asyncio.Task[Account] | None = None
    """The login that has come, while it is being stored and afterwards."""
    _holding: Worker[None] | None = None

    def on_mount(self) -> None:
        self._turn = asyncio.Lock()
        # Nothing that begins when the app ends is cancelled.
        if self.app.is_running:
            self._holding = self._hold()

    def on_unmount(self) -> None:
        self._let_go()

    def on_screen_resume(self) -> None:
        if self._stage == "done":
            self.call_after_refresh(self._end)

    def _start(self, way: Way) -> None:
        """Sign in this way, now or as soon as sign-in is open."""
        if self._auth is not None:
            self._attempt = self._begin(way)
            return
        self._way = way
        self.query_one(PaneTitle).title = TITLES[way]
        if self._stage == "failed":
            # Two that open at once would both show what came of it, one of them too late.
            self._let_go()
            self._holding = self._hold()

    def _hold(self) -> Worker[None]:
        # The app's, since it outlives this screen where a login is being stored.
        return self.app.run_worker(self._hold_auth(), group="auth")

    def _let_go(self) -> None:
        """Close sign-in, once: a second time would end the closing itself."""
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None

    async def _hold_auth(self) -> None:
        """Keep sign-in open as long as the screen is, and until all that it does has ended."""
        try:
            opening = await asyncio.to_thread(self._open_auth)
            async with opening as auth:
                self._auth = auth
                if auth.problem:
                    self._tell_problem(auth.problem, what_becomes_of(auth.settings))
                elif self._reason is None and auth.account.mode is not AccountMode.NONE:
                    who = one_line(auth.account, self.glyphs)
                    self._note(f"You stay signed in as {who} until the new login is stored.")
                self._attempt = self._begin(self._way)
                await asyncio.Event().wait()
        except ServiceError as error:
            if self.is_attached:
                await self._fail(error.failure)

    @work(exclusive=True, group="way")
    async def _begin(self, way: Way) -> None:
        """Sign in one way, until it is done or another way is wanted."""
        self._way, self._stage, self._login = way, "begins", None
        self.query_one(PaneTitle).title = TITLES[way]
        try:
            async with self._turn:
                auth = self._auth
                await self._show(WordsPane(UNDER_WAY[way]))
                if auth is None:
                    return
                # Nobody shall sign in for a login that could not be kept.
                await auth.check("api" if way is Way.KEY else "chatgpt")
                match way:
                    case Way.DEVICE:
                        storing = await self._by_device(auth)
                    case Way.BROWSER:
                        storing = await self._by_browser(auth)
                    case Way.KEY:
                        host = urlsplit(auth.settings.openai_base_url).netloc
                        facts = key_facts(auth.settings, auth.account, is_shared=auth.is_shared)
                        await self._show(KeyPane(host, facts, self.glyphs), "waits")
                        return
                await self._show(WordsPane(STORING), "storing")
                await self._done(await asyncio.shield(storing))
        except ServiceError as error:
            await self._fail(error.failure)
        finally:
            self._login = None

    def _store(self, auth: "AuthService", grant: "Grant") -> asyncio.Task[Account]:
        """Begin to store a login, which from here on is not lost by leaving."""
        self._stage, self._storing = "storing", auth.accepting(grant)
        return self._storing

    async def _by_device(self, auth: "AuthService") -> asyncio.Task[Account]:
        async with auth.device_login() as login:
            code = login.code
            self._copied = code.code, code.page
            pane = DevicePane(code.code, code.page, code.ends_at, self._now, self.glyphs)
            await self._show(pane, "waits")
            return self._store(auth, await login.wait(pane.show_news))

    async def _by_browser(self, auth: "AuthService") -> asyncio.Task[Account]:
        async with auth.browser_login() as login:
            self._login = login
            self._copied = login.url, login.url
            problem = await self._open_page(login.url) if self._may_open else ""
            pane = BrowserPane(
                login.url,
                login.port,
                login.ends_at,
                self._now,
                self.glyphs,
                is_opened=self._may_open and not problem,
                problem=problem,
            )
            await self._show(pane, "waits")
            if self._wants_paste:
                self._wants_paste = False
                pane.open_field()
            return self._store(auth, await login.wait(lambda: pane.show_news("Signing in")))

    async def _open_page(self, url: str) -> str:
        """Start a browser; why that did not work, else empty."""
        try:
            await open_and_watch(plain_address(url), environ=self._environ)
        except ServiceError as error:
            return error.failure.line
        return ""

    async def _fail(self, failure: Failure) -> None:
        elsewhere = {"paste", f"use('{self._way}')"}
        ways = [
            (show_key(action.keys[0]), action.help)
            for action in self._keymap.of(Context.SIGN_IN)
            if action.group == "WAYS" and action.action not in elsewhere
        ]
        is_code = self._way is Way.DEVICE and failure.kind is not FailureKind.STORAGE
        retry = "ask for a new code" if is_code else "try again"
        await self._show(FailedPane(failure, [("r", retry), *ways]), "failed")

    async def _done(self, account: Account) -> None:
        self._account = account
        words = f"Signed in as {one_line(account, self.glyphs)}"
        await self._show(WordsPane(words), "done")
        self.call_after_refresh(self._end)

    def _end(self) -> None:
        # A page of help may be open above; then it is left first.
        if self.is_active:
            self.dismiss(self._account)

    @work(exclusive=True, group="key")
    async def _use_key(self, auth: "AuthService", pane: KeyPane, value: str) -> None:
        pane.show_answer(None)
        pane.show_checking(True)
        try:
            key = await auth.check_api_key(Secret(value))
            self._stage, self._storing = "storing", auth.keeping(key)
            account = await asyncio.shield(self._storing)
        except ServiceError as error:
            self._stage = "waits"
            if error.kind is FailureKind.CREDENTIALS:
                # It cannot be seen, so it is typed anew rather than mended.
                pane.field.value = ""
            pane.show_answer(error.failure)
            return
        finally:
            pane.show_checking(False)
        await self._done(account)
