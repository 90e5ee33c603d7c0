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
from widgets.transcript.streaming import MarkdownStream
from widgets.transcript.wrap import Row, line_of, wrap


@dataclass(slots=True)
class _Known:
    """Lines that were made, and for what."""

    width: int
    ink: Ink
    glyphs: Glyphs
    lines: list[Line]


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
            case Reply(), "refusal":
                self._item = replace(self._item, refusal=self._item.refusal + text)
            case Reasoning(), "reasoning":
                self._item = replace(self._item, summary=self._item.summary + text)
            case Reasoning(), "reasoning_detail":
                self._item = replace(self._item, detail=self._item.detail + text)
            case ToolCall(), "arguments":
                self._item = replace(self._item, arguments=self._item.arguments + text)
            case _:
                return
        self._known = None

    def lines(
        self, width: int, ink: Ink, glyphs: Glyphs, now: float | None = None
    ) -> Sequence[Line]:
        """Its lines, each exactly `width` cells wide; the same objects while nothing changed.

        Args:
            width: Cells of a line.
            ink: Styles by role.
            glyphs: Marks to draw with.
            now: Unix seconds, for what shows time.
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

    def source(self) -> str:
        """What a copy of it says: Markdown, code, output."""
        return folded.source_of(self._item)

    def is_foldable(self) -> bool:
        """Whether it has more to show than its one line."""
        return folded.has_inside(self._item)

    def _limit(self, width: int) -> int:
        return min(width, self._max_width) if self._max_width else width

    def _make(self, width: int, ink: Ink, glyphs: Glyphs) -> list[Line]:
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
                rows = []
        return [line_of(row, width, ink.text, full=limit) for row in rows]


class ReplyBlock(Block):
    """An answer: Markdown that may still grow. Only its last open part is rendered again."""

    def __init__(self, item: Reply, *, is_open: bool, max_width: int) -> None:
        """A block of `item`; for the arguments see `Block`."""
        super().__init__(item, is_open=is_open, max_width=max_width)
        self._reply = item
        self._parts = [item.text]
        self._stream: MarkdownStream | None = None
        self._text = item.text

    @property
    def item(self) -> Reply:
        """Its present value."""
        if self._reply.text != self._source_text():
            self._reply = replace(self._reply, text=self._text)
        return self._reply

    def set_item(self, item: Item, *, is_open: bool) -> None:
        assert isinstance(item, Reply)
        has_same_text = item.text == self._source_text() and not self._is_dimmed
        self._reply = item
        self._is_open = is_open
        self._known = None
        if not has_same_text:
            self._stream = None
            self._parts = [item.text]

    def append(self, channel: str, text: str) -> None:
        if channel == "text":
            self._parts.append(text)
            self._known = None
        elif channel == "refusal":
            self._reply = replace(self._reply, refusal=self._reply.refusal + text)
            self._known = None

    def forget_lines(self) -> None:
        super().forget_lines()
        self._stream = None

    def source(self) -> str:
        return "\n\n".join(part for part in (self._source_text(), self._reply.refusal) if part)

    def is_foldable(self) -> bool:
        return False

    def lines(
        self, width: int, ink: Ink, glyphs: Glyphs, now: float | None = None
    ) -> Sequence[Line]:
        known = self._known
        if known is None or known.width != width or known.ink is not ink:
            if self._stream is None or not self._stream.fits(width, ink, glyphs):
                self._stream = MarkdownStream(
                    width, self._limit(width), ink, glyphs, dim=self._is_dimmed
                )
            lines, _ = self._stream.lines(self._source_text(), is_open=self._is_open)
            extra = self._extra_rows(self._limit(width), ink)
            if extra:
                lines = [*lines, *(line_of(row, width, ink.text) for row in extra)]
            known = _Known(width, ink, glyphs, lines)
            self._known = known
        return known.lines

    def _source_text(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        self._text = self._parts[0]
        return self._text

    def _extra_rows(self, limit: int, ink: Ink) -> list[Row]:
        rows: list[Row] = []
        if self._reply.refusal:
            if self._text:
                rows.append(Row())
            words = [("declined  ", ink.warning), (self._reply.refusal, ink.text)]
            rows += wrap(words, limit)
        if self._reply.is_partial and not self._is_open:
            rows += wrap([("interrupted", ink.muted)], limit)
        return rows


def make_block(item: Item, *, is_open: bool, max_width: int = 100) -> Block:
    """The block that shows an item.

    Args:
        item: Its present value.
        is_open: Whether deltas may come.
        max_width: Columns of its content at most; 0 for all there are.
    """
    if isinstance(item, Reply):
        return ReplyBlock(item, is_open=is_open, max_width=max_width)
    return Block(item, is_open=is_open, max_width=max_width)


def gap_between(before: Block, after: Block) -> int:
    """Blank rows between two blocks: none between folded lines, else one."""
    return 0 if _is_one_line(before) and _is_one_line(after) else 1


def _is_one_line(block: Block) -> bool:
    kinds = (Reasoning, ToolCall, WebSearch, UnknownItem, Notice)
    return isinstance(block.item, kinds) and not block.is_expanded


def user_rows(message: UserMessage, width: int, ink: Ink, glyphs: Glyphs) -> list[Row]:
    """The user's words behind a thin bar, and what went with them."""
    bar = [(glyphs.bar + " ", ink.bar)]
    rows = wrap([(message.text.rstrip("\n"), ink.text)], max(1, width - cell_len(glyphs.bar) - 1))
    for attachment in message.attachments:
        words = f"{attachment.name} {glyphs.dot} {folded.size_words(attachment.size)}"
        rows += wrap([(words, ink.muted)], max(1, width - 2))
    return [row.indented(bar) for row in rows]
