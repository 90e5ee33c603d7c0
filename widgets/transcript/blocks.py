"""One block of the transcript for each kind of item: source, lines, what is copied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from services.models.chat import (
    ErrorCard,
    Item,
    Notice,
    Reasoning,
    Reply,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from widgets.glyphs import Glyphs
from widgets.transcript import cards, folded
from widgets.transcript.lines import Ink, Line
from widgets.transcript.wrap import Row, line_of, wrap

MAX_SHOWN = 20_000
"""Characters of the user's text that are shown; all of them are sent and copied."""


@dataclass(slots=True)
class _Known:
    """Lines that were made, and for what."""

    width: int
    ink: Ink
    glyphs: Glyphs
    lines: Sequence[Line]


class Block:
    """One item on the screen. Mutable, and owned by the widget that shows it."""

    def __init__(self, item: Item, *, is_open: bool, max_width: int) -> None:
        """A block of `item`.

        Args:
            item: Its present value.
            is_open: Whether deltas may come.
            max_width: Columns of its content at most; 0 for all there are.
        """
        self._item = item
        self._is_open = is_open
        self._max_width = max_width
        self._is_expanded = False
        self._is_dimmed = False
        self._known: _Known | None = None

    @property
    def item(self) -> Item:
        """Its present value; deltas count from the next `lines` on."""
        return self._item

    @property
    def is_open(self) -> bool:
        """Whether deltas may come."""
        return self._is_open

    @property
    def is_of_the_user(self) -> bool:
        """Whether the user wrote it."""
        return isinstance(self._item, UserMessage)

    @property
    def has_failed(self) -> bool:
        """Whether it is an error card."""
        return isinstance(self._item, ErrorCard)

    @property
    def is_broken(self) -> bool:
        """Whether a turn that ends with it has no whole answer."""
        match self._item:
            case ErrorCard() | Notice() | Reply(is_partial=True):
                return True
            case _:
                return False

    @property
    def is_expanded(self) -> bool:
        """Whether a folded block shows all it has."""
        return self._is_expanded

    @is_expanded.setter
    def is_expanded(self, is_expanded: bool) -> None:
        self._is_expanded = is_expanded
        self.forget_lines()

    @property
    def is_dimmed(self) -> bool:
        """Whether it is shown muted, since it will be replaced."""
        return self._is_dimmed

    @is_dimmed.setter
    def is_dimmed(self, is_dimmed: bool) -> None:
        if is_dimmed != self._is_dimmed:
            self._is_dimmed = is_dimmed
            self.forget_lines()

    def set_item(self, item: Item, *, is_open: bool) -> None:
        """Take another value, which replaces what deltas had built."""
        self._item = item
        self._is_open = is_open
        self.forget_lines()

    def append(self, channel: str, text: str) -> None:
        """More of `text`, `refusal`, `reasoning`, `reasoning_detail` or `arguments`.

        Nothing is rendered here; a channel that the item does not have is left out.
        """
        match self._item, channel:
            case Reasoning(), "reasoning":
                self._item = replace(self._item, summary=self._item.summary + text)
            case Reasoning(), "reasoning_detail":
                self._item = replace(self._item, detail=self._item.detail + text)
            case ToolCall(), "arguments":
                self._item = replace(self._item, arguments=self._item.arguments + text)
            case _:
                return
        self._known = None

    def lines(self, width: int, ink: Ink, glyphs: Glyphs) -> Sequence[Line]:
        """Its lines, each exactly `width` cells wide; the same objects while nothing changed.

        Args:
            width: Cells of a line.
            ink: Styles by role.
            glyphs: Marks to draw with.
        """
        known = self._known
        if (
            known is None
            or known.width != width
            or known.ink is not ink
            or known.glyphs is not glyphs
        ):
            known = _Known(width, ink, glyphs, self._make(width, ink, glyphs))
            self._known = known
        return known.lines

    def forget_lines(self) -> None:
        """Drop what was rendered; it can be made again."""
        self._known = None

    def forget_colours(self, code: str) -> None:
        """Render again what holds this code: its colours have come."""

    def source(self) -> str:
        """What a copy of it says: Markdown, code, output."""
        return folded.source_of(self._item)

    def whole_source(self) -> str:
        """What a copy of the whole item says, of which this may be a part."""
        return self.source()

    def is_foldable(self) -> bool:
        """Whether it has more to show than its one line."""
        return folded.has_inside(self._item)

    def more_parts(self) -> "Sequence[Block]":
        """Blocks that belong right behind this one and do not stand there yet; told once."""
        return ()

    def gap_after(self, before: "Block") -> int:
        """Blank rows between `before` and this one: none between folded lines, else one."""
        return 0 if before.is_one_line() and self.is_one_line() else 1

    def is_one_line(self) -> bool:
        """Whether it is a folded line, which stands together with others."""
        kinds = (Reasoning, ToolCall, WebSearch, UnknownItem, Notice)
        return isinstance(self._item, kinds) and not self._is_expanded

    def _limit(self, width: int) -> int:
        return min(width, self._max_width) if self._max_width else width

    def _make(self, width: int, ink: Ink, glyphs: Glyphs) -> Sequence[Line]:
        limit = self._limit(width)
        match self._item:
            case UserMessage():
                rows = user_rows(self._item, limit, ink, glyphs)
            case Notice():
                rows = wrap([(self._item.text, ink.muted)], limit)
            case ErrorCard():
                rows = cards.error_rows(self._item.failure, limit, ink, glyphs)
            case Reasoning() | ToolCall() | WebSearch() | UnknownItem():
                rows = folded.folded_rows(
                    self._item, limit, ink, glyphs,
                    is_open=self._is_open, is_expanded=self._is_expanded,
                )  # fmt: skip
            case Reply():
                rows = wrap([(self._item.text, ink.text)], limit)
        return [line_of(row, width, ink.text, full=limit) for row in rows]


def user_rows(message: UserMessage, width: int, ink: Ink, glyphs: Glyphs) -> list[Row]:
    """The user's words behind a thin bar, and what went with them."""
    bar = [(glyphs.bar + " ", ink.bar)]
    room = max(1, width - cell_len(glyphs.bar) - 1)
    text = message.text.rstrip("\n")
    rows = wrap([(text[:MAX_SHOWN], ink.text)], room)
    if len(text) > MAX_SHOWN:
        words = f"{len(text) - MAX_SHOWN:,} more characters; copying takes all of them"
        rows += wrap([(words, ink.muted)], room)
    for attachment in message.attachments:
        words = f"{attachment.name} {glyphs.dot} {folded.size_words(attachment.size)}"
        rows += wrap([(words, ink.muted)], room)
    return [row.indented(bar) for row in rows]
