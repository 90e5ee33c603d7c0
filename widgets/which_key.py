"""What the next key does: a panel along the lower edge."""

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from widgets.glyphs import Glyphs
from widgets.key_group import KeyGroup, draw_head, draw_row
from widgets.muted import muted

COLUMNS = 3
LEAST_WIDTH = 24
"""Cells of a column; with less there are fewer columns."""
INDENT, GAP = 2, 2


class WhichKey(Widget):
    """Groups of keys side by side, as many as there is room for."""

    def __init__(self, groups: Sequence[KeyGroup], glyphs: Glyphs) -> None:
        """A panel.

        Args:
            groups: One a column where the width allows.
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._groups = tuple(groups)
        self._glyphs = glyphs

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._lines(width)))

    def render(self) -> Content:
        """Heads and rows, the columns side by side."""
        return Content("\n").join(self._lines(self.size.width)[: max(1, self.size.height)])

    def _lines(self, width: int) -> list[Content]:
        columns = max(1, min(COLUMNS, len(self._groups), (width - INDENT) // LEAST_WIDTH))
        cells = max(1, (width - INDENT) // columns - GAP)
        drawn: list[list[Content]] = [[] for _ in range(columns)]
        for place, group in enumerate(self._groups):
            drawn[place % columns].extend(self._draw(group, cells))
        lines: list[Content] = []
        for place in range(max((len(column) for column in drawn), default=0)):
            line = Content(" " * INDENT)
            for column in drawn:
                part = column[place] if place < len(column) else Content("")
                line = Content.assemble(line, part, " " * (cells + GAP - part.cell_length))
            lines.append(line.truncate(width))
        return lines

    def _draw(self, group: KeyGroup, cells: int) -> list[Content]:
        column = max(Content(keys).cell_length for keys, _ in group.rows) + 2
        mark, quiet = self._glyphs.ellipsis, muted(self)
        rows = [draw_row(keys, words, column, cells, mark, quiet) for keys, words in group.rows]
        return [draw_head(group.name, cells, mark, quiet), *rows]
