"""A QR code in half blocks: two modules a cell, so that they are square."""

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

Modules = tuple[tuple[bool, ...], ...]
"""Rows of modules, True for a dark one."""
QUIET = 4
"""Light modules around the code that readers want."""
LEAST_QUIET = 1
"""With fewer no reader was seen to find it."""


def modules_of(text: str) -> Modules:
    """The modules of the smallest code that holds a text, without a border.

    Takes some milliseconds to import, so it is called after the first frame.
    """
    import segno

    code = segno.make(text, error="l", micro=False)
    return tuple(tuple(bool(module) for module in row) for row in code.matrix)


class QrCode(Widget):
    """The code, its light modules light on every theme; its border as wide as there is room for."""

    modules: reactive[Modules] = reactive((), layout=True)
    """Empty until they are known."""
    room: reactive[tuple[int, int]] = reactive((0, 0), layout=True)
    """Columns and rows that may be used."""

    @property
    def border(self) -> int:
        """Light modules around the code; 0 where it has no room."""
        columns, rows = self.room
        side = len(self.modules)
        spare = min(columns - side, 2 * rows - side) // 2
        return min(QUIET, spare) if side and spare >= LEAST_QUIET else 0

    @property
    def side(self) -> int:
        """Columns of the code with its border; 0 where it is not shown."""
        return len(self.modules) + 2 * self.border if self.border else 0

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return self.side

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return -(-self.side // 2)

    def render(self) -> Content:
        """Only the foreground is painted, so it holds without colour too."""
        border = self.border
        if not border:
            return Content("")
        edge = [False] * self.side
        rows: list[Sequence[bool]] = [edge] * border
        rows += [[*edge[:border], *row, *edge[:border]] for row in self.modules]
        rows += [edge] * border
        # Ink is the lighter of the two on a dark page, and the darker one on a light page.
        is_dark = self.has_pseudo_class("dark")
        ink = [[module != is_dark for module in row] for row in rows]
        ink.append([False] * self.side)
        return Content("\n".join(map(_line, ink[::2], ink[1::2])))


def _line(upper: Sequence[bool], lower: Sequence[bool]) -> str:
    return "".join(" ▄▀█"[2 * above + below] for above, below in zip(upper, lower, strict=True))
