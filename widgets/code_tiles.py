"""A short code to be typed elsewhere, large enough to be read across a desk."""

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from widgets.glyphs import Glyphs
from widgets.muted import muted

TILE = 3
"""Cells of a character's tile; one empty cell follows it."""
SEPARATOR = "-"


class CodeTiles(Widget):
    """One raised tile a character; bold text where there is no room, brackets where all is ASCII.

    A separator is muted: it is not always to be typed.
    """

    code: reactive[str] = reactive("", layout=True)
    is_low: reactive[bool] = reactive(False, layout=True)
    """Whether rows are scarce."""

    def __init__(self, code: str, glyphs: Glyphs) -> None:
        """Tiles of a code.

        Args:
            code: Clean text of one row.
            glyphs: Plain ones give brackets.
        """
        super().__init__()
        self._glyphs = glyphs
        self.set_reactive(CodeTiles.code, code)

    @property
    def tiles_width(self) -> int:
        """Columns that the tiles take."""
        return sum(_width(letter) + 1 for letter in self.code) - 1

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return min(container.width, self.tiles_width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        if self._is_row(width):
            return -(-len(self.code) // max(1, width))
        return 1 if self._has_brackets else 3

    def render(self) -> Content:
        """The tiles, or the code as a bold row."""
        width = self.size.width
        if self._is_row(width):
            # Never cut: half a code is none.
            starts = range(0, len(self.code), max(1, width))
            rows = (Content.styled(self.code[x : x + width], "bold") for x in starts)
            return Content("\n").join(rows)
        if self._has_brackets:
            return Content(" ").join(self._tile(letter, "[", "]") for letter in self.code)
        edge = Content(" ").join(self._edge(letter) for letter in self.code)
        middle = Content(" ").join(
            self._tile(letter, " ", " ", "on $surface") for letter in self.code
        )
        return Content("\n").join((edge, middle, edge))

    @property
    def _has_brackets(self) -> bool:
        # Where only the terminal's own colours are used no tile could be seen.
        return self._glyphs.is_ascii or self.has_pseudo_class("ansi")

    def _is_row(self, width: int) -> bool:
        return self.is_low or self.tiles_width > width

    def _tile(self, letter: str, left: str, right: str, style: str = "") -> Content:
        if letter == SEPARATOR:
            return Content.styled(letter, muted(self))
        face = Content.assemble((left, muted(self)), (letter, "bold"), (right, muted(self)))
        return face.stylize_before(style) if style else face

    def _edge(self, letter: str) -> Content:
        return Content.styled(" " * _width(letter), "" if letter == SEPARATOR else "on $surface")


def _width(letter: str) -> int:
    return 1 if letter == SEPARATOR else TILE
