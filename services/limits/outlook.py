"""What follows from an account's history: forecasts, and what the last turn cost."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import tzinfo
from typing import Final

from services.clock import Clock
from services.limits.board import Board, BoardWindow
from services.limits.forecast import forecast
from services.limits.ports import LimitStorage
from services.models.limits import Forecast

_log = logging.getLogger(__name__)
HISTORY: Final = 35 * 86_400.0
"""Seconds of history that a forecast is made from."""
FRESH: Final = 300.0
"""Seconds after which a forecast is made anew though nothing was used."""


class Outlook:
    """Makes forecasts, and keeps them as long as nothing has changed.

    Args:
        account: Id in the store.
        storage: Holds the history.
        clock: Time.
        zone: Of the user's days and hours; None for the machine's own.
    """

    def __init__(
        self, account: str, storage: LimitStorage, clock: Clock, zone: tzinfo | None = None
    ) -> None:
        self._account = account
        self._storage = storage
        self._clock = clock
        self._zone = zone
        self._made: dict[str, tuple[tuple[object, ...], float, Forecast]] = {}

    async def forecasts(self, board: Board) -> Mapping[str, Forecast]:
        """A forecast for each window of a board.

        Raises:
            StorageError: The history cannot be read.
        """
        now = self._clock.now()
        made: dict[str, Forecast] = {}
        for window in board.windows:
            sign = (window.used_percent, window.resets_at, window.refused_at, window.period)
            known = self._made.get(window.id)
            if known is None or known[0] != sign or now - known[1] > FRESH:
                known = (sign, now, await self._forecast(window, now))
                self._made[window.id] = known
            made[window.id] = known[2]
        return made

    async def last_turn(self, chat_id: str) -> Mapping[str, float]:
        """What the last turn of a chat cost, by window; nothing where that cannot be told."""
        costs = await self._storage.turn_costs(self._account, chat_id, count=1) if chat_id else ()
        return dict(costs[0].percents) if costs else {}

    async def _forecast(self, window: BoardWindow, now: float) -> Forecast:
        samples = await self._storage.samples(self._account, window.id, since=now - HISTORY)
        try:
            return await asyncio.to_thread(
                forecast,
                samples,
                window_seconds=window.window_seconds,
                used=100.0 if window.is_refused(now) else window.used_percent,
                resets_at=window.resets_at,
                now=now,
                zone=self._zone,
            )
        except ArithmeticError:
            # A guess that cannot be made is none; the numbers themselves are shown all the same.
            _log.exception("no forecast of %s", window.id)
            return Forecast(reason="it cannot be reckoned")
