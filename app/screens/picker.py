"""Choose one of a few values: model, effort, theme."""

from collections.abc import Sequence
from typing import ClassVar

from app.palette import Entry
from app.screens.palette import PaletteScreen
from widgets.glyphs import Glyphs


class PickerScreen(PaletteScreen):
    """The palette with a title and what holds now selected."""

    verb: ClassVar[str] = "take"

    def __init__(
        self,
        title: str,
        entries: Sequence[Entry],
        glyphs: Glyphs,
        *,
        current: str = "",
        footnote: str = "",
    ) -> None:
        """A picker.

        Args:
            title: What is chosen.
            entries: All values, groups in their order.
            glyphs: Marks to draw with.
            current: Key of the value that holds now.
            footnote: One muted sentence under the list.
        """
        super().__init__(
            entries, glyphs, title=title, current=current, footnote=footnote, prompt="type to find"
        )
