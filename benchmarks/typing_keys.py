"""Typing letters one by one, and when each was seen."""

import itertools
import time
from collections.abc import Callable, Iterator

from benchmarks.terminal import Terminal

LETTERS = "αβγδεζηθικλμνξοπρστυφχψωбвгджзийклмнпрстуфхцчшщъыьэюяաբգդեզէըթժիլխծկհձղճմյն"
"""One cell wide each, and in no text that is streamed."""
CLEAR = "\x15"
"""Ctrl-U: takes away what stands before the caret."""
PAUSES = (0.021, 0.034, 0.027, 0.045, 0.018, 0.039, 0.030)
"""Seconds between an echo and the next key, so that keys do not fall into step with frames."""


def type_keys(
    terminal: Terminal,
    count: int,
    *,
    while_true: Callable[[], bool] = lambda: True,
    pause: float = 1.0,
) -> list[float]:
    """Type, and wait for each letter to be seen.

    Args:
        terminal: Whose program has an empty line to type into.
        count: How many letters at most.
        while_true: Asked before each.
        pause: Factor for the pauses.

    Returns:
        Milliseconds from each key to its echo.
    """
    waits: list[float] = []
    letters = iter(LETTERS)
    pauses: Iterator[float] = itertools.cycle(PAUSES)
    while len(waits) < count and while_true():
        letter = next(letters, "")
        if not letter:
            terminal.send(CLEAR)
            time.sleep(0.15)
            letters = iter(LETTERS)
            continue
        after = terminal.received
        pressed = terminal.send(letter)
        seen = terminal.wait_for(letter.encode(), after=after, limit=20)
        waits.append((seen - pressed) * 1000)
        time.sleep(next(pauses) * pause)
    terminal.send(CLEAR)
    time.sleep(0.15)
    return waits
