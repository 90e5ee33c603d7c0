"""The field in which a search or a filter is typed."""

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Input

from app.keymap import Context, Keymap


class FindField(Input):
    """One row at the bottom, there only while it is used."""

    BINDINGS: ClassVar[list[BindingType]] = [*Keymap().bindings(Context.FIND)]

    def __init__(self) -> None:
        """A field that is not shown yet."""
        super().__init__(id="find", compact=True)
        self.display = False
        self.is_filter = False
        """Whether it narrows the list of chats instead of searching the open one."""

    def open(self, *, is_filter: bool) -> None:
        """Show it, empty, and take the keys.

        Args:
            is_filter: Whether it narrows the list of chats.
        """
        self.is_filter = is_filter
        self.placeholder = "filter the chats" if is_filter else "find in this chat"
        self.value = ""
        self.display = True
        self.focus()
