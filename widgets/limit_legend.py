"""What the marks on the wires mean, and what the last turn cost."""

from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import Glyphs
from widgets.ledger_list import TIME, LedgerRow
from widgets.muted import muted
from widgets.window_group import GAP, OUTLOOK, SHARE, SIDE, WIDE, WORDS

Shares = tuple[tuple[str, str], ...]
"""What the last turn cost: `−0.6%`, `of 5 h`, for each window."""


class LimitLegend(Widget):
    """One row: the marks, and the last turn where the words of the windows begin."""

    names: reactive[int] = reactive(8)
    """Cells of the longest name of a window."""
    last_turn: reactive[Shares] = reactive(())
    has_range: reactive[bool] = reactive(False)
    """Whether the range of a run-out is drawn somewhere."""
    columns: reactive[int] = reactive(0)
    """Cells of the rows of the windows, which a scroll bar makes narrower; 0 for its own."""

    def __init__(self, glyphs: Glyphs) -> None:
        """A row of marks.

        Args:
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._glyphs = glyphs

    def render(self) -> Content:
        """Marks at the left, the last turn at the right; it is the one that stays."""
        width = self.columns or self.size.width
        is_wide = not self.columns or width >= WIDE
        words_width = WORDS if is_wide else SHARE + OUTLOOK
        start = SIDE + self.names + GAP
        turn = last_turn_words(self.last_turn, self)
        marks = [(self._glyphs.even_use, "$foreground", "even use")]
        # Narrow rows have no wire of the time to the reset, and none of its marks.
        if is_wide:
            marks.append((self._glyphs.pane_line, "$foreground", "now"))
        if is_wide and self.has_range:
            marks.append((self._glyphs.wire, "$warning", "runs out here in 8 of 10 cases"))
        while marks:
            named = [
                Content.assemble((mark, style), (f" {words}", muted(self)))
                for mark, style, words in marks
            ]
            left = Content.assemble(" " * start, Content("   ").join(named))
            gap = max(2, width - SIDE - words_width - left.cell_length)
            line = Content.assemble(left, " " * gap, turn)
            if line.cell_length <= width:
                return line
            marks.pop()
        return cut(Content.assemble(" " * start, turn), width, self._glyphs.ellipsis)


class LimitBrief(Widget):
    """Two or three rows in place of ledger and table, where there is room for one column only."""

    entry: reactive[LedgerRow | None] = reactive(None, layout=True)
    """What the server did last."""
    nothing: reactive[str] = reactive("", layout=True)
    """What is said where it did nothing."""
    last_turn: reactive[Shares] = reactive((), layout=True)
    reserve: reactive[str] = reactive("", layout=True)
    """Credits and resets; in a row of their own where there is no room beside the entry."""
    hint: reactive[tuple[str, ...]] = reactive((), layout=True)
    """A key and what it opens, in fewer and fewer words; empty for none."""

    def __init__(self, glyphs: Glyphs) -> None:
        """Two rows without words yet.

        Args:
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._glyphs = glyphs

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        """The ledger's last entry; the last turn, and the key at the right; what is in reserve."""
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        first = Content.styled(self.nothing, muted(self))
        if (entry := self.entry) is not None:
            first = Content.assemble(
                self._named(entry.time), entry.what, (f" {entry.detail}", muted(self))
            )
        reserve = Content.styled(self.reserve, muted(self))
        room = width - first.cell_length - reserve.cell_length
        is_beside = bool(self.reserve) and room >= GAP
        if is_beside:
            first = Content.assemble(first, " " * room, reserve)
        named_reserve = Content.assemble(self._named("in reserve"), reserve)
        left = Content("")
        if self.last_turn:
            words = last_turn_words(self.last_turn, self, is_bare=True)
            left = Content.assemble(self._named("last turn"), words)
        elif self.reserve and not is_beside:
            left, is_beside = named_reserve, True
        lines = [left]
        if self.reserve and not is_beside:
            # The last one, since the lowest row is the first to have no room.
            lines.append(named_reserve)
        return [
            cut(each, width, self._glyphs.ellipsis) for each in (first, *self._hinted(lines, width))
        ]

    def _hinted(self, lines: list[Content], width: int) -> list[Content]:
        """These rows with the key at the right of the first one that leaves it room, or below."""
        key, *ways = self.hint or ("",)
        # Without words about a last turn its row is empty, so it takes the key as it is.
        for number, line in enumerate([*lines, Content("")] if ways else lines):
            for way in ways:
                right = Content.assemble((key, "$foreground"), (f" {way}", muted(self)))
                gap = width - line.cell_length - right.cell_length
                if gap >= GAP or (not line and way is ways[-1]):
                    whole = Content.assemble(line, " " * max(0, gap), right)
                    return [*lines[:number], whole, *lines[number + 1 :]]
        return lines

    def _named(self, name: str) -> Content:
        return Content.styled(name.ljust(TIME), muted(self))


def last_turn_words(shares: Shares, widget: Widget, *, is_bare: bool = False) -> Content:
    """`last turn −0.6% of 5 h, −0.1% of week`; empty where nothing is known."""
    if not shares:
        return Content("")
    parts = [Content.assemble(share, (f" {of}", muted(widget))) for share, of in shares]
    words = Content.assemble((", ", muted(widget))).join(parts)
    return words if is_bare else Content.assemble(("last turn ", muted(widget)), words)
