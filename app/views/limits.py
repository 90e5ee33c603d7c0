"""The view of all limits: how much is left, whether it lasts, where it went, what was changed."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from app.keymap import Context, Keymap
from app.styles import need_all
from app.views.limits_board import LimitsBoard
from app.views.limits_moves import LimitsMoves
from app.views.limits_record import NOTHING, read_page, read_record
from app.views.limits_rows import until_change
from app.views.limits_states import Notice, failed
from services.clock import Clock
from services.errors import ServiceError
from services.models.limit_terms import Show
from services.models.limits import LimitsState, Standing
from widgets.glyphs import Glyphs
from widgets.limit_plot import load
from widgets.window_group import WindowGroup

if TYPE_CHECKING:
    from app.wiring import Services
    from services.events import AnyEvent
    from services.limits.ports import Limits


class LimitsView(LimitsMoves, can_focus=True):
    """All limits of the account that is signed in."""

    BINDINGS: ClassVar[list[BindingType]] = [*Keymap().bindings(Context.LIMITS)]

    account: reactive[str] = reactive("")
    """Who is signed in, for the title."""

    @dataclass
    class Changed(Message):
        """Other keys do something now."""

    def __init__(
        self,
        limits: "Limits",
        *,
        clock: Clock,
        shows: Show,
        glyphs: Glyphs,
        has_colour: bool = True,
        id: str = "limits",  # noqa: A002
    ) -> None:
        """A view that reads nothing before it is shown.

        Args:
            limits: Knows them.
            clock: Time.
            shows: The percentage that is shown.
            glyphs: Marks to draw with.
            has_colour: False tells the lines of the chart apart by marks.
            id: Of the widget.
        """
        super().__init__(LimitsBoard(shows=shows, glyphs=glyphs, has_colour=has_colour), id=id)
        need_all()
        self._limits = limits
        self._clock = clock
        self._shows: Show = shows
        self._glyphs = glyphs
        self._state = limits.state
        self._is_seen = False
        self._is_redeeming = False
        self._news: Notice | None = None
        """What came of the last thing that was asked for here."""
        self._is_news_about_reading = False
        self._timer: Timer | None = None
        self._read_for: tuple[object, ...] | None = None
        """What the history on the screen was read for."""
        self._looked_up: tuple[str, int] | None = None
        """Account and number of resets whose ends were asked for."""
        self._record = NOTHING

    def compose(self) -> ComposeResult:
        yield self._board

    async def attach(self, services: "Services") -> None:
        """The limits were handed in; what is known of them is shown."""
        del services
        self._take(self._limits.state)

    def hear(self, event: "AnyEvent") -> None:
        """Take one event."""
        from services.events import LimitsChanged

        if isinstance(event, LimitsChanged):
            self._take(event.state)

    def shown(self) -> None:
        """It is looked at now: numbers are read, and countdowns run."""
        self._is_seen = True
        if self.is_mounted:
            self._begin()

    def hidden(self) -> None:
        """Nobody looks: nothing runs."""
        self._is_seen = False
        self._news = None
        self._stop_timer()

    def take_focus(self) -> None:
        self.focus()

    def contexts(self, focused: Widget | None) -> tuple[Context, ...]:
        del focused
        return (Context.LIMITS, Context.PANE)

    def on_mount(self) -> None:
        # A scroll bar makes the windows narrower, and what stands below them in their columns.
        self.watch(self._board.windows, "show_vertical_scrollbar", self._refit, init=False)
        # Not now: Textual calls a widget mounted once this is over, and nothing would be counted.
        self.call_later(self._begin_if_seen)

    def _begin_if_seen(self) -> None:
        if self._is_seen:
            self._begin()

    def _begin(self) -> None:
        if not self._board.chart.is_ready:
            self.run_worker(self._load_library, exclusive=True, group="limits-library")
        self._take(self._limits.state)

    async def _load_library(self) -> None:
        """Import what draws the chart beside everything else: it takes long."""
        await asyncio.to_thread(load)
        self._board.chart.is_ready = True

    def _take(self, state: LimitsState) -> None:
        """Show this state, and read what belongs to it where that has changed."""
        is_other = state.account != self._state.account
        had = _offered(self._state)
        if self._is_news_about_reading and state.as_of != self._state.as_of:
            self._news = None
        self._state = state
        if is_other:
            self._record, self._news, self._read_for = NOTHING, None, None
        if not self.is_mounted:
            return
        if _offered(state) != had:
            self.post_message(self.Changed())
        self._tell()
        self._tell_record()
        if self._is_seen:
            self._read()
            self._look_up_resets()
            self._plan_tick()

    def _tell(self) -> None:
        """Everything that the time changes."""
        if self._board.is_mounted:
            self._board.tell(
                self._state,
                self._clock.now(),
                news=self._news,
                account=self.account,
                is_active=self.has_focus,
                is_page_open=self.is_page_open,
            )

    def _tell_record(self) -> None:
        """Everything that was read from the store."""
        if self._board.is_mounted:
            self._board.tell_record(self._state, self._clock.now(), self._record, self.zoom)

    def _plan_tick(self) -> None:
        """Look at the time again when a countdown changes; seconds only where one has them."""
        self._stop_timer()
        if not (self._is_seen and self.is_mounted) or self._state.as_of is None:
            return
        wait = until_change(self._state, self._clock.now())
        self._timer = self.set_timer(wait, self._tick)

    def _tick(self) -> None:
        self._tell()
        self._plan_tick()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _look_up_resets(self) -> None:
        """Ask once when resets expire, which polls do not say."""
        resets, account = self._state.reset_credits, self._state.account
        if resets is None or not resets.available or resets.credits:
            return
        if self._looked_up != (account, resets.available):
            self._looked_up = account, resets.available
            self.run_worker(self._read_resets, exclusive=True, group="limits-resets")

    async def _read_resets(self) -> None:
        # Their number is known even so, and redeeming one says what is wrong.
        with suppress(ServiceError):
            await self._limits.reset_credits()

    def _read(self) -> None:
        """Read history, ledger and costs, unless they were read for the same."""
        wanted = (self._state.account, self._state.version, self.zoom, self._board.columns)
        has_room = bool(self._board.size.width)
        if self._state.standing is not Standing.KNOWN or not has_room or wanted == self._read_for:
            return
        self._read_for = wanted
        self.run_worker(self._read_history, exclusive=True, group="limits-history")

    async def _read_history(self) -> None:
        now = self._clock.now()
        try:
            self._record = await read_record(self._limits, self.zoom, self._board.columns, now)
        except ServiceError as error:
            self._read_for = None
            self._say(Notice(head=error.failure.line, tone="failed"), is_about_reading=True)
        else:
            if self._is_news_about_reading:
                self._say(None)
        self._tell_record()
        if self.is_page_open:
            self.run_worker(self._read_page, exclusive=True, group="limits-page")

    async def _read_page(self) -> None:
        """Fill the page of the selected window."""
        selected, now = self._board.selected, self._clock.now()
        try:
            record = await read_page(self._limits, selected, self.zoom, now)
        except ServiceError as error:
            self._say(Notice(head=error.failure.line, tone="failed"), is_about_reading=True)
        else:
            self._board.tell_page(self._state, record, self.zoom)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now is not offered."""
        state = self._state
        match action:
            case "leave":
                return self.is_page_open
            case "open":
                return state.standing is Standing.KNOWN and not self.is_page_open
            case "refresh":
                return state.standing in {Standing.KNOWN, Standing.UNKNOWN}
            case "zoom" | "zoom_in" | "zoom_out":
                return state.standing is Standing.KNOWN
            case "redeem":
                can = state.is_redeem_open or bool((r := state.reset_credits) and r.available)
                return can and not self._is_redeeming
            case _:
                return True

    def watch_is_page_open(self) -> None:
        if not self.is_mounted:
            return
        if self.is_page_open:
            self._board.page.scroll_home(animate=False)
            self.run_worker(self._read_page, exclusive=True, group="limits-page")
        self._tell()
        self.call_after_refresh(self._resized)
        self.post_message(self.Changed())

    def watch_zoom(self) -> None:
        if self.is_mounted and self._is_seen:
            self._read()

    def watch_account(self) -> None:
        if self.is_mounted:
            self._tell()

    def action_refresh(self) -> None:
        """Read the limits now."""
        self._say(None)
        self.run_worker(self._refresh, exclusive=True, group="limits-refresh")

    async def _refresh(self) -> None:
        try:
            self._take(await self._limits.refresh())
        except ServiceError as error:
            self._take(self._limits.state)
            if self._state.failure is None:
                news = failed(self._state, error.failure, self._clock.now())
                self._say(news, is_about_reading=True)

    def action_redeem(self) -> None:
        """Ask whether to redeem a reset."""
        if self.check_action("redeem", ()):
            self._set_redeeming(is_redeeming=True)
            self.run_worker(self._ask_to_redeem, group="limits-redeem")

    async def _ask_to_redeem(self) -> None:
        from app.views.limits_redeem import ask_and_redeem

        try:
            await ask_and_redeem(
                self._limits,
                ask=self._app.push_screen_wait,
                say=self._say,
                now=self._clock.now,
                glyphs=self._glyphs,
            )
            self._take(self._limits.state)
        finally:
            self._set_redeeming(is_redeeming=False)

    @property
    def _app(self) -> App[Any]:
        """The application; Textual leaves the type of its result unknown."""
        return cast("App[Any]", super().app)  # pyright: ignore[reportUnknownMemberType]

    def _set_redeeming(self, *, is_redeeming: bool) -> None:
        self._is_redeeming = is_redeeming
        self.post_message(self.Changed())

    def _say(self, news: Notice | None, *, is_about_reading: bool = False) -> None:
        self._news, self._is_news_about_reading = news, is_about_reading
        if self.is_mounted:
            self._tell()

    @on(WindowGroup.Chosen)
    def _on_chosen(self, message: WindowGroup.Chosen) -> None:
        message.stop()
        self.focus()
        if self._board.windows.select(message.id):
            self._tell_record()

    def on_focus(self) -> None:
        self._tell()

    def on_blur(self) -> None:
        self._tell()

    def on_resize(self) -> None:
        if self._is_seen:
            self.call_after_refresh(self._resized)

    def _refit(self) -> None:
        self.call_after_refresh(self._tell)

    def _resized(self) -> None:
        self._tell()
        self._read()


def _offered(state: LimitsState) -> tuple[object, ...]:
    """What decides which keys do something."""
    return bool(state.windows), state.standing, state.reset_credits, state.is_redeem_open
