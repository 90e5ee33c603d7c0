"""What the screen of sign-in is at any moment: its stage, its pane, and what its keys can do."""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from app.browser import has_browser
from app.keymap import Action, Context, Keymap
from app.screens.overlay import Overlay
from app.screens.sign_in.below import TextBelow
from app.screens.sign_in.panes import KeyPane, Pane, WordsPane
from app.screens.sign_in.parts import Trouble
from app.screens.sign_in.words import TITLES, UNDER_WAY, VERBS
from app.settings import Settings
from app.sign_in_ways import Way, first_way, has_desktop, is_in_container, is_remote
from services.models.account import Account
from services.models.failure import Failure, FailureKind, as_sentence
from widgets.footer import Footer, Hint
from widgets.glyphs import Glyphs
from widgets.pane_title import PaneTitle

if TYPE_CHECKING:
    from services.auth.service import AuthService

OpenAuth: TypeAlias = Callable[[], AbstractAsyncContextManager["AuthService"]]
"""Opens sign-in; called in a thread, since it may import what takes long."""
Stage: TypeAlias = Literal["begins", "waits", "failed", "storing", "done"]
OVER: frozenset[Stage] = frozenset(["storing", "done"])
"""Stages in which no other way can be gone."""
DEAF_SECONDS = 0.6
"""How long no key may come before a screen that nobody asked for takes letters as its own."""
LOW_ROWS = 15
"""Rows below the title; with fewer the code has one row."""


class SignInStage(Overlay[Account | None]):
    """The screen without its attempts to sign in."""

    AUTO_FOCUS: ClassVar[str | None] = ""

    def __init__(
        self,
        open_auth: OpenAuth,
        settings: Settings,
        glyphs: Glyphs,
        *,
        environ: Mapping[str, str],
        reason: Failure | None = None,
        way: Way | None = None,
        below: TextBelow | None = None,
        left_storing: Callable[[asyncio.Task[Account]], None] = lambda _: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Sign-in that begins once the first frame is out.

        Args:
            open_auth: Opens what does the work.
            settings: Of this run.
            glyphs: Marks to draw with.
            environ: Tells which way fits here, and how to copy.
            reason: Why somebody has to sign in; None where the user asked for it.
            way: The way to begin with; None for the one that fits.
            below: Gets what was meant for it before the screen was noticed.
            left_storing: Takes the login that is still being stored when the screen is left.
            now: Unix seconds, for the countdown.
        """
        super().__init__(glyphs)
        self._open_auth = open_auth
        self._environ = environ
        self._now = now
        self._keymap, _ = Keymap().with_overrides(settings.key_bindings, flavor=settings.key_flavor)
        # What to do about it is what this screen is for.
        self._reason = replace(reason, next_step="") if reason is not None else None
        self._below = below
        self._left_storing = left_storing
        self._is_deaf = reason is not None
        """Whether keys are still meant for what is below."""
        self._keys_unheard = 0
        self._way = way or first_way(
            environ,
            platform=sys.platform,
            is_container=is_in_container(),
            has_browser=has_browser(environ),
        )
        self._stage: Stage = "begins"
        self._auth: AuthService | None = None
        self._copied: tuple[str, str] = ("", "")
        """What `y` and `u` copy."""
        self._account: Account | None = None
        self._pane: Pane = WordsPane(UNDER_WAY[self._way])

    def compose(self) -> ComposeResult:
        with Vertical(classes="page"):
            title = PaneTitle(self.glyphs)
            title.title = TITLES[self._way]
            title.is_active = True
            yield title
            with Vertical(classes="reason"):
                yield Trouble(self._reason)
                yield Static("", classes="note muted")
            with VerticalScroll(classes="body", can_focus=False):
                yield self._pane
            yield Footer(self.glyphs)

    def on_mount(self) -> None:
        if not self.app.is_running:
            # What was pushed last is mounted also when the app ends, without what is in it.
            return
        if self._is_deaf:
            self._await_quiet()
        self.query_one(".reason").display = self._reason is not None
        self.query_one(".note").display = False
        self._tell_footer()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)
        if self.app.is_running:
            self._tell_footer()

    @property
    def _may_open(self) -> bool:
        """Whether a browser may be started: one on another machine would be of no use."""
        return has_desktop(self._environ) and not is_remote(self._environ)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What a key would do nothing for is not done; letters meant for a text are not either."""
        if self._is_deaf and action not in {"close", "interrupt", "scroll"}:
            return False
        return self._is_offered(action, parameters)

    def _is_offered(self, action: str, parameters: tuple[object, ...]) -> bool:
        is_waiting = self._stage == "waits" and self._way is not Way.KEY
        is_over = self._stage in OVER
        match action:
            case "retry":
                return self._stage == "failed"
            case "copy":
                return is_waiting
            case "copy_link":
                return is_waiting and self._way is Way.DEVICE
            case "open_page":
                return is_waiting and self._may_open
            case "paste":
                return not is_over and self._stage != "failed"
            case "close" | "leave":
                return self._stage != "done"
            case "use":
                is_other = parameters != (self._way.value,)
                return not is_over and (is_other or self._is_unfocused_key)
            case _:
                return True

    @property
    def _is_unfocused_key(self) -> bool:
        return isinstance(self._pane, KeyPane) and not self._pane.field.has_focus

    def _tell_problem(self, problem: str, note: str) -> None:
        """Say why what is stored cannot be used, which is the reason where there is none yet."""
        if self._reason is not None and self._reason.message != problem:
            note = f"{as_sentence(problem)} {note}".strip()
        else:
            self._reason = Failure(kind=FailureKind.CREDENTIALS, message=problem, next_step="")
            self.query_one(".reason", Vertical).query_one(Trouble).show(self._reason)
        self._note(note)

    def _note(self, words: str) -> None:
        note = self.query_one(".note", Static)
        note.update(Content(words))
        note.display = bool(words)
        self.query_one(".reason").display = bool(words) or self._reason is not None
        self.call_after_refresh(self._fit)

    async def _show(self, pane: Pane, stage: Stage = "begins") -> None:
        body = self.query_one(".body", VerticalScroll)
        # Keys come in between as well: none may meet a pane that is half there.
        self._stage, self._pane = stage if stage in OVER else "begins", Pane()
        await body.remove_children()
        await body.mount(pane)
        self._stage, self._pane = stage, pane
        if not self._is_deaf:
            pane.take_focus()
        self._fit()
        self._tell_footer()

    def _fit(self) -> None:
        body = self.query_one(".body", VerticalScroll)
        size = body.content_size
        self._pane.fit(size, is_low=size.height < LOW_ROWS)

    async def on_key(self, event: events.Key) -> None:
        """While nobody can have read this screen, what is typed belongs to the text below."""
        if not self._is_deaf:
            return
        self._await_quiet()
        if event.is_printable and event.character:
            event.stop()
            event.prevent_default()
            self._insert_below(event.character)
        elif self._below is not None:
            await self._below.press(event.key)

    def _insert_below(self, text: str) -> None:
        if self._below is not None:
            self._below.insert(text)

    def _await_quiet(self) -> None:
        self._keys_unheard += 1
        self.set_timer(DEAF_SECONDS, partial(self._listen, self._keys_unheard))

    def _listen(self, keys_unheard: int) -> None:
        # A key may have come since; it waits for another timer.
        if keys_unheard == self._keys_unheard:
            self._is_deaf = False
            self._pane.take_focus()

    @work(exclusive=True, group="copy")
    async def _copy(self, text: str) -> None:
        from app.clipboard import copy

        result = await copy(text, environ=self._environ, ask_terminal=self.app.copy_to_clipboard)
        self._say(result.words, is_error=not result.is_copied)

    def on_descendant_focus(self) -> None:
        self._tell_footer()

    def on_descendant_blur(self) -> None:
        self._tell_footer()

    def _tell_footer(self) -> None:
        footer = self.query_one(Footer)
        if isinstance(self.focused, Input):
            hints = [
                Hint("submit", "enter", "take it"),
                Hint("close", "esc", "leave the text"),
                Hint("help", "f1", "help"),
            ]
            footer.hints = _with_way_out(hints, self.size.width)
            return
        verbs = VERBS.get(self._way.value, {})
        hints = [
            Hint(action.action, key, verbs.get(action.action, action.hint))
            for action, key, _ in self._keymap.hints(
                (Context.SIGN_IN,), is_plain=self.glyphs.is_ascii
            )
            if self._can(action)
        ]
        footer.hints = _with_way_out(hints, self.size.width)

    def _can(self, action: Action) -> bool:
        name, _, argument = action.action.partition("(")
        parameters = (argument.strip("')"),) if argument else ()
        return self._is_offered(name, parameters)

    def _say(self, words: str, *, is_error: bool = False) -> None:
        severity = "error" if is_error else "information"
        self.app.notify(words, severity=severity, markup=False)


def _with_way_out(hints: list[Hint], width: int) -> tuple[Hint, ...]:
    """The hints, with the way out where it is not the first to be cut."""
    columns = sum(len(hint.key) + 1 + len(hint.verb) + 2 for hint in hints)
    if columns + 2 <= width:
        return tuple(hints)
    return tuple(sorted(hints, key=lambda hint: (hint.verb == "help", hint.action_id != "close")))
