"""How much of a window is used by the mere passing of time: percent since the story began."""

from collections.abc import Callable
from typing import TypeAlias

Flow: TypeAlias = Callable[[float], float]
"""Percent used since the beginning of the story, for seconds since then; it never falls."""


def still(at: float) -> float:
    """Nothing but turns uses anything."""
    del at
    return 0.0


def steady(per_hour: float) -> Flow:
    """So many percent an hour."""
    return lambda at: max(0.0, at) * per_hour / 3600


def bursts(percent: float, *, every: float, length: float) -> Flow:
    """So many percent at the end of each stretch of `every` seconds, within `length` of them."""

    def flow(at: float) -> float:
        whole, within = divmod(max(0.0, at), every)
        return percent * (whole + max(0.0, within - (every - length)) / length)

    return flow
