"""A window that fills: with the story's time, with turns, and from nothing after its reset."""

import math
from dataclasses import dataclass

from simulator.limits.flows import Flow
from simulator.limits.standing import Member, Slot, Spelling, Window
from simulator.limits.story import WindowStart


@dataclass(slots=True, kw_only=True)
class Meter:
    """A window as it goes on; every time is in seconds of the story."""

    bucket: str
    slot: Slot
    seconds: int
    resets_at: float
    base: float
    """Percent that were used at `since`."""
    since: float
    flow: Flow
    per_turn: float
    most: float
    begins_with_use: bool
    spelling: Spelling
    omitted: frozenset[Member]
    turns: float = 0.0
    """Percent that turns used since `since`."""

    @classmethod
    def of(cls, start: WindowStart, at: float) -> "Meter":
        """A window that begins at that time."""
        return cls(
            bucket=start.bucket,
            slot=start.slot,
            seconds=start.seconds,
            resets_at=at + start.resets_in,
            base=start.used,
            since=at,
            flow=start.flow,
            per_turn=start.per_turn,
            most=start.most,
            begins_with_use=start.begins_with_use,
            spelling=start.spelling,
            omitted=start.omitted,
        )

    def used(self, at: float) -> float:
        """Percent used."""
        grown = max(0.0, self.flow(at) - self.flow(self.since)) + self.turns
        return round(max(self.base, min(self.most, self.base + grown)), 6)

    def roll(self, at: float) -> None:
        """Let every reset happen that is due."""
        if at >= self.resets_at:
            count = math.floor((at - self.resets_at) / self.seconds) + 1
            self.empty(self.resets_at + (count - 1) * self.seconds)
        if self.begins_with_use and self.used(at) <= 0:
            self.resets_at = at + self.seconds

    def empty(self, at: float) -> None:
        """Reset it: it begins anew."""
        self.fix(0.0, at)
        self.resets_at = at + self.seconds

    def fix(self, used: float, at: float) -> None:
        """Say what is used; time and turns go on from there."""
        self.base, self.since, self.turns = used, at, 0.0

    def use(self, at: float) -> None:
        """Count a turn."""
        self.roll(at)
        self.turns += self.per_turn

    def window(self, at: float, resets_at: float) -> Window:
        """As it stands; `resets_at` in Unix seconds."""
        return Window(
            used=self.used(at),
            seconds=self.seconds,
            resets_at=resets_at,
            spelling=self.spelling,
            omitted=self.omitted,
        )
