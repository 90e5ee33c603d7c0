"""Markdown that grows, split into parts: what can no longer change is split off for good.

A part is one block at the top level. Parts are found by the parser itself, a window at a time,
and never depend on how the text was cut into deltas. Rendering them is somebody else's work.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from widgets.transcript.markdown import blocks_of, parser

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_PART = 12_000
"""Characters of one block beyond which it is cut, and shown as plain text. Code may be longer."""
MAX_LINES = 500
"""The same in lines."""
LONG_LIST = 3_000
"""Characters of a list beyond which it is cut between items; the rest is a list again."""
FINAL = {"fence", "heading_open", "hr"}
"""Blocks that nothing after them changes."""
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)+")
_FENCE = re.compile(r"(`{3,}|~{3,})([^\n]*)\n")

References = dict[str, dict[str, Any]]
"""Definitions of links, as the parser keeps them: by label, with `href` and `map`."""


@dataclass(frozen=True, slots=True)
class Part:
    """One block at the top level."""

    kind: str
    """Type of its first token (`paragraph_open`, `fence`, ...), or `plain`."""
    source: str
    """Its Markdown; of a fence at the left edge the code alone; of `plain` just text."""
    language: str = ""
    """First word after the fence."""
    is_open: bool = False
    """Whether it may still change."""
    is_cut: bool = False
    """Whether the next part goes on with it, without a blank row."""


@dataclass(slots=True)
class _Fence:
    """An open fence at the left edge."""

    marker: str
    language: str
    start: int
    """Offset of its first line of code."""
    upto: int
    """Offset up to which no closing fence is."""


class Splitter:
    """Source that is appended to, and the parts it makes."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.references: References = {}
        """Definitions that stand in parts which are split off."""
        self._tail = ""
        """What is not split off yet."""
        self._fence: _Fence | None = None
        self._ends_with_return = False

    def append(self, text: str) -> None:
        """More source. Line ends of any system become newlines."""
        if not text:
            return
        if self._ends_with_return and text[0] == "\n":
            text = text[1:]
            self._ends_with_return = False
            if not text:
                return
        if "\r" in text:
            self._ends_with_return = text[-1] == "\r"
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        else:
            self._ends_with_return = False
        self._tail += text.replace("\0", "\ufffd")

    def split(self, *, is_open: bool) -> tuple[list[Part], list[Part]]:
        """Go through what came.

        Args:
            is_open: Whether more may come.

        Returns:
            Parts that are finished by now and were not told before, and those of the open end.
        """
        done: list[Part] = []
        while True:
            if self._fence is not None:
                part = self._fenced(is_open=is_open)
                if part.is_open:
                    return done, [part]
                done.append(part)
                continue
            if blank := _BLANK_LINES.match(self._tail):
                self._tail = self._tail[blank.end() :]
            if not self._tail:
                return done, []
            window = _window(self._tail)
            is_whole = len(window) == len(self._tail)
            references = dict(self.references)
            blocks = blocks_of(_block_tokens(window, references))
            starts = _line_starts(window)
            if blocks and self._begins_fence(blocks[-1][0], window, starts):
                done += self._taken(blocks[:-1], window, starts, references)
                self._open_fence()
                continue
            cut = _list_cut(blocks[0], window, starts) if blocks else None
            if cut is not None:
                done += self._taken([blocks[0][:1]], window, starts, references, cut=cut)
                continue
            if is_whole and not is_open:
                done += self._taken(blocks, window, starts, references)
                self._learn(references)
                self._tail = ""
                return done, []
            kept = _changing(blocks, window, starts)
            if not is_whole and kept >= len(blocks):
                if blocks:
                    done.append(Part("plain", window, is_cut=True))
                self._learn(references)
                self._tail = self._tail[len(window) :]
                continue
            done += self._taken(blocks[: len(blocks) - kept], window, starts, references)
            if is_whole:
                rest = blocks[len(blocks) - kept :]
                if rest and _list_cut(rest[0], window, starts) is not None:
                    continue
                return done, [_part(block, window, starts, is_open=True) for block in rest]

    def _learn(self, references: References) -> None:
        for label, reference in references.items():
            self.references.setdefault(label, reference)

    def _taken(
        self,
        blocks: "Sequence[Sequence[Token]]",
        window: str,
        starts: Sequence[int],
        references: References,
        *,
        cut: int | None = None,
    ) -> list[Part]:
        """Split these off the tail, with the definitions that stand before their end.

        Args:
            blocks: First ones of the tail.
            window: What was parsed of the tail.
            starts: Offsets of its lines.
            references: All definitions in it.
            cut: Line at which the last of the blocks ends, where that is before its own end.
        """
        if not blocks:
            return []
        parts = [_part(block, window, starts, is_open=False) for block in blocks]
        end = _map(blocks[-1])[1]
        if cut is not None:
            top = starts[_map(blocks[-1])[0]]
            source = window[top : starts[cut]].strip("\n")
            parts[-1] = replace(parts[-1], source=source, is_cut=True)
            end = cut
        self._learn({k: v for k, v in references.items() if v["map"][0] < end})
        self._tail = self._tail[starts[min(end, len(starts) - 1)] :]
        return parts

    def _begins_fence(self, token: "Token", window: str, starts: Sequence[int]) -> bool:
        """Whether a block is a fence at the left edge, whose line is complete, still open."""
        if token.type != "fence" or token.map is None:
            return False
        found = _FENCE.match(window, starts[token.map[0]])
        if found is None:
            return False
        lines = window[found.end() : starts[min(token.map[1], len(starts) - 1)]].split("\n")
        return not any(_closes(line, found.group(1)) for line in lines)

    def _open_fence(self) -> None:
        """Begin with the fence that the tail begins with, after blank lines and definitions."""
        references: References = {}
        window = _window(self._tail)
        fence = _block_tokens(window, references)[0]
        assert fence.map is not None
        self._tail = self._tail[_line_starts(window)[fence.map[0]] :]
        self._learn({k: v for k, v in references.items() if v["map"][0] < fence.map[0]})
        found = _FENCE.match(self._tail)
        assert found is not None
        words = fence.info.split()
        language = words[0] if words else ""
        self._fence = _Fence(found.group(1), language, found.end(), found.end())

    def _fenced(self, *, is_open: bool) -> Part:
        """The part of the open fence; it is split off where it is closed."""
        fence = self._fence
        assert fence is not None
        place = fence.upto
        while (end := self._tail.find("\n", place)) >= 0:
            if _closes(self._tail[place:end], fence.marker):
                return self._closed(place, end + 1)
            place = end + 1
        fence.upto = place
        if not is_open:
            if _closes(self._tail[place:], fence.marker):
                return self._closed(place, len(self._tail))
            return self._closed(len(self._tail), len(self._tail))
        code = self._tail[fence.start :].removesuffix("\n")
        return Part("fence", code, fence.language, is_open=True)

    def _closed(self, end: int, after: int) -> Part:
        fence = self._fence
        assert fence is not None
        code = self._tail[fence.start : end].removesuffix("\n")
        self._tail = self._tail[after:]
        self._fence = None
        return Part("fence", code, fence.language)


def _block_tokens(source: str, references: References) -> "list[Token]":
    """Tokens of blocks; what is inside paragraphs stays unparsed."""
    tokens: list[Token] = []
    md = parser()
    md.block.parse(source, md, {"references": references}, tokens)
    return tokens


def _window(tail: str) -> str:
    """As much of the tail as is looked at together."""
    window = tail[:MAX_PART]
    if window.count("\n") > MAX_LINES:
        place = 0
        for _ in range(MAX_LINES):
            place = window.index("\n", place) + 1
        window = window[:place]
    return window


def _list_cut(block: "Sequence[Token]", window: str, starts: Sequence[int]) -> int | None:
    """The line of the first item that begins after a long list's first part; None for none.

    The item's own first line is complete, so that it is an item for good.
    """
    if block[0].type not in {"bullet_list_open", "ordered_list_open"}:
        return None
    first, last = _map(block)
    if starts[min(last, len(starts) - 1)] - starts[first] < LONG_LIST:
        return None
    for token in block:
        if token.type == "list_item_open" and token.level == block[0].level + 1 and token.map:
            line = token.map[0]
            is_complete = line + 1 < len(starts) and window[starts[line + 1] - 1] == "\n"
            if starts[line] - starts[first] >= LONG_LIST and is_complete:
                return line
    return None


def _line_starts(source: str) -> list[int]:
    """Offsets of lines, and of the end."""
    starts = [0]
    place = source.find("\n") + 1
    while place:
        starts.append(place)
        place = source.find("\n", place) + 1
    if starts[-1] != len(source):
        starts.append(len(source))
    return starts


def _map(block: "Sequence[Token]") -> tuple[int, int]:
    """First line, and the line after the last one."""
    lines = block[0].map
    return (lines[0], lines[1]) if lines else (0, 0)


def _changing(blocks: "Sequence[Sequence[Token]]", window: str, starts: Sequence[int]) -> int:
    """How many of the last blocks may still change.

    The last one may, and if it begins in a line that is not complete, the one before it may too:
    `1. a`, blank line, `2` is a list and a paragraph, and one list as soon as a point follows.
    """
    if len(blocks) > 1 and not window.endswith("\n") and blocks[-2][0].type not in FINAL:
        last_line = len(starts) - 2
        if _map(blocks[-1])[0] >= last_line:
            return 2
    return min(1, len(blocks))


def _closes(line: str, marker: str) -> bool:
    """Whether a line closes a fence."""
    text = line.rstrip(" \t")
    inner = text.lstrip(" ")
    return len(text) - len(inner) < 4 and len(inner) >= len(marker) and set(inner) == {marker[0]}


def _part(block: "Sequence[Token]", window: str, starts: Sequence[int], *, is_open: bool) -> Part:
    first, last = _map(block)
    top = starts[min(first, len(starts) - 1)]
    source = window[top : starts[min(last, len(starts) - 1)]]
    if block[0].type == "fence":
        found = _FENCE.match(source if source.endswith("\n") else source + "\n")
        if found is not None:
            words = block[0].info.split()
            code = block[0].content.removesuffix("\n")
            return Part("fence", code, words[0] if words else "", is_open=is_open)
    return Part(block[0].type, source.strip("\n"), is_open=is_open)
