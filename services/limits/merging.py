"""How a word of the server changes what is known: pure. Rules and their reasons: docs/limits.md."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from services.limits.board import Board, BoardWindow, Suspicion
from services.limits.facts import with_facts, with_refused
from services.limits.naming import Said, finite, meant, named, place
from services.limits.periods import TURNS, entry_of, step
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import LimitSource, Refusal, UsageReading
from services.models.windows import MAIN

REDEEMED: Final = 300.0
"""Seconds after a redeemed reset in which windows that begin anew do so because of it."""
AHEAD: Final = 300.0
"""Seconds by which what is known may be newer than a reading and still win; by more, the clock was
set back, and the reading counts."""
UNTOLD: Final = 3600.0
"""Seconds for which a refusal counts that named no end, and whose window has none either."""
MOST: Final = 64
"""Windows that are kept, however many a server names."""
RESETS: Final = frozenset({LedgerKind.RESET, LedgerKind.RESET_EARLY})
APPEARANCES: Final = frozenset({LedgerKind.APPEARED, LedgerKind.RESIZED})


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
    turn_id: str = ""
    """The turn whose call was answered; empty where it is not known."""
    is_before_turn: bool = False
    """Whether that was said before anything of that turn was counted."""


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
        self._is_newest = not _is_older(reading.as_of, board.as_of)
        self._windows = {window.id: self._without_lapsed(window) for window in board.windows}
        self._suspected = list(board.suspected)
        self._next_period = board.next_period
        self._named = named(reading, self._windows)
        self._begun: set[str] = set()
        """Windows that this reading is the first to name."""
        self._changes: list[Change] = []
        self._entries: list[LedgerEntry] = []
        self._ours: list[LedgerEntry] = []
        """What nothing was read before since a reset was redeemed."""

    def merged(self) -> Merged:
        reading = self._reading
        self._adopt()
        old_ones = dict(self._resized()) if reading.is_whole else {}
        for said in self._named.values():
            self._take(said, old_ones.get(said.id))
        if reading.is_whole and self._is_newest:
            self._settle_appearances()
            self._miss()
        board = self._before
        if self._is_newest:
            if reading.plan is not None:
                self._settle_plan(board.plan, reading.plan)
            board = with_facts(board, reading)
        if reading.is_success or reading.is_redeemed:
            board = self._let_through(board)
        if reading.redeemed_at is not None:
            board = self._redeemed(board, reading.redeemed_at)
        if reading.refusal is not None:
            board = self._refused(board, reading.refusal)
        board = replace(
            self._with_refusals(board),
            windows=tuple(sorted(self._windows.values(), key=place)),
            suspected=tuple(self._suspected),
            next_period=self._next_period,
        )
        board, entries = self._told(board)
        return Merged(board=board, changes=tuple(self._changes), entries=entries)

    # --- words about windows ---------------------------------------------------------------------

    def _adopt(self) -> None:
        """Give a window that was known by its slot the name of its length, once that is said."""
        for said in self._named.values():
            old = self._windows.get(f"{said.limit_id}/{said.role}")
            if old is None or old.id in self._named or said.id in self._windows:
                continue
            if _is_older(self._at, old.as_of):
                continue
            del self._windows[old.id]
            # Both names may have had periods before.
            period = max(old.period, self._next_period)
            self._next_period = period + 1
            self._windows[said.id] = replace(
                old, id=said.id, window_seconds=said.window_seconds, period=period
            )
            for index, doubt in enumerate(self._suspected):
                if doubt.entry.window_id == old.id:
                    entry = replace(doubt.entry, window_id=said.id)
                    self._suspected[index] = replace(doubt, entry=entry)

    def _take(self, said: Said, was: BoardWindow | None) -> None:
        old = self._windows.get(said.id)
        if old is not None and _is_older(self._at, old.as_of):
            return
        new = BoardWindow(
            id=said.id,
            limit_id=said.limit_id,
            limit_name=said.limit_name or (old.limit_name if old else None),
            role=said.role,
            window_seconds=said.window_seconds,
            used_percent=said.used_percent,
            # A part of an answer may leave the reset out; it has not gone because of that.
            resets_at=old.resets_at if said.resets_at is None and old else said.resets_at,
            as_of=self._at,
            source=self._reading.source,
            refused_at=old.refused_at if old else None,
            refused_until=old.refused_until if old else None,
            period=old.period if old else self._next_period,
            counted=said.used_percent,
            is_counted_by_poll=self._reading.source is LimitSource.POLL,
            due_at=old.due_at if old else said.resets_at,
        )
        if old is None:
            self._begin(new, was)
            return
        doubt = self._doubt(old.id, TURNS)
        taken = step(old, new, said.resets_at, doubt)
        if doubt is not None:
            self._suspected.remove(doubt)
        if taken.suspected is not None:
            redeemed_at = self._before.redeemed_at
            is_ours = redeemed_at is not None and old.as_of <= redeemed_at <= self._at
            self._suspected.append(replace(taken.suspected, is_ours=is_ours))
        if taken.told is not None:
            is_ours = doubt is not None and doubt.is_ours
            (self._ours if is_ours else self._entries).append(taken.told)
        self._windows[old.id] = taken.window
        self._sample(taken.window, old.as_of, taken.base)

    def _begin(self, new: BoardWindow, was: BoardWindow | None) -> None:
        if len(self._windows) >= MOST:
            return
        self._windows[new.id] = new
        self._begun.add(new.id)
        self._sample(new)
        if was is not None:
            self._suspect(entry_of(LedgerKind.RESIZED, new, was.window_seconds, new.window_seconds))
        elif self._before.whole_at is not None:
            self._suspect(entry_of(LedgerKind.APPEARED, new, None, new.window_seconds))

    def _sample(
        self, new: BoardWindow, since: float | None = None, base: float | None = None
    ) -> None:
        self._changes.append(
            Change(
                window_id=new.id,
                at=self._at,
                used_percent=new.used_percent,
                resets_at=new.resets_at,
                source=new.source,
                since=None if base is None else since,
                grown=0.0 if base is None else max(0.0, new.used_percent - base),
                turn_id=self._reading.turn_id,
                is_before_turn=self._reading.is_before_turn,
            )
        )

    # --- windows that come and go ----------------------------------------------------------------

    def _resized(self) -> Iterator[tuple[str, BoardWindow]]:
        """New windows that stand where one of another length stood: their id, and that one."""
        for said in self._named.values():
            if said.id in self._windows:
                continue
            for old in self._windows.values():
                is_place = (old.limit_id, old.role) == (said.limit_id, said.role)
                if is_place and old.id not in self._named and old.missing_since is None:
                    yield said.id, old

    def _settle_appearances(self) -> None:
        """Tell of windows that a reading before this one showed first."""
        for doubt in [each for each in self._suspected if each.entry.kind in APPEARANCES]:
            entry = doubt.entry
            window = self._windows.get(entry.window_id or "")
            if window is None or window.id not in self._named or window.id in self._begun:
                continue
            self._suspected.remove(doubt)
            if entry.kind is LedgerKind.RESIZED:
                was = self._replaced(window, entry)
                if was is None:
                    entry = replace(entry, kind=LedgerKind.APPEARED, before=None)
                else:
                    self._drop(was)
            self._entries.append(entry)

    def _replaced(self, window: BoardWindow, entry: LedgerEntry) -> BoardWindow | None:
        """The window in whose place one came, if it has not come back."""
        for old in self._windows.values():
            is_it = old.limit_id == window.limit_id and old.window_seconds == entry.before
            if is_it and old.id not in self._named:
                return old
        return None

    def _miss(self) -> None:
        """Note the windows that a whole reading does not name."""
        for old in list(self._windows.values()):
            if old.id in self._named:
                self._windows[old.id] = replace(old, missing_since=None)
            elif old.missing_since is None:
                self._windows[old.id] = replace(old, missing_since=self._at)
            else:
                # What was never told to be there is not told to be gone.
                is_known = self._doubt(old.id, APPEARANCES) is None
                self._drop(old)
                if is_known:
                    length, since = old.window_seconds, old.missing_since
                    self._entries.append(entry_of(LedgerKind.VANISHED, old, length, None, since))

    def _drop(self, old: BoardWindow) -> None:
        del self._windows[old.id]
        self._suspected = [each for each in self._suspected if each.entry.window_id != old.id]
        self._next_period = max(self._next_period, old.period + 1)

    # --- refusals --------------------------------------------------------------------------------

    def _refused(self, board: Board, refusal: Refusal) -> Board:
        """A call was refused: mark the window that it means."""
        until = finite(refusal.resets_at)
        hit = meant(list(self._windows.values()), refusal.limit_id, until, self._at)
        if hit is not None:
            if _is_older(self._at, hit.refused_at):
                return board
            if hit.refused_at is None and hit.used_percent < 100.0:
                self._entries.append(
                    entry_of(LedgerKind.REFUSED, hit, hit.used_percent, 100.0, self._at)
                )
            if until is not None and self._doubt(hit.id, TURNS) is None:
                taken = step(hit, replace(hit, resets_at=until, as_of=self._at), until, None)
                if taken.suspected is not None:
                    self._suspected.append(taken.suspected)
                hit = replace(hit, due_at=taken.window.due_at)
            if until is None and hit.resets_at is not None and hit.resets_at > self._at:
                until = hit.resets_at
            self._windows[hit.id] = replace(
                hit,
                refused_at=self._at,
                refused_until=until or self._at + UNTOLD,
                resets_at=until or hit.resets_at,
            )
            if refusal.limit_id != MAIN:
                return board
        elif any(each.limit_id == refusal.limit_id for each in board.verdicts):
            return with_refused(board, refusal.limit_id, self._reading)
        else:
            board = replace(board, refused_until=until or self._at + UNTOLD)
        reached = refusal.reached_type or board.reached_type or "rate_limit_reached"
        return replace(board, allowed=False, limit_reached=True, reached_type=reached)

    def _let_through(self, board: Board) -> Board:
        """A model call was answered: no limit stands in its way."""
        limits = {limit.limit_id for limit in self._reading.limits} | {MAIN}
        for window in list(self._windows.values()):
            if window.limit_id in limits and not _is_older(self._at, window.refused_at):
                self._windows[window.id] = replace(window, refused_at=None, refused_until=None)
        if not self._is_newest:
            return board
        return replace(
            board, allowed=True, limit_reached=False, reached_type=None, refused_until=None
        )

    def _with_refusals(self, board: Board) -> Board:
        """A poll does not take a refusal back."""
        until = board.refused_until
        if until is not None and until <= self._at:
            board, until = replace(board, refused_until=None), None
        windows = self._windows.values()
        if until is None and not any(
            window.limit_id == MAIN and window.is_refused(self._at) for window in windows
        ):
            return board
        reached = board.reached_type or self._before.reached_type or "rate_limit_reached"
        return replace(board, allowed=False, limit_reached=True, reached_type=reached)

    def _without_lapsed(self, window: BoardWindow) -> BoardWindow:
        if window.refused_at is None or window.is_refused(self._at):
            return window
        return replace(window, refused_at=None, refused_until=None)

    # --- a reset that was redeemed ---------------------------------------------------------------

    def _redeemed(self, board: Board, at: float) -> Board:
        """Remember when, and whether it is known that it happened."""
        before = board.redeemed_at
        if before is not None and at < before <= self._at:
            at = before
        return replace(board, redeemed_at=at, is_redeem_sure=self._reading.is_redeemed)

    def _told(self, board: Board) -> tuple[Board, tuple[LedgerEntry, ...]]:
        """What is told: of what the user had redeemed only that, where nobody has told it yet."""
        at = board.redeemed_at
        ours = [each for each in self._entries if _is_soon(each, at)]
        ours += [each for each in self._ours if each.kind in RESETS]
        entries = [each for each in (*self._entries, *self._ours) if each not in ours]
        if board.is_redeem_sure or at is None:
            return board, tuple(entries)
        # A window that was due anyway says nothing about what became of the try.
        entries += [each for each in ours if each.kind is LedgerKind.RESET]
        if any(each.kind is LedgerKind.RESET_EARLY for each in ours):
            board = replace(board, is_redeem_sure=True)
            entries.append(LedgerEntry(at=at, kind=LedgerKind.REDEEMED))
        return board, tuple(entries)

    # --- the account -----------------------------------------------------------------------------

    def _settle_plan(self, before: str | None, now: str) -> None:
        doubt = next((e for e in self._suspected if e.entry.kind is LedgerKind.PLAN), None)
        if doubt is not None:
            self._suspected.remove(doubt)
            if doubt.entry.after == now:
                self._entries.append(doubt.entry)
                return
            before = doubt.entry.before if isinstance(doubt.entry.before, str) else before
        if before is not None and before != now:
            self._suspect(LedgerEntry(at=self._at, kind=LedgerKind.PLAN, before=before, after=now))

    # --- what is suspected -----------------------------------------------------------------------

    def _doubt(self, window_id: str, kinds: frozenset[LedgerKind]) -> Suspicion | None:
        for each in self._suspected:
            if each.entry.window_id == window_id and each.entry.kind in kinds:
                return each
        return None

    def _suspect(self, entry: LedgerEntry) -> None:
        self._suspected.append(Suspicion(entry=entry))


def _is_soon(entry: LedgerEntry, redeemed_at: float | None) -> bool:
    """Whether a window began anew so soon after a redeemed reset that it did because of it."""
    if entry.kind not in RESETS or redeemed_at is None:
        return False
    return 0.0 <= entry.at - redeemed_at <= REDEEMED


def _is_older(at: float, known: float | None) -> bool:
    """Whether a word of `at` comes late, after a newer one."""
    return known is not None and at < known <= at + AHEAD
