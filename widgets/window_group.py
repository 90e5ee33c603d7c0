"""One window of a limit: what is left, when it begins anew, and whether it lasts until then."""

from collections.abc import Iterator
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
OUTLOOK = 31
"""Cells of the outlook."""
SHARES, SHARE = 25, 13
"""Cells before it of the percentages, and of the first one alone; with their gap."""
WORDS = SHARES + OUTLOOK
"""Cells of the words beside the wires."""
SHORTEST = 8
"""Cells of the shortest wire beside an outlook; where less are left that has a row of its own."""
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
    other: str = ""
    """The other one of the two: `38.0% used`."""
    tone: Literal["calm", "warning", "failed"] = "calm"
    outlook: str = ""
    """Whether it lasts."""
    outlook_short: str = ""
    """In place of an outlook that is too long for its room; empty where there is no shorter one."""
    outlook_tone: Literal["calm", "warning", "failed", "muted"] = "calm"
    time: TimeWire | None = None
    reset: tuple[str, str, str, str] = ("", "", "", "")
    """What happens, when, the zone, and in how long; only when is not muted."""
    note: str = ""
    """Age and source, where they differ from those of the other windows."""
    facts: tuple[str, ...] = ()
    """What else is known of it, the most telling first."""


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
    """Whether all that is known is told, in a third row."""

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
        start = SIDE + self.names + GAP
        cells = self.size.width - start - GAP - SIDE
        words = WORDS if is_wide else SHARE + OUTLOOK
        has_outlook = cells - words >= SHORTEST
        if not has_outlook:
            words = SHARE - 3
        outlook = self._outlook(row, OUTLOOK) if has_outlook else Content("")
        cells = max(LEAST, cells - words)
        first = self._first(row, outlook, start, cells, is_wide=is_wide)
        left_out: list[Content] = []
        if row.outlook and outlook.plain != row.outlook and (self.is_whole or not has_outlook):
            left_out.append(self._outlook(row, self.size.width))
        if is_wide:
            second, has_note = self._second_wide(row, start, cells)
        else:
            second, has_note = self._second(row, start)
        facts = row.facts if self.is_whole else ()
        if row.note and not has_note and not facts:
            facts = (row.note,)
        left_out += [Content.styled(each, muted(self)) for each in facts]
        return (first, second, *self._third(left_out, start))

    def _third(self, parts: list[Content], start: int) -> Iterator[Content]:
        """What has no room in two rows: as much of it as one takes."""
        dot = Content.styled(f" {self._glyphs.dot} ", muted(self))
        room = self.size.width - start - SIDE
        while len(parts) > 1 and dot.join(parts).cell_length > room:
            parts = parts[:-1]
        if parts:
            yield self._fit(Content.assemble(self._head(Content(""), start), dot.join(parts)))

    def _first(
        self, row: WindowRow, outlook: Content, start: int, cells: int, *, is_wide: bool
    ) -> Content:
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
        if is_wide and row.other:
            share = Content.assemble(share, (f", {row.other}", muted(self)))
        line = Content.assemble(head, wire, " " * GAP, share)
        if outlook:
            gap = max(1, (SHARES if is_wide else SHARE) - share.cell_length)
            line = Content.assemble(line, " " * gap, outlook)
        return self._fit(line)

    def _outlook(self, row: WindowRow, room: int) -> Content:
        """Whether it lasts, in words that have room."""
        is_long = Content(row.outlook).cell_length > room
        words = row.outlook_short if is_long and row.outlook_short else row.outlook
        style = TONES.get(row.outlook_tone) or muted(self)
        return cut(Content.styled(words, style), room, self._glyphs.ellipsis)

    def _words_of(self, row: WindowRow, name: str, room: int) -> Content:
        """The name, cut before its length: windows of one limit differ in nothing else."""
        end = f" {row.length}"
        whole, kept = Content(name), Content(end).cell_length
        if whole.cell_length <= room or not row.length or not name.endswith(end) or kept >= room:
            return whole
        limit = cut(Content(name.removesuffix(end)), room - kept, self._glyphs.ellipsis)
        return Content.assemble(limit, end)

    def _second_wide(self, row: WindowRow, start: int, cells: int) -> tuple[Content, bool]:
        head, wire = self._head(Content(""), start), Content(" " * cells)
        if row.time is not None:
            head = self._head(Content.styled("to the reset", muted(self)), start)
            wire = time_wire(row.time, cells, muted(self), self._glyphs)
        reset, has_note = self._reset(row, self.size.width - start - cells - GAP - SIDE)
        return self._fit(Content.assemble(head, wire, " " * GAP, reset)), has_note

    def _second(self, row: WindowRow, start: int) -> tuple[Content, bool]:
        other = Content.styled(row.other, muted(self))
        room = self.size.width - start - SIDE
        reset, has_note = self._reset(row, room - other.cell_length - GAP if other else room)
        line = Content.assemble(self._head(Content(""), start), reset)
        gap = room - reset.cell_length - other.cell_length
        if other and gap >= GAP:
            line = Content.assemble(line, " " * gap, other)
        return self._fit(line), has_note

    def _reset(self, row: WindowRow, room: int) -> tuple[Content, bool]:
        """The reset, with as much about it as there is room for; whether the note is in it."""
        ways = self._ways(row)
        chosen = next((way for way in ways if way.cell_length <= room), ways[-1])
        return chosen, chosen is ways[0]

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
