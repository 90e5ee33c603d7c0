"""Past use of one window, cell by cell, across its resets: what forecasts count in.

Rules: docs/forecast.md.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul
from typing import Final, TypeAlias

HOUR: Final = 3600.0
DAY: Final = 86_400.0
Sample: TypeAlias = tuple[float, float, float | None]
"""Unix seconds, percent used, reset in Unix seconds."""

DETAILED: Final = 2 * DAY
"""Seconds before now with narrow cells: the store keeps every change of them, and hours of what
was before."""
MOST_CELLS: Final = 2200
MOST_NARROW: Final = 1000
SAME: Final = 60.0
"""Seconds by which a reset may wander and still be the same."""
MOVED: Final = 300.0
"""Seconds by which the reset of a window that begins anew is later, at least."""
CLEARED: Final = 2.0
"""Percent that a window may show when it has begun anew."""
STEP: Final = 1.0
"""Percent of the server's steps: servers round."""
UNSEEN: Final = 1800.0
"""Seconds before a reset in which nothing was read, from which on the use in them is not known."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Use in each cell. A cell goes from one edge to the next; the last one ends now."""

    edges: list[float]
    """Unix seconds."""
    hours: list[float]
    """Length of each cell."""
    grown: list[float]
    """Percent used in each cell."""
    known: list[float]
    """Share of each cell of which the use is known: not while the window was exhausted, and not
    while nothing was read before a reset."""
    unseen: list[float]
    """Share in which nothing was read before a reset: mostly nobody worked then."""
    is_cut: bytearray
    """Whether use went on behind what is known."""

    @property
    def total(self) -> float:
        """Percent."""
        return sum(self.grown)

    @property
    def known_hours(self) -> float:
        """Hours of which the use is known."""
        return sum(map(mul, self.known, self.hours))

    def used_before(self) -> list[float]:
        """Percent used before each edge."""
        return list(accumulate(self.grown, initial=0.0))

    def known_until(self) -> list[int]:
        """For each edge the edge to which use is known without a break."""
        count = len(self.grown)
        until, end = [count] * (count + 1), count
        for cell in range(count - 1, -1, -1):
            if self.is_cut[cell]:
                end = cell + 1
            until[cell] = end
        return until


def growth(samples: Sequence[Sample], *, used: float, now: float, window_seconds: float) -> Growth:
    """Lay past use out in cells.

    Args:
        samples: Oldest first, none after `now`, at least one.
        used: Percent used now.
        now: Unix seconds.
        window_seconds: Length of the window; tells when a period began.
    """
    laying = _Laying(_edges(samples[0][0], now, window_seconds), window_seconds)
    laying.hide(laying.start, samples[0][0])
    laying.begin(samples[0])
    laying.read_all([*samples[1:], (now, used, None)])
    return laying.end()


def _edges(first: float, now: float, window_seconds: float) -> list[float]:
    narrow = min(HOUR, max(60.0, window_seconds / 40.0))
    edges = [now]
    detailed = max(first, now - DETAILED)
    while edges[-1] > detailed and len(edges) <= MOST_NARROW:
        edges.append(edges[-1] - narrow)
    while edges[-1] > first and len(edges) <= MOST_CELLS:
        edges.append(edges[-1] - HOUR)
    if len(edges) == 1:
        edges.append(now - narrow)
    edges.reverse()
    return edges


class _Laying:
    """Goes through the samples."""

    def __init__(self, edges: list[float], window_seconds: float) -> None:
        count = len(edges) - 1
        self.start = edges[0]
        self.growth = Growth(
            edges=edges,
            hours=[(end - begin) / HOUR for begin, end in pairwise(edges)],
            grown=[0.0] * count,
            known=[1.0] * count,
            unseen=[0.0] * count,
            is_cut=bytearray(count),
        )
        self._last = count - 1
        self._window = window_seconds
        self._at: float = 0.0
        self._top: float = 0.0
        self._pace: float = 0.0
        self._ends: float | None = None
        self._full: float | None = None
        """Since when it has been exhausted."""
        self._place = 0
        self._low: float = math.inf
        self._high: float = math.inf
        """The cell that was filled last, and its edges."""

    def begin(self, sample: Sample) -> None:
        self._at, self._top, self._ends = sample
        self._full = self._at if self._top >= 100.0 else None

    def read_all(self, samples: Sequence[Sample]) -> None:
        """Take samples; most of them only say that as much is used, or a little more."""
        last, top, ends = self._at, self._top, self._ends
        for sample in samples:
            at, used, resets_at = sample
            if at < last:
                continue
            if used < top - STEP or (ends is not None and ends <= at) or used >= 100.0 > top:
                self._at, self._top, self._ends = last, top, ends
                self._read(at, used, ends if resets_at is None else resets_at)
                last, top, ends = self._at, self._top, self._ends
                continue
            if used > top:
                rise, seconds = used - top, at - last
                if seconds > SAME:
                    self._pace = rise / seconds
                # One step after a long pause was made lately.
                self._put(at - HOUR if rise <= STEP and seconds > HOUR else last, at, rise)
                top = used
            last = at
            if resets_at is not None:
                ends = resets_at
        self._at, self._top, self._ends = last, top, ends

    def end(self) -> Growth:
        self._hide_full(self._at)
        return self.growth

    def _read(self, at: float, used: float, resets_at: float | None) -> None:
        before, ends = self._at, self._ends
        is_usual = used >= self._top - STEP and (ends is None or ends > at)
        begun = None if is_usual else self._began(at, used, resets_at)
        if begun is not None:
            before = begun
            self._top, self._pace = 0.0, self._pace if self._top >= 100.0 else 0.0
        elif used < self._top - STEP:
            # The server took use back.
            self._hide_full(before)
            self._top = used
        if used > self._top:
            self._rise(before, at, used)
        self._at, self._ends = at, resets_at

    def _began(self, at: float, used: float, resets_at: float | None) -> float | None:
        """When the period of a sample began; None where it is that of the sample before it.

        Hides what was used before that and not seen.
        """
        ends, is_lower = self._ends, used < self._top - STEP
        if ends is None or resets_at is None:
            if not is_lower or used > max(CLEARED, self._top / 2.0):
                return None
            over, start = at, at
        else:
            start = resets_at - self._window
            is_over = self._at < ends <= at and resets_at > ends + SAME and start > self._at - SAME
            is_cleared = is_lower and (used <= CLEARED or resets_at > ends + MOVED)
            if not is_over and not is_cleared:
                return None
            over = ends if is_over else max(self._at, at - MOVED)
        start = min(at, max(over, start))
        if self._top >= 100.0:
            self._hide_full(over)
        elif over - self._at > UNSEEN:
            self.hide(self._at, over, is_unseen=True)
        if start - over >= self._window:
            self.hide(over, start, is_unseen=True)
        return start

    def _rise(self, before: float, at: float, used: float) -> None:
        rise, seconds = used - self._top, at - before
        self._top = used
        if used >= 100.0:
            self._full = at
            if seconds > MOVED:
                # It ran out somewhere in between: as fast as it went before, and then nothing.
                self._pace = max(self._pace, rise / seconds)
                self._full = before + rise / self._pace
                self._put(before, self._full, rise)
                return
        if seconds > SAME:
            self._pace = rise / seconds
        self._put(max(before, at - HOUR) if rise <= STEP else before, at, rise)

    def _cell(self, at: float) -> int:
        """The cell of a moment that is not before the start."""
        cell = bisect_right(self.growth.edges, at) - 1
        return cell if cell < self._last else self._last

    def _put(self, since: float, until: float, rise: float) -> None:
        """Spread a rise evenly."""
        edges, grown = self.growth.edges, self.growth.grown
        if self._low <= since < self._high:
            first = self._place
        else:
            if until <= self.start:
                return
            if since < self.start:
                rise *= (until - self.start) / (until - since)
                since = self.start
            first = self._cell(since)
        last, high = first, edges[first + 1]
        if until >= high and first < self._last:
            last = self._cell(until)
            rate = rise / (until - since)
            grown[first] += rate * (high - since)
            for cell in range(first + 1, last):
                grown[cell] += rate * (edges[cell + 1] - edges[cell])
            rise, high = rate * (until - edges[last]), edges[last + 1]
        grown[last] += rise
        self._place, self._low, self._high = last, edges[last], high

    def _hide_full(self, until: float) -> None:
        """Nothing is known of the use while it was exhausted."""
        if self._full is not None:
            self.hide(self._full, until)
            self._full = None

    def hide(self, since: float, until: float, *, is_unseen: bool = False) -> None:
        """Nothing is known of the use in this time."""
        since = max(since, self.start)
        if until <= since:
            return
        laid = self.growth
        first, last = self._cell(since), self._cell(until)
        laid.is_cut[first] = 1
        for cell in range(first, last + 1):
            if first < cell < last:
                share = 1.0
                laid.is_cut[cell] = 1
            else:
                begin, end = laid.edges[cell], laid.edges[cell + 1]
                share = max(0.0, min(until, end) - max(since, begin)) / (end - begin)
            laid.known[cell] = max(0.0, laid.known[cell] - share)
            if is_unseen:
                laid.unseen[cell] += share
