"""What happened, with its time: the ledger of the limits."""

from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import UNICODE, Glyphs
from widgets.muted import muted

TIME = 13
"""Cells of the time, with the gap after it."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One entry."""

    time: str = ""
    what: str = ""
    """Without it and the time the detail belongs to the entry before."""
    detail: str = ""
    """Stands below it, muted."""


class LedgerList(Widget):
    """Muted times at the left; what happened, and a detail below it, at the right."""

    head: reactive[str] = reactive("", layout=True)
    """Bold, above the rows; left out where it is empty."""
    rows: reactive[tuple[LedgerRow, ...]] = reactive((), layout=True)
    empty: reactive[str] = reactive("", layout=True)
    """What is said where there are no rows."""

    def __init__(
        self,
        glyphs: Glyphs = UNICODE,
        *,
        head: str = "",
        empty: str = "",
        id: str | None = None,  # noqa: A002
    ) -> None:
        """A list without rows.

        Args:
            glyphs: Marks to draw with.
            head: Stands above the rows.
            empty: What is said where there are none.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self.set_reactive(LedgerList.head, head)
        self.set_reactive(LedgerList.empty, empty)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        """As many rows as there is room for."""
        return Content("\n").join(self._lines(self.size.width)[: max(1, self.size.height)])

    def _lines(self, width: int) -> list[Content]:
        lines = [Content.styled(self.head, "bold")] if self.head else []
        if not self.rows and self.empty:
            lines += Content.styled(self.empty, muted(self)).wrap(max(1, width))
        for row in self.rows:
            time = Content.styled(row.time, muted(self))
            gap = " " * max(1, TIME - time.cell_length)
            if row.time or row.what:
                lines.append(Content.assemble(time, gap, row.what))
            if row.detail:
                lines.append(Content.assemble(" " * TIME, (row.detail, muted(self))))
        return [cut(line, width, self._glyphs.ellipsis) for line in lines]
