"""Moments at which a forecast is asked, and what plain methods say of them."""

import json
import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from benchmarks.histories import HOUR, History, Sample

Moments: TypeAlias = Literal["work", "even"]
"""Shortly after a step of use, or spread evenly over the time."""
LEAST_USED: Final = 10.0
"""Percent used from which on it is asked."""
LEAST_TIME: Final = 0.03
"""Share of the window's length before the reset from which on it is not asked any more."""
LATER: Final = 0.025
"""Share of the window's length within which it is asked after a step of use."""
TRIES: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One moment of one history."""

    samples: Sequence[Sample]
    at: float
    used: float
    resets_at: float
    window: int
    zone: ZoneInfo
    truth: float
    """When it really ran out; infinite where it lasted until the reset."""


def cases(
    history: History, count: int, learnt: float, seed: str, moments: Moments = "work"
) -> Iterator[Case]:
    """Moments at which the window is in use, after some history has been seen.

    Args:
        history: Made up or recorded.
        count: How many at most.
        learnt: Seconds of history that have been seen before the first one.
        seed: The same one chooses the same moments.
        moments: At work each step of use is as likely as any other, since people look while they
            work; evenly, each reading is.
    """
    rng = random.Random(seed)
    truth, window = history.truth, history.window_seconds
    times = [at for at, _, _ in truth]
    polled = {sample[0] for sample in history.readings}
    first = bisect_left(times, times[0] + learnt)
    later = LATER * window if moments == "work" else 0.0
    places = [
        place
        for place in range(max(1, first), len(truth))
        if moments == "even" or truth[place][1] > truth[place - 1][1]
    ]
    found = 0
    for _ in range(TRIES * count if places else 0):
        if found >= count:
            return
        when = times[rng.choice(places)] + rng.random() * later
        place = bisect_right(times, when) - 1
        at, used, resets_at = truth[place]
        if at not in polled or not LEAST_USED <= used < 100.0 or resets_at is None:
            continue
        is_known, ran_out = history.ran_out(place)
        if not is_known or resets_at - at < LEAST_TIME * window:
            continue
        found += 1
        yield Case(
            samples=history.seen(at),
            at=at,
            used=used,
            resets_at=resets_at,
            window=window,
            zone=history.zone,
            truth=ran_out,
        )


def line(case: Case) -> float:
    """Run-out by a line since the window began."""
    begun = case.resets_at - case.window
    if case.at <= begun or case.used <= 0.0:
        return math.inf
    return case.at + (100.0 - case.used) * (case.at - begun) / case.used


def last_hour(case: Case) -> float:
    """Run-out by the use of the last hour within this period."""
    recent = [each for each in case.samples if case.at - HOUR < each[0] <= case.at]
    before = [each for each in case.samples if each[0] <= case.at - HOUR]
    points = [*before[-1:], *recent]
    for place in range(len(points) - 1, 0, -1):
        if points[place][1] < points[place - 1][1] - 1.0:
            points = points[place:]
            break
    if not points:
        return math.inf
    seconds = min(HOUR, max(60.0, case.at - points[0][0]))
    rate = (case.used - points[0][1]) / seconds
    return case.at + (100.0 - case.used) / rate if rate > 0.0 else math.inf


def recorded(path: Path, zone: ZoneInfo) -> History:
    """A history from a file: a JSON object a line, oldest first.

    Raises:
        ValueError: It holds no history.
    """
    rows = [json.loads(row) for row in path.read_text("utf-8").splitlines() if row.strip()]
    if not rows or "window_seconds" not in rows[0]:
        raise ValueError(f"{path} has no first line with window_seconds")
    readings = [(row["at"], row["used_percent"], row["resets_at"]) for row in rows]
    window = int(rows[0]["window_seconds"])
    return History(path.stem, window, zone, truth=readings, readings=readings)
