"""An answer: Markdown that may still grow, as blocks of which each is one part.

Only parts that are seen are rendered, and of a growing answer only the open one is rendered
again. An answer that was not looked at yet is one block, and splits up when it is asked for lines.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from services.models.chat import Item, Reply
from widgets.glyphs import Glyphs
from widgets.transcript.blocks import Block
from widgets.transcript.code import CodeLines
from widgets.transcript.colours import Coloured, Colours
from widgets.transcript.lines import Ink, Line
from widgets.transcript.markdown import Renderer, parser
from widgets.transcript.splitting import Part, Splitter
from widgets.transcript.wrap import Row, line_of, wrap

if TYPE_CHECKING:
    from markdown_it.token import Token

NOTHING = Part("", "")


class Answer:
    """What the parts of one answer share: its value, and the source that is split."""

    def __init__(self, item: Reply, *, is_open: bool, max_width: int, colours: Colours) -> None:
        """An answer.

        Args:
            item: Its present value.
            is_open: Whether deltas may come.
            max_width: Columns of its content at most; 0 for all there are.
            colours: Of code.
        """
        self._reply = item
        self._texts = [item.text]
        self._new: list[str] = [item.text]
        self._splitter = Splitter()
        self._done = 0
        self._has_changed = True
        self.is_open = is_open
        self.max_width = max_width
        self.colours = colours
        self.is_dimmed = False
        self.parts: list[AnswerPart] = [AnswerPart(self)]
        self.placed = 1
        """How many of the parts stand in the transcript, counted from the first one."""

    @property
    def reply(self) -> Reply:
        """Its present value."""
        if len(self._texts) > 1:
            self._texts = ["".join(self._texts)]
            self._reply = replace(self._reply, text=self._texts[0])
        return self._reply

    @property
    def references(self) -> dict[str, object]:
        """Definitions of links, for the parser to add to."""
        return {"references": dict(self._splitter.references)}

    def append(self, channel: str, text: str) -> None:
        """More of `text` or `refusal`; other channels are left out."""
        if channel == "text" and text:
            self._texts.append(text)
            self._new.append(text)
            self._has_changed = True
        elif channel == "refusal" and text:
            self._reply = replace(self.reply, refusal=self._reply.refusal + text)
            self._has_changed = True

    def take(self, item: Reply, *, is_open: bool) -> None:
        """Take another value; text that is only longer, or the same, keeps what was split."""
        before = self.reply.text
        was_open = self.is_open
        self._reply = item
        self._texts = [item.text]
        self.is_open = is_open
        self._has_changed = True
        if was_open and item.text.startswith(before):
            self._new.append(item.text[len(before) :])
            return
        self._splitter = Splitter()
        self._done = 0
        self._new = [item.text]

    def dim(self, *, is_dimmed: bool) -> None:
        """Show it muted, or not any more."""
        self.is_dimmed = is_dimmed
        for part in self.parts:
            part.forget_lines()

    def split(self) -> None:
        """Bring the parts up to what came; cheap where nothing did."""
        if not self._has_changed:
            return
        self._has_changed = False
        known = len(self._splitter.references)
        self._splitter.append("".join(self._new))
        self._new.clear()
        done, rest = self._splitter.split(is_open=self.is_open)
        wanted = [*done, *rest, *self._extras(has_text=bool(done or rest or self._done))]
        first = self._done
        self._done += len(done)
        if not first and not wanted:
            wanted = [NOTHING]
        for place, part in enumerate(wanted, first):
            if place == len(self.parts):
                self.parts.append(AnswerPart(self))
            self.parts[place].show(part)
        del self.parts[first + len(wanted) :]
        if len(self._splitter.references) != known:
            for part in self.parts:
                part.forget_references()

    def _extras(self, *, has_text: bool) -> list[Part]:
        extras: list[Part] = []
        if self._reply.refusal:
            extras.append(Part("refusal", self._reply.refusal, is_open=self.is_open))
        if self._reply.is_partial and not self.is_open and (has_text or extras):
            extras.append(Part("interrupted", ""))
        return extras


class AnswerPart(Block):
    """One part of an answer. The first one speaks for the whole where items are told of it."""

    def __init__(self, answer: Answer) -> None:
        """A part that shows nothing yet.

        Args:
            answer: That it is part of.
        """
        super().__init__(answer.reply, is_open=answer.is_open, max_width=answer.max_width)
        self.answer = answer
        self._part = NOTHING
        self._code: CodeLines | None = None
        self._made_for: tuple[int, Ink, Coloured | None] | None = None
        self._renderer: Renderer | None = None

    @property
    def item(self) -> Item:
        """The whole answer's present value."""
        return self.answer.reply

    @property
    def is_open(self) -> bool:
        """Whether deltas may come."""
        return self.answer.is_open

    @property
    def is_dimmed(self) -> bool:
        """Whether the whole answer is shown muted."""
        return self.answer.is_dimmed

    @is_dimmed.setter
    def is_dimmed(self, is_dimmed: bool) -> None:
        if is_dimmed != self.answer.is_dimmed:
            self.answer.dim(is_dimmed=is_dimmed)

    def set_item(self, item: Item, *, is_open: bool) -> None:
        assert isinstance(item, Reply)
        self.answer.take(item, is_open=is_open)

    def append(self, channel: str, text: str) -> None:
        self.answer.append(channel, text)

    def show(self, part: Part) -> None:
        """Be this part from now on."""
        if part == self._part:
            return
        before = self._part
        self._part = part
        self._known = None
        is_longer = part.kind == before.kind == "fence" and part.source.startswith(before.source)
        if not is_longer or part.language != before.language:
            self._code = None
        if part.kind != before.kind:
            self._renderer = None

    def forget_lines(self) -> None:
        super().forget_lines()
        self._code = None
        self._renderer = None

    def forget_colours(self, code: str) -> None:
        """Render again what holds this code: its colours have come."""
        if code.partition("\n")[0] in self._part.source:
            self._known = None

    def forget_references(self) -> None:
        """Render again what a new definition of a link may change."""
        if "[" in self._part.source and self._part.kind != "fence":
            self.forget_lines()

    def source(self) -> str:
        """Markdown of a part, or code without its fences."""
        if self.answer.placed == 0 or not self._part.kind:
            return self.whole_source()
        if self._part.kind == "code_block":
            lines = self._part.source.split("\n")
            return "\n".join(line.removeprefix("    ") for line in lines)
        return self._part.source

    def whole_source(self) -> str:
        reply = self.answer.reply
        return "\n\n".join(part for part in (reply.text, reply.refusal) if part)

    def is_foldable(self) -> bool:
        return False

    def is_one_line(self) -> bool:
        return False

    def more_parts(self) -> Sequence[Block]:
        answer = self.answer
        answer.split()
        if answer.parts[0] is not self or answer.placed == len(answer.parts):
            return ()
        more = answer.parts[answer.placed :]
        answer.placed = len(answer.parts)
        return more

    def gap_after(self, before: Block) -> int:
        if isinstance(before, AnswerPart) and before.answer is self.answer:
            return 0 if before.is_close or self._part.kind == "interrupted" else 1
        return 1 if self._part.kind else 0

    @property
    def is_close(self) -> bool:
        """Whether the next part stands right below it: a heading, or one that was cut."""
        return self._part.is_cut or self._part.kind == "heading_open"

    def _make(self, width: int, ink: Ink, glyphs: Glyphs) -> Sequence[Line]:
        limit = self._limit(width)
        part = self._part
        match part.kind:
            case "":
                return []
            case "refusal":
                rows = wrap([("declined  ", ink.warning), (part.source, ink.text)], limit)
            case "interrupted":
                rows = wrap([("unfinished", ink.muted)], limit)
            case "plain":
                base = ink.muted if self.is_dimmed else ink.text
                rows = wrap([(part.source, base)], limit)
            case "fence":
                return self._fence(part, width, ink)
            case _:
                rows = self._markdown(part, limit, ink, glyphs)
        return [line_of(row, width, ink.text, full=limit) for row in rows]

    def _markdown(self, part: Part, limit: int, ink: Ink, glyphs: Glyphs) -> list[Row]:
        renderer = self._renderer
        if renderer is None or (renderer.width, renderer.ink) != (limit, ink):
            renderer = self._renderer = Renderer(
                limit, ink, glyphs, dim=self.is_dimmed, colours=self.answer.colours
            )
        renderer.is_open = part.is_open
        tokens: list[Token] = parser().parse(part.source, self.answer.references)
        return renderer.rows(tokens)

    def _fence(self, part: Part, width: int, ink: Ink) -> CodeLines:
        """Lines of code that were complete stay; closed code takes its colours."""
        colours = None
        if not part.is_open and not self.is_dimmed and ink.has_colour:
            colours = self.answer.colours.of(part.source, part.language)
        made_for = (width, ink, colours)
        if self._code is None or self._made_for != made_for:
            self._made_for = made_for
            self._code = CodeLines(
                part.language, width, self._limit(width), ink,
                dim=self.is_dimmed, coloured=colours,
            )  # fmt: skip
        self._code.show(part.source)
        return self._code


def make_block(item: Item, *, is_open: bool, colours: Colours, max_width: int = 100) -> Block:
    """The block that shows an item.

    Args:
        item: Its present value.
        is_open: Whether deltas may come.
        colours: Of code.
        max_width: Columns of its content at most; 0 for all there are.
    """
    if isinstance(item, Reply):
        answer = Answer(item, is_open=is_open, max_width=max_width, colours=colours)
        return answer.parts[0]
    return Block(item, is_open=is_open, max_width=max_width)
