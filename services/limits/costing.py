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
MINUTE: Final = 60.0
GAP: Final = 900.0
"""Seconds without a reading after which it is not known what else ran."""
ELSEWHERE: Final = "elsewhere"
TELLING: Final = 0.1
"""Share of an increase from which on it is worth telling that others had a part in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Work, and when it ran."""

    kind: str
    id: str
    started_at: float
    """Unix seconds."""
    ended_at: float | None = None
    """None while it runs."""
    is_told: bool = False
    """Whether its own answers have told what it used of the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one work, or nothing of ours, has of an increase."""

    kind: str
    """Of the work, or `elsewhere`."""
    id: str = ""
    percent: float
    is_shared: bool = False
    """Whether others have a share too."""


def shares(change: Change, works: Sequence[Span], others: float = 0.0) -> tuple[Share, ...]:
    """Split what a change has grown by; the shares add up to it.

    What ran while it grew has it. Where nothing did, it is what had just ended, then what has
    just begun, then nothing of ours. Several have equal shares. Something else has a share too
    where ours had ended and told their use before, and where nobody had looked for a quarter of
    an hour, unless ours ran for half of that time.

    Args:
        change: Of one window.
        works: All that may have run since the reading before it.
        others: What others used lately, as `pace` tells it: they will have gone on beside ours.
    """
    if change.grown <= 0.0:
        return ()
    end = change.at
    since = end if change.since is None else min(change.since, end)
    begun = [work for work in works if _has_begun(work, change)]
    ran = [work for work in begun if _ran(work, since, end) or work.id == change.turn_id]
    late = [work for work in begun if _is_late(work, since)]
    fresh = [] if end - since > GAP else begun
    drawing = ran or late or [work for work in fresh if work.ended_at is None]
    elsewhere = min(others * (end - since), change.grown)
    if not drawing or elsewhere < TELLING * change.grown:
        elsewhere = 0.0
    part = change.grown - elsewhere
    if not drawing or _is_over(drawing, change) or _is_gap(drawing, since, end):
        elsewhere += part / (len(drawing) + 1)
    each = (change.grown - elsewhere) / max(1, len(drawing))
    found = [(work.kind, work.id, each) for work in drawing if each > 0.0]
    if elsewhere > 0.0:
        found.append((ELSEWHERE, "", elsewhere))
    is_shared = len(found) > 1
    return tuple(
        Share(kind=kind, id=work_id, percent=percent, is_shared=is_shared)
        for kind, work_id, percent in found
    )


def pace(grown: Sequence[tuple[float, float]], works: Sequence[Span], until: float) -> float:
    """Percent a second that others used while nothing of ours ran.

    Args:
        grown: When it was read (Unix seconds) and percent, oldest first, of the last quarter of an
            hour. The first one tells only since when somebody looked.
        works: All that ran since then.
        until: Unix seconds; how long it is since the last of it counts too.
    """
    if len(grown) < 2:
        return 0.0
    since = grown[0][0]
    idle = until - since - _covered(works, since, until)
    return sum(percent for _, percent in grown[1:]) / max(idle, MINUTE)


def _has_begun(work: Span, change: Change) -> bool:
    if work.id == change.turn_id:
        # Whatever the clocks of two programs say.
        return not change.is_before_turn
    return work.started_at <= change.at


def _ran(work: Span, since: float, end: float) -> bool:
    if work.ended_at is None:
        return work.started_at <= end - START
    return work.ended_at > since


def _is_late(work: Span, since: float) -> bool:
    return work.ended_at is not None and work.ended_at <= since < work.ended_at + LATE


def _is_over(works: Sequence[Span], change: Change) -> bool:
    """Whether the use of all of them was told before they ended: more of it need not be theirs."""
    return all(work.is_told and work.ended_at is not None for work in works) and not any(
        work.id == change.turn_id for work in works
    )


def _is_gap(works: Sequence[Span], since: float, end: float) -> bool:
    """Whether nobody looked for long, and ours ran for less than half of that time."""
    if end - since <= GAP:
        return False
    return _covered(works, since, end) < (end - since) / 2


def _covered(works: Sequence[Span], since: float, end: float) -> float:
    """Seconds of a time in which any of these ran."""
    covered, reached = 0.0, since
    for work in sorted(works, key=lambda work: work.started_at):
        until = end if work.ended_at is None else min(end, work.ended_at)
        covered += max(0.0, until - max(reached, work.started_at))
        reached = max(reached, until)
    return covered
