"""What is typed while a text has to stay as it is: it comes after the text later."""

from collections.abc import Callable, Collection

from widgets.prompt import EDITING


class Ahead:
    """Characters, and the few keys that mean something before anything else is there to edit."""

    def __init__(self, newline: Collection[str], changed: Callable[[], None]) -> None:
        """Nothing yet.

        Args:
            newline: Keys that begin a new line.
            changed: Called after each change.
        """
        self.text = ""
        self._newline = newline
        self._changed = changed

    def type(self, text: str) -> None:
        """Add characters."""
        self.text += text
        self._changed()

    def press(self, key: str) -> None:
        """Do what a key without a character does; most do nothing."""
        if key in self._newline:
            self.type("\n")
        elif EDITING.get(key) == "delete_left" and self.text:
            self.text = self.text[:-1]
            self._changed()
