"""When the server is asked for usage: pure arithmetic. Rules: docs/limits.md."""

import random
from typing import Final

LOOKED_AT: Final = 60.0
"""Seconds between two polls while somebody looks; no process of the account asks sooner."""
UNWATCHED: Final = 300.0
"""Seconds between two polls while nobody does."""
JITTER: Final = 0.15
"""Share by which waits are longer at random, so that processes do not come together."""
FIRST_PAUSE, LONGEST_PAUSE = 120.0, 1800.0
"""Seconds after the first failure, and at most: doubled each time."""


def wait(*, is_looking: bool, rng: random.Random) -> float:
    """Seconds from one look at whether a poll is due to the next."""
    return (LOOKED_AT if is_looking else UNWATCHED) * (1.0 + JITTER * rng.random())


def pause(failures: int) -> float:
    """Seconds after so many failures in a row until anybody asks again."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** max(0, failures - 1))
