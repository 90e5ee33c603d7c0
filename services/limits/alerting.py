"""Who tells alerts, and when. What is told: `alerts.py`; rules: docs/forecast.md."""

from collections.abc import Callable
from dataclasses import replace

from services.bus import EventBus
from services.clock import Clock
from services.events import LimitsAlerted
from services.limits import alerts
from services.limits.periods import SAME
from services.limits.ports import LimitStorage
from services.models.limits import LimitsState, WindowState


class Alerting:
    """Tells on the bus what is due, where no other process has told it.

    Args:
        account: Id in the store.
        storage: Where it is agreed who tells.
        bus: Told.
        clock: Time.
        is_quiet: Whether nobody wants to hear anything at a moment, in Unix seconds.
    """

    def __init__(
        self,
        account: str,
        storage: LimitStorage,
        bus: EventBus,
        clock: Clock,
        is_quiet: Callable[[float], bool],
    ) -> None:
        self._account = account
        self._storage = storage
        self._bus = bus
        self._clock = clock
        self._is_quiet = is_quiet
        self._told: LimitsState | None = None
        """Up to which state alerts were told; None while nobody would show them."""
        self._is_put_off = False
        self._heard: dict[str, WindowState] = {}
        """Of each window what the newest word about it said."""
        self._doubted: set[str] = set()

    @property
    def is_owed(self) -> bool:
        """Whether quiet hours have ended in which a state was not looked at."""
        return self._is_put_off and not self._is_quiet(self._clock.now())

    def begin(self) -> None:
        """There is somebody who shows them, and has been told nothing yet."""
        self._told = LimitsState(account=self._account)

    async def tell(self, state: LimitsState) -> None:
        """Tell what is due.

        In quiet hours nothing is claimed: when they end, it is told by whoever is there then, if it
        still holds.

        Raises:
            StorageError: It cannot be found out what was told.
        """
        before, now = self._told, self._clock.now()
        self._compare(state)
        if before is None:
            return
        self._is_put_off = self._is_quiet(now)
        if self._is_put_off:
            return
        # A window whose reset has passed has probably begun anew; the next word tells.
        unsure = self._doubted | {window.id for window in state.windows if window.is_due(now)}
        sure = replace(
            state, windows=tuple(each for each in state.windows if each.id not in unsure)
        )
        for alert in alerts.due(before, sure):
            window = next(each for each in sure.windows if each.id == alert.window_id)
            if await self._storage.claim_alert(
                self._account, alert.window_id, window.period, alert.kind
            ):
                self._bus.publish(LimitsAlerted(alert=alert))
        kept = tuple(each for each in before.windows if each.id in unsure)
        self._told = replace(sure, windows=(*sure.windows, *kept))

    def _compare(self, state: LimitsState) -> None:
        """Doubt a window whose reset lies elsewhere, until the next word about it.

        It may be the first word of a new episode, in which it would be told a second time.
        """
        for window in state.windows:
            old = self._heard.get(window.id)
            if old is not None and old.as_of == window.as_of:
                continue
            was_doubted = window.id in self._doubted
            self._doubted.discard(window.id)
            if old is not None and not was_doubted and _has_moved(old, window):
                self._doubted.add(window.id)
            self._heard[window.id] = window


def _has_moved(old: WindowState, new: WindowState) -> bool:
    if old.resets_at is None or new.resets_at is None:
        return False
    return old.period == new.period and abs(new.resets_at - old.resets_at) > SAME
