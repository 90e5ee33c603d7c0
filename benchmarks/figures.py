"""Figures of repeated runs, and what a budget says of them. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a figure is held against its reference."""

    RATIO = "ratio"
    """Divided by the reference."""
    EXTRA = "extra"
    """The reference subtracted."""
    PLAIN = "plain"
    """On its own; a reference only stands beside it."""


class Verdict(StrEnum):
    """What became of a budget."""

    BEYOND = "beyond"
    MET = "met"
    MISSED = "MISSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Smallest, middle and largest of some figures."""

    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is allowed."""

    limit: float
    """In units of the kind: a factor, or the row's own unit."""
    beyond: float | None = None
    """What would be better still; None where nothing is said."""
    beyond_is_plain: bool = False
    """Whether `beyond` is held against the figure itself, whatever the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: figures of the counted runs and the reference of each."""

    name: str
    unit: str
    kind: Kind
    budget: Budget
    values: tuple[float, ...]
    references: tuple[float, ...] = ()
    """One for each value, taken right beside it, or none at all."""
    reference_name: str = ""
    digits: int = 2

    @property
    def results(self) -> tuple[float, ...]:
        """What is held against the budget, run by run."""
        match self.kind:
            case Kind.RATIO:
                return tuple(
                    value / reference if reference > 0 else math.inf
                    for value, reference in zip(self.values, self.references, strict=True)
                )
            case Kind.EXTRA:
                pairs = zip(self.values, self.references, strict=True)
                return tuple(value - reference for value, reference in pairs)
            case Kind.PLAIN:
                return self.values

    @property
    def verdict(self) -> Verdict:
        """By the median of the results."""
        result = statistics.median(self.results)
        if result > self.budget.limit:
            return Verdict.MISSED
        if self.budget.beyond is None:
            return Verdict.MET
        figure = statistics.median(self.values) if self.budget.beyond_is_plain else result
        return Verdict.BEYOND if figure <= self.budget.beyond else Verdict.MET


def spread(figures: Sequence[float]) -> Spread:
    """Smallest, median, largest.

    Raises:
        ValueError: There are none.
    """
    if not figures:
        raise ValueError("no figures")
    return Spread(low=min(figures), median=statistics.median(figures), high=max(figures))


def percentile(figures: Sequence[float], share: float) -> float:
    """The smallest figure that at least `share` of them do not exceed (nearest rank).

    Args:
        figures: In any order.
        share: From 0 to 1.

    Raises:
        ValueError: There are none.
    """
    if not figures:
        raise ValueError("no figures")
    ordered = sorted(figures)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def counted(figures: Sequence[float]) -> tuple[float, ...]:
    """All but the first run, which pays for caches of the machine."""
    return tuple(figures[1:]) if len(figures) > 1 else tuple(figures)
