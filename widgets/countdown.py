"""How long something still holds: the only thing that moves while somebody signs in."""

import math
from collections.abc import Callable

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from widgets.glyphs import Glyphs
from widgets.muted import muted


class Countdown(Widget):
    """One row: what is waited for, and the minutes and seconds that are left for it."""

    left: reactive[int] = reactive(0)
    """Whole seconds."""

    def __init__(
        self, state: str, words: str, ends_at: float, now: Callable[[], float], glyphs: Glyphs
    ) -> None:
        """A countdown that begins when it is mounted.

        Args:
            state: What is waited for.
            words: What ends.
            ends_at: Unix seconds.
            now: Unix seconds, asked once a second.
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._state = state
        self._words = words
        self._ends_at = ends_at
        self._now = now
        self._glyphs = glyphs
        self.set_reactive(Countdown.left, self._seconds())

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def render(self) -> Content:
        """State, words, time; the time is what is never cut."""
        minutes, seconds = divmod(self.left, 60)
        time = Content.styled(f"{minutes}:{seconds:02}", "bold")
        words = Content.assemble((f"{self._words} ", muted(self)), time)
        dot = (f" {self._glyphs.dot} ", muted(self))
        row = Content.assemble((self._state, "bold"), dot, words)
        fitting = [each for each in (row, words) if each.cell_length <= self.size.width]
        return fitting[0] if fitting else time

    def _tick(self) -> None:
        self.left = self._seconds()

    def _seconds(self) -> int:
        return max(0, math.ceil(self._ends_at - self._now()))
