"""How fast an answer is written: like a person would see it, scaled, or at once."""

import math
import re
from collections.abc import Iterator
from random import Random

from simulator.script import Wait

TOKEN = re.compile(r"\s*\w{1,8}|\s*[^\w\s]{1,3}|\s+")

TOKEN_SECONDS = (0.004, 0.026)
"""Shortest and longest gap between two tokens: about 65 tokens a second on average."""


class Pace:
    """Gives the waits between what is written."""

    def __init__(self, speed: float, random: Random) -> None:
        """Scale by `speed`: 1 is human, 2 twice as fast, infinity without waits."""
        self._speed = speed
        self._random = random

    def wait(self, seconds: float) -> Iterator[Wait]:
        """A silence of so many seconds at speed 1; none where speed is infinite."""
        if seconds > 0 and not math.isinf(self._speed):
            yield Wait(seconds / self._speed)

    def between(self) -> Iterator[Wait]:
        """The gap between two tokens."""
        return self.wait(self._random.uniform(*TOKEN_SECONDS))


def split_tokens(text: str) -> list[str]:
    """Pieces about as long as a model's tokens, each with the space before it."""
    return TOKEN.findall(text)
