"""What is said of a window, once an episode: pure. Rules: docs/forecast.md."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

from services.models.limit_history import Alert
from services.models.limit_terms import window_name
from services.models.limits import LimitsState, WindowState
from services.models.times import full_time

Threshold: TypeAlias = Literal["75", "90", "95", "100"]
THRESHOLDS: Final[tuple[Threshold, ...]] = ("75", "90", "95", "100")
"""Percent used."""


def due(
    before: LimitsState | None,
    state: LimitsState,
    *,
    thresholds: Sequence[Threshold] = THRESHOLDS,
    when: Callable[[float], str] = full_time,
) -> tuple[Alert, ...]:
    """What is to be said of a state, and was not of the one before.

    Of each window at most the highest threshold that it has reached, and that it will probably run
    out before its reset. The store sees to it that each of them is told once a period, over all
    processes; the same call gives the same alerts.

    Args:
        before: What was known; None at the start.
        state: What is known now.
        thresholds: Percent used, of those of `THRESHOLDS` that are wanted.
        when: Writes a moment given in Unix seconds.
    """
    known = {} if before is None else {window.id: window for window in before.windows}
    if before is not None and before.account != state.account:
        known = {}
    found: list[Alert] = []
    for window in state.windows:
        old = known.get(window.id)
        if old is not None and old.period != window.period:
            old = None
        found.extend(_of(old, window, thresholds, when))
    return tuple(found)


def said_with(kind: str) -> tuple[str, ...]:
    """An alert, and what nobody has to be told any more after it: the lower thresholds."""
    if kind not in THRESHOLDS:
        return (kind,)
    return tuple(each for each in THRESHOLDS if int(each) <= int(kind))


def _of(
    old: WindowState | None,
    new: WindowState,
    thresholds: Sequence[Threshold],
    when: Callable[[float], str],
) -> Iterator[Alert]:
    name = window_name(new)
    reached = _reached(new, thresholds)
    if reached is not None and (old is None or not _has_reached(old, reached)):
        yield Alert(
            window_id=new.id, label=name, kind=reached, text=f"{name}: {_use_words(new, when)}"
        )
    if _runs_out(new) and not (old is not None and _runs_out(old)):
        text = f"{name}: {_run_out_words(new, when)}"
        yield Alert(window_id=new.id, label=name, kind="runs_out", text=text)


def _reached(window: WindowState, thresholds: Sequence[Threshold]) -> Threshold | None:
    reached: Threshold | None = None
    for each in thresholds:
        if _has_reached(window, each) and (reached is None or int(each) > int(reached)):
            reached = each
    return reached


def _has_reached(window: WindowState, threshold: Threshold) -> bool:
    return window.is_refused or window.used_percent >= int(threshold)


def _runs_out(window: WindowState) -> bool:
    """Whether it is more likely than not to run out before its reset."""
    is_out = window.is_refused or window.used_percent >= 100.0
    return window.forecast.is_likely and not is_out


def _use_words(window: WindowState, when: Callable[[float], str]) -> str:
    left = window.left_percent
    if window.is_refused:
        words = "refused by the server"
    elif left <= 0.0:
        words = "used up"
    else:
        words = f"{left:.0f} % left" if left >= 1.0 else "less than 1 % left"
    # A reset that has passed is not yet confirmed, and says nothing about when there is more.
    if window.resets_at is None or window.resets_at <= window.as_of:
        return words
    return f"{words}, resets {when(window.resets_at)}"


def _run_out_words(window: WindowState, when: Callable[[float], str]) -> str:
    words = "likely to run out"
    if window.forecast.p50_at is not None:
        words += f" about {when(window.forecast.p50_at)}"
    return words if window.resets_at is None else f"{words}, resets {when(window.resets_at)}"
