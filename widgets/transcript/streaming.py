"""Markdown that grows: what can no longer change is rendered once.

Blocks at the top level are frozen as soon as another one follows. Inside an open fence, lines
are frozen one by one and coloured when it closes.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from widgets.glyphs import Glyphs
from widgets.transcript.code import code_line_rows, labelled
from widgets.transcript.lines import Ink, Line
from widgets.transcript.markdown import Renderer, blocks_of, parser
from widgets.transcript.wrap import Row, line_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n`]*)\n?")
MAX_TAIL = 200_000
"""Characters of one block beyond which it is shown as plain text."""


def _no_lines() -> list[Line]:
    return []


@dataclass(slots=True)
class _Frozen:
    """What is rendered for good."""

    upto: int = 0
    """Offset in the source before which nothing changes any more."""
    lines: list[Line] = field(default_factory=_no_lines)
    before: str = ""
    """Kind of the last frozen block."""


@dataclass(slots=True)
class _OpenFence:
    """Lines of a fence that is still open."""

    start: int
    """Offset of its opening line."""
    marker: str
    language: str
    upto: int
    """Offset before which its lines are rendered."""
    lines: list[Line] = field(default_factory=_no_lines)


class MarkdownStream:
    """Source that is appended to, and its lines at one width."""

    def __init__(self, width: int, limit: int, ink: Ink, glyphs: Glyphs, *, dim: bool) -> None:
        """An empty stream.

        Args:
            width: Cells of each line.
            limit: Cells that text may take; the rest stays empty.
            ink: Styles by role.
            glyphs: Marks to draw with.
            dim: Whether all of it is muted.
        """
        self._width = width
        self._limit = limit
        self._ink = ink
        self._glyphs = glyphs
        self._dim = dim
        self._renderer = Renderer(limit, ink, glyphs, dim=dim)
        self._frozen = _Frozen()
        self._fence: _OpenFence | None = None
        self._env: dict[str, object] = {}

    def fits(self, width: int, ink: Ink, glyphs: Glyphs) -> bool:
        """Whether its lines are for this width, these styles and these marks."""
        return self._width == width and self._ink is ink and self._glyphs is glyphs

    def lines(self, source: str, *, is_open: bool) -> tuple[list[Line], int]:
        """Lines of `source`, which starts with what was given before.

        Args:
            source: All of it.
            is_open: Whether more may come.

        Returns:
            The lines, and how many of them will not change any more.
        """
        if is_open and self._fence is not None:
            tail = self._fence_lines(source)
            if tail is not None:
                return self._frozen.lines + tail, len(self._frozen.lines)
        tail_source = source[self._frozen.upto :]
        if len(tail_source) > MAX_TAIL:
            rows = [Row([(t, self._ink.text)], 0, 0, t) for t in tail_source.split("\n")]
            return self._frozen.lines + self._made(rows), len(self._frozen.lines)
        tokens = parser().parse(tail_source, self._env)
        blocks = blocks_of(tokens)
        if is_open and blocks:
            self._freeze(blocks[:-1], tail_source)
            last = blocks[-1:]
            tail_source = source[self._frozen.upto :]
            self._renderer.is_open = True
            if last[0][0].type == "fence":
                self._open_fence(tail_source)
                if self._fence is not None:
                    tail = self._fence_lines(source)
                    if tail is not None:
                        return self._frozen.lines + tail, len(self._frozen.lines)
        else:
            self._freeze(blocks, tail_source)
            last = []
        rows = self._after(last)
        self._renderer.is_open = False
        return self._frozen.lines + self._made(rows), len(self._frozen.lines)

    def _freeze(self, blocks: "Sequence[Sequence[Token]]", source: str) -> None:
        """Render these for good; `source` begins where frozen text ends."""
        if not blocks:
            return
        self._renderer.is_open = False
        for block in blocks:
            self._frozen.lines.extend(self._made(self._after([block])))
            self._frozen.before = block[0].type
        self._renderer.settled = ()
        span = blocks[-1][0].map
        end = span[1] if span else 0
        place = 0
        for _ in range(end):
            newline = source.find("\n", place)
            if newline < 0:
                place = len(source)
                break
            place = newline + 1
        self._frozen.upto += place

    def _after(self, blocks: "Sequence[Sequence[Token]]") -> list[Row]:
        """Rows of blocks that follow what is frozen, with the blank one between."""
        if not blocks:
            return []
        rows = self._renderer.rows([token for block in blocks for token in block])
        if self._frozen.lines and self._frozen.before != "heading_open":
            rows.insert(0, Row())
        return rows

    def _made(self, rows: list[Row]) -> list[Line]:
        text = self._ink.text
        return [line_of(row, self._width, text, full=self._limit) for row in rows]

    def _open_fence(self, tail: str) -> None:
        """Remember the fence that the tail begins with, unless it is closed already."""
        offset = len(tail) - len(tail.lstrip("\n"))
        found = _FENCE.match(tail, offset)
        if found is None or not found.group().endswith("\n"):
            self._fence = None
            return
        marker = found.group(1)
        words = found.group(2).split()
        start = self._frozen.upto + offset
        self._fence = _OpenFence(
            start, marker, words[0] if words else "", self._frozen.upto + found.end()
        )

    def _fence_lines(self, source: str) -> list[Line] | None:
        """Lines of the open fence; None once it is closed."""
        fence = self._fence
        assert fence is not None
        end = source.rfind("\n", fence.upto) + 1
        if end > fence.upto:
            for text in source[fence.upto : end].removesuffix("\n").split("\n"):
                closing = text.strip(" ")
                if (
                    closing
                    and set(closing) == {fence.marker[0]}
                    and len(closing) >= len(fence.marker)
                ):
                    self._fence = None
                    return None
                fence.lines.extend(self._made(self._code_rows(text, is_first=not fence.lines)))
            fence.upto = end
        last = source[fence.upto :]
        tail = list(fence.lines)
        if last:
            tail += self._made(self._code_rows(last, is_first=not tail))
        if not tail:
            tail = self._made(self._code_rows("", is_first=True))
        if self._frozen.lines and self._frozen.before != "heading_open":
            tail[:0] = self._made([Row()])
        return tail

    def _code_rows(self, text: str, *, is_first: bool) -> list[Row]:
        style = self._ink.surface_muted if self._dim else self._ink.surface
        rows = code_line_rows([(text, style)], self._limit, self._ink)
        if is_first and self._fence is not None:
            return labelled(rows, self._fence.language, self._limit, self._ink)
        return rows
