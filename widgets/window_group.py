"""One window of a limit: what is left, when it begins anew, and whether it lasts until then."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cut import cut
from widgets.glyphs import Glyphs
from widgets.limit_wire import LEAST, TimeWire, time_wire, use_wire
from widgets.muted import muted

WIDE = 100
"""Columns from which the time to the reset has a wire of its own."""
WORDS, SHARE = 44, 13
"""Cells of the words beside the wires, and of the percentage with its gap at their beginning."""
SIDE, GAP = 2, 2
SHARE_CELLS = 5
"""Of `62.0%`."""
TONES = {"calm": "$success", "warning": "$warning", "failed": "$error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """What two rows say about one window; all words are clean."""

    id: str
    name: str
    short: str
    """The name where there is less room."""
    length: str = ""
    """The end of the name that stays when it is cut, `5h`; empty where the name has none."""
    left: float | None
    """Percent; None for a row without a wire."""
    even: float | None = None
    """Percent that even use would have left."""
    share: str = ""
    """`62.0%`"""
    word: str = ""
    """`left` or `used`."""
    tone: Literal["calm", "warning", "failed"] = "calm"
    outlook: str = ""
    """Whether it lasts."""
    outlook_short: str = ""
    """In place of the outlook where the reset needs its room; empty for one that never yields."""
    outlook_tone: Literal["calm", "warning", "failed", "muted"] = "calm"
    time: TimeWire | None = None
    reset: tuple[str, str, str, str] = ("", "", "", "")
    """What happens, when, the zone, and in how long; only when is not muted."""
    note: str = ""
    """Age and source, where they differ from those of the other windows."""


class WindowGroup(Widget):
    """Two rows, or three. Only the row whose words have changed is drawn again."""

    ALLOW_SELECT = False

    row: reactive[WindowRow | None] = reactive(None, repaint=False)
    names: reactive[int] = reactive(8)
    """Cells of the longest name that stands beside this one."""
    is_selected: reactive[bool] = reactive(False)
    is_active: reactive[bool] = reactive(False)
    """Whether the view has the focus."""
    is_whole: reactive[bool] = reactive(False)
    """Whether nothing is left out: a third row takes what has no room in the two."""

    @dataclass
    class Chosen(Message):
        """The window was clicked."""

        id: str

    def __init__(self, row: WindowRow, glyphs: Glyphs) -> None:
        """Rows of a window.

        Args:
            row: What they say.
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._glyphs = glyphs
        self.set_reactive(WindowGroup.row, row)

    def watch_row(self, old: WindowRow | None, new: WindowRow | None) -> None:
        self._shape()
        rows = zip_longest(self._lines(old), self._lines(new), fillvalue=Content(""))
        changed = [
            number for number, (before, after) in enumerate(rows) if not before.is_same(after)
        ]
        if changed and self.size.width:
            self.refresh(*(Region(0, number, self.size.width, 1) for number in changed))

    def watch_is_whole(self) -> None:
        self._shape()

    def on_resize(self) -> None:
        self._shape()

    def _shape(self) -> None:
        """Be as high as what is said."""
        self.set_class(len(self._lines(self.row)) > 2, "-third")

    def render(self) -> Content:
        """All rows."""
        return Content("\n").join(self._lines(self.row))

    def _lines(self, row: WindowRow | None) -> tuple[Content, ...]:
        if row is None or not self.size.width:
            return Content(""), Content("")
        is_wide = self.size.width >= WIDE
        words = WORDS if is_wide else SHARE - 3
        start = SIDE + self.names + GAP
        cells = self.size.width - start - GAP - words - SIDE
        first = self._first(row, start, max(LEAST, cells), is_wide=is_wide)
        if self.is_whole and not is_wide:
            head = self._head(Content(""), start)
            whole = self._ways(row)[0]
            outlook = Content.styled(row.outlook, self._outlook_style(row))
            return tuple(
                self._fit(each)
                for each in (first, Content.assemble(head, whole), Content.assemble(head, outlook))
            )
        second = self._second_wide(row, start, cells) if is_wide else self._second(row, start)
        return first, second

    def _first(self, row: WindowRow, start: int, cells: int, *, is_wide: bool) -> Content:
        name = self._words_of(row, row.name if is_wide else row.short, start - SIDE - 1)
        head = self._head(name.stylize("bold" if self.is_selected else ""), start)
        wire = Content(" " * cells)
        if row.left is not None:
            wire = use_wire(row.left, row.even, cells, TONES[row.tone], self._glyphs)
        share_style = "$foreground" if row.tone == "calm" else TONES[row.tone]
        share = Content.assemble(
            (row.share.rjust(SHARE_CELLS) if row.share else "", share_style),
            " ",
            (row.word, muted(self)),
        )
        line = Content.assemble(head, wire, " " * GAP, share)
        if is_wide and row.outlook:
            gap = max(1, SHARE - share.cell_length)
            line = Content.assemble(line, " " * gap, (row.outlook, self._outlook_style(row)))
        return self._fit(line)

    def _words_of(self, row: WindowRow, name: str, room: int) -> Content:
        """The name, cut before its length: windows of one limit differ in nothing else."""
        end = f" {row.length}"
        whole, kept = Content(name), Content(end).cell_length
        if whole.cell_length <= room or not row.length or not name.endswith(end) or kept >= room:
            return whole
        limit = cut(Content(name.removesuffix(end)), room - kept, self._glyphs.ellipsis)
        return Content.assemble(limit, end)

    def _outlook_style(self, row: WindowRow) -> str:
        return TONES.get(row.outlook_tone) or muted(self)

    def _second_wide(self, row: WindowRow, start: int, cells: int) -> Content:
        head, wire = self._head(Content(""), start), Content(" " * max(LEAST, cells))
        if row.time is not None:
            head = self._head(Content.styled("to the reset", muted(self)), start)
            wire = time_wire(row.time, cells, muted(self), self._glyphs)
        reset = self._reset(row, self.size.width - start - cells - GAP - SIDE)
        return self._fit(Content.assemble(head, wire, " " * GAP, reset))

    def _second(self, row: WindowRow, start: int) -> Content:
        outlook = Content.styled(row.outlook, self._outlook_style(row))
        room = self.size.width - start - SIDE
        whole = self._ways(row)[-4].cell_length
        if row.outlook_short and whole + 2 + outlook.cell_length > room:
            outlook = Content.styled(row.outlook_short, self._outlook_style(row))
        # A forecast outranks the countdown, and the time of the reset both.
        reset = self._reset(row, room - outlook.cell_length - 2 if outlook else room)
        line = Content.assemble(self._head(Content(""), start), reset)
        gap = max(2, room - reset.cell_length - outlook.cell_length)
        return self._fit(Content.assemble(line, " " * gap, outlook) if outlook else line)

    def _reset(self, row: WindowRow, room: int) -> Content:
        """The reset, with as much about it as there is room for."""
        ways = self._ways(row)
        return next((way for way in ways if way.cell_length <= room), ways[-1])

    def _ways(self, row: WindowRow) -> tuple[Content, ...]:
        """The reset and the note; the reset whole, without zone, without countdown, bare."""
        what, when, zone, countdown = row.reset
        dot = f" {self._glyphs.dot} "
        time = (what, muted(self)), (when, "$foreground")
        long = _spaced(*time, (zone, "$foreground"), (countdown, muted(self)))
        short = Content(dot if countdown else "").stylize(muted(self))
        short = Content.assemble(
            _spaced(*time), short, (countdown.removeprefix("in "), muted(self))
        )
        note = Content.styled(f"{dot if long else ''}{row.note}", muted(self))
        zoned = _spaced(*time, (zone, "$foreground"))
        full = Content.assemble(long, note) if row.note else long
        return full, long, short, zoned, _spaced(*time)

    def _head(self, name: Content, start: int) -> Content:
        """The bar at the edge, and a name that fills up to where the wire begins."""
        bar = self._glyphs.selected if self.is_selected else " "
        style = "$accent" if self.is_active else muted(self)
        shown = cut(name, start - SIDE - 1, self._glyphs.ellipsis)
        gap = " " * (start - SIDE - shown.cell_length)
        return Content.assemble((bar, style), " ", shown, gap)

    def _fit(self, line: Content) -> Content:
        return cut(line, self.size.width, self._glyphs.ellipsis)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if self.row is not None:
            self.post_message(self.Chosen(self.row.id))


def _spaced(*parts: tuple[str, str]) -> Content:
    return Content(" ").join([Content.styled(text, style) for text, style in parts if text])
