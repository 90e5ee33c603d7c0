"""The limits of every account, and who asked for them."""

import threading
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from simulator.auth.account import Account
from simulator.limits import answers
from simulator.limits.account import AccountLimits
from simulator.limits.changes import as_number, change
from simulator.limits.clock import StoryClock
from simulator.limits.standing import Standing
from simulator.limits.stories import find_limits
from simulator.limits.story import LimitStory
from simulator.script import Status


@dataclass(frozen=True, slots=True)
class Poll:
    """Somebody asked for the use."""

    account: str | None
    """Account id that the caller named; None where it named none."""
    at: float
    """Unix seconds of the limits' clock."""

    def as_json(self) -> dict[str, Any]:
        """The form of `GET /_sim/limits`."""
        return {"account": self.account, "at": self.at}


class Limits:
    """Hands out how accounts stand. Safe to use from any thread."""

    def __init__(
        self, story: LimitStory, clock: StoryClock, usual_account: Callable[[], Account]
    ) -> None:
        """Tell `story` to every account alike; `usual_account` is who is meant by nobody."""
        self.story = story
        self.clock = clock
        self._usual_account = usual_account
        self._lock = threading.RLock()
        self._accounts: dict[str | None, AccountLimits] = {}
        self._polls: list[Poll] = []
        self._asked: Counter[str | None] = Counter()

    @property
    def polls(self) -> list[Poll]:
        """Every `GET usage` that came, oldest first, whatever the answer was."""
        with self._lock:
            return list(self._polls)

    def standing(self, account: Account | None = None) -> Standing:
        """How an account stands now."""
        with self.of(account) as limits:
            return limits.standing()

    def headers(self, account: Account | None = None) -> dict[str, str]:
        """Headers of an answer."""
        return answers.headers(self.standing(account))

    def event(self, account: Account | None = None) -> Mapping[str, Any]:
        """The event of a stream."""
        return answers.stream_event(self.standing(account))

    def take_turn(self, account: Account | None = None) -> Status | None:
        """Count a turn, or say why it is refused."""
        with self.of(account) as limits:
            refusal = answers.refusal(limits.standing())
            if refusal is None:
                limits.use()
            return refusal

    def set(self, *, account: str | None = None, **changes: Any) -> None:
        """Change how an account stands; the usual one if none is named.

        Args:
            account: Its account id.
            changes: `story` and `advance` for all, the others for that account: see
                docs/simulator.md.

        Raises:
            ValueError: One of them means nothing; those before it are made.
        """
        with self._lock:
            if "story" in changes:
                self.begin(find_limits(str(changes.pop("story"))))
            if "advance" in changes:
                self.advance(as_number(changes.pop("advance"), "advance"))
            known = self._accounts.get(account)
            if account is not None and known is None:
                raise ValueError(f"no account {account!r} has asked yet")
            with self.of(known.account if known else None) as limits:
                change(limits, self.clock, changes)

    def begin(self, story: LimitStory) -> None:
        """Begin another story now, for every account."""
        with self._lock:
            self.story = story
            self.clock.restart()
            self._asked.clear()
            for limits in self._accounts.values():
                limits.begin(story)

    def advance(self, seconds: float) -> None:
        """Move the clock of the limits forward, by seconds of the server."""
        self.clock.advance(seconds)

    def note_poll(self, account_id: str | None) -> int:
        """Somebody asks for the use: the how manyth time of the account in this story."""
        with self._lock:
            self._polls.append(Poll(account_id, self.clock.now()))
            self._asked[account_id] += 1
            return self._asked[account_id]

    @contextmanager
    def of(self, account: Account | None = None) -> Generator[AccountLimits]:
        """The limits of an account, held until the end of the block."""
        with self._lock:
            whose = account or self._usual_account()
            limits = self._accounts.get(whose.account_id)
            if limits is None:
                limits = AccountLimits(whose, self.story, self.clock)
                self._accounts[whose.account_id] = limits
            limits.account = whose
            yield limits

    def as_json(self) -> dict[str, Any]:
        """The form of `GET /_sim/limits`."""
        with self._lock:
            return {
                "about": self.story.about,
                "now": self.clock.now(),
                "polls": [poll.as_json() for poll in self._polls],
                "accounts": [
                    {"account": name, "redeemed": limits.redeemed, **_told(limits.standing())}
                    for name, limits in self._accounts.items()
                ],
            }


def _told(standing: Standing) -> dict[str, Any]:
    windows = [
        {
            "bucket": bucket.id,
            "slot": slot,
            "used_percent": window.used,
            "seconds": window.seconds,
            "resets_at": window.resets_at,
        }
        for bucket in standing.buckets
        for slot, window in bucket.windows()
    ]
    return {"plan": standing.plan, "windows": windows, "refuses": standing.is_refusing}
