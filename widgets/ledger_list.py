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
        key: str = "",
        id: str | None = None,  # noqa: A002
    ) -> None:
        """A list without rows.

        Args:
            glyphs: Marks to draw with.
            head: Stands above the rows.
            empty: What is said where there are none.
            key: Opens the rows for which there is no room.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._key = key
        self.set_reactive(LedgerList.head, head)
        self.set_reactive(LedgerList.empty, empty)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return sum(map(len, self._entries(width)))

    def render(self) -> Content:
        """As many entries as there is room for, and how many more there are."""
        width, height = self.size.width, max(1, self.size.height)
        entries = self._entries(width)
        lines = [line for entry in entries for line in entry]
        if len(lines) <= height:
            return Content("\n").join(lines)
        shown: list[Content] = []
        while entries and len(shown) + len(entries[0]) < height:
            shown += entries.pop(0)
        words = f"{self._glyphs.down} {len(entries)} more"
        more = Content.styled(f"{words}: " if self._key else words, muted(self))
        more = Content.assemble(more, (self._key, "$foreground"))
        return Content("\n").join([*shown, cut(more, width, self._glyphs.ellipsis)])

    def _entries(self, width: int) -> list[list[Content]]:
        """The lines of the head, and of each entry."""
        entries = [[Content.styled(self.head, "bold")]] if self.head else []
        if not self.rows and self.empty:
            entries.append(Content.styled(self.empty, muted(self)).wrap(max(1, width)))
        for row in self.rows:
            time = Content.styled(row.time, muted(self))
            gap = " " * max(1, TIME - time.cell_length)
            if row.time or row.what:
                entries.append([Content.assemble(time, gap, row.what)])
            if row.detail:
                detail = Content.assemble(" " * TIME, (row.detail, muted(self)))
                entries[-1:] = [[*entries[-1], detail]] if entries else [[detail]]
        return [[cut(line, width, self._glyphs.ellipsis) for line in entry] for entry in entries]
