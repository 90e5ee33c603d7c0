"""An application in which keys can wait, in their order, until there is something to take them."""

from collections.abc import Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from textual import events
from textual.app import App
from textual.driver import Driver
from textual.screen import Screen

Result = TypeVar("Result")
Typed = events.Key | events.Paste


class HoldsKeys(App[Result]):
    """Lets what is typed before the first frame wait, and whenever it is asked to."""

    _held: list[Typed] | None
    """What waits; None while nothing does."""

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        """An application whose keys wait until they are released for the first time.

        Args:
            driver_class: What reads the terminal; None for Textual's choice.
        """
        super().__init__(driver_class=driver_class)
        self._held = []
        self._sent_to: WeakKeyDictionary[events.Event, Screen[Any]] = WeakKeyDictionary()
        """On which screen each key that is under way was typed."""

    @property
    def hears_keys(self) -> bool:
        """Whether nothing that is typed waits."""
        return self._held is None

    def hold_keys(self) -> None:
        """Let what is typed from now on wait."""
        if self._held is None:
            self._held = []

    def release_keys(self, first: Sequence[Typed] = ()) -> None:
        """Take all that waits as if it were typed now.

        Args:
            first: What was typed before that, and came to somebody who could not take it.
        """
        self._held = [*(_fresh(event) for event in first), *(self._held or ())]
        self.call_next(self._replay)

    async def on_event(self, event: events.Event) -> None:
        """Let keys wait while they are held."""
        if self._held is not None and isinstance(event, Typed):
            self._held.append(event)
        else:
            await self._take(event)

    async def _take(self, event: events.Event) -> None:
        if isinstance(event, events.Key):
            if event.is_forwarded and self._sent_to.pop(event, self.screen) is not self.screen:
                # Nobody took it, and a key of the same burst before it has opened another screen,
                # or closed one: it is meant for what is shown now.
                event = _fresh(event)
            if not event.is_forwarded:
                self._sent_to[event] = self.screen
        await super().on_event(event)

    async def _replay(self) -> None:
        # It goes on holding meanwhile: nothing overtakes.
        while self._held:
            await self._take(self._held.pop(0))
        self._held = None


def _fresh(event: Typed) -> events.Key | events.Paste:
    """The same, as it was before anybody had it."""
    if isinstance(event, events.Paste):
        return events.Paste(event.text)
    return events.Key(event.key, event.character)
