"""The limits of the signed-in account: polled, heard from answers, kept, told on the bus.

Rules: docs/limits.md; wire format: docs/protocols/limits.md.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from services.bus import EventBus
from services.clock import Clock
from services.errors import ServiceError, StorageError, UsageError
from services.events import (
    AccountChanged,
    AnyEvent,
    ChatListChanged,
    LimitsChanged,
    LimitsRead,
    TurnEnded,
    TurnStarted,
)
from services.limits import presend
from services.limits.alerting import Alerting
from services.limits.board import Board
from services.limits.outlook import Outlook
from services.limits.polling import LOOKED_AT, Poller
from services.limits.ports import ON_REQUEST, OUTCOME_UNKNOWN, LimitStorage, UsageSource
from services.limits.redeeming import DONE, Redeeming
from services.limits.state import state_of
from services.limits.whose import standing_of
from services.models.account import Account
from services.models.failure import Failure
from services.models.limit_history import Cost, LedgerEntry, PreSend, Series, Work
from services.models.limits import (
    LimitSource,
    LimitsState,
    Redeemed,
    RedeemTry,
    ResetCredits,
    Standing,
    UsageReading,
)

FOLLOW: Final = 3.0
"""Seconds between two looks at what other processes stored, while somebody looks."""
FOLLOW_UNWATCHED: Final = 30.0
LAST_WORDS: Final = 3.0
"""Seconds in which what was told before the end is stored, at most."""
TURNS: Final = 20
"""Turns of a chat from which the next one's cost is guessed."""
_log = logging.getLogger(__name__)


class LimitsService:
    """Knows the limits of one account. Use as an async context manager, which polls while open.

    Args:
        account: Id in the store; empty where there are no limits to know.
        standing: Why there are none, else UNKNOWN.
        storage: Shared with all processes.
        source: The server; None where there are no limits to know.
        bus: Heard, and told.
        clock: Time.
        new_id: Makes ids that are never used again.
        is_polling: False for commands, which ask when they want to.
        is_quiet: Whether no alert is wanted at a moment, in Unix seconds.
        signed_in_at: When the login was made or renewed, Unix seconds.
    """

    def __init__(
        self,
        *,
        account: str,
        standing: Standing = Standing.UNKNOWN,
        storage: LimitStorage,
        source: UsageSource | None,
        bus: EventBus,
        clock: Clock,
        new_id: Callable[[], str],
        is_polling: bool = True,
        is_quiet: Callable[[float], bool] = lambda _: False,
        signed_in_at: float | None = None,
    ) -> None:
        self._account = account
        self._storage = storage
        self._bus = bus
        self._clock = clock
        self._outlook = Outlook(account, storage, clock)
        self._alerting = Alerting(account, storage, bus, clock, is_quiet)
        self._poller: Poller | None = None
        self._redeeming: Redeeming | None = None
        if source is not None:
            self._poller = Poller(
                account, storage, source, clock, self._heard, self._failed, self._read_stored
            )
            self._poller.signed_in_at = signed_in_at
            self._redeeming = Redeeming(account, storage, source, clock, new_id)
        self._is_polling = is_polling
        self._failure: Failure | None = None
        self._titles: dict[str, str] = {}
        self._last_chat = ""
        self._is_out = False
        """Whether the account is not the one that is signed in."""
        self._tasks: list[asyncio.Task[None]] = []
        """First the one that listens."""
        self._is_idle = asyncio.Event()
        """Whether nothing is being heard."""
        self._is_idle.set()
        self.state = LimitsState(standing=standing, account=account)
        """What is known now."""

    async def __aenter__(self) -> Self:
        if self._poller is not None:
            await self._read_stored()
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._listen())]
            if self._is_polling:
                self._tasks.append(loop.create_task(self._poller.run()))
                self._tasks.append(loop.create_task(self._follow(self._poller)))
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await _end(self._tasks[1:])
        # How the last turn ended was told only just now.
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._heard_all()
        await _end(self._tasks[:1])
        self._tasks.clear()

    def watch(self, *, is_looking: bool) -> None:
        """Poll as often as for somebody who looks, or seldom."""
        if self._poller is not None:
            self._poller.watch(is_looking=is_looking)

    async def tell_alerts(self) -> None:
        """Tell alerts on the bus from now on: there is somebody who shows them."""
        self._alerting.begin()
        with suppress(StorageError):
            await self._alerting.tell(self.state)

    async def refresh(self, *, is_wanted: bool = True) -> LimitsState:
        """Read now, unless some process did within ten seconds, or a minute where nobody asked.

        Raises:
            ServiceError: The server could not be read; `state` holds the numbers of before.
        """
        if self._poller is not None:
            await self._poller.poll(ON_REQUEST if is_wanted else LOOKED_AT)
        return self.state

    async def history(self, *, since: float, columns: int) -> Sequence[Series]:
        """Every window's use since then, one point a column."""
        now = self._clock.now()
        return await self._storage.series(
            self._account, since=since, until=now, columns=max(1, columns)
        )

    async def ledger(self, window_id: str | None = None) -> Sequence[LedgerEntry]:
        """What the server did, newest first."""
        return await self._storage.ledger(self._account, window_id=window_id)

    async def costs(self, *, since: float) -> Sequence[Cost]:
        """Where it went, dearest first."""
        return await self._storage.costs(self._account, since=since)

    async def hours(self, *, since: float) -> Sequence[Cost]:
        """Where it went by the hour, oldest first."""
        return await self._storage.hours(self._account, since=since)

    async def before_send(self, chat_id: str) -> PreSend | None:
        """What the next turn of a chat costs, where that is more than is left; else None."""
        await self._heard_all()
        if self.state.standing is not Standing.KNOWN:
            return None
        try:
            costs = await self._storage.turn_costs(self._account, chat_id, count=TURNS)
        except StorageError as error:
            _log.warning("what turns cost cannot be read: %s", error.message)
            return None
        return presend.warning(costs, self.state, self._clock.now())

    async def reset_credits(self) -> ResetCredits:
        """The resets that can be redeemed. Raises `ServiceError`."""
        resets = await self._needs_redeeming().credits()
        with suppress(StorageError):
            await self._read_stored()
        return resets

    async def redeem(self, credit_id: str | None) -> Redeemed:
        """Redeem one. A try whose outcome was unknown is repeated with its own request id.

        Raises:
            UsageError: It is not known what came of a try to redeem another one.
            ServiceError: It failed, or (code `OUTCOME_UNKNOWN`) its outcome is unknown.
        """
        try:
            redeemed = await self._needs_redeeming().redeem(credit_id)
        except ServiceError as error:
            await self._after_redeem(is_changed=error.code == OUTCOME_UNKNOWN)
            raise
        await self._after_redeem(is_changed=redeemed.code in DONE)
        return redeemed

    async def open_redeem(self) -> RedeemTry | None:
        """The try to redeem of which it is not known what came. Raises `StorageError`."""
        return await self._needs_redeeming().open()

    async def _after_redeem(self, *, is_changed: bool) -> None:
        """Show what is known by now, and ask at once where that may be of before."""
        with suppress(StorageError):
            await self._read_stored()
        with suppress(ServiceError):
            if is_changed and self._poller is not None:
                await self._poller.poll_now()
            else:
                await self.refresh()

    def _needs_redeeming(self) -> Redeeming:
        if self._redeeming is None:
            raise UsageError("There are no limits here", next_step="Sign in with ChatGPT")
        return self._redeeming

    # What is heard -------------------------------------------------------------------------------

    async def _heard_all(self) -> None:
        """Wait until all that was told so far is known: the end of a turn, for one."""
        # Once round the loop, so that whoever listens has noticed it.
        await asyncio.sleep(0)
        await self._is_idle.wait()

    async def _listen(self) -> None:
        with self._bus.subscribe() as subscription:
            while True:
                events = subscription.take()
                if not events:
                    self._is_idle.set()
                    await subscription.wait()
                    self._is_idle.clear()
                for event in events:
                    try:
                        await self._hear(event)
                    except StorageError as error:
                        _log.warning("limits were not stored: %s", error.message)
                    except Exception:
                        _log.exception("a word about limits was not understood")

    async def _hear(self, event: AnyEvent) -> None:
        match event:
            case LimitsRead(reading=reading):
                await self._heard(reading)
            case ChatListChanged(chats=chats):
                self._titles = {chat.id: chat.title for chat in chats}
            case TurnStarted(chat_id=chat_id, turn_id=turn_id) if not self._is_out:
                work = Work(
                    kind="turn",
                    id=turn_id,
                    group=chat_id,
                    title=self._titles.get(chat_id, ""),
                    started_at=self._clock.now(),
                )
                await self._storage.work_began(self._account, work)
            case TurnEnded(chat_id=chat_id, turn_id=turn_id):
                title = self._titles.get(chat_id, "")
                await self._storage.work_ended(self._account, "turn", turn_id, title=title)
                self._last_chat = chat_id
            case AccountChanged(account=account):
                await self._signed(account)
            case _:
                pass

    async def _signed(self, account: Account) -> None:
        """Go on where the account is signed in, or was renewed; else know nothing any more."""
        assert self._poller is not None, "nobody listens without one"
        standing = standing_of(self._account, account)
        was_out, self._is_out = self._is_out, standing is not Standing.KNOWN
        self._poller.is_held = standing in {Standing.UNKNOWN, Standing.API_KEY}
        if self._is_out:
            version = self.state.version
            await self._tell(LimitsState(standing=standing, account=self._account, version=version))
            return
        self._poller.signed_in_at = account.refreshed_at
        if was_out:
            await self._read_stored()

    async def _heard(self, reading: UsageReading) -> None:
        """Take a word of the server into what is known."""
        if self._is_out:
            # It may be about whoever is signed in now.
            return
        applied = await self._storage.apply(self._account, reading)
        if reading.source is LimitSource.POLL:
            self._failure = None
        await self._show(applied.board, applied.version)

    async def _failed(self, failure: Failure) -> None:
        self._failure = failure
        if self._is_out:
            return
        await self._tell(replace(self.state, failure=failure))

    async def _read_stored(self) -> None:
        """Take what other processes have stored."""
        if self._is_out:
            return
        kept = await self._storage.board(self._account)
        self._failure = (await self._storage.last_poll(self._account)).failure
        await self._show(kept.board, kept.version)

    async def _follow(self, poller: Poller) -> None:
        """See what other processes store."""
        while True:
            await self._clock.sleep(FOLLOW if poller.is_looking else FOLLOW_UNWATCHED)
            try:
                version = await self._storage.version(self._account)
                # Forecasts of before quiet hours say nothing any more.
                if version != self.state.version or self._alerting.is_owed:
                    await self._read_stored()
            except StorageError as error:
                _log.warning("limits of other programs cannot be read: %s", error.message)

    # What is told --------------------------------------------------------------------------------

    async def _show(self, board: Board, version: int) -> None:
        if version < self.state.version or self._is_out:
            return
        state = state_of(
            board,
            account=self._account,
            version=version,
            now=self._clock.now(),
            forecasts=await self._outlook.forecasts(board),
            last_turns=await self._outlook.last_turn(self._last_chat),
            failure=self._failure,
            is_redeem_open=await self._storage.open_redeem(self._account) is not None,
        )
        await self._tell(state)
        await self._alerting.tell(state)

    async def _tell(self, state: LimitsState) -> None:
        self.state = state
        self._bus.publish(LimitsChanged(state=state))
        await self._storage.set_status(state)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
