"""One row above the composer: what the running turn does, and how the last one went."""

import time
from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import Glyphs
from widgets.muted import muted

if TYPE_CHECKING:
    from services.models.chat import TurnState

FRAME = 0.125
"""Seconds between two frames of the spinner."""
TICK = 1.0
"""Seconds between two looks at the clock with reduced motion."""
STOP_HINT = "esc esc stop"


class TurnStatus(Widget):
    """State word with its seconds while a turn runs, a muted summary after it, else no row.

    The timer runs only while a turn does.
    """

    state: "reactive[TurnState | None]" = reactive(None, init=False)
    tokens: reactive[int] = reactive(0)
    """Counted so far; 0 while not known."""
    queued: reactive[int] = reactive(0)
    """Messages that wait for the end of the turn."""
    summary: reactive[str] = reactive("", init=False)
    """One muted line after the end of a turn."""
    hint: reactive[str] = reactive(STOP_HINT)
    """How to stop, at the right."""

    def __init__(
        self,
        glyphs: Glyphs,
        *,
        reduced_motion: bool = False,
        now: Callable[[], float] = time.time,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """A row that is not there yet.

        Args:
            glyphs: Marks to draw with.
            reduced_motion: Seconds count, but nothing turns.
            now: Unix seconds.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._reduced_motion = reduced_motion
        self._now = now
        self._timer: Timer | None = None
        self._ticks_every = 0.0
        self.display = False

    def watch_state(self, state: "TurnState | None") -> None:
        self._show_or_hide()
        wanted = self._interval(state)
        if wanted == self._ticks_every or (wanted and not self.is_attached):
            return
        self._ticks_every = wanted
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if wanted:
            self._timer = self.set_interval(wanted, self._turn, name="turn status")

    def _interval(self, state: "TurnState | None") -> float:
        """Seconds between two looks at the clock; 0 for none. Nothing turns while it waits."""
        if state is None:
            return 0.0
        return TICK if self._reduced_motion or state.retry_at is not None else FRAME

    def on_mount(self) -> None:
        self.watch_state(self.state)

    def watch_summary(self) -> None:
        self._show_or_hide()

    def _show_or_hide(self) -> None:
        self.display = self.state is not None or bool(self.summary)

    def _turn(self) -> None:
        self.refresh()

    def render(self) -> Content:
        """The row, cut to its width; the hint goes first."""
        width = self.size.width
        state = self.state
        if state is None:
            return cut(Content.styled(self.summary, muted(self)), width, self._glyphs.ellipsis)
        left = Content.assemble(
            (self._mark(), "$accent"), " ", *self._words(state, max(0.0, self._now()))
        )
        keys, _, verb = self.hint.rpartition(" ")
        right = Content.assemble(keys, " ", (verb, muted(self)))
        gap = width - left.cell_length - right.cell_length
        if gap < 2:
            return cut(left, width, self._glyphs.ellipsis)
        return Content.assemble(left, " " * gap, right)

    def _mark(self) -> str:
        if self._reduced_motion or (self.state and self.state.retry_at is not None):
            return self._glyphs.working
        frames = self._glyphs.spinner
        return frames[int(self._now() / FRAME) % len(frames)]

    def _words(self, state: "TurnState", now: float) -> list[Content | tuple[str, str] | str]:
        dot = f" {self._glyphs.dot} "
        if state.retry_at is not None:
            retry = f"retry {state.attempt} of {state.attempts}" if state.attempts else "retry"
            seconds = max(0, ceil(state.retry_at - now))
            words: list[Content | tuple[str, str] | str] = [(f"{retry} in {seconds} s", "$warning")]
            facts = [state.reason]
        else:
            seconds = max(0, int(now - state.started_at))
            from services.models.chat import TurnPhase

            phase = state.phase if state.phase is not TurnPhase.QUEUED else "waiting in line"
            words = [(str(phase), "bold"), (f" {_duration(seconds)}", muted(self))]
            facts = [f"{self.tokens:,} tokens" if self.tokens else "", state.reason]
        if self.queued:
            facts.append(f"{self.queued} queued")
        return [*words, *((dot + fact, muted(self)) for fact in facts if fact)]


def _duration(seconds: int) -> str:
    """`14 s`, `2 min 5 s`."""
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60} s"
