"""Days of a server that is right, and now and then is not: what is told is what happened."""

import math
import random
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from services.limits.board import Board
from services.limits.merging import Change, merge
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import LimitReading, LimitSource, RateWindow, UsageReading

START = 1_700_000_000.0
LENGTH = 18_000


@dataclass
class Server:
    """One window of five hours, which begins with its first use."""

    rng: random.Random
    at: float = START
    used: float = 0.0
    due: float | None = None
    spent: float = 0.0
    """Percent in all periods together."""
    resets: int = 0
    """Of periods in which anything was used."""

    def pass_time(self, seconds: float) -> None:
        self.at += seconds
        if self.due is not None and self.at >= self.due:
            self.resets += 1
            self.used, self.due = 0.0, None

    def use(self, percent: float) -> None:
        percent = min(percent, 100.0 - self.used)
        if percent > 0 and self.due is None:
            self.due = self.at + LENGTH
        self.used += percent
        self.spent += percent

    def word(self, source: LimitSource, *, is_wrong: bool = False) -> UsageReading:
        # Polls round down, and resets are a little off.
        used = math.floor(self.used) if source is LimitSource.POLL else self.used
        due = LENGTH + self.at if self.due is None else self.due + self.rng.uniform(-20, 20)
        if is_wrong:
            used, due = self.rng.choice([(0, self.at + LENGTH), (used, due + 9_000), (0, due)])
        window = RateWindow(
            limit_id="codex",
            role="primary",
            used_percent=used,
            window_seconds=self.rng.choice([LENGTH, 17_940]),
            resets_at=due,
        )
        return UsageReading(
            source=source,
            as_of=self.at,
            is_whole=source is LimitSource.POLL,
            limits=(LimitReading(limit_id="codex", windows=(window,)),),
        )


def live(server: Server, *, wrong: float) -> tuple[list[LedgerEntry], list[Change], int]:
    """Two days in which polls and turns alternate; what was told, and how many periods seen."""
    board, told, changes = Board(), list[LedgerEntry](), list[Change]()
    rng = server.rng
    sure_of = -1
    """The period of which a right word was heard last."""

    def hear(reading: UsageReading) -> None:
        nonlocal board
        merged = merge(board, reading)
        board = merged.board
        told.extend(merged.entries)
        changes.extend(merged.changes)

    while server.at < START + 2 * 86_400:
        server.pass_time(rng.uniform(55, 345))
        if rng.random() < 0.3:
            hear(server.word(LimitSource.HEADERS))
            sure_of = server.resets if server.used > 0 else -1
            server.pass_time(rng.uniform(5, 120))
            server.use(rng.choice([0.0, 0.3, 1.7, 6.0, 20.0]))
            continue
        # Of two words that differ, and none before them, nobody knows which is wrong.
        is_wrong = sure_of == server.resets and rng.random() < wrong
        hear(server.word(LimitSource.POLL, is_wrong=is_wrong))
        sure_of = server.resets if not is_wrong and server.used >= 1 else -1
    for _ in range(3):
        server.pass_time(60)
        hear(server.word(LimitSource.POLL))
    return told, changes, board.windows[0].period


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_every_reset_is_told_once_and_nothing_else(seed: int) -> None:
    server = Server(random.Random(seed))
    told, changes, period = live(server, wrong=0.0)
    assert {entry.kind for entry in told} <= {LedgerKind.RESET}
    # A period of which no reading saw more than a round-off is no news.
    assert server.resets - 1 <= len(told) <= server.resets
    assert period == len(told)
    grown = sum(change.grown for change in changes)
    # What is seen first after a reset is lost, and a fraction of a percent to rounding.
    assert grown <= server.spent + 1e-6
    assert grown >= server.spent - 28.0 * (server.resets + 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_single_wrong_readings_are_neither_told_nor_charged(seed: int) -> None:
    server = Server(random.Random(seed))
    told, changes, _ = live(server, wrong=0.15)
    assert {entry.kind for entry in told} <= {LedgerKind.RESET}
    assert len(told) <= server.resets
    assert sum(change.grown for change in changes) <= server.spent + 1e-6
