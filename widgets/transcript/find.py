"""Searching a transcript: which blocks hold a text, and where it is next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from widgets.transcript.lines import Line
from widgets.transcript.viewport import Viewport

if TYPE_CHECKING:
    from widgets.transcript.blocks import Block


@dataclass(frozen=True, slots=True)
class Match:
    """A line that holds the text."""

    block: "Block"
    line: int


class Finder:
    """One search; blocks are looked through by their source, and only matching ones rendered."""

    def __init__(self, query: str) -> None:
        """A search for `query`, without regard to case."""
        self.query = query
        self.folded = query.casefold()
        self.current: Match | None = None

    def count(self, blocks: "Sequence[Block]") -> int:
        """How often the text stands in all blocks."""
        return sum(block.source().casefold().count(self.folded) for block in blocks)

    def step(
        self,
        viewport: Viewport,
        lines_of: "Callable[[Block], Sequence[Line]]",
        *,
        backwards: bool,
        start: int,
    ) -> Match | None:
        """Go to the next line that holds the text, around the ends.

        Args:
            viewport: Holds all blocks.
            lines_of: Renders one of them.
            backwards: Towards the start.
            start: Place of the block to begin at where nothing was found before.
        """
        blocks = viewport.blocks
        line = -1 if not backwards else 1 << 30
        index = start
        if self.current is not None and (place := viewport.index_of(self.current.block)) >= 0:
            index, line = place, self.current.line
        left = len(blocks) + 1
        is_first = True
        while left > 0 and blocks:
            left -= 1
            if self._is_in(blocks[index]):
                more = viewport.unfold(index)
                left += more
                index += more if backwards else 0
            block = blocks[index]
            if self._is_in(block):
                found = self._lines(block, lines_of)
                if is_first:
                    found = [n for n in found if (n < line if backwards else n > line)]
                if found:
                    self.current = Match(block, found[-1 if backwards else 0])
                    return self.current
            is_first = False
            index = (index + (-1 if backwards else 1)) % len(blocks)
        return None

    def _is_in(self, block: "Block") -> bool:
        return self.folded in block.source().casefold()

    def _lines(self, block: "Block", lines_of: "Callable[[Block], Sequence[Line]]") -> list[int]:
        """Lines of a block that show the text; its first one where only its source holds it."""
        if block.is_foldable() and not block.is_expanded:
            block.is_expanded = True
        found = [n for n, line in enumerate(lines_of(block)) if self.folded in line.text.casefold()]
        return found or [0]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Offsets of the text inside a line, in characters, half-open."""
        found: list[tuple[int, int]] = []
        folded = text.casefold()
        if len(folded) != len(text):
            folded = text.lower() if len(text.lower()) == len(text) else text
        place = folded.find(self.folded)
        while place >= 0 and self.folded:
            found.append((place, place + len(self.folded)))
            place = folded.find(self.folded, place + len(self.folded))
        return found
