"""How well forecasts were right."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from benchmarks.forecast_cases import Case, last_hour, line
from benchmarks.histories import HOUR, WEEK
from services.limits.forecast import forecast
from services.models.limits import Forecast, ForecastState

COVERED: Final = (0.75, 0.90)
"""Share of the cases that the range is to hold."""
HEAD: Final = (
    "| use | window | cases | lasted | held | early | late | ours | line | last hour | |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)
Rule: TypeAlias = Literal["early end", "median", "late end", "early end only"]
RULES: Final[tuple[Rule, ...]] = ("early end", "median", "late end", "early end only")
"""What lies before the reset where one is warned."""
RULES_HEAD: Final = "| before the reset | warned | right | told |\n|---|---|---|---|"


def ask(case: Case) -> Forecast:
    """What the app would say."""
    return forecast(
        case.samples,
        window_seconds=case.window,
        used=case.used,
        resets_at=case.resets_at,
        now=case.at,
        zone=case.zone,
    )


@dataclass(slots=True)
class Score:
    """How well some cases were foretold."""

    cases: int = 0
    lasted: int = 0
    early: int = 0
    """It ran out before the range."""
    late: int = 0
    ours: list[float] = field(default_factory=list[float])
    """Errors of the median in minutes; what lasts ends at the reset."""
    line: list[float] = field(default_factory=list[float])
    hour: list[float] = field(default_factory=list[float])
    warned: Counter[Rule] = field(default_factory=Counter[Rule])
    right: Counter[Rule] = field(default_factory=Counter[Rule])
    """Warned of what did run out."""

    @property
    def coverage(self) -> float:
        """Share of the cases within the range."""
        return 1.0 - (self.early + self.late) / max(1, self.cases)

    def add(self, case: Case, said: Forecast) -> None:
        """Count a forecast that says something."""
        early, middle, late = (
            math.inf if at is None else at for at in (said.p10_at, said.p50_at, said.p90_at)
        )
        self.cases += 1
        self.lasted += case.truth == math.inf
        self.early += case.truth < early
        self.late += case.truth > late
        truth = min(case.truth, case.resets_at)
        guesses = (middle, line(case), last_hour(case))
        for errors, guess in zip((self.ours, self.line, self.hour), guesses, strict=True):
            errors.append(abs(min(guess, case.resets_at) - truth) / 60.0)
        warned = [at < math.inf for at in (early, middle, late)]
        warned.append(warned[0] and not warned[1])
        for rule, is_warned in zip(RULES, warned, strict=True):
            self.warned[rule] += is_warned
            self.right[rule] += is_warned and case.truth < math.inf

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


def score_of(asked: Iterable[Case], answer: Callable[[Case], Forecast] = ask) -> Score:
    """Ask for forecasts, and hold them against the truth."""
    score = Score()
    for case in asked:
        said = answer(case)
        if said.state is not ForecastState.UNKNOWN:
            score.add(case, said)
    return score


def rules(scores: Iterable[Score]) -> str:
    """How often a warning is given, is right, and how much of what ran out is warned of."""
    all_of = list(scores)
    cases = sum(score.cases for score in all_of)
    ran_out = cases - sum(score.lasted for score in all_of)
    rows = [RULES_HEAD]
    for rule in RULES:
        warned = sum(score.warned[rule] for score in all_of)
        right = sum(score.right[rule] for score in all_of)
        shares = (warned / max(1, cases), right / max(1, warned), right / max(1, ran_out))
        rows.append(f"| {rule} | {' | '.join(f'{share:.0%}' for share in shares)} |")
    return "\n".join(rows)
