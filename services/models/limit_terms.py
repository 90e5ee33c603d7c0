"""A window in few words: its name, its share, and how near it is to its end.

Rules: docs/limits.md.
"""

from enum import StrEnum
from typing import Final, Literal, TypeAlias

from services.models.limits import SpendControl, WindowState
from services.models.windows import MAIN

Show: TypeAlias = Literal["left", "used"]
"""Which of the two a screen shows; colours and alerts go by use in any case."""


class Level(StrEnum):
    """What its colour says; the value is the word beside the number."""

    CALM = ""
    RUNS_OUT = "runs out"
    """More likely than not to run out before its reset."""
    LOW = "low"
    VERY_LOW = "very low"
    NEARLY_OUT = "nearly out"
    OUT = "out"
    REFUSED = "refused"
    """The server said no, whatever the percentage."""

    @property
    def tone(self) -> Literal["calm", "warning", "failed"]:
        """Its colour, by role."""
        match self:
            case Level.CALM:
                return "calm"
            case Level.RUNS_OUT | Level.LOW | Level.VERY_LOW:
                return "warning"
            case _:
                return "failed"


STEPS: Final = (
    (100.0, Level.OUT),
    (95.0, Level.NEARLY_OUT),
    (90.0, Level.VERY_LOW),
    (75.0, Level.LOW),
)
"""Percent used from which a level holds."""


def level_of(window: WindowState) -> Level:
    """How near it is to its end; use comes before the forecast.

    A number of before a reset that was redeemed says nothing.
    """
    if window.is_redeemed:
        return Level.CALM
    if window.is_refused:
        return Level.REFUSED
    for least, level in STEPS:
        if window.used_percent >= least:
            return level
    return Level.RUNS_OUT if window.forecast.is_likely else Level.CALM


def spend_level(spend: SpendControl) -> Level:
    """How near it is to its end."""
    if spend.reached:
        return Level.REFUSED
    used = spend.used_percent
    if used is None:
        return Level.CALM
    return next((level for least, level in STEPS if used >= least), Level.CALM)


def shown_percent(window: WindowState, show: Show) -> float:
    """The percentage that is shown, from 0 to 100."""
    return window.left_percent if show == "left" else window.used_percent


def percent(value: float) -> str:
    """Without decimals, and never `0%` or `100%` for what is neither: `<1%`, `>99%`."""
    if 0.0 < value <= 0.5:
        return "<1%"
    if 99.5 <= value < 100.0:
        return ">99%"
    return f"{value:.0f}%"


def share(window: WindowState, show: Show) -> str:
    """`62% left`, or `38% used`."""
    return f"{percent(shown_percent(window, show))} {show}"


def window_name(window: WindowState) -> str:
    """`5h` for a window of the main limit, `Code review week` for one of another."""
    if window.limit_id == MAIN or window.window_seconds is None:
        return window.label
    return f"{window.limit_name or window.limit_id.replace('_', ' ')} {window.label}"
