"""Saying what is waited for, where that takes longer than a blink."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

BLINK = 0.5
"""Seconds."""


class Waits:
    """Says one thing after another, each only once it lasts. A context manager; leaving is silent.

    Args:
        say: Shows a sentence.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._soon: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def wait(self, words: str) -> None:
        """What is waited for from now on, instead of what came before."""
        self._stop()
        self._soon = asyncio.get_running_loop().call_later(BLINK, self._say, words)

    def _stop(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
