"""Work that blocks, in a thread that nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

IsWanted = Callable[[], bool]
"""Asked before a change that nobody may be waiting for any more."""


async def run_limited(
    work: Callable[[IsWanted], T], limit: float, *, is_finished_when_cancelled: bool = False
) -> T:
    """Run `work` in a daemon thread of its own: one that hangs never keeps the program alive.

    Args:
        work: Is given a function that says whether its outcome is still waited for.
        limit: Seconds.
        is_finished_when_cancelled: Let the work come to its end before a cancellation goes on, so
            that locks around it hold as long as it writes.

    Raises:
        TimeoutError: It took longer. What it does later must be nothing: it asks first.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    given_up = threading.Event()

    def tell(outcome: Callable[[Any], None], value: object) -> None:
        if not done.done():
            outcome(value)

    def run() -> None:
        try:
            report: tuple[Callable[[Any], None], object] = (
                done.set_result,
                work(lambda: not given_up.is_set()),
            )
        except Exception as error:
            report = (done.set_exception, error)
        try:
            loop.call_soon_threadsafe(tell, *report)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            return

    threading.Thread(target=run, name="credentials", daemon=True).start()
    end = loop.time() + limit
    cancelled: asyncio.CancelledError | None = None
    try:
        while not done.done() and (left := end - loop.time()) > 0:
            try:
                await asyncio.wait((done,), timeout=left)
            except asyncio.CancelledError as error:
                if not is_finished_when_cancelled:
                    raise
                cancelled = error
    finally:
        if not done.done():
            given_up.set()
            done.cancel()
    if cancelled is not None:
        if not done.cancelled():
            # Looked at, so that the loop does not complain about an error nobody saw.
            done.exception()
        raise cancelled
    if done.cancelled():
        raise TimeoutError
    return done.result()
