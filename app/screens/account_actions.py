"""Signing in and out from the shell, and who is signed in."""

import asyncio
import os
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING

from app.account_words import header_words, one_line
from app.children import surroundings
from app.keymap import Context
from app.screens.base import ShellBase
from app.sign_in_ways import Way
from app.waits import Waits
from services.auth.signed_out import SIGNED_OUT
from services.errors import ServiceError
from services.models.account import Account, AccountMode, LogoutResult, StoragePlace
from services.models.failure import Failure, FailureKind, as_sentence

if TYPE_CHECKING:
    from app.screens.sign_in.below import TextBelow
    from app.screens.sign_in.stage import OpenAuth
    from services.auth.service import AuthService

WIDE_COLUMNS = 100
"""From here on the header shows the whole address: with less room others sit nearer."""


class AccountActions(ShellBase):
    """The shell's part of sign-in."""

    def action_login(self) -> None:
        """Sign in, or as someone else."""
        if self._has_accounts():
            self.sign_in()

    def action_account(self) -> None:
        """Tell who is signed in."""
        from app.screens.account import AccountScreen

        if not self._has_accounts():
            return
        screen = AccountScreen(
            self._auth_opener(), self._glyphs, environ=surroundings(self._settings)
        )

        async def run(chosen: str | None) -> None:
            if chosen is not None:
                await self.run_action(chosen)

        self.app.push_screen(screen, run)

    def action_logout(self) -> None:
        """Sign out, after a question."""
        if self._has_accounts():
            self.run_worker(self._logout, exclusive=True, group="account")

    def _has_accounts(self) -> bool:
        """Whether there is a login to look at: the demo's own comes with its simulator.

        Until then the only one at hand is the user's, which a demo never touches.
        """
        if self._settings.demo and not self._is_signed_by_login:
            self._say("the demo is still starting")
            return False
        return True

    def sign_in(self, *, reason: Failure | None = None, way: Way | None = None) -> None:
        """Open the screen of sign-in over whatever is open; once only.

        Args:
            reason: Why it is needed; None where the user asked for it.
            way: The way to begin with; None for the one that fits.
        """
        from app.screens.leader import LeaderScreen
        from app.screens.sign_in.screen import SignInScreen

        if any(isinstance(screen, SignInScreen) for screen in self.app.screen_stack):
            return
        below = self._text_below()
        if isinstance(self.app.screen, LeaderScreen):
            # Its time limit would pass unseen below, and the next key after that would be lost.
            self.app.screen.action_close()
        screen = SignInScreen(
            self._auth_opener(),
            self._settings,
            self._glyphs,
            environ=surroundings(self._settings),
            reason=reason,
            way=way,
            below=below,
            left_storing=self._follow,
        )
        self.app.push_screen(screen, partial(self._take_account, is_mended=reason is not None))

    def _text_below(self) -> "TextBelow | None":
        """The text that is being written now; None where keys are meant for something else."""
        from app.screens.sign_in.below import Draft

        view, is_seen = self.chat, self.app.screen is self
        if view is None or not is_seen or self.contexts()[0] is not Context.COMPOSER:
            return None
        actions = self.keymap.of(Context.COMPOSER)
        newline_keys = [key for each in actions if each.action == "newline" for key in each.keys]
        return Draft(view.composer, newline_keys)

    def _follow(self, storing: asyncio.Task[Account]) -> None:
        """Tell what becomes of a login that is still being stored."""
        self._say("The login is still being stored")
        self.run_worker(self._hear_of(storing), group="storing")

    async def _hear_of(self, storing: asyncio.Task[Account]) -> None:
        try:
            account = await asyncio.shield(storing)
        except ServiceError as error:
            self._say(f"The login was not stored. {error.failure.line}", is_error=True)
        else:
            self._take_account(account)

    def is_about_sign_in(self, failure: Failure) -> bool:
        """Whether a failure means that nobody is signed in."""
        return failure.kind is FailureKind.CREDENTIALS and failure.code == SIGNED_OUT

    def _take_account(self, account: Account | None, *, is_mended: bool = False) -> None:
        """Go on as who has signed in: at once where nothing else changes, else in a new run.

        Args:
            account: Who signed in; None where nobody did.
            is_mended: Whether it was wanted since something had failed, which is tried again.
        """
        if account is None:
            return
        words = (f"signed in as {one_line(account, self._glyphs)}", *account.notices)
        notice = ". ".join(words)
        if self._is_of_this_run(account):
            self._show_account(account)
            self._say(notice)
            view = self.chat
            can_retry = view and view.transcript.check_action("retry", ()) is True
            if is_mended and view is not None and can_retry:
                view.transcript.action_retry()
        else:
            self._choose_again(notice)

    def _is_of_this_run(self, account: Account) -> bool:
        """Whether the services were opened for this account, which may have been renewed since."""
        services = self._services
        if services is None or services.open_auth is None:
            return False
        begun = services.account
        if None not in {begun.user_id, account.user_id} and begun.user_id != account.user_id:
            # Limits are those of a user, also within one workspace.
            return False
        return (begun.mode, begun.account_id) == (account.mode, account.account_id)

    def _show_account(self, account: Account) -> None:
        self._account = account
        self._show_header()

    def _show_header(self) -> None:
        """Who is signed in, at the width that there is."""
        if self._account is None:
            return
        words = header_words(self._account, self._glyphs)
        has_room = self.size.width >= WIDE_COLUMNS or len(words) == 1
        self._header.account = words if has_room else words[1:]

    def _auth_opener(self) -> "OpenAuth":
        """Opens sign-in; the one that is at work where there is one, so that it hears of all."""
        if self._services is not None and self._services.open_auth is not None:
            return self._services.open_auth

        def opened() -> "AbstractAsyncContextManager[AuthService]":
            from app.accounts import open_auth

            return open_auth(self._settings, os.environ)

        return opened

    @property
    def _is_signed_by_login(self) -> bool:
        """Whether the calls of this run are signed by a login."""
        return self._services is not None and self._services.open_auth is not None

    async def _logout(self) -> None:
        opening = await asyncio.to_thread(self._auth_opener())
        try:
            async with opening as auth:
                if await self._is_logout_wanted(auth.account, auth.problem):
                    await self._sign_out(auth)
        except ServiceError as error:
            self._say(error.failure.line, is_error=True)

    async def _sign_out(self, auth: "AuthService") -> None:
        issuer = auth.account.issuer or "OpenAI"
        telling = f"signed out here; telling {issuer} to end the login there too"
        is_unusable = bool(auth.problem)
        with Waits(self._say) as waits:
            waits.wait("signing out")
            result = await auth.logout(deleted=lambda: waits.wait(telling))
        if is_unusable and result.was_signed_in and result.is_revoked is None:
            self._say("Deleted here. It could not be read, so it was not revoked", is_error=True)
        else:
            self._tell_logout(result)
        if self._is_signed_by_login:
            self._show_account(auth.account)

    async def _is_logout_wanted(self, account: Account, problem: str) -> bool:
        from app.screens.confirm import ConfirmScreen

        if account.mode is AccountMode.NONE and not problem:
            self._say("nobody is signed in")
            return False
        if account.storage is StoragePlace.ENVIRONMENT:
            self._say(f"this login comes from {account.place or 'the environment'}: unset it there")
            return False
        if account.is_read_only:
            self._say("this login is Codex's alone (auth.mode = read_only): sign out with Codex")
            return False
        who = one_line(account, self._glyphs)
        question = ConfirmScreen(
            "Delete the login that cannot be used?" if problem else f"Sign out {who}?",
            logout_words(account, problem),
            "delete" if problem else "sign out",
            glyphs=self._glyphs,
            no="leave it" if problem else "stay",
        )
        return bool(await self.app.push_screen_wait(question))

    def _tell_logout(self, result: LogoutResult) -> None:
        if result.is_other_left:
            self._say("signed out; another program has signed in as somebody else, who stays")
        elif result.problem:
            self._say(f"Signed out here. {as_sentence(result.problem)}", is_error=True)
        else:
            self._say("signed out" if result.was_signed_in else "nobody was signed in")


def logout_words(account: Account, problem: str = "") -> str:
    """What a logout loses, and what it leaves.

    Args:
        account: Whose login it is.
        problem: Why what is stored cannot be used, a sentence; empty where it can.
    """
    if problem:
        unread = "It is deleted here; what cannot be read cannot be ended at the issuer."
        lost = f"{as_sentence(problem)} {unread}"
    elif account.mode is AccountMode.API_KEY:
        lost = "The key is deleted here; it stays valid at OpenAI until you delete it there."
    else:
        lost = "The login is deleted here and ended at the issuer."
    codex = " Codex uses it too, and is signed out with it." if account.shared_with_codex else ""
    return f"{lost}{codex} Chats and drafts stay."
