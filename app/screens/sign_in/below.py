"""The text that somebody was writing when the screen of sign-in came between."""

from collections.abc import Collection
from typing import Protocol

from widgets.composer import Composer


class TextBelow(Protocol):
    """A text that is written on without being seen."""

    def insert(self, text: str) -> None:
        """Put text at the caret."""
        ...

    async def press(self, key: str) -> None:
        """Do what a key does within the text; others do nothing, so that nothing is sent."""
        ...


class Draft:
    """The text of a composer.

    Args:
        composer: Where it stands.
        newline_keys: What begins a new line there.
    """

    def __init__(self, composer: Composer, newline_keys: Collection[str]) -> None:
        self._composer = composer
        self._newline_keys = newline_keys

    def insert(self, text: str) -> None:
        """Put text at the caret."""
        self._composer.insert(text)

    async def press(self, key: str) -> None:
        """Do what a key does within the text."""
        if key in self._newline_keys:
            self._composer.action_newline()
        else:
            await self._composer.press(key)
