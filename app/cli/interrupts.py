"""What signals do to a command: the first brings its end near, the next leaves at once.

But for a renewal of the login: once its request is out the token is spent, and whoever leaves
before the answer is stored is signed out.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Final

from app.cli.output import Output

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WAITING: Final = (
    "note: Waiting for the answer that renews the login, 30 s at most. Ctrl-C again may sign you "
    "out."
)


class Interrupts:
    """Runs the work of a command until a signal ends it.

    Args:
        output: Where to say what is waited for.
        leave: Ends the process at once; replaced in tests.
    """

    def __init__(self, output: Output, *, leave: Callable[[int], object] = os._exit) -> None:
        self._output = output
        self._leave = leave
        self._is_spending: Callable[[], bool] = lambda: False
        self._came: list[int] = []

    def spare(self, is_spending: Callable[[], bool]) -> None:
        """Do not leave at the second signal while this holds; at the third all the same.

        Args:
            is_spending: Whether a refresh token is out whose answer is not stored yet.
        """
        self._is_spending = is_spending

    def run(self, work: Coroutine[None, None, int]) -> int:
        """Run `work` to its end, which a signal brings near.

        Returns:
            Its exit code, or 128 and the number of the first signal.
        """
        with asyncio.Runner() as runner:
            return runner.run(self._signalled(work))

    async def _signalled(self, work: Coroutine[None, None, int]) -> int:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._end, number, task)
        try:
            return await work
        except asyncio.CancelledError:
            if not self._came:
                raise
            return 128 + self._came[0]

    def _end(self, number: int, task: "asyncio.Task[int]") -> None:
        self._came.append(number)
        match len(self._came):
            case 1:
                task.cancel()
            case 2 if self._is_spending():
                self._output.say(WAITING)
            case _:
                self._leave(128 + number)
