"""The limits of an account at one moment: what every answer about them is written from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

MAIN = "codex"
"""The bucket that turns are counted in."""
REVIEW = "code_review"
"""The bucket of code reviews; named so by us, since the answer gives it a member of its own."""

Slot = Literal["primary", "secondary"]
SLOTS: tuple[Slot, ...] = ("primary", "secondary")

Spelling = Literal["whole", "float", "text"]
"""How numbers are written; the real server writes whole ones."""

Member = Literal["used", "seconds", "resets_at", "resets_in"]
"""What is said of a window, whatever each wire calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One window."""

    used: float
    """Percent; stories go below 0 and above 100."""
    seconds: int
    resets_at: float
    """Unix seconds."""
    spelling: Spelling = "whole"
    omitted: frozenset[Member] = frozenset()

    @property
    def is_full(self) -> bool:
        """Whether nothing is left."""
        return self.used >= 100

    def written(self, now: float, *, is_in_minutes: bool) -> dict[Member, Any]:
        """What is said of it; the length in seconds, or in minutes rounded up."""
        resets_at = round(self.resets_at)
        length = math.ceil(self.seconds / 60) if is_in_minutes else self.seconds
        numbers: dict[Member, float] = {
            "used": self.used if self.spelling == "float" else math.floor(self.used),
            "seconds": length,
            "resets_at": resets_at,
            "resets_in": max(0, resets_at - math.floor(now)),
        }
        return {
            member: _spelled(number, self.spelling)
            for member, number in numbers.items()
            if member not in self.omitted
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Windows that are counted together."""

    id: str
    name: str | None = None
    primary: Window | None = None
    secondary: Window | None = None
    is_allowed: bool = True
    is_reached: bool = False
    has_details: bool = True
    """Whether anything but its name is said of it."""

    def windows(self) -> list[tuple[Slot, Window]]:
        """The windows that it has."""
        found: list[tuple[Slot, Window | None]] = [
            ("primary", self.primary),
            ("secondary", self.secondary),
        ]
        return [(slot, window) for slot, window in found if window is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """Money beside the plan."""

    has_credits: bool = False
    is_unlimited: bool = False
    balance: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What a workspace lets one member spend, in credits."""

    limit: float
    used: float
    resets_at: float
    """Unix seconds."""

    @property
    def is_reached(self) -> bool:
        """Whether nothing is left of it."""
        return self.used >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetCredit:
    """The right to have the windows reset once."""

    id: str
    granted_at: float
    """Unix seconds."""
    expires_at: float | None
    is_redeemed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an account stands."""

    at: float
    """Unix seconds."""
    plan: str
    buckets: Sequence[Bucket]
    """The main one first."""
    credits: Credits
    has_spend_control: bool
    spend: Spend | None
    reached_type: str | None
    reset_credits: Sequence[ResetCredit]
    is_refusing: bool
    """Whether turns are refused."""

    @property
    def main(self) -> Bucket:
        """The bucket of turns."""
        return self.buckets[0]

    @property
    def additional(self) -> list[Bucket]:
        """Buckets beside the main one and code reviews."""
        return [bucket for bucket in self.buckets if bucket.id not in {MAIN, REVIEW}]

    @property
    def review(self) -> Bucket | None:
        """The bucket of code reviews."""
        return next((bucket for bucket in self.buckets if bucket.id == REVIEW), None)

    @property
    def free_resets(self) -> list[ResetCredit]:
        """Reset credits that can be redeemed."""
        return [
            credit
            for credit in self.reset_credits
            if not credit.is_redeemed and (credit.expires_at is None or credit.expires_at > self.at)
        ]

    @property
    def opens_at(self) -> float | None:
        """When turns are taken again, if they are refused now; Unix seconds, None if unknown."""
        full = [window.resets_at for _, window in self.main.windows() if window.is_full]
        if self.spend is not None and self.spend.is_reached:
            full.append(self.spend.resets_at)
        known = full or [window.resets_at for _, window in self.main.windows()[:1]]
        return max(known, default=None)


def _spelled(number: float, spelling: Spelling) -> Any:
    match spelling:
        case "whole":
            return number
        case "float":
            return float(number)
        case "text":
            return str(number)
