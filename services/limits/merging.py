"""How a word of the server changes what is known: pure. Rules and their reasons: docs/limits.md."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from services.limits.board import Board, BoardWindow, Suspicion
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import (
    LimitReading,
    LimitSource,
    RateWindow,
    Refusal,
    UsageReading,
)
from services.models.windows import CODE_REVIEW, MAIN, canonical, label

T = TypeVar("T")

SAME: Final = 300.0
"""Seconds by which two words about one reset may differ; servers round, and windows jitter."""
CLEARED: Final = 2.0
"""Percent that a window may show when it has begun anew."""
AHEAD: Final = 300.0
"""Seconds by which what is known may be newer than a reading and still win; by more, the clock was
set back, and the reading counts."""
GONE: Final = 2
"""Whole readings in a row without a window after which it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a reading said about a window: a sample of its history."""

    window_id: str
    at: float
    """Unix seconds."""
    used_percent: float
    resets_at: float | None
    source: LimitSource
    since: float | None = None
    """When the number before was read; None where the difference to it says nothing about use:
    the first one, after a reset, or where the server took use back."""
    grown: float = 0.0
    """Percent used since then, never negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a reading did."""

    board: Board
    changes: tuple[Change, ...] = ()
    """One for each window that it named and about which nothing newer is known."""
    entries: tuple[LedgerEntry, ...] = ()
    """What is sure now and was not told before."""


def merge(board: Board, reading: UsageReading) -> Merged:
    """The board after a reading.

    The newest word about each window wins. A refusal outranks polls until its reset has passed, a
    call is let through, or the window begins anew. What the server did to a window is told when a
    second reading agrees; a refusal at once.
    """
    return _Merging(board, reading).merged()


class _Merging:
    """One reading on its way into a board."""

    def __init__(self, board: Board, reading: UsageReading) -> None:
        self._before = board
        self._reading = reading
        self._at = reading.as_of
        self._windows = {window.id: window for window in board.windows}
        self._suspected = list(board.suspected)
        self._changes: list[Change] = []
        self._entries: list[LedgerEntry] = []

    def merged(self) -> Merged:
        reading = self._reading
        is_newest = not _is_older(reading.as_of, self._before.as_of)
        resized = dict(self._resized()) if reading.is_whole else {}
        named = {window.id for window in self._take_windows(resized)}
        if reading.is_whole and is_newest:
            self._miss(named, resized)
        board = self._with_facts() if is_newest else self._before
        if reading.is_success:
            board = self._let_through(board)
        if reading.refusal is not None:
            board = self._refused(board, reading.refusal)
        board = replace(
            board,
            windows=tuple(sorted(self._windows.values(), key=_place)),
            suspected=tuple(self._suspected),
        )
        return Merged(board=board, changes=tuple(self._changes), entries=tuple(self._entries))

    # --- windows ---------------------------------------------------------------------------------

    def _take_windows(self, resized: dict[str, str]) -> list[RateWindow]:
        taken: dict[str, RateWindow] = {}
        for limit in self._reading.limits:
            for window in limit.windows:
                # Two windows of one length in one limit cannot be told apart: the fuller counts.
                if (twin := taken.get(window.id)) and twin.used_percent >= window.used_percent:
                    continue
                taken[window.id] = window
        for limit in self._reading.limits:
            for window in limit.windows:
                if taken.get(window.id) is window:
                    self._take(limit, window, resized)
        return list(taken.values())

    def _take(self, limit: LimitReading, said: RateWindow, resized: dict[str, str]) -> None:
        old = self._windows.get(said.id)
        if old is not None and _is_older(self._at, old.as_of):
            return
        seconds = None if said.window_seconds is None else canonical(said.window_seconds)
        new = BoardWindow(
            id=said.id,
            limit_id=said.limit_id,
            limit_name=limit.limit_name or (old.limit_name if old else None),
            role=said.role,
            window_seconds=seconds,
            used_percent=min(100.0, max(0.0, said.used_percent)),
            # A part of an answer may leave the reset out; it has not gone because of that.
            resets_at=old.resets_at if said.resets_at is None and old else said.resets_at,
            as_of=self._at,
            source=self._reading.source,
            refused_at=old.refused_at if old else None,
            period=old.period if old else 0,
        )
        if old is None:
            self._windows[new.id] = new
            self._changes.append(self._sample(new))
            if self._before.as_of is not None and new.id not in resized.values():
                self._suspect(self._entry(LedgerKind.APPEARED, new, None, seconds), new)
            return
        happened = self._happened(old, new)
        new, base = self._settle(old, new, happened)
        self._windows[new.id] = new
        self._changes.append(self._sample(new, old.as_of, base))

    def _happened(self, old: BoardWindow, new: BoardWindow) -> LedgerKind | None:
        """What the server did to a window between two words about it; None for nothing."""
        was, now = old.resets_at, new.resets_at
        is_lower = new.used_percent < old.used_percent
        is_later = was is not None and now is not None and now > was + SAME
        is_cleared = is_lower and new.used_percent <= CLEARED
        if was is not None and was <= self._at + SAME and (is_later or is_cleared):
            return LedgerKind.RESET
        if is_cleared or (is_later and is_lower):
            return LedgerKind.RESET_EARLY
        if was is None or now is None or abs(now - was) <= SAME:
            return None
        # A window that nobody has begun moves along with the clock.
        return None if old.used_percent <= 0.0 else LedgerKind.MOVED

    def _settle(
        self, old: BoardWindow, new: BoardWindow, happened: LedgerKind | None
    ) -> tuple[BoardWindow, float | None]:
        """Tell what the reading before showed and this one shows too, and note what is new in it.

        Returns:
            The window, and the percentage that its use has grown from; None where the two do not
            belong to one period.
        """
        base = old.used_percent if new.used_percent >= old.used_percent else None
        for suspicion in [each for each in self._suspected if each.entry.window_id == new.id]:
            entry = suspicion.entry
            self._suspected.remove(suspicion)
            match entry.kind:
                case LedgerKind.RESET | LedgerKind.RESET_EARLY:
                    if new.used_percent < suspicion.used_percent:
                        self._tell(entry)
                        new = replace(new, period=new.period + 1, refused_at=None)
                    else:
                        # One reading was wrong, and what it showed was never used again.
                        happened, base = None, suspicion.used_percent
                case LedgerKind.MOVED:
                    if _is_same_time(new.resets_at, suspicion.resets_at):
                        self._tell(entry)
                    elif _is_same_time(new.resets_at, _number(entry.before)):
                        happened = None
                case LedgerKind.APPEARED | LedgerKind.RESIZED:
                    self._tell(entry)
                case _:
                    pass
        match happened:
            case LedgerKind.MOVED | LedgerKind.RESET_EARLY:
                self._suspect(self._entry(happened, new, old.resets_at, new.resets_at), new, old)
            case LedgerKind.RESET:
                self._suspect(self._entry(happened, new, old.used_percent, 0.0), new, old)
            case _:
                return new, base
        return new, base if happened is LedgerKind.MOVED else None

    def _sample(
        self, new: BoardWindow, since: float | None = None, base: float | None = None
    ) -> Change:
        return Change(
            window_id=new.id,
            at=self._at,
            used_percent=new.used_percent,
            resets_at=new.resets_at,
            source=new.source,
            since=None if base is None else since,
            grown=0.0 if base is None else max(0.0, new.used_percent - base),
        )

    # --- windows that come and go ----------------------------------------------------------------

    def _resized(self) -> Iterator[tuple[str, str]]:
        """Windows that stand where one of another length stood: id before and after."""
        said = [window for limit in self._reading.limits for window in limit.windows]
        ids = {window.id for window in said}
        for window in said:
            if window.id in self._windows:
                continue
            for old in self._windows.values():
                is_place = (old.limit_id, old.role) == (window.limit_id, window.role)
                if is_place and old.id not in ids:
                    yield old.id, window.id

    def _miss(self, named: set[str], resized: dict[str, str]) -> None:
        """Count the windows that a whole reading does not name."""
        for old in list(self._windows.values()):
            if old.id in named:
                self._windows[old.id] = replace(self._windows[old.id], missing=0)
                continue
            if successor := resized.get(old.id):
                new = self._windows[successor]
                entry = self._entry(LedgerKind.RESIZED, new, old.window_seconds, new.window_seconds)
                self._suspect(entry, new)
                del self._windows[old.id]
                continue
            missing = old.missing + 1
            if missing < GONE:
                self._windows[old.id] = replace(old, missing=missing)
            else:
                del self._windows[old.id]
                self._suspected = [e for e in self._suspected if e.entry.window_id != old.id]
                self._tell(self._entry(LedgerKind.VANISHED, old, old.window_seconds, None))

    # --- refusals --------------------------------------------------------------------------------

    def _refused(self, board: Board, refusal: Refusal) -> Board:
        """A call was refused: mark the window that it names by its reset, else the fullest one."""
        mine = [w for w in self._windows.values() if w.limit_id == refusal.limit_id]
        hit = next((w for w in mine if _is_same_time(w.resets_at, refusal.resets_at)), None)
        if hit is None and mine:
            hit = max(mine, key=lambda window: window.used_percent)
        if hit is not None and not (hit.refused_at is not None and hit.refused_at > self._at):
            if hit.refused_at is None:
                self._tell(self._entry(LedgerKind.REFUSED, hit, hit.used_percent, 100.0))
            resets_at = refusal.resets_at or hit.resets_at
            self._windows[hit.id] = replace(hit, refused_at=self._at, resets_at=resets_at)
        return replace(
            board,
            allowed=False,
            limit_reached=True,
            reached_type=refusal.reached_type or board.reached_type or "rate_limit_reached",
        )

    def _let_through(self, board: Board) -> Board:
        """A model call was answered: no limit stands in its way."""
        limits = {limit.limit_id for limit in self._reading.limits} | {MAIN}
        for window in list(self._windows.values()):
            refused_at = window.refused_at
            if window.limit_id in limits and refused_at is not None and refused_at < self._at:
                self._windows[window.id] = replace(window, refused_at=None)
        return replace(board, allowed=True, limit_reached=False, reached_type=None)

    # --- the account -----------------------------------------------------------------------------

    def _with_facts(self) -> Board:
        """What the reading says beside its windows; a part of it leaves the rest as it is."""
        board, said = self._before, self._reading
        plan = said.plan or (None if said.is_whole else board.plan)
        self._settle_plan(board.plan, plan)
        new = replace(
            board,
            plan=plan,
            credits=_newest(said.credits, board.credits, said),
            spend_control=_newest(said.spend_control, board.spend_control, said),
            as_of=said.as_of,
            source=said.source,
        )
        if said.reset_credits is not None or said.is_whole:
            new = replace(new, reset_credits=said.reset_credits)
        verdict = next((each for each in said.limits if each.limit_id == MAIN), None)
        if said.is_whole or (verdict is not None and verdict.allowed is not None):
            new = replace(
                new,
                allowed=verdict.allowed if verdict else None,
                limit_reached=verdict.limit_reached if verdict else None,
                reached_type=said.reached_type,
            )
        return new

    def _settle_plan(self, before: str | None, now: str | None) -> None:
        for suspicion in [each for each in self._suspected if each.entry.kind is LedgerKind.PLAN]:
            self._suspected.remove(suspicion)
            if suspicion.entry.after == now:
                self._tell(suspicion.entry)
        if self._before.as_of is not None and before != now and None not in {before, now}:
            entry = LedgerEntry(at=self._at, kind=LedgerKind.PLAN, before=before, after=now)
            self._suspected.append(Suspicion(entry=entry))

    # --- what is told ----------------------------------------------------------------------------

    def _entry(
        self,
        kind: LedgerKind,
        window: BoardWindow,
        before: str | float | None,
        after: str | float | None,
    ) -> LedgerEntry:
        name = window.limit_name or window.limit_id
        length = label(window.window_seconds) if window.window_seconds else window.role
        return LedgerEntry(
            at=self._at,
            kind=kind,
            window_id=window.id,
            label=length if window.limit_id == MAIN else f"{name} {length}",
            before=before,
            after=after,
        )

    def _suspect(
        self, entry: LedgerEntry, new: BoardWindow, old: BoardWindow | None = None
    ) -> None:
        used = old.used_percent if old is not None else 0.0
        self._suspected.append(Suspicion(entry=entry, resets_at=new.resets_at, used_percent=used))

    def _tell(self, entry: LedgerEntry) -> None:
        self._entries.append(entry)


def _newest(said: T | None, known: T | None, reading: UsageReading) -> T | None:
    return said if said is not None or reading.is_whole else known


def _is_older(at: float, known: float | None) -> bool:
    """Whether a reading of `at` comes late, after a newer one."""
    return known is not None and at < known <= at + AHEAD


def _is_same_time(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= SAME


def _number(value: str | float | None) -> float | None:
    return value if isinstance(value, float | int) else None


def _place(window: BoardWindow) -> tuple[int, str, int, str]:
    """Main limit first, then code review, then others; the shorter window first."""
    rank = {MAIN: 0, CODE_REVIEW: 1}.get(window.limit_id, 2)
    return rank, window.limit_id, window.window_seconds or 0, window.id
