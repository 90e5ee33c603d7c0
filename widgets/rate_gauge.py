"""Limits in the header: how much of a window is left, and how long until it begins anew.

Loaded with the first numbers and not before the first frame. Rules: docs/limits.md.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from textual.content import Content

from services.models.limit_terms import Level, Show, level_of, percent, shown_percent, window_name
from services.models.limits import LimitsState, Standing, WindowState
from services.models.times import DAY, HOUR, MINUTE, age, clock_time, countdown, short_day
from widgets.cut import cut
from widgets.glyphs import UNICODE, Glyphs
from widgets.limit_wire import use_wire

SHOWN: Final = 2
"""Windows that the header tells of."""
LONGEST_NAME: Final = 18
"""Cells of the name of a window."""
SELDOM: Final = 900.0
"""Seconds after which is looked at what changes by the day."""
RESET_DUE: Final = Content("reset due")
TONES: Final = {"calm": "$success", "warning": "$warning", "failed": "$error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsShown:
    """The limits at one moment."""

    state: LimitsState
    now: float
    """Unix seconds."""
    show: Show = "left"

    @property
    def windows(self) -> tuple[WindowState, ...]:
        """Those that are shown, the most pressing one first."""
        return self.state.pressing()[:SHOWN]

    @property
    def is_empty(self) -> bool:
        """Whether there are no limits to tell of: nobody is signed in, or each token is paid."""
        return self.state.standing in {Standing.SIGNED_OUT, Standing.API_KEY}

    def at(self, now: float) -> "LimitsShown":
        """The same, later."""
        return replace(self, now=now)

    def changes_in(self) -> float | None:
        """Seconds until another word may be shown; None where nothing counts."""
        if self.state.standing is not Standing.KNOWN or not self.windows:
            return None
        until = [SELDOM, MINUTE - self.now % MINUTE]
        for window in self.windows:
            left = window.resets_in(self.now) or 0.0
            if left:
                until.append(left % MINUTE if left < DAY else left - DAY)
            if self.state.is_stale(self.now) and (old := self.now - window.as_of) < HOUR:
                until.append(MINUTE - old % MINUTE)
        # Never quite at the moment, or rounding would ask again at once.
        return max(0.0, min(until)) + 0.05


@dataclass(frozen=True)
class RateGauge:
    """One window, in as many words as there is room for."""

    window: WindowState
    now: float
    show: Show = "left"
    quiet: str = "$text-muted"
    """Style of what is not the number."""
    glyphs: Glyphs = field(default=UNICODE)

    @cached_property
    def level(self) -> Level:
        """How near it is to its end."""
        return level_of(self.window)

    @cached_property
    def name(self) -> Content:
        """`5h`, or with the name of a limit that is not the main one, as much of it as fits."""
        words, length = window_name(self.window), self.window.label
        if words != length:
            room = LONGEST_NAME - len(length) - 1
            limit = cut(Content(words.removesuffix(f" {length}")), room, self.glyphs.ellipsis)
            return Content.assemble(limit, " ", length).stylize(self.quiet)
        return cut(Content(words), LONGEST_NAME, self.glyphs.ellipsis).stylize(self.quiet)

    @cached_property
    def share(self) -> Content:
        """What outlasts all else: a word where it is not calm, the number, `left` or `used`."""
        word = f"{self.level.value} " if self.level.value else ""
        return Content.assemble((word, self._style), self.number)

    @cached_property
    def number(self) -> Content:
        """`62% left`, and nothing else."""
        number = percent(shown_percent(self.window, self.show))
        return Content.assemble((number, self._style), " ", (self.show, self.quiet))

    @property
    def _style(self) -> str:
        return "$foreground" if self.level is Level.CALM else TONES[self.level.tone]

    @cached_property
    def untils(self) -> tuple[Content, ...]:
        """When it begins anew, the most telling words first; empty where that is not known."""
        if self.window.is_redeemed:
            return (RESET_DUE,)
        resets_at, left = self.window.resets_at, self.window.resets_in(self.now)
        if resets_at is None or left is None:
            return ()
        if not left:
            return (RESET_DUE,)
        if left < DAY:
            return (Content.styled(countdown(left), self.quiet),)
        day = short_day(resets_at, self.now)
        forms = (f"{day} {clock_time(resets_at)}", day)
        return tuple(Content.styled(words, self.quiet) for words in forms)

    @cached_property
    def pace(self) -> Content:
        """How far it is from even use, in percent of the window; empty where that says nothing."""
        even = self._even
        if even is None:
            return Content("")
        ahead = round(even - self.window.used_percent)
        if self.show == "used":
            ahead = -ahead
        sign = "+" if ahead > 0 else self.glyphs.minus if ahead < 0 else ""
        is_behind = even < self.window.used_percent and self.level is not Level.CALM
        style = TONES[self.level.tone] if is_behind else self.quiet
        return Content.styled(f"pace {sign}{abs(ahead)}%", style)

    def wire(self, cells: int) -> Content:
        """What is left, drawn, and a dot where even use would be."""
        left_by_pace = None if self._even is None else 100.0 - self._even
        tone = TONES[self.level.tone]
        return use_wire(self.window.left_percent, left_by_pace, cells, tone, self.glyphs)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it."""
        return self.level in {Level.OUT, Level.REFUSED}

    @cached_property
    def _even(self) -> float | None:
        """Percent that even use would have used; None where the period or what was left is over."""
        window = self.window
        is_over = self.is_over or window.is_redeemed or not window.resets_in(self.now)
        return None if is_over else window.pace(self.now)

    def draw(self, *, cells: int = 0, until: int | None = None, has_pace: bool = False) -> Content:
        """Name, wire, share, and what follows.

        Args:
            cells: Length of the wire; 0 for none.
            until: Which of `untils`; None for none.
            has_pace: Whether the pace is told.
        """
        parts = [self.name, self.wire(cells) if cells else Content(""), self.share]
        if until is None and (self.is_over or self.untils == (RESET_DUE,)):
            # All that is left to know; and a number of a period that is over misleads without it.
            until = len(self.untils)
        if until is not None and self.untils:
            parts.append(self.untils[min(until, len(self.untils) - 1)])
        if has_pace:
            parts.append(self.pace)
        return Content(" ").join(part for part in parts if part)


def notes(shown: LimitsShown, quiet: str) -> tuple[Content, Content]:
    """What is said before and after the windows; each may be empty.

    Returns:
        That there are no numbers, or that the server says no whatever they are; and how old the
        numbers are, where that is too old.
    """
    state, windows = shown.state, shown.windows
    if state.standing is not Standing.KNOWN:
        return Content.styled("limits unknown", quiet), Content("")
    levels = {level_of(window) for window in windows}
    before = Content("")
    if state.allowed is False and not levels & {Level.OUT, Level.REFUSED}:
        before = Content.styled("limit reached", TONES["failed"])
    elif not windows:
        before = Content.styled("no limits named", quiet)
    if not windows or not state.is_stale(shown.now):
        return before, Content("")
    old = shown.now - min(window.as_of for window in windows)
    return before, Content.styled(f"{age(old)} old", quiet)
