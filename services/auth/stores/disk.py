"""Work on a disk, which may hang: a home can lie on a network drive whose server is gone."""

from collections.abc import Callable
from typing import Final, TypeVar

from services.auth.stores.limited import IsWanted, run_limited
from services.errors import StorageError

T = TypeVar("T")

DISK_LIMIT: Final = 30.0
"""Seconds after which a disk counts as hung."""


async def on_disk(
    work: Callable[[IsWanted], T],
    *,
    is_finished_when_cancelled: bool = False,
    discard: Callable[[T], None] = lambda _: None,
) -> T:
    """Run `work` in a thread; arguments as of `run_limited`.

    Raises:
        StorageError: The disk does not answer, or what `work` raises.
    """
    try:
        return await run_limited(
            work,
            DISK_LIMIT,
            is_finished_when_cancelled=is_finished_when_cancelled,
            discard=discard,
        )
    except TimeoutError as error:
        raise StorageError(
            "The disk does not answer",
            next_step="Check the disk or the network drive",
            code="disk_mute",
        ) from error
