"""What of a long list of blocks is seen, without ever measuring the rest.

The view is pinned to one line of one block. Everything visible is found by walking from there,
so a conversation of ten thousand messages costs what one screen of it costs: opening it, growing
it, changing its width. Nothing moves under the reader's eye when blocks above change: the pin
counts lines, not rows, since the gap above a block changes with the block before it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from widgets.transcript.lines import Line

if TYPE_CHECKING:
    from widgets.transcript.blocks import Block

KEPT_RENDERED = 300
"""Blocks whose lines are kept; those farthest from the view drop theirs."""

RenderLines: TypeAlias = "Callable[[Block], Sequence[Line]]"


@dataclass(frozen=True, slots=True)
class Row:
    """One visible row."""

    index: int
    """Place of the block; for a blank row that of the block below it."""
    line: int
    """Which of its lines; -1 for a blank row."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What stands at the top of the window, so that it can be found at another width."""

    block: "Block"
    characters: int
    """How many stand before it in the block; negative for the blank row above the block."""


class Viewport:
    """A window over blocks; knows lines and places, and nothing of the screen.

    Rows of a block are its gap (blank rows before it) and then its lines; one without lines has
    no rows. The view begins at the line `line` of the block `index`, where lines below zero are
    rows of the gap, or follows the end.
    """

    def __init__(self, render: RenderLines) -> None:
        """An empty window.

        Args:
            render: Gives the lines of a block at the present width; cheap when they are known.
        """
        self._render = render
        self.blocks: list[Block] = []
        self.height = 0
        """Rows of the window."""
        self.is_following = True
        """Whether the view sticks to the end."""
        self._index = 0
        self._line = 0
        self._rendered: dict[int, Block] = {}
        self._restored: tuple[Anchor, int] | None = None
        """The last one that was put back, and the line it got: sizes that change one after
        another do not add up what each of them rounds off."""

    def index_of(self, block: "Block | None") -> int:
        """Place of a block, found from the end; -1 where it is not there."""
        for index in range(len(self.blocks) - 1, -1, -1):
            if self.blocks[index] is block:
                return index
        return -1

    def unfold(self, index: int) -> int:
        """Put the parts of a block behind it where they do not stand there yet.

        Returns:
            How many blocks came.
        """
        more = self.blocks[index].more_parts()
        if more:
            self.blocks[index + 1 : index + 1] = more
            if self._index > index:
                self._index += len(more)
        return len(more)

    def rows_of(self, index: int) -> int:
        """How many rows a block takes, its gap included."""
        block = self.blocks[index]
        self._rendered[id(block)] = block
        count = len(self._render(block))
        return self._gap(index) + count if count else 0

    def visible(self) -> list[Row]:
        """The rows of the window from the top; fewer than its height where blocks end."""
        if self.is_following:
            self._pin_to_end()
        else:
            self._move(0)
        rows = self._walk()
        if len(rows) < self.height and not self.is_following:
            self.is_following = True
            self._pin_to_end()
            rows = self._walk()
        self._forget_far()
        return rows

    @property
    def rendered(self) -> "Iterable[Block]":
        """Blocks whose lines are kept."""
        return self._rendered.values()

    @property
    def first_index(self) -> int:
        """Place of the first block that is seen."""
        return self._index

    def scroll(self, rows: int) -> None:
        """Move the window; below zero is up. It stops at both ends.

        Reaching the end follows it from then on.
        """
        if self.is_following:
            self._pin_to_end()
        self.is_following = False
        self._move(rows)
        self._stop_at_end()

    def go_to(self, index: int, line: int = 0, *, above: int = 1) -> None:
        """Put a line of a block near the top of the window.

        Args:
            index: Place of the block.
            line: Which of its lines.
            above: Rows to leave above it.
        """
        self.is_following = False
        self._index = max(0, min(index, len(self.blocks) - 1))
        self._line = line
        if self.blocks:
            self.scroll(-above)

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.is_following = True

    def anchor(self) -> Anchor | None:
        """What the reader looks at; None where the view follows the end."""
        if self.is_following or not self.blocks:
            return None
        block = self.blocks[self._index]
        if self._restored is not None:
            known, line = self._restored
            if known.block is block and line == self._line:
                return known
        if self._line < 0:
            return Anchor(block, self._line)
        said = (len(each.text) + len(each.join) for each in self._render(block)[: self._line])
        return Anchor(block, sum(said))

    def restore(self, anchor: Anchor | None) -> None:
        """Put what the reader looked at back to the top, however it is wrapped now."""
        index = self.index_of(anchor.block) if anchor else -1
        if anchor is None or index < 0:
            return
        self._index = index
        self._line = min(0, anchor.characters)
        left = anchor.characters
        for line in self._render(anchor.block)[:-1]:
            left -= len(line.text) + len(line.join)
            if left < 0:
                break
            self._line += 1
        self._move(0)
        self._restored = (anchor, self._line)

    def insert_before(self, blocks: "Sequence[Block]") -> None:
        """Put earlier blocks in front; what is seen stays where it is."""
        if self.is_following:
            self._pin_to_end()
        if self.blocks:
            self._index += len(blocks)
        self.blocks[:0] = blocks

    def replace(self, index: int, count: int, blocks: "Sequence[Block]") -> None:
        """Put other blocks where some are; the view stays with what it shows.

        Args:
            index: Place of the first one.
            count: How many go.
            blocks: What comes instead; blocks among them that stood there stay in their places.
        """
        for block in self.blocks[index + len(blocks) : index + count]:
            self._rendered.pop(id(block), None)
        self.blocks[index : index + count] = blocks
        if self._index >= index + count:
            self._index += len(blocks) - count
        elif self._index >= index + len(blocks):
            self._index = max(0, index + len(blocks) - 1)
            self._line = -self._gap(self._index)

    def remove(self, indexes: Iterable[int]) -> None:
        """Take blocks out; the view stays, at what follows where it showed one of them."""
        is_top_gone = False
        for index in sorted(indexes, reverse=True):
            block = self.blocks.pop(index)
            self._rendered.pop(id(block), None)
            if index < self._index:
                self._index -= 1
            elif index == self._index:
                is_top_gone = True
        if is_top_gone and self.blocks:
            self._index = min(self._index, len(self.blocks) - 1)
            self.unfold(self._index)
            self._line = -self._gap(self._index)

    def clear(self) -> None:
        """Forget all blocks."""
        self.blocks = []
        self._rendered.clear()
        self._index = self._line = 0
        self.is_following = True

    def _gap(self, index: int) -> int:
        return 0 if index == 0 else self.blocks[index].gap_after(self.blocks[index - 1])

    def _walk(self) -> list[Row]:
        rows: list[Row] = []
        index, offset = self._index, self._line + self._gap(self._index)
        while len(rows) < self.height and index < len(self.blocks):
            self.unfold(index)
            gap, count = self._gap(index), self.rows_of(index)
            end = min(count, offset + self.height - len(rows))
            rows += [Row(index, max(-1, row - gap)) for row in range(offset, end)]
            index, offset = index + 1, 0
        return rows

    def _move(self, rows: int) -> None:
        """Pin the row that stands so many below the present one; below zero is above.

        With 0 it only finds a row that is there: where the gap became smaller, what is above moves
        down to fill it; where a block became shorter, its last line stands for the one that went.
        """
        if not self.blocks:
            self._index = self._line = 0
            return
        self.unfold(self._index)
        last = max(0, self.rows_of(self._index) - 1)
        offset = min(self._line + self._gap(self._index), last) + rows
        while offset < 0 and self._index > 0:
            self._index -= 1
            self._index += self.unfold(self._index)
            offset += self.rows_of(self._index)
        offset = max(0, offset)
        while True:
            self.unfold(self._index)
            count = self.rows_of(self._index)
            if offset < count or self._index == len(self.blocks) - 1:
                break
            offset -= count
            self._index += 1
        self._line = offset - self._gap(self._index)

    def _pin_to_end(self) -> None:
        room = self.height
        index = len(self.blocks) - 1
        while index >= 0:
            index += self.unfold(index)
            room -= self.rows_of(index)
            if room <= 0:
                self._index, self._line = index, -room - self._gap(index)
                return
            index -= 1
        self._index = self._line = 0

    def _stop_at_end(self) -> None:
        """Where no more than a window is left below, stick to the end."""
        left = -(self._line + self._gap(self._index))
        index = self._index
        while index < len(self.blocks):
            self.unfold(index)
            left += self.rows_of(index)
            if left > self.height:
                return
            index += 1
        self.is_following = True
        self._pin_to_end()

    def _forget_far(self) -> None:
        if len(self._rendered) <= 2 * KEPT_RENDERED:
            return
        first = max(0, self._index - KEPT_RENDERED // 2)
        near = {id(block) for block in self.blocks[first : self._index + KEPT_RENDERED]}
        for key, block in list(self._rendered.items()):
            if key not in near:
                block.forget_lines()
                del self._rendered[key]
