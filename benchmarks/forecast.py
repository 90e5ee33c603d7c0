"""Back-test of the forecast: `python -m benchmarks.forecast`.

At many moments of made-up histories it is asked when the window runs out, and so are two plain
methods: a line since the window began, and the rate of the last hour. The method was fitted with
seeds 100 to 123; others are used here. Exits 1 where the target of docs/forecast.md is missed.

`--history FILE` asks the same of a recorded history: a JSON object a line, oldest first, with `at`,
`used_percent`, `resets_at` (Unix seconds) and, in the first line, `window_seconds`.
"""

import argparse
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.histories import DAY, FIVE_HOURS, HOUR, STORIES, WEEK, History, Sample, make
from services.limits.forecast import forecast
from services.models.limits import ForecastState

SEEDS: Final = 5000
"""The first one."""
MOMENTS: Final = 20
"""Of each made-up history."""
RECORDED_MOMENTS: Final = 400
COVERED: Final = (0.75, 0.90)
"""Share of the cases that the range is to hold."""
LEAST_USED: Final = 10.0
"""Percent used from which on it is asked."""
LEAST_TIME: Final = 0.03
"""Share of the window's length before the reset from which on it is not asked any more."""
LATER: Final = 0.025
"""Share of the window's length within which it is asked after a step of use."""
HEAD: Final = (
    "| use | window | cases | lasted | held | early | late | ours | line | last hour | |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


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


@dataclass(slots=True)
class Score:
    """How well one history was foretold."""

    cases: int = 0
    lasted: int = 0
    early: int = 0
    """It ran out before the range."""
    late: int = 0
    ours: list[float] = field(default_factory=list[float])
    """Errors of the median in minutes; what lasts ends at the reset."""
    line: list[float] = field(default_factory=list[float])
    hour: list[float] = field(default_factory=list[float])

    @property
    def coverage(self) -> float:
        """Share of the cases within the range."""
        return 1.0 - (self.early + self.late) / max(1, self.cases)

    def is_met(self, *, is_plain: bool) -> bool:
        """Whether the target is reached.

        Args:
            is_plain: Steady use, where being as good as the better plain method is enough.
        """
        if not self.cases:
            return False
        ours = statistics.median(self.ours)
        plain = min(statistics.median(self.line), statistics.median(self.hour))
        is_better = ours <= plain if is_plain else ours < plain
        return COVERED[0] <= self.coverage <= COVERED[1] and is_better

    def row(self, name: str, window: int, verdict: str) -> str:
        """A row of the table."""
        label = "week" if window == WEEK else f"{window / HOUR:g}h"
        count = max(1, self.cases)
        shares = (self.lasted / count, self.coverage, self.early / count, self.late / count)
        medians = [statistics.median(each or [0.0]) for each in (self.ours, self.line, self.hour)]
        figures = [f"{each:.0%}" for each in shares] + [f"{each:.1f}" for each in medians]
        return f"| {name} | {label} | {self.cases} | {' | '.join(figures)} | {verdict} |"


def cases(history: History, count: int, learnt: float, seed: str) -> Iterator[Case]:
    """Moments at which the window is in use, after some history has been seen.

    Each step of use is as likely as any other: people look while they work.
    """
    rng = random.Random(seed)
    truth, window = history.truth, history.window_seconds
    step = truth[1][0] - truth[0][0]
    polled = {sample[0] for sample in history.readings}
    steps = [
        place
        for place in range(1, len(truth))
        if truth[place][1] > truth[place - 1][1] and truth[place][0] - truth[0][0] >= learnt
    ]
    found = 0
    for _ in range(40 * count if steps else 0):
        place = rng.choice(steps) + int(rng.random() * LATER * window / step)
        if found >= count:
            return
        if place >= len(truth) or truth[place][0] not in polled:
            continue
        at, used, resets_at = truth[place]
        if not LEAST_USED <= used < 100.0 or resets_at is None:
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
    recent = [each for each in case.samples if case.at - HOUR <= each[0] <= case.at]
    before = [each for each in case.samples if each[0] < case.at - HOUR]
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


def score_of(asked: Iterable[Case]) -> Score:
    """Ask for forecasts, and hold them against the truth."""
    score = Score()
    for case in asked:
        said = forecast(
            case.samples,
            window_seconds=case.window,
            used=case.used,
            resets_at=case.resets_at,
            now=case.at,
            zone=case.zone,
        )
        if said.state is ForecastState.UNKNOWN:
            continue
        score.cases += 1
        score.lasted += case.truth == math.inf
        score.early += case.truth < (said.p10_at or math.inf)
        score.late += case.truth > (said.p90_at or math.inf)
        truth = min(case.truth, case.resets_at)
        guesses = (said.p50_at or math.inf, line(case), last_hour(case))
        for errors, guess in zip((score.ours, score.line, score.hour), guesses, strict=True):
            errors.append(abs(min(guess, case.resets_at) - truth) / 60.0)
    return score


def recorded(path: Path, zone: ZoneInfo) -> History:
    """A history from a file."""
    rows = [json.loads(row) for row in path.read_text("utf-8").splitlines() if row.strip()]
    readings = [(row["at"], row["used_percent"], row["resets_at"]) for row in rows]
    window = int(rows[0]["window_seconds"])
    return History(path.stem, window, zone, truth=readings, readings=readings)


def made_up(histories: int, first: int) -> bool:
    """Print a row for each kind of use and window; whether the target is reached."""
    is_whole = True
    for window in (FIVE_HOURS, int(WEEK)):
        days, learnt = (32.0, 10 * DAY) if window < DAY else (84.0, 21 * DAY)
        for story in STORIES:
            asked: list[Case] = []
            for seed in range(first, first + histories):
                history = make(story, window, days, seed)
                asked.extend(cases(history, MOMENTS, learnt, f"moments/{seed}"))
            score = score_of(asked)
            is_met = score.is_met(is_plain=story.is_plain)
            is_whole &= is_met
            print(score.row(story.name, window, "met" if is_met else "MISSED"), flush=True)
    return is_whole


def cost() -> str:
    """What one forecast costs, with as many samples as the store gives at most."""
    history = make(STORIES[0], FIVE_HOURS, 35.0, SEEDS)
    at, used, resets_at = history.truth[-1]
    samples = history.seen(at)
    best = math.inf
    for _ in range(20):
        begin = time.process_time()
        forecast(
            samples,
            window_seconds=FIVE_HOURS,
            used=min(used, 99.0),
            resets_at=resets_at,
            now=at,
            zone=history.zone,
        )
        best = min(best, time.process_time() - begin)
    return f"{len(samples)} samples: {best * 1000:.1f} ms a forecast"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--histories", type=int, default=20, help="made-up ones of each kind")
    parser.add_argument("--seed", type=int, default=SEEDS, help="of the first one")
    parser.add_argument("--history", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--zone", type=ZoneInfo, default=ZoneInfo("UTC"), help="of recorded ones")
    arguments = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {cost()}; errors are medians in minutes\n\n{HEAD}")
    is_whole = True
    for path in arguments.history:
        history = recorded(path, arguments.zone)
        score = score_of(cases(history, RECORDED_MOMENTS, history.window_seconds, path.stem))
        is_whole &= score.is_met(is_plain=False)
        verdict = "met" if score.is_met(is_plain=False) else "MISSED"
        print(score.row(path.stem, history.window_seconds, verdict), flush=True)
    if not arguments.history:
        is_whole = made_up(arguments.histories, arguments.seed)
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
