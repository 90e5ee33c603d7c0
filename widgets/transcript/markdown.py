"""Markdown blocks as rows. Inline parts: inline.py; growing text: splitting.py."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from rich.style import Style

from widgets.glyphs import Glyphs
from widgets.transcript.code import code_rows
from widgets.transcript.colours import Colours
from widgets.transcript.inline import inline_pieces
from widgets.transcript.lines import Ink
from widgets.transcript.table import Cell, Table, table_rows
from widgets.transcript.wrap import Piece, Row, wrap

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

MAX_INLINE = 16_000
"""Characters of one paragraph beyond which nothing inside it is parsed."""
MAX_MARKS = 800
"""Characters that may be Markdown in one paragraph, beyond which nothing inside it is parsed."""
_MARKS = re.compile(r"[\[\]*_~`<!&]")
SETTLED_ROWS = 3
"""Rows of a growing table from which on its columns keep their widths until it is complete."""
LEAST_WIDTH = 8
"""Cells that nesting leaves to text at least."""


@cache
def parser() -> "MarkdownIt":
    """The Markdown dialect of answers: CommonMark, tables and strikethrough."""
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"maxNesting": 40}).enable(["table", "strikethrough"])
    made.block.ruler.at("reference", _reference)
    made.inline.ruler.before("text", "flood", _flood)
    return made


def _reference(state: "StateBlock", start_line: int, end_line: int, silent: bool) -> bool:
    """Definitions of links, but not of footnotes: those are text."""
    from markdown_it.rules_block import reference

    start = state.bMarks[start_line] + state.tShift[start_line]
    if state.src.startswith("[^", start):
        return False
    return reference(state, start_line, end_line, silent)


def _flood(state: "StateInline", silent: bool) -> bool:
    """Take what is too much to parse as plain text, all at once."""
    if state.pos or silent:
        return False
    is_flood = state.posMax > MAX_INLINE or len(_MARKS.findall(state.src)) > MAX_MARKS
    if is_flood:
        state.pending += state.src
        state.pos = state.posMax
    return is_flood


class Renderer:
    """Turns block tokens into rows at one width."""

    def __init__(
        self,
        width: int,
        ink: Ink,
        glyphs: Glyphs,
        *,
        dim: bool = False,
        colours: Colours | None = None,
    ) -> None:
        """A renderer.

        Args:
            width: Cells that text may take.
            ink: Styles by role.
            glyphs: Marks to draw with.
            dim: Whether all of it is muted.
            colours: Of code; None for none.
        """
        self.width = width
        self.ink = ink
        self.glyphs = glyphs
        self.dim = dim
        self.colours = colours
        self.is_open = False
        """Whether the last block may still grow."""
        self.settled: tuple[int, ...] = ()
        """Widths of the columns of a table that still grows."""

    @property
    def _base(self) -> Style:
        return self.ink.muted if self.dim else self.ink.text

    def rows(self, tokens: Sequence["Token"]) -> list[Row]:
        """Rows of a sequence of blocks, with the blank ones between them."""
        return self._blocks(tokens, self.width, is_tight=False)

    def _blocks(self, tokens: Sequence["Token"], width: int, *, is_tight: bool) -> list[Row]:
        rows: list[Row] = []
        before = ""
        for part in blocks_of(tokens):
            made = self._block(part, max(LEAST_WIDTH, width))
            if rows and before != "heading_open" and not (is_tight and _is_list(part[0].type)):
                rows.append(Row())
            rows.extend(made)
            before = part[0].type
        return rows

    def _block(self, tokens: Sequence["Token"], width: int) -> list[Row]:
        first = tokens[0]
        inside = tokens[1:-1]
        match first.type:
            case "paragraph_open":
                return wrap(self._inline(inside[0], self._base), width)
            case "heading_open":
                style = self.ink.muted if self.dim else self.ink.strong
                return wrap(self._inline(inside[0], style), width)
            case "fence" | "code_block":
                language = first.info.split()[0] if first.info.split() else ""
                code = first.content.removesuffix("\n")
                colours = None if self.is_open else self.colours
                return code_rows(code, language, width, self.ink, colours=colours, dim=self.dim)
            case "bullet_list_open" | "ordered_list_open":
                return self._list(tokens, width)
            case "blockquote_open":
                bar: Piece = (self.glyphs.bar + " ", self.ink.muted)
                return [r.indented([bar]) for r in self._blocks(inside, width - 2, is_tight=False)]
            case "table_open":
                return self._table(inside, width)
            case "hr":
                return [Row([(self.glyphs.line * width, self.ink.line)], width, width, "---")]
            case _:
                text = first.content.rstrip("\n")
                return wrap([(text, self._base)], width)

    def _inline(self, token: "Token", base: Style) -> list[Piece]:
        pieces = inline_pieces(token.children or [], self.ink, base)
        if self.dim:
            return [(text, self.ink.muted) for text, _ in pieces]
        return pieces

    def _list(self, tokens: Sequence["Token"], width: int) -> list[Row]:
        start = tokens[0].attrGet("start")
        number = int(start) if start is not None else 1
        is_ordered = tokens[0].type == "ordered_list_open"
        items = list(blocks_of(tokens[1:-1]))
        digits = len(str(number + len(items) - 1))
        rows: list[Row] = []
        for place, item in enumerate(items):
            mark = f"{number + place:>{digits}}. " if is_ordered else f"{self.glyphs.bullet} "
            inside = list(item[1:-1])
            task = _task(inside)
            if task is not None:
                mark = self._task_mark(done=task)
            room = width - len(mark)
            content = self._blocks(inside, room, is_tight=True) or [Row()]
            says = mark.strip() + " "
            head, blank = (mark, self.ink.muted), (" " * len(mark), self._base)
            for n, row in enumerate(content):
                rows.append(row.indented([head], says) if n == 0 else row.indented([blank]))
        return rows

    def _task_mark(self, *, done: bool) -> str:
        if self.glyphs.bullet == "*":
            return "[x] " if done else "[ ] "
        return "☑ " if done else "☐ "

    def _table(self, tokens: Sequence["Token"], width: int) -> list[Row]:
        head: list[Cell] = []
        body: list[list[Cell]] = []
        right: list[bool] = []
        current: list[Cell] = head
        for place, token in enumerate(tokens):
            match token.type:
                case "tbody_open":
                    current = []
                case "tr_open":
                    if body or current is not head:
                        current = []
                        body.append(current)
                case "th_open":
                    right.append("right" in str(token.attrGet("style") or ""))
                    current.append(self._inline(tokens[place + 1], self.ink.muted))
                case "td_open":
                    current.append(self._inline(tokens[place + 1], self._base))
                case _:
                    pass
        settled = self.settled if self.is_open else None
        rows, widths = table_rows(
            Table(head, body, right), width, self.ink, self.glyphs, settled=settled
        )
        if self.is_open and len(body) >= SETTLED_ROWS and not self.settled:
            self.settled = widths
        return rows


def blocks_of(tokens: Sequence["Token"]) -> list[Sequence["Token"]]:
    """Sibling blocks, each with everything inside it."""
    found: list[Sequence[Token]] = []
    depth = start = 0
    for place, token in enumerate(tokens):
        if depth == 0:
            start = place
        depth += token.nesting
        if depth == 0:
            found.append(tokens[start : place + 1])
    return found


def _is_list(kind: str) -> bool:
    return kind in {"bullet_list_open", "ordered_list_open"}


def _task(tokens: list["Token"]) -> bool | None:
    """Whether an item of a task list is done, taking its box out; None for other items."""
    if len(tokens) < 2 or tokens[1].type != "inline" or not tokens[1].children:
        return None
    first = tokens[1].children[0]
    box = first.content[:4].lower()
    if first.type != "text" or box not in {"[ ] ", "[x] "}:
        return None
    first.content = first.content[4:]
    return box == "[x] "
