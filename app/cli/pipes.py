"""Ends what follows something as soon as nobody reads it, not only at its next line."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from app.cli.output import Output


@contextmanager
def while_read(output: Output) -> Generator[None]:
    """Go on for as long as somebody holds the other end of stdout, where that is a pipe.

    Raises:
        BrokenPipeError: They have gone; the task was interrupted where it waited.
    """
    pipe = output.pipe
    if pipe is None:
        yield
        return
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    have_gone = False

    def end() -> None:
        nonlocal have_gone
        have_gone = True
        loop.remove_reader(pipe)
        task.cancel()

    # There is never anything to read at this end: what is told is that the other one was closed.
    loop.add_reader(pipe, end)
    try:
        yield
    except asyncio.CancelledError:
        # A signal that came as well goes first.
        if not have_gone or task.uncancel():
            raise
        raise BrokenPipeError from None
    finally:
        loop.remove_reader(pipe)
