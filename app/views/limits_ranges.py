"""The times that the view of all limits looks back on, and its chart of one of them: pure."""

import time
from collections.abc import Sequence
from typing import Final

from app.views import limits_words as words
from services.models.limit_history import Series
from services.models.limit_terms import level_of
from services.models.limits import LimitsState
from services.models.times import DAY, HOUR, clock_time, short_day
from services.models.windows import MAIN
from widgets.limit_chart import ChartData, ChartLine

RANGES: Final = ((5 * HOUR, "5 h"), (DAY, "24 h"), (7 * DAY, "7 d"), (30 * DAY, "30 d"))
"""What the chart may show, in seconds."""
LINES: Final = 4
"""Windows in the chart."""


def chart_data(
    state: LimitsState, series: Sequence[Series], zoom: int, until: float, selected: str
) -> ChartData:
    """What the chart shows: the windows of the limit that the selected one belongs to.

    Args:
        state: Names the windows.
        series: Their histories.
        zoom: Number of the range in `RANGES`.
        until: End of the range, Unix seconds.
        selected: Id of a window.
    """
    seconds, name = RANGES[zoom]
    limit = next((each.limit_id for each in state.windows if each.id == selected), MAIN)
    by_id = {one.window_id: one for one in series}
    mine = [each for each in state.windows if each.limit_id == limit and each.id in by_id]
    # The calmest line comes last, so that those which often begin anew do not cover it.
    mine.sort(key=lambda each: each.window_seconds or 0)
    lines = tuple(
        ChartLine(name=words.long_name(each), tone=level_of(each).tone, series=by_id[each.id])
        for each in mine[:LINES]
    )
    since = until - seconds
    return ChartData(
        title=f"Used, last {name}",
        since=since,
        until=until,
        lines=lines,
        ticks=_ticks(since, until, zoom),
    )


def _ticks(since: float, until: float, zoom: int) -> tuple[tuple[float, str], ...]:
    """Round moments of local time."""
    step = (HOUR, 6 * HOUR, DAY, 5 * DAY)[zoom]
    inner = min(step, DAY)
    try:
        shift = time.localtime(since).tm_gmtoff
    except (ValueError, OverflowError, OSError):
        return ()
    at = (since + shift) // inner * inner - shift + inner
    ticks: list[tuple[float, str]] = []
    while at <= until:
        ticks.append((at, clock_time(at) if step < DAY else _day(at, step)))
        at += step
    return tuple(ticks)


def _day(at: float, step: float) -> str:
    # Noon of that day, so that an hour more or less in a change of the clock is the same day.
    noon = at + DAY / 2
    return short_day(noon, noon) if step == DAY else short_day(noon, noon - 40 * DAY)


def day_start(now: float) -> float:
    """When today began, in local time; Unix seconds."""
    local = time.localtime(now)
    return time.mktime((local.tm_year, local.tm_mon, local.tm_mday, 0, 0, 0, 0, 0, -1))
