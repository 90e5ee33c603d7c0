"""Work that nobody's impatience may end half done."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end; whoever is cancelled meanwhile, ends only then.

    Args:
        work: Has its own limits, since nothing else ends it but the end of the loop.
    """
    task = asyncio.get_running_loop().create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        look_at(task)
        raise cancelled
    return task.result()


def look_at(task: asyncio.Task[Any]) -> None:
    """Whoever asked may be gone; an error that nobody waits for is no noise."""
    if not task.cancelled():
        task.exception()
