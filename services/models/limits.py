"""Rate limits as the server states them. Wire format: docs/protocols/limits.md."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWindow:
    """One window of one limit, at one moment."""

    limit_id: str
    """The bucket's id, `codex` for the main one."""
    role: str
    """`primary` or `secondary`."""
    used_percent: float
    window_seconds: int | None = None
    resets_at: float | None = None
    """Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """What can be spent beyond the windows."""

    has_credits: bool
    unlimited: bool
    balance: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReading:
    """What one answer of the server said about one limit."""

    limit_id: str
    limit_name: str | None = None
    plan: str | None = None
    windows: tuple[RateWindow, ...] = ()
    credits: Credits | None = None
    source: str
    """`headers` or `stream`."""
    as_of: float
    """Unix seconds."""
