"""An account whose server speaks, for tests of what is known after each word."""

from dataclasses import dataclass, field, replace

from services.limits.board import Board, BoardWindow
from services.limits.merging import Change, merge
from services.models.limit_history import LedgerEntry, LedgerKind
from services.models.limits import LimitReading, LimitSource, RateWindow, UsageReading

T0 = 1_700_000_000.0
FIVE_HOURS, WEEK, MONTH = 18_000, 604_800, 2_592_000
DUE, WEEK_DUE = T0 + 9_000, T0 + 400_000


def five(used: float, resets_at: float | None = DUE, role: str = "primary") -> RateWindow:
    return RateWindow(
        limit_id="codex",
        role=role,
        used_percent=used,
        window_seconds=FIVE_HOURS,
        resets_at=resets_at,
    )


def week(used: float, resets_at: float | None = WEEK_DUE, role: str = "secondary") -> RateWindow:
    return replace(five(used, resets_at, role), window_seconds=WEEK)


@dataclass
class Account:
    """An account whose server speaks."""

    board: Board = field(default_factory=Board)
    at: float = T0
    told: list[LedgerEntry] = field(default_factory=list[LedgerEntry])
    changes: list[Change] = field(default_factory=list[Change])

    def hear(
        self,
        *windows: RateWindow,
        after: float = 60.0,
        source: LimitSource = LimitSource.POLL,
        plan: str | None = "pro",
        name: str | None = None,
        is_success: bool = False,
    ) -> None:
        self.at += after
        limits = tuple(
            LimitReading(
                limit_id=limit_id,
                limit_name=name if limit_id != "codex" else None,
                windows=tuple(window for window in windows if window.limit_id == limit_id),
                allowed=True,
                limit_reached=False,
            )
            for limit_id in dict.fromkeys(window.limit_id for window in windows)
        )
        merged = merge(
            self.board,
            UsageReading(
                source=source,
                as_of=self.at,
                is_whole=source is LimitSource.POLL,
                is_success=is_success,
                plan=plan,
                limits=limits,
            ),
        )
        self.board = merged.board
        self.told += merged.entries
        self.changes += merged.changes

    def window(self, window_id: str = "codex/18000") -> BoardWindow:
        window = self.board.window(window_id)
        assert window is not None
        return window

    def kinds(self) -> list[tuple[LedgerKind, str | None]]:
        return [(entry.kind, entry.window_id) for entry in self.told]

    def grown(self, window_id: str = "codex/18000") -> float:
        return sum(change.grown for change in self.changes if change.window_id == window_id)
