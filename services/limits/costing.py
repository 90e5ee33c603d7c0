"""Which work an increase belongs to: pure. Rules and their reasons: docs/limits.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.limits.merging import Change

LATE: Final = 90.0
"""Seconds after its end in which work is still counted: the longest wait for the next poll is 69 s,
and the server needs a while to count."""
START: Final = 5.0
"""Seconds that work must have run before anything of it can have been counted."""
GAP: Final = 900.0
"""Seconds without a reading after which it is not known what else ran."""
ELSEWHERE: Final = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Work, and when it ran."""

    kind: str
    id: str
    started_at: float
    """Unix seconds."""
    ended_at: float | None = None
    """None while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one work, or nothing of ours, has of an increase."""

    kind: str
    """Of the work, or `elsewhere`."""
    id: str = ""
    percent: float
    is_shared: bool = False
    """Whether others have a share too."""


def shares(change: Change, works: Sequence[Span]) -> tuple[Share, ...]:
    """Split what a change has grown by; the shares add up to it.

    What ran while it grew has it. Where nothing did, it is what had just ended, then what has
    just begun, then nothing of ours. Several have equal shares. Where nobody had looked for a
    quarter of an hour, something else has a share too, unless ours ran for half of that time.

    Args:
        change: Of one window.
        works: All that may have run since the reading before it.
    """
    if change.grown <= 0.0:
        return ()
    end = change.at
    since = end if change.since is None else min(change.since, end)
    begun = [work for work in works if work.started_at <= end]
    ran = [work for work in begun if _ran(work, since, end)]
    late = [work for work in begun if _is_late(work, since)]
    fresh = [] if end - since > GAP else begun
    drawing = ran or late or [work for work in fresh if work.ended_at is None]
    others = 1 if not drawing or _is_gap(drawing, since, end) else 0
    part = change.grown / (len(drawing) + others)
    is_shared = len(drawing) + others > 1
    found = [
        Share(kind=work.kind, id=work.id, percent=part, is_shared=is_shared) for work in drawing
    ]
    if others:
        rest = change.grown - part * len(drawing)
        found.append(Share(kind=ELSEWHERE, percent=rest, is_shared=is_shared))
    return tuple(found)


def _ran(work: Span, since: float, end: float) -> bool:
    if work.ended_at is None:
        return work.started_at <= end - START
    return work.ended_at > since


def _is_late(work: Span, since: float) -> bool:
    return work.ended_at is not None and work.ended_at <= since < work.ended_at + LATE


def _is_gap(works: Sequence[Span], since: float, end: float) -> bool:
    """Whether nobody looked for long, and ours ran for less than half of that time."""
    if end - since <= GAP:
        return False
    covered, reached = 0.0, since
    for work in sorted(works, key=lambda work: work.started_at):
        until = end if work.ended_at is None else min(end, work.ended_at)
        covered += max(0.0, until - max(reached, work.started_at))
        reached = max(reached, until)
    return covered < (end - since) / 2
