"""Drawing blocks line by line: strips, what lies over them, and the pointer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from widgets.glyphs import Glyphs
from widgets.transcript.colours import Code, Colours, coloured
from widgets.transcript.lines import Ink, Line
from widgets.transcript.overlay import cells_of, link_at, styled_cells, with_bar, with_words
from widgets.transcript.selection import Point, Selection, Span, selected_text, span_of
from widgets.transcript.viewport import Row, Viewport

if TYPE_CHECKING:
    from widgets.transcript.answer import AnswerPart
    from widgets.transcript.blocks import Block
    from widgets.transcript.find import Finder

WHEEL_ROWS = 3
KEPT_STRIPS = 4_000
NARROW = 40
"""Columns below which the padding at the sides is one cell instead of two."""


def component(role: str) -> str:
    """The component class that gives a role of `Ink` its style."""
    return "transcript--" + role.replace("_", "-")


ROLES = tuple(entry.name for entry in fields(Ink) if entry.name != "has_colour")


class BlockCanvas(Widget, can_focus=True):
    """A window over blocks. Finished lines keep their strips, so that caches by identity hold."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {component(role) for role in ROLES} | {
        "transcript--selection"
    }

    new_below: reactive[int] = reactive(0)
    """Blocks that came while the reader was elsewhere."""
    has_selection: reactive[bool] = reactive(default=False, bindings=True)

    @dataclass
    class CopyRequested(Message):
        """Text for the clipboard, as it was written."""

        text: str
        what: str

    @dataclass
    class LinkOpened(Message):
        """A link was clicked; its real target."""

        url: str

    def __init__(self, glyphs: Glyphs, *, has_colour: bool, id: str | None) -> None:  # noqa: A002
        """An empty window.

        Args:
            glyphs: Marks to draw with.
            has_colour: False under NO_COLOR.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._has_colour = has_colour
        self._viewport = Viewport(self._lines)
        self._cursor: Block | None = None
        self._selection: Selection | None = None
        self._finder: Finder | None = None
        self._ink: Ink | None = None
        self._is_ink_stale = False
        self._selected_style = Style()
        self._screen: list[Strip] = []
        self._rows: list[Row] = []
        self._strips: dict[int, tuple[Line, Strip]] = {}
        self._colours = Colours()
        self._changed: dict[AnswerPart, None] = {}
        self._laid_out_for = 0
        self._is_update_due = False
        self._is_dragging = False
        self._is_colouring = False

    def update_soon(self) -> None:
        """Draw what changed, once, when the present batch of changes is through."""
        if not self._is_update_due and self.is_attached:
            self._is_update_due = True
            self.call_later(self._update)

    def _update(self) -> None:
        self._is_update_due = False
        width, height = self.size
        if not width or not height or not self.is_attached:
            return
        self._check_ink()
        self._place_parts()
        self._viewport.height = height
        self._keep_place(width)
        old = self._screen
        self._rows = self._viewport.visible()
        self._screen = self._painted()
        self._colour_soon()
        if self._viewport.is_following:
            self.new_below = 0
        if len(old) != len(self._screen):
            self.refresh()
        else:
            pairs = enumerate(zip(old, self._screen, strict=True))
            changed = [y for y, (a, b) in pairs if a is not b]
            if changed:
                self.refresh(*(Region(0, y, width, 1) for y in changed))
        self.post_update()

    def _place_parts(self) -> None:
        """Split what came of answers, and let their parts stand in the view."""
        for first in self._changed:
            answer = first.answer
            answer.split()
            if answer.placed != len(answer.parts):
                index = self._viewport.index_of(first)
                if index >= 0:
                    self._viewport.replace(index, answer.placed, answer.parts)
                    answer.placed = len(answer.parts)
        self._changed.clear()

    def _keep_place(self, width: int) -> None:
        """Lay out for a width; the line under the reader's eye stays."""
        if width != self._laid_out_for:
            anchor = self._viewport.anchor() if self._laid_out_for else None
            self._laid_out_for = width
            self._viewport.restore(anchor)

    def _colour_soon(self) -> None:
        """Let a thread colour what is seen and not coloured yet."""
        if not self._has_colour or self._is_colouring:
            return
        if (code := self._colours.take_wanted()) is not None:
            self._is_colouring = True
            self.run_worker(partial(self._colour, code), group="colours", thread=False)

    async def _colour(self, code: Code) -> None:
        try:
            found = await asyncio.to_thread(coloured, code)
        finally:
            self._is_colouring = False
        self._colours.learn(code, found)
        if found is not None:
            for block in self._viewport.rendered:
                block.forget_colours(code[0])
            self.update_soon()
        self._colour_soon()

    def post_update(self) -> None:
        """Called after each drawing, for what depends on what is seen."""

    def _painted(self) -> list[Strip]:
        blank = self._blank()
        span = self._span()
        painted: list[Strip] = []
        for row in self._rows:
            block = self._viewport.blocks[row.index]
            is_current = block is self._cursor and self.has_focus
            if row.line < 0:
                painted.append(blank)
                continue
            line = self._lines(block)[row.line]
            strip = self._wide(line)
            if self._finder is not None:
                strip = self._with_matches(strip, line, block, row)
            if span is not None:
                strip = self._with_selection(strip, line, span, row)
            if is_current:
                strip = with_bar(strip, self._glyphs.selected, self.ink.cursor)
            painted.append(strip)
        painted.extend([blank] * (self.size.height - len(painted)))
        if self.new_below and not self._viewport.is_following and painted:
            words = f" {self._glyphs.down} new below "
            painted[-1] = with_words(painted[-1], words, self.ink.accent)
        return painted

    def _blank(self) -> Strip:
        width = self.size.width
        key = -width
        known = self._strips.get(key)
        if known is None:
            strip = Strip([Segment(" " * width, self.ink.text)], width)
            known = self._strips[key] = (Line(strip), strip)
        return known[1]

    def _wide(self, line: Line) -> Strip:
        """The line's strip with padding at both sides; always the same one for a line."""
        known = self._strips.get(id(line))
        if known is not None and known[0] is line:
            return known[1]
        if len(self._strips) > KEPT_STRIPS:
            self._strips.clear()
        pad = self._padding
        right = max(0, self.size.width - pad - line.strip.cell_length)
        strip = Strip(
            [
                Segment(" " * pad, self.ink.text),
                *line.strip,
                Segment(" " * right, self.ink.text),
            ],
            pad + line.strip.cell_length + right,
        )
        self._strips[id(line)] = (line, strip)
        return strip

    def _with_matches(self, strip: Strip, line: Line, block: "Block", row: Row) -> Strip:
        assert self._finder is not None
        current = self._finder.current
        is_current = current is not None and current.block is block and current.line == row.line
        style = self.ink.found_current if is_current else self.ink.found
        for start, end in self._finder.spans(line.text):
            first, last = cells_of(line.text, start, end)
            left = self._padding + line.rail
            strip = styled_cells(strip, left + first, left + last, style)
        return strip

    def _with_selection(self, strip: Strip, line: Line, span: Span, row: Row) -> Strip:
        columns = span.columns(row.index, row.line, line.strip.cell_length)
        if columns is None:
            return strip
        pad = self._padding
        start = max(columns[0], line.rail)
        return styled_cells(strip, pad + start, pad + columns[1], self._selected_style)

    @property
    def _padding(self) -> int:
        return 2 if self.size.width >= NARROW else 1

    def _lines(self, block: "Block") -> Sequence[Line]:
        width = self._laid_out_for
        padding = 2 if width >= NARROW else 1
        return block.lines(max(1, width - 2 * padding), self.ink, self._glyphs)

    def _span(self) -> Span | None:
        return span_of(self._selection, self._viewport.blocks)

    def selected_text(self) -> str:
        """What is selected with the mouse; empty for nothing."""
        span = self._span()
        if span is None:
            return ""
        for index in range(span.last[0], span.first[0], -1):
            self._viewport.unfold(index)
        span = self._span() or span
        return selected_text(span, self._viewport.blocks, self._lines)

    @property
    def ink(self) -> Ink:
        """Styles by role, resolved from the theme."""
        if self._ink is None:
            styles = {role: self.get_component_rich_style(component(role)) for role in ROLES}
            self._ink = Ink(**styles, has_colour=self._has_colour)
            self._selected_style = self.get_component_rich_style("transcript--selection")
        return self._ink

    def notify_style_update(self) -> None:
        super().notify_style_update()
        # Component styles are set after this call, so they are compared when it is drawn.
        self._is_ink_stale = True
        self.update_soon()

    def _check_ink(self) -> None:
        """Take the theme's styles anew where they may have changed."""
        if self._is_ink_stale:
            self._is_ink_stale = False
            known, self._ink = self._ink, None
            if known is not None and self.ink == known:
                self._ink = known
                return
            self._strips.clear()
            self._screen = []

    def render_line(self, y: int) -> Strip:
        if y < len(self._screen) and self._screen[y].cell_length == self.size.width:
            return self._screen[y]
        return self._blank()

    def on_resize(self) -> None:
        self._strips.clear()
        self._screen = []
        self._update()

    def on_focus(self) -> None:
        if self._cursor is None and self._viewport.blocks:
            self._cursor = self._viewport.blocks[-1]
        self.update_soon()

    def on_blur(self) -> None:
        self.update_soon()

    def scroll_rows(self, rows: int) -> None:
        """Move the view; below zero is up."""
        self._viewport.scroll(rows)
        self.update_soon()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(WHEEL_ROWS)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button != 1:
            return
        if self.new_below and not self._viewport.is_following and event.y == self.size.height - 1:
            self._viewport.follow()
            self.update_soon()
            return
        point = self._point(event.x, event.y)
        if point is not None:
            self._selection = Selection(point, point)
            self._is_dragging = True
            self.capture_mouse()
        self.has_selection = False
        self.update_soon()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if not self._is_dragging or self._selection is None:
            return
        if event.y < 0:
            self._viewport.scroll(-1)
        elif event.y >= self.size.height:
            self._viewport.scroll(1)
        point = self._point(event.x, max(0, min(event.y, self.size.height - 1)))
        if point is not None:
            self._selection = Selection(self._selection.anchor, point)
            self.has_selection = not self._selection.is_empty
            self.update_soon()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if not self._is_dragging:
            return
        self._is_dragging = False
        self.release_mouse()
        if self._span() is not None:
            self.post_message(self.CopyRequested(self.selected_text(), "selection"))
            return
        self._selection = None
        self._clicked(event.x, event.y)

    def _clicked(self, x: int, y: int) -> None:
        if not 0 <= y < len(self._rows) or self._rows[y].line < 0:
            return
        row = self._rows[y]
        block = self._viewport.blocks[row.index]
        url = link_at(self._screen[y], x)
        if url:
            self.post_message(self.LinkOpened(url))
        elif block.is_foldable() and row.line == 0:
            block.is_expanded = not block.is_expanded
        self._cursor = block
        self.update_soon()

    def _point(self, x: int, y: int) -> Point | None:
        """The cell of a block under the pointer, or the nearest one above or below."""
        if not self._rows:
            return None
        place = max(0, min(y, len(self._rows) - 1))
        step = -1 if place == len(self._rows) - 1 else 1
        while 0 <= place < len(self._rows) and self._rows[place].line < 0:
            place += step
        if not 0 <= place < len(self._rows):
            return None
        row = self._rows[place]
        block = self._viewport.blocks[row.index]
        return Point(block, row.line, max(0, x - self._padding))
