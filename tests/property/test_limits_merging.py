"""Whatever servers say in whatever order, what is known of the limits stays sound."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.limits.board import Board, BoardWindow, from_json, to_json
from services.limits.merging import MOST, Merged, merge
from services.limits.periods import SAME, TURNS, is_same_time
from services.models.limit_history import LedgerKind
from services.models.limits import (
    Credits,
    LimitReading,
    LimitSource,
    RateWindow,
    Refusal,
    UsageReading,
)

EXAMPLES = 150
START = 1_700_000_000.0
HOUR = 3600.0
STEPS = st.sampled_from([0, 1, 30, 60, 60, 60, 400, HOUR, 6 * HOUR, 30 * HOUR, -20, -200, -HOUR])
"""Seconds between readings; negative where one comes late or the clock was set back."""
LENGTHS = st.sampled_from([17_940, 18_000, 18_000, 604_800, 604_740, 2_592_000, 900, 0, None])
USED = st.one_of(
    st.sampled_from([0, 1, 4, 30, 50, 99, 100]),
    st.floats(min_value=-5, max_value=1000),
)
RESETS = st.one_of(
    st.none(),
    st.sampled_from([START + 2 * HOUR, START + 2 * HOUR + 200, START + 7 * HOUR, START + HOUR]),
    st.floats(min_value=START - 9 * HOUR, max_value=START + 40 * 24 * HOUR),
)
IDS = st.sampled_from(["codex", "codex", "code_review", "codex_fast"])
WINDOWS = st.builds(
    RateWindow,
    limit_id=IDS,
    role=st.sampled_from(["primary", "secondary"]),
    used_percent=USED,
    window_seconds=LENGTHS,
    resets_at=RESETS,
)
FULL_WINDOWS = WINDOWS.filter(lambda window: window.resets_at is not None)


def limits_of(windows: st.SearchStrategy[RateWindow]) -> st.SearchStrategy[LimitReading]:
    return st.builds(
        LimitReading,
        limit_id=IDS,
        limit_name=st.sampled_from([None, "Fast"]),
        windows=st.lists(windows, max_size=3).map(tuple),
        allowed=st.sampled_from([None, True, False]),
        limit_reached=st.sampled_from([None, True, False]),
    )


LIMITS = limits_of(WINDOWS)
REFUSALS = st.builds(Refusal, limit_id=IDS, resets_at=RESETS)


@st.composite
def readings(draw: st.DrawFn) -> list[UsageReading]:
    at = START
    found: list[UsageReading] = []
    for number in range(draw(st.integers(min_value=1, max_value=10))):
        if found and draw(st.booleans()):
            # Said once more: two readings that agree are what most rules are about.
            limits = found[-1].limits
        else:
            limits = tuple(draw(st.lists(LIMITS, max_size=3)))
        at += draw(STEPS)
        found.append(
            UsageReading(
                source=draw(st.sampled_from([LimitSource.POLL, LimitSource.HEADERS])),
                # No two readings are of one time, so that an entry's time names its reading.
                as_of=at + number / 1000,
                is_whole=draw(st.booleans()),
                is_success=draw(st.booleans()),
                plan=draw(st.sampled_from([None, "pro", "plus"])),
                limits=limits,
                credits=draw(st.sampled_from([None, Credits(has_credits=True, unlimited=False)])),
                refusal=draw(st.one_of(st.none(), st.none(), REFUSALS)),
            )
        )
    return found


def run(sequence: Sequence[UsageReading]) -> list[tuple[Board, UsageReading, Merged]]:
    board = Board()
    steps: list[tuple[Board, UsageReading, Merged]] = []
    for reading in sequence:
        merged = merge(board, reading)
        steps.append((board, reading, merged))
        board = merged.board
    return steps


def doubted(board: Board, window_id: str) -> bool:
    return any(
        each.entry.window_id == window_id and each.entry.kind in TURNS for each in board.suspected
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(readings())
def test_a_board_holds_only_what_can_be_and_is_read_back_as_it_was(
    sequence: list[UsageReading],
) -> None:
    for _, _, merged in run(sequence):
        board = merged.board
        ids = [window.id for window in board.windows]
        assert len(ids) == len(set(ids))
        for window in board.windows:
            assert 0.0 <= window.used_percent <= 100.0
            assert 0.0 <= window.counted <= 100.0
            assert window.window_seconds is None or window.window_seconds > 0
        assert from_json(to_json(board)) == board


@settings(max_examples=EXAMPLES, deadline=None)
@given(readings())
def test_the_period_of_a_window_never_goes_back_even_if_it_was_gone(
    sequence: list[UsageReading],
) -> None:
    known: dict[str, int] = {}
    gone: set[str] = set()
    for before, _, merged in run(sequence):
        for window in merged.board.windows:
            if window.id in gone:
                assert window.period > known[window.id]
            assert window.period >= known.get(window.id, 0)
            known[window.id] = window.period
        gone = known.keys() - {window.id for window in merged.board.windows}
        told = [entry for entry in merged.entries if entry.kind.value.startswith("reset")]
        for entry in told:
            old, new = (
                before.window(str(entry.window_id)),
                merged.board.window(str(entry.window_id)),
            )
            assert old is None or new is None or new.period == old.period + 1


@settings(max_examples=EXAMPLES, deadline=None)
@given(readings())
def test_an_entry_is_told_once_and_after_the_reading_that_showed_it_first(
    sequence: list[UsageReading],
) -> None:
    told: Counter[tuple[LedgerKind, str | None, float]] = Counter()
    times = [reading.as_of for reading in sequence]
    for _, reading, merged in run(sequence):
        for entry in merged.entries:
            told[entry.kind, entry.window_id, entry.at] += 1
            assert (entry.at == reading.as_of) is (entry.kind is LedgerKind.REFUSED)
            assert entry.at in times
    assert all(count == 1 for count in told.values())


def is_unsaid_move(old: BoardWindow, new: BoardWindow) -> bool:
    """Whether the reset that the ledger knows of is another one, of a window that was begun."""
    is_other = not is_same_time(old.due_at, new.due_at)
    return old.due_at is not None and old.used_percent > 0 and is_other


@settings(max_examples=EXAMPLES, deadline=None)
@given(readings())
def test_a_reset_is_another_one_only_where_the_ledger_says_so_or_the_next_reading_decides(
    sequence: list[UsageReading],
) -> None:
    for before, _, merged in run(sequence):
        told = {entry.window_id for entry in merged.entries if entry.kind in TURNS}
        for new in merged.board.windows:
            if new.resets_at is not None and not is_same_time(new.resets_at, new.due_at):
                assert doubted(merged.board, new.id)
            old = before.window(new.id)
            if old is not None and is_unsaid_move(old, new):
                assert new.id in told


@settings(max_examples=EXAMPLES, deadline=None)
@given(readings(), st.lists(limits_of(FULL_WINDOWS), min_size=1, max_size=3).map(tuple))
def test_what_is_said_again_and_again_leaves_no_doubt(
    sequence: list[UsageReading], limits: tuple[LimitReading, ...]
) -> None:
    at = max(reading.as_of for reading in sequence) + 600
    poll = UsageReading(source=LimitSource.POLL, as_of=at, is_whole=True, plan="pro", limits=limits)
    again = [replace(poll, as_of=at + 60 * number) for number in range(3)]
    _, _, last = run([*sequence, *again])[-1]
    assert not last.board.suspected
    for window in last.board.windows:
        assert is_same_time(window.resets_at, window.due_at)
    assert {each.window_id for each in last.changes} == {each.id for each in last.board.windows}
    _, _, more = run([*sequence, *again, replace(poll, as_of=at + 180)])[-1]
    assert more.entries == ()
    assert sum(change.grown for change in more.changes) == 0.0


@settings(max_examples=EXAMPLES, deadline=None)
@given(readings())
def test_use_grows_from_the_word_before_and_is_never_negative(
    sequence: list[UsageReading],
) -> None:
    for before, reading, merged in run(sequence):
        ids = [change.window_id for change in merged.changes]
        assert len(ids) == len(set(ids))
        for change in merged.changes:
            new = merged.board.window(change.window_id)
            old = before.window(change.window_id)
            assert change.at == reading.as_of
            assert new is None or new.used_percent == change.used_percent
            assert 0.0 <= change.grown <= 100.0
            if change.since is None:
                assert change.grown == 0.0
            elif old is not None:
                assert change.since == old.as_of
                assert change.grown <= change.used_percent


@settings(max_examples=EXAMPLES, deadline=None)
@given(readings())
def test_a_late_reading_changes_nothing_about_windows_of_which_more_is_known(
    sequence: list[UsageReading],
) -> None:
    for before, reading, merged in run(sequence):
        for old in before.windows:
            if reading.as_of < old.as_of <= reading.as_of + SAME:
                new = merged.board.window(old.id)
                if new is not None:
                    assert (new.used_percent, new.as_of) == (old.used_percent, old.as_of)
                assert old.id not in {change.window_id for change in merged.changes}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=500), min_size=1, max_size=200))
def test_a_server_that_names_windows_without_end_does_not_fill_the_board(
    lengths: list[int],
) -> None:
    board = Board()
    for number, minutes in enumerate(lengths):
        window = RateWindow(
            limit_id=f"limit_{number}",
            role="primary",
            used_percent=1.0,
            window_seconds=60 * minutes,
        )
        limit = LimitReading(limit_id=window.limit_id, windows=(window,))
        reading = UsageReading(source=LimitSource.HEADERS, as_of=START + number, limits=(limit,))
        board = merge(board, reading).board
    assert len(board.windows) == min(MOST, len(lengths))
