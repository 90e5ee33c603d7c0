"""The shell: header, the view, footer, and the batches of events that fill them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Paste, ScreenResume
from textual.message import Message
from textual.reactive import reactive
from textual.widgets._toast import ToastRack

from app.account_words import NOBODY
from app.bridge import BusBatch, pump
from app.keymap import Context, Keymap
from app.screens.actions import ShellActions
from app.screens.base import CHAT, LIMITS, VIEWS
from app.settings import Settings
from app.views.chat import ChatView
from app.views.chat_room import ChatRoom
from services.auth.signed_out import NOT_SET_UP
from services.errors import ServiceError
from services.models.failure import Failure
from services.provider import Provider
from widgets.composer import Composer
from widgets.footer import Footer, Hint
from widgets.header import Header
from widgets.pane_title import PaneTitle
from widgets.transcript.canvas import BlockCanvas

if TYPE_CHECKING:
    from app.views.welcome import WelcomeView
    from app.wiring import Services
    from services.events import AnyEvent

FRAME, FRAME_UNSEEN = 1 / 30, 1 / 4
"""Seconds between two batches while the terminal has the focus, and while it has not."""
TINY_ROWS = 10


class ShellScreen(ShellActions):
    """Everything but the overlays."""

    BINDINGS: ClassVar[list[BindingType]] = [*Keymap().bindings(Context.EVERYWHERE, Context.PANE)]

    @dataclass
    class StartRequested(Message):
        """The welcome found something to start with."""

        provider: Provider | None
        """None for the demo, unless somebody signed in."""
        is_signed_in: bool = False
        """Whether the configuration decides anew, now that there is a login."""
        is_not_set_up: bool = False
        """Whether the welcome is wanted, since there is nothing to start with."""
        notice: str = ""
        """Said at the start of the next run."""
        draft: str = ""
        """What was written, where no store keeps it."""

    # The first key may come right after the first frame, and shall not go to the list of chats.
    AUTO_FOCUS: ClassVar[str | None] = "Prompt, ChoiceList"

    has_terminal_focus: reactive[bool] = reactive(default=True)
    state: reactive[str] = reactive("starting")

    def __init__(
        self,
        settings: Settings,
        *,
        prompt: str = "",
        host: str = "",
        notice: str = "",
        is_set_up: bool = True,
    ) -> None:
        """A shell without services yet.

        Args:
            settings: Of this run.
            prompt: Put into the composer.
            host: `demo`, or a server to name in the header; empty for the usual one.
            notice: Said at the start.
            is_set_up: False shows the welcome instead of the chat.
        """
        super().__init__(settings)
        self._header.views, self._header.active = VIEWS, CHAT
        self._header.warning = host
        self._notice = notice
        self._was_resumed = False
        if is_set_up:
            self._room = self._views[CHAT] = ChatRoom(settings, self._glyphs, prompt=prompt)
        else:
            self._header.account = (NOBODY,)
            self.set_reactive(ShellScreen.state, "not connected")

    def compose(self) -> ComposeResult:
        yield self._header
        if self._room is not None:
            # Now, not when it hears of its size: everything would be laid out and drawn again.
            self._room.fit(self.app.size)
            # It begins with the focus, and is not to be styled again when that is told.
            self._room.chat.composer.add_class("-active", update=False)
            yield self._room
        else:
            # Needed only once in a life: not for the first frame of all others.
            from app.views.welcome import WelcomeView

            yield WelcomeView(self._glyphs)
        yield self._footer

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Do nothing twice when the shell is shown first: all nodes have just been styled."""
        if self._was_resumed:
            return
        self._was_resumed = True
        event.refresh_styles = False
        for rack in self.query(ToastRack):
            if not rack.styles.inline.has_rule("display"):
                # Told later that it is empty, it would have everything laid out again.
                rack.display = False

    def on_mount(self) -> None:
        if (view := self.chat) is not None:
            # Now, not after the first frame: what is typed meanwhile would be keys of panes.
            view.composer.focus_input()
        if self._notice:
            self._say(self._notice)
        problems = [*self._settings.problems, *self._key_problems]
        if problems:
            self._say(problems[0] + (f" (and {len(problems) - 1} more)" if problems[1:] else ""))
        self.app.set_keymap(self.keymap.textual_keymap())
        self.watch(self, "focused", self._tell_footer)
        if view is not None:
            self.watch(view.transcript, "is_finding", self._tell_footer)
        self.call_after_refresh(self._tell_footer)

    async def run_with(self, services: "Services") -> None:
        """Show what these services tell, until cancelled."""
        self._services = services
        self.state = "online"
        if services.open_auth is not None:
            self._show_account(services.account)
        else:
            self._header.account = (services.provider.name,)
        with services.bus.subscribe() as subscription:
            for notice in services.notices:
                # What a login that begins this run has told is not told again.
                if notice not in self._notice:
                    self._say(notice)
            for view in self.opened_views():
                await view.attach(services)
            self._take_limits(services.limits.state)
            self.show_view(self._wanted)
            self._load_models()
            # What was due before anybody listened is told now.
            await services.limits.tell_alerts()
            try:
                await pump(subscription, self, services.clock, self._frame)
            finally:
                for view in self.opened_views():
                    await view.detach()

    @property
    def _is_looked_at(self) -> bool:
        return self.has_terminal_focus

    def watch_has_terminal_focus(self, has_focus: bool) -> None:
        self._tell_who_looks(is_looking=has_focus)

    def _frame(self) -> float:
        return FRAME if self.has_terminal_focus else FRAME_UNSEEN

    @work(exclusive=True, group="models")
    async def _load_models(self) -> None:
        from services.events import ModelsChanged

        assert self._services is not None
        try:
            models = await self._services.catalogue.models()
        except ServiceError as error:
            self.state = "offline"
            self._say(error.message)
            return
        self._services.bus.publish(ModelsChanged(models=models))

    def on_bus_batch(self, batch: BusBatch) -> None:
        from services.events import (
            AccountChanged,
            Lagged,
            LimitsAlerted,
            LimitsChanged,
            ServiceFailed,
            SignInNeeded,
        )

        try:
            for event in batch.events:
                match event:
                    case ServiceFailed():
                        self.show_failure(event.failure)
                    case AccountChanged():
                        self._show_account(event.account)
                    case SignInNeeded():
                        self.sign_in(reason=event.failure)
                    case LimitsChanged():
                        self._take_limits(event.state)
                        self._hear(event)
                    case LimitsAlerted():
                        self._tell_alert(event.alert)
                    case Lagged() if self._services is not None:
                        self._hear(event)
                        state = self._services.limits.state
                        self._take_limits(state)
                        self._hear(LimitsChanged(state=state))
                    case _:
                        self._hear(event)
        finally:
            batch.handled.set()

    def _hear(self, event: "AnyEvent") -> None:
        for view in self.opened_views():
            view.hear(event)

    def show_failure(self, failure: Failure) -> None:
        """Say what went wrong where there is no better place: a line that goes by itself.

        That nobody is signed in has one, the screen of sign-in; that nothing is set up as well.
        """
        if failure.code == NOT_SET_UP:
            self._begin_anew(is_not_set_up=True)
            return
        if self._services is None:
            self.state = "not connected"
            if (view := self.chat) is not None and view.refusal is None:
                view.refuse(failure)
        if self.is_about_sign_in(failure):
            self.sign_in(reason=failure)
        else:
            self._say(failure.line, is_error=True)

    def on_resize(self) -> None:
        for view in self.opened_views():
            view.fit(self.size)
        self._show_header()
        self.set_class(self.size.height < TINY_ROWS, "-tiny")
        self._tell_footer()

    def watch_state(self) -> None:
        if self.is_mounted:
            self._tell_footer()

    def _tell_footer(self) -> None:
        if not self.is_mounted:
            return
        footer = self._footer
        footer.state = self.state
        is_busy = self.chat is not None and self.chat.is_answering
        hints = [
            Hint(action.id, key, "queue" if is_busy and action.id == "composer.send" else verb)
            for action, key, verb in self.keymap.hints(
                self.contexts(), is_plain=self._settings.ascii
            )
            if self._can(action)
        ]
        helps = [hint for hint in hints if hint.verb == "help"]
        if not helps:
            helps = [Hint("leader.help", "ctrl-x ?", "help")]
        footer.hints = (*(hint for hint in hints if hint.verb != "help"), *helps[:1])
        for title in self.query(PaneTitle):
            title.is_active = self.focused is not None and (
                # A view that takes the keys itself has its title further in.
                title.parent in self.focused.ancestors_with_self or self.focused in title.ancestors
            )

    @on(ChatView.Changed)
    def _on_chat_changed(self) -> None:
        self._tell_footer()

    @on(ChatView.Failed)
    def _on_chat_failed(self, message: ChatView.Failed) -> None:
        self.show_failure(message.failure)

    def on_limits_view_changed(self) -> None:
        """Other keys do something in the view of the limits now."""
        self._tell_footer()

    @on(Header.ViewChosen)
    def _on_view_chosen(self, message: Header.ViewChosen) -> None:
        self.action_view(message.name)

    @on(Header.GaugeChosen)
    def _on_gauge_chosen(self) -> None:
        self.action_view(LIMITS)

    @on(ChatRoom.Told)
    def _on_told(self, message: ChatRoom.Told) -> None:
        self._say(message.words)

    def on_paste(self, event: Paste) -> None:
        """What is pasted while nothing takes text goes into the composer."""
        if (view := self.chat) is not None:
            self.show_view(CHAT)
            view.composer.focus_input()
            view.composer.insert(event.text)

    @on(BlockCanvas.CopyRequested)
    async def _on_copy(self, message: BlockCanvas.CopyRequested) -> None:
        from app.children import surroundings
        from app.clipboard import copy

        result = await copy(
            message.text,
            environ=surroundings(self._settings),
            ask_terminal=self.app.copy_to_clipboard,
        )
        self._say(result.words, is_error=not result.is_copied)

    @on(BlockCanvas.LinkOpened)
    def _on_link(self, message: BlockCanvas.LinkOpened) -> None:
        from app.browser import plain_address
        from app.screens.confirm import ConfirmScreen

        try:
            url = plain_address(message.url)
        except ServiceError as error:
            self.show_failure(error.failure)
            return

        def answered(is_wanted: bool | None) -> None:
            if is_wanted:
                self._open_link(url)

        question = ConfirmScreen("Open this in your browser?", url, "open", glyphs=self._glyphs)
        self.app.push_screen(question, answered)

    @work(group="open-link")
    async def _open_link(self, url: str) -> None:
        from app.browser import open_and_watch
        from app.children import surroundings

        try:
            await open_and_watch(url, environ=surroundings(self._settings))
        except ServiceError as error:
            self.show_failure(error.failure)

    @on(Composer.CommandRequested)
    def _on_command(self) -> None:
        self.action_palette()

    @on(Composer.Refused)
    def _on_refused(self, message: Composer.Refused) -> None:
        self._say(message.text, is_error=True)

    def on_welcome_view_ready(self, message: "WelcomeView.Ready") -> None:
        """Start with what the welcome found."""
        self.post_message(self.StartRequested(message.provider))

    def on_welcome_view_sign_in_requested(self, message: "WelcomeView.SignInRequested") -> None:
        """Sign in; what comes of it starts the app."""
        self.sign_in(way=message.way)

    def _choose_again(self, notice: str) -> None:
        self._begin_anew(is_signed_in=True, notice=notice)

    def _begin_anew(
        self, *, is_signed_in: bool = False, is_not_set_up: bool = False, notice: str = ""
    ) -> None:
        view = self.chat
        draft = view.composer.text if view is not None and self._services is None else ""
        wanted = self.StartRequested(
            None,
            is_signed_in=is_signed_in,
            is_not_set_up=is_not_set_up,
            notice=notice,
            draft=draft,
        )
        self.post_message(wanted)

    @on(Footer.HintChosen)
    async def _on_hint(self, message: Footer.HintChosen) -> None:
        for action in self.keymap.actions:
            if action.id == message.action_id:
                await self._run(action)
