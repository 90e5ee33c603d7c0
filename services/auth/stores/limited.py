"""Work that blocks, in a thread that nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

IsWanted = Callable[[], bool]
"""Asked before a change that nobody may be waiting for any more."""


async def run_limited(
    work: Callable[[IsWanted], T],
    limit: float,
    *,
    is_finished_when_cancelled: bool = False,
    discard: Callable[[T], None] = lambda _: None,
) -> T:
    """Run `work` in a daemon thread of its own: one that hangs never keeps the program alive.

    Args:
        work: Is given a function that says whether its outcome is still waited for.
        limit: Seconds.
        is_finished_when_cancelled: Let the work come to its end before a cancellation goes on, so
            that locks around it hold as long as it writes.
        discard: Is given what came of the work where nobody takes it any more.

    Raises:
        TimeoutError: It took longer. What it does later must be nothing: it asks first.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    given_up = threading.Event()

    def succeed(result: T) -> None:
        if done.done():
            discard(result)
        else:
            done.set_result(result)

    def fail(error: Exception) -> None:
        if not done.done():
            done.set_exception(error)

    def run() -> None:
        try:
            result = work(lambda: not given_up.is_set())
        except Exception as error:
            # A closed loop waits for nothing any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(fail, error)
            return
        try:
            loop.call_soon_threadsafe(succeed, result)
        except RuntimeError:
            discard(result)

    threading.Thread(target=run, name="credentials", daemon=True).start()
    end = loop.time() + limit
    cancelled: asyncio.CancelledError | None = None
    try:
        while not done.done() and (left := end - loop.time()) > 0:
            try:
                await asyncio.wait((done,), timeout=left)
            except asyncio.CancelledError as error:
                cancelled = error
                if not is_finished_when_cancelled:
                    break
    finally:
        if not done.done():
            given_up.set()
            done.cancel()
    if cancelled is not None:
        # The error is looked at too, so that the loop does not complain about one nobody saw.
        if not done.cancelled() and done.exception() is None:
            discard(done.result())
        raise cancelled
    if done.cancelled():
        raise TimeoutError
    return done.result()
