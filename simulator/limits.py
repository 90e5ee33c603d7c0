"""Rate limits that fill as requests come, in headers and in stream events."""

import time
from typing import Any

from simulator import events

FIVE_HOURS = 300
WEEK = 10_080


class Limits:
    """Two windows of a Plus plan; each answered request uses a little of both."""

    def __init__(self) -> None:
        now = int(time.time())
        self._resets = {FIVE_HOURS: now + 2 * 3600 + 840, WEEK: now + 4 * 86_400}
        self._used = {FIVE_HOURS: 38.0, WEEK: 61.0}

    def use(self) -> None:
        """Count one request."""
        self._used[FIVE_HOURS] = min(99.0, self._used[FIVE_HOURS] + 0.7)
        self._used[WEEK] = min(99.0, self._used[WEEK] + 0.1)

    def headers(self) -> dict[str, str]:
        """As the Codex backend sends them with every answer."""
        fields = {"x-codex-plan-type": "plus"}
        for place, minutes in (("primary", FIVE_HOURS), ("secondary", WEEK)):
            start = f"x-codex-{place}"
            fields[f"{start}-used-percent"] = f"{self._used[minutes]:.0f}"
            fields[f"{start}-window-minutes"] = str(minutes)
            fields[f"{start}-reset-at"] = str(self._resets[minutes])
            fields[f"{start}-reset-after-seconds"] = str(self._left(minutes))
        return fields | {
            "x-codex-primary-over-secondary-limit-percent": "0",
            "x-codex-credits-has-credits": "False",
            "x-codex-credits-unlimited": "False",
            "x-codex-credits-balance": "",
        }

    def event(self) -> events.Event:
        """The same inside a stream."""
        return events.rate_limits(self._window(FIVE_HOURS), self._window(WEEK))

    def _window(self, minutes: int) -> dict[str, Any]:
        return {
            "used_percent": round(self._used[minutes]),
            "window_minutes": minutes,
            "reset_at": self._resets[minutes],
            "reset_after_seconds": self._left(minutes),
        }

    def _left(self, minutes: int) -> int:
        return max(0, self._resets[minutes] - int(time.time()))
