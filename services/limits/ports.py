"""What the limits service asks of its collaborators, and what it gives to screens and commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from services.limits.board import Board
from services.models.failure import Failure
from services.models.limit_history import Cost, LedgerEntry, PreSend, Series, Work
from services.models.limits import LimitsState, Redeemed, RedeemTry, ResetCredits, UsageReading

ON_REQUEST: Final = 10.0
"""Seconds that have to lie between a poll of any process and one that the user asks for."""
OUTCOME_UNKNOWN: Final = "outcome_unknown"
"""Code of the error after which a reset may have been redeemed."""
LONGEST_PAUSE: Final = 1800.0
"""Seconds after a failure until somebody asks again, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is stored of an account."""

    board: Board
    version: int
    """Grows with each change of any process; 0 where nothing is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a reading did to what is stored."""

    board: Board
    version: int
    entries: tuple[LedgerEntry, ...]
    """Told now, in this process, and in no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPoll:
    """When the server was asked last, by any process."""

    asked_at: float | None = None
    """Unix seconds."""
    failure: Failure | None = None
    """Why that failed; None where it did not, or has not ended."""
    failures: int = 0
    """In a row."""
    not_before: float | None = None
    """Unix seconds before which nobody asks again: the server's word, or the back-off."""


class LimitStorage(Protocol):
    """Limits on disk, shared by all processes. Every call may raise `StorageError`."""

    async def board(self, account: str) -> Kept:
        """What is known of an account; an empty board where that is nothing that can be read."""
        ...

    async def apply(self, account: str, reading: UsageReading) -> Applied:
        """Merge a reading into the account's board: one transaction with samples, costs and ledger.

        A board that cannot be read is replaced.
        """
        ...

    async def version(self, account: str) -> int:
        """The version of what is stored, at the price of one row."""
        ...

    async def claim_poll(self, account: str, *, interval: float) -> bool:
        """Whether this process shall ask the server now.

        True for one process within `interval` seconds, which is written down before it asks; not
        before `not_before`, unless that is a pause of our own and `interval` is no longer than
        `ON_REQUEST`. A claim that lies more than `interval` in the future, and a pause that lies
        more than `LONGEST_PAUSE` there, are of a clock that was set back, and count as none.
        """
        ...

    async def poll_ended(
        self, account: str, failure: Failure | None = None, *, not_before: float | None = None
    ) -> None:
        """Note how a claimed poll ended."""
        ...

    async def last_poll(self, account: str) -> LastPoll:
        """When and how the server was asked last."""
        ...

    async def work_began(self, account: str, work: Work) -> None:
        """Note that something draws on the limits from now on."""
        ...

    async def work_ended(self, account: str, kind: str, work_id: str, *, title: str = "") -> None:
        """Note that it is over; a title replaces the one of its beginning."""
        ...

    async def costs(self, account: str, *, since: float, limit: int = 100) -> tuple[Cost, ...]:
        """What each work, and what nothing of ours, cost since then; dearest first."""
        ...

    async def hours(self, account: str, *, since: float) -> tuple[Cost, ...]:
        """The same by the hour, oldest first."""
        ...

    async def turn_costs(self, account: str, chat_id: str, *, count: int) -> tuple[Cost, ...]:
        """Of the last finished turns of a chat, newest first; those that cost nothing too."""
        ...

    async def series(
        self, account: str, *, since: float, until: float, columns: int
    ) -> tuple[Series, ...]:
        """Every window's history, reduced in SQL to at most one point a column."""
        ...

    async def samples(
        self, account: str, window_id: str, *, since: float
    ) -> tuple[tuple[float, float, float | None], ...]:
        """Time, percent used and reset for the forecast, oldest first.

        Of the last two days every change, before that one an hour.
        """
        ...

    async def ledger(
        self, account: str, *, window_id: str | None = None, limit: int = 100
    ) -> tuple[LedgerEntry, ...]:
        """What happened, newest first; with an empty id what is of no window on the board."""
        ...

    async def claim_alert(self, account: str, window_id: str, period: int, kind: str) -> bool:
        """Whether this process shall tell this alert: True once, over all processes and time.

        A threshold takes the lower ones of its episode along.
        """
        ...

    async def redeem_id(self, account: str, credit: str, new_id: str) -> str:
        """The id of the try to redeem a credit whose end is not known, else `new_id`, kept.

        A try that is older than a day is forgotten.
        """
        ...

    async def open_redeem(self, account: str) -> RedeemTry | None:
        """The oldest try whose end is not known, for a day after it was made; else None."""
        ...

    async def redeem_ended(self, account: str, credit: str) -> None:
        """Forget the id of a try whose end is known."""
        ...

    async def note(self, account: str, entry: LedgerEntry) -> LedgerEntry:
        """Add to the ledger what no reading shows; with the id of its row."""
        ...

    async def set_status(self, state: LimitsState) -> None:
        """Write what a status line reads, where `state` is not older than what stands there."""
        ...

    async def purge(self, *, before: float | None = None) -> int:
        """Delete samples, costs and ledger before a time, or all limits; the number of rows."""
        ...


class UsageSource(Protocol):
    """The server, asked about usage. Wire format: docs/protocols/limits.md."""

    async def usage(self) -> UsageReading:
        """Read all windows.

        Raises:
            ServiceError: It was not reached, refused, or answered with nothing that can be read.
        """
        ...

    async def reset_credits(self) -> ResetCredits:
        """Read the resets that can be redeemed, one by one; as `usage`."""
        ...

    async def redeem(self, request_id: str, credit_id: str | None) -> Redeemed:
        """Redeem a reset. Sent once; the same `request_id` may be sent again, another one never.

        Raises:
            UnreachableError: With the code `OUTCOME_UNKNOWN` where it may have happened.
            ServiceError: As `usage`.
        """
        ...


class Limits(Protocol):
    """What screens and commands ask of the limits service."""

    @property
    def state(self) -> LimitsState:
        """What is known now."""
        ...

    def watch(self, *, is_looking: bool) -> None:
        """Poll as often as for somebody who looks, or seldom."""
        ...

    async def refresh(self, *, is_wanted: bool = True) -> LimitsState:
        """Read now, unless some process did within ten seconds, or a minute where nobody asked.

        Raises:
            ServiceError: The server could not be read; `state` holds the numbers of before.
        """
        ...

    async def tell_alerts(self) -> None:
        """Tell alerts on the bus from now on: there is somebody who shows them."""
        ...

    async def history(self, *, since: float, columns: int) -> Sequence[Series]:
        """Every window's use since then, one point a column."""
        ...

    async def ledger(self, window_id: str | None = None) -> Sequence[LedgerEntry]:
        """What happened, newest first and at most a hundred.

        Args:
            window_id: None for all; empty for what is of no window that there is: of the account,
                and of windows that are gone.
        """
        ...

    async def costs(self, *, since: float) -> Sequence[Cost]:
        """Where it went, dearest first."""
        ...

    async def hours(self, *, since: float) -> Sequence[Cost]:
        """Where it went by the hour, oldest first."""
        ...

    async def before_send(self, chat_id: str) -> PreSend | None:
        """What the next turn of a chat costs, where that is more than is left; else None."""
        ...

    async def reset_credits(self) -> ResetCredits:
        """The resets that can be redeemed. Raises `ServiceError`."""
        ...

    async def open_redeem(self) -> RedeemTry | None:
        """The try to redeem of which it is not known what came: it has to be repeated first.

        Raises:
            StorageError: The store cannot be read.
        """
        ...

    async def redeem(self, credit_id: str | None) -> Redeemed:
        """Redeem one. A try whose outcome was unknown is repeated with its own request id.

        Raises:
            UsageError: It is not known what came of a try to redeem another one.
            ServiceError: It failed, or (code `OUTCOME_UNKNOWN`) its outcome is unknown.
        """
        ...
