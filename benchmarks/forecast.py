"""Back-test of the forecast: `python -m benchmarks.forecast`.

At many moments of made-up histories it is asked when the window runs out, and so are two plain
methods: a line since the window began, and the rate of the last hour. Seeds are others than those
that the method was fitted with. Exits 1 where the target of docs/forecast.md is missed.
"""

import argparse
import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.histories import DAY, FIVE_HOURS, HOUR, STORIES, WEEK, Sample, Story, make
from services.limits.forecast import forecast
from services.models.limits import Forecast, ForecastState

SEEDS: Final = range(1000, 1012)
MOMENTS: Final = 12
"""Of each history."""
COVERED: Final = (0.75, 0.90)
"""Share of the cases that the range is to hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One moment of one history."""

    samples: Sequence[Sample]
    at: float
    used: float
    resets_at: float
    window: float
    zone: object
    truth: float
    """When it really ran out; infinite where it lasted until the reset."""


@dataclass(slots=True)
class Score:
    """How well one history was foretold."""

    cases: int = 0
    held: int = 0
    errors: tuple[list[float], list[float], list[float]] = field(
        default_factory=lambda: ([], [], [])
    )
    """Minutes, of ours, of the line, of the last hour."""

    @property
    def coverage(self) -> float:
        return self.held / max(1, self.cases)

    @property
    def medians(self) -> list[float]:
        return [sorted(each)[len(each) // 2] if each else math.nan for each in self.errors]


def cases(story: Story, window: int, seeds: Sequence[int]) -> Iterator[Case]:
    """Moments at which something was used and something is left."""
    days = 32 if window < DAY else 84
    learnt = 10 * DAY if window < DAY else 21 * DAY
    for seed in seeds:
        history = make(story, window, days, seed)
        rng = random.Random(f"evaluation/{seed}")
        polled = {sample[0] for sample in history.readings}
        found = 0
        for _ in range(MOMENTS * 40):
            if found >= MOMENTS:
                break
            place = rng.randrange(len(history.truth))
            at, used, resets_at = history.truth[place]
            if at - history.truth[0][0] < learnt or at not in polled or not 10 <= used < 100:
                continue
            if resets_at is None or resets_at - at < 0.03 * window:
                continue
            is_known, truth = history.ran_out(place)
            if is_known:
                found += 1
                yield Case(
                    samples=history.seen(at),
                    at=at,
                    used=float(math.floor(used)),
                    resets_at=resets_at,
                    window=window,
                    zone=history.zone,
                    truth=truth,
                )


def line(case: Case) -> float:
    """Run-out by a line since the window began."""
    begun = case.resets_at - case.window
    if case.at <= begun or case.used <= 0:
        return math.inf
    return case.at + (100.0 - case.used) * (case.at - begun) / case.used


def last_hour(case: Case) -> float:
    """Run-out by the use of the last hour within this period."""
    recent = [each for each in case.samples if case.at - HOUR <= each[0] <= case.at]
    before = [each for each in case.samples if each[0] < case.at - HOUR]
    points = [*before[-1:], *recent]
    for place in range(len(points) - 1, 0, -1):
        if points[place][1] < points[place - 1][1] - 1:
            points = points[place:]
            break
    if not points:
        return math.inf
    span = min(HOUR, max(60.0, case.at - points[0][0]))
    rate = (case.used - points[0][1]) / span
    return case.at + (100.0 - case.used) / rate if rate > 0 else math.inf


def take(score: Score, case: Case) -> None:
    """Ask for one forecast, and hold it against the truth."""
    said: Forecast = forecast(
        case.samples,
        window_seconds=int(case.window),
        used=case.used,
        resets_at=case.resets_at,
        now=case.at,
        zone=case.zone,  # pyright: ignore[reportArgumentType]
    )
    if said.state is ForecastState.UNKNOWN:
        return
    early, late = said.p10_at or math.inf, said.p90_at or math.inf
    score.cases += 1
    score.held += early <= case.truth <= late
    truth = min(case.truth, case.resets_at)
    guesses = (said.p50_at or math.inf, line(case), last_hour(case))
    for errors, guess in zip(score.errors, guesses, strict=True):
        errors.append(abs(min(guess, case.resets_at) - truth) / 60.0)


def is_met(score: Score, *, is_plain: bool) -> bool:
    """Whether the target is reached on one history."""
    ours, *plain = score.medians
    is_covered = COVERED[0] <= score.coverage <= COVERED[1]
    return is_covered and (ours <= min(plain) if is_plain else ours < min(plain))


def main() -> int:
    """Print a row for each kind of use and window."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="histories of each kind")
    arguments = parser.parse_args()
    seeds = range(SEEDS.start, SEEDS.start + arguments.seeds)
    print("| use | window | cases | held | ours min | line min | last hour min | |")
    print("|---|---|---|---|---|---|---|---|")
    is_whole = True
    for window, label in ((FIVE_HOURS, "5h"), (int(WEEK), "week")):
        for story in STORIES:
            score = Score()
            for case in cases(story, window, seeds):
                take(score, case)
            met = is_met(score, is_plain=story.is_plain)
            is_whole &= met
            figures = " | ".join(f"{each:.0f}" for each in score.medians)
            verdict = "met" if met else "MISSED"
            print(
                f"| {story.name} | {label} | {score.cases} | {score.coverage:.0%} | {figures} |"
                f" {verdict} |",
                flush=True,
            )
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
