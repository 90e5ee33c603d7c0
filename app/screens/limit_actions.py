"""Limits in the shell: the gauge of the header, alerts, and who looks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.timer import Timer

from app.screens.account_actions import WIDE_COLUMNS
from app.screens.base import LIMITS
from app.screens.chat_actions import ChatActions
from app.views.limits_factory import make_limits_view
from app.views.view import View

if TYPE_CHECKING:
    from app.views.limits import LimitsView
    from services.models.limit_history import Alert
    from services.models.limits import LimitsState

TOLD_FOR = 10.0
"""Seconds that an alert stands: nobody asked for it, so nobody waits for it."""


class LimitActions(ChatActions):
    """The shell's part of the limits."""

    @dataclass
    class NotificationWanted(Message):
        """Somebody who does not look at the terminal shall be told."""

        text: str

    _limits_view: "LimitsView | None" = None
    _gauge_timer: Timer | None = None
    """Runs only while there is something to count."""

    def show_view(self, name: str) -> None:
        super().show_view(name)
        self._tell_who_looks(is_looking=self._is_looked_at)

    def _make_view(self, name: str) -> View:
        if name != LIMITS or self._services is None:
            return super()._make_view(name)
        self._limits_view = make_limits_view(self._services, self._settings, self._glyphs)
        self._tell_limits_whose()
        return self._limits_view

    def _show_header(self) -> None:
        super()._show_header()
        self._tell_limits_whose()

    def _tell_limits_whose(self) -> None:
        """Name the account in the view's title: there the plan is said already."""
        view, account = self._limits_view, self._account
        if view is None or account is None:
            return
        is_wide = self.size.width >= WIDE_COLUMNS
        masked = account.masked_email.replace("…", self._glyphs.ellipsis)
        view.account = (account.email or "") if is_wide else masked

    @property
    def _is_looked_at(self) -> bool:
        """Whether the terminal has the focus; `ShellScreen` knows."""
        return True

    def _tell_who_looks(self, *, is_looking: bool) -> None:
        """Poll as often as for somebody who looks: the gauge stands in every view."""
        if self._services is not None:
            self._services.limits.watch(is_looking=is_looking)

    def _take_limits(self, state: "LimitsState") -> None:
        """Show these numbers, and count from now on."""
        from widgets.rate_gauge import LimitsShown

        if self._services is None:
            return
        now = self._services.clock.now()
        self._header.gauge = LimitsShown(state=state, now=now, show=self._settings.limits_show)
        self._plan_step()

    def _plan_step(self) -> None:
        """Look at the time again when it changes a word, and not before."""
        if self._gauge_timer is not None:
            self._gauge_timer.stop()
            self._gauge_timer = None
        gauge = self._header.gauge
        wait = gauge.changes_in() if gauge is not None else None
        if wait is not None:
            self._gauge_timer = self.set_timer(wait, self._step, name="gauge")

    def _step(self) -> None:
        gauge = self._header.gauge
        if gauge is not None and self._services is not None:
            self._header.gauge = gauge.at(self._services.clock.now())
        self._plan_step()

    def _tell_alert(self, alert: "Alert") -> None:
        """Say it, also to somebody who does not look."""
        severity = "error" if alert.kind in {"95", "100"} else "warning"
        self.app.notify(alert.text, severity=severity, timeout=TOLD_FOR, markup=False)
        if not self._is_looked_at and self._settings.limits_notify:
            self.post_message(self.NotificationWanted(alert.text))
