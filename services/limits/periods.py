"""What the server did to a window between two words about it: pure. Rules: docs/limits.md."""

from dataclasses import dataclass, replace
from typing import Final

from services.limits.board import BoardWindow, Suspicion
from services.models.limit_history import LedgerEntry, LedgerKind

SAME: Final = 300.0
"""Seconds by which two words about one reset may differ; servers round, and windows jitter."""
CLEARED: Final = 2.0
"""Percent that a window may show when it has begun anew."""
FALLEN: Final = 4.0
"""Percent by which it must have fallen for that, where its reset says nothing: sources lag."""
ROUNDING: Final = 1.0
"""Percent by which two sources may differ about one number: polls round, headers do not."""
RESTARTS: Final = frozenset({LedgerKind.RESET, LedgerKind.RESET_EARLY})
TURNS: Final = RESTARTS | {LedgerKind.MOVED}
"""What can be suspected of a window's reset: one of them at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a word did to a window."""

    window: BoardWindow
    base: float | None = None
    """Percent above which its use is new; None where that cannot be told."""
    told: LedgerEntry | None = None
    """What is sure now."""
    suspected: Suspicion | None = None
    """What the next word has to confirm; in the place of what was suspected before."""


def step(old: BoardWindow, new: BoardWindow, said: float | None, doubt: Suspicion | None) -> Step:
    """Take a word about a window that is known.

    What stood before the first suspicious word is what a second one is held against: so a word
    that agrees with the time before denies it, and one that shows the same again confirms it.

    Args:
        old: As it was known.
        new: The same with the words of the reading.
        said: The reset that the reading named, Unix seconds; None where it named none.
        doubt: What the reading before made suspicious about its reset.
    """
    restarting = doubt if doubt is not None and doubt.entry.kind in RESTARTS else None
    used = restarting.used_percent if restarting else old.used_percent
    counted = restarting.counted if restarting else old.counted
    kind = _happened(
        used, old.due_at, new.used_percent, said, at=new.as_of, is_second=restarting is not None
    )
    if kind is None:
        if doubt is not None and said is None:
            # It said nothing about what is in doubt.
            grown, base = _grown(old, new, old.counted)
            return Step(window=grown, base=base, suspected=doubt)
        if used <= 0.0 or old.due_at is None:
            # Nobody has begun it: its reset moves along with the clock.
            if _is_later(said, old.due_at):
                counted = 0.0
            new = replace(new, due_at=old.due_at if said is None else said)
        grown, base = _grown(old, new, counted)
        return Step(window=grown, base=base)
    if kind is LedgerKind.MOVED:
        grown, base = _grown(old, new, counted)
        if doubt is not None and restarting is None and is_same_time(said, doubt.resets_at):
            return Step(window=replace(grown, due_at=said), base=base, told=doubt.entry)
        entry = entry_of(kind, new, old.due_at, said)
        return Step(window=grown, base=base, suspected=Suspicion(entry=entry, resets_at=said))
    if restarting is not None:
        return _restarted(old, new, said, restarting, kind)
    if kind is LedgerKind.RESET:
        entry = entry_of(kind, new, used, 0.0)
    else:
        entry = entry_of(kind, new, old.due_at, new.resets_at)
    doubt = Suspicion(entry=entry, resets_at=said, used_percent=used, counted=counted)
    return Step(window=new, suspected=doubt)


def _restarted(
    old: BoardWindow, new: BoardWindow, said: float | None, doubt: Suspicion, kind: LedgerKind
) -> Step:
    """The window in the period that a second word confirms."""
    new = replace(new, period=old.period + 1, due_at=new.resets_at)
    if old.refused_at is not None and old.refused_at < doubt.entry.at:
        new = replace(new, refused_at=None, refused_until=None)
    told = doubt.entry
    if kind is LedgerKind.RESET and told.kind is not kind:
        # By now it was due: one word was too early, or the reset was by minutes.
        told = entry_of(kind, new, doubt.used_percent, 0.0, told.at)
    suspected = None
    first = doubt.resets_at
    is_begun = old.used_percent > 0.0
    if is_begun and first is not None and said is not None and not is_same_time(said, first):
        # They agree that it began anew, and not on when it ends.
        new = replace(new, due_at=first)
        entry = entry_of(LedgerKind.MOVED, new, first, said)
        suspected = Suspicion(entry=entry, resets_at=said)
    grown, base = _grown(old, new, old.counted)
    return Step(window=grown, base=base, told=told, suspected=suspected)


def entry_of(
    kind: LedgerKind,
    window: BoardWindow,
    before: str | float | None,
    after: str | float | None,
    at: float | None = None,
) -> LedgerEntry:
    """An entry about a window, of the time of its newest word unless `at` is another."""
    return LedgerEntry(
        at=window.as_of if at is None else at,
        kind=kind,
        window_id=window.id,
        label=window.label,
        before=before,
        after=after,
    )


def is_same_time(one: float | None, other: float | None) -> bool:
    """Whether two words mean one reset."""
    return one is not None and other is not None and abs(one - other) <= SAME


def _happened(
    used: float,
    due: float | None,
    now_used: float,
    said: float | None,
    *,
    at: float,
    is_second: bool,
) -> LedgerKind | None:
    """What happened between what stood before and a word of `at`; None for nothing."""
    if used <= 0.0:
        return None
    is_lower = now_used < used - ROUNDING
    # After a first word that showed it empty, it may have been used a little.
    is_cleared = (is_lower and is_second) or (now_used <= CLEARED and used - now_used >= FALLEN)
    is_later = _is_later(said, due)
    is_due = due is None or due <= at + SAME
    if is_due and (is_later or is_cleared):
        return LedgerKind.RESET
    if is_cleared or (is_later and is_lower):
        return LedgerKind.RESET_EARLY
    if said is None or due is None or is_same_time(said, due):
        return None
    return LedgerKind.MOVED


def _is_later(said: float | None, due: float | None) -> bool:
    return said is not None and due is not None and said > due + SAME


def _grown(old: BoardWindow, new: BoardWindow, counted: float) -> tuple[BoardWindow, float | None]:
    """The window with its use counted, and what that has grown from.

    Less than was counted says nothing, unless the kind of source that counted it says so twice:
    the server took use back, and counting begins anew.
    """
    used = new.used_percent
    if used > counted:
        return new, counted
    kept = replace(new, counted=counted, is_counted_by_poll=old.is_counted_by_poll)
    if used >= counted - ROUNDING:
        return kept, counted
    if old.is_counted_by_poll != new.is_counted_by_poll:
        return replace(kept, lowered_to=old.lowered_to), None
    lowered = old.lowered_to
    if lowered is None:
        return replace(kept, lowered_to=used), None
    return new, lowered if used >= lowered else None
