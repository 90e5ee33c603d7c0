"""What of a long list of blocks is seen, without ever measuring the rest.

The view is pinned to one line of one block. Everything visible is found by walking from there,
so a conversation of ten thousand messages costs what one screen of it costs: opening it, growing
it, changing its width. Nothing moves under the reader's eye when blocks above change.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from widgets.transcript.blocks import Block, gap_between
from widgets.transcript.lines import Line

KEPT_RENDERED = 300
"""Blocks whose lines are kept; those farthest from the view drop theirs."""

RenderLines = Callable[[Block], Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Row:
    """One visible row."""

    index: int
    """Place of the block; for a blank row that of the block below it."""
    line: int
    """Which of its lines; -1 for a blank row."""


class Viewport:
    """A window over blocks; knows lines and places, and nothing of the screen.

    Rows of a block are its gap (blank rows before it) and then its lines. The view begins at the
    row `offset` of the block `index`, or follows the end.
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
        self._offset = 0
        self._rendered: dict[int, Block] = {}

    def rows_of(self, index: int) -> int:
        """How many rows a block takes, its gap included."""
        block = self.blocks[index]
        self._rendered[id(block)] = block
        return self._gap(index) + len(self._render(block))

    def visible(self) -> list[Row]:
        """The rows of the window from the top; fewer than its height where blocks end."""
        if self.is_following:
            self._pin_to_end()
        rows: list[Row] = []
        index, offset = self._index, self._offset
        while len(rows) < self.height and index < len(self.blocks):
            gap, count = self._gap(index), self.rows_of(index)
            rows.extend(
                Row(index, row - gap if row >= gap else -1)
                for row in range(offset, min(count, offset + self.height - len(rows)))
            )
            index, offset = index + 1, 0
        self._forget_far()
        return rows

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
        self._offset += rows
        while self._offset < 0 and self._index > 0:
            self._index -= 1
            self._offset += self.rows_of(self._index)
        self._offset = max(0, self._offset)
        while self._index < len(self.blocks) - 1:
            count = self.rows_of(self._index)
            if self._offset < count:
                break
            self._offset -= count
            self._index += 1
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
        self._offset = 0
        if self.blocks:
            self.scroll(self._gap(self._index) + line - above)

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.is_following = True

    def insert_before(self, blocks: Sequence[Block]) -> None:
        """Put earlier blocks in front; what is seen stays where it is."""
        if self.is_following:
            self._pin_to_end()
        self.blocks[:0] = blocks
        self._index += len(blocks)

    def remove(self, indexes: Iterable[int]) -> None:
        """Take blocks out; the view stays at what follows them."""
        for index in sorted(indexes, reverse=True):
            block = self.blocks.pop(index)
            self._rendered.pop(id(block), None)
            if index < self._index:
                self._index -= 1
            elif index == self._index:
                self._offset = 0
        self._index = max(0, min(self._index, len(self.blocks) - 1))

    def clear(self) -> None:
        """Forget all blocks."""
        self.blocks = []
        self._rendered.clear()
        self._index = self._offset = 0
        self.is_following = True

    def rows_from_top(self, index: int) -> int | None:
        """How far below the top of the window a block begins; None where it is not in it."""
        for place, row in enumerate(self.visible()):
            if row.index == index:
                return place
        return None

    def _gap(self, index: int) -> int:
        if index == 0:
            return 1
        return gap_between(self.blocks[index - 1], self.blocks[index])

    def _pin_to_end(self) -> None:
        room = self.height
        for index in range(len(self.blocks) - 1, -1, -1):
            room -= self.rows_of(index)
            if room <= 0:
                self._index, self._offset = index, -room
                return
        self._index = self._offset = 0

    def _stop_at_end(self) -> None:
        """Where less than a window is left below, stick to the end."""
        left = -self._offset
        for index in range(self._index, len(self.blocks)):
            left += self.rows_of(index)
            if left > self.height:
                return
        self.is_following = True
        self._pin_to_end()

    def _forget_far(self) -> None:
        if len(self._rendered) <= 2 * KEPT_RENDERED:
            return
        first = max(0, self._index - KEPT_RENDERED // 2)
        near = {id(block): block for block in self.blocks[first : self._index + KEPT_RENDERED]}
        for key, block in list(self._rendered.items()):
            if key not in near:
                block.forget_lines()
                del self._rendered[key]
