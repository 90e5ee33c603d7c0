"""A field whose text can be hidden, with the mark that the chosen glyphs have for a letter."""

from rich.text import Text
from textual.widgets import Input

from widgets.glyphs import Glyphs


class HiddenInput(Input):
    """One row. Textual's own mark is not ASCII."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002
        """An empty field.

        Args:
            glyphs: Marks to draw with.
            id: Of the widget.
        """
        super().__init__(id=id, password=True, compact=True, select_on_focus=False)
        self.cursor_blink = False
        self._mark = glyphs.bullet

    @property
    def _value(self) -> Text:
        if not self.password:
            return super()._value
        return Text(self._mark * len(self.value), no_wrap=True, overflow="ignore", end="")
