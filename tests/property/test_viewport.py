"""Whatever happens around it, the line under the reader's eye stays, and the ends hold."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.models.chat import Notice, Reasoning, Reply, UserMessage
from tests.widgets.transcript.inks import plain_ink
from widgets.glyphs import UNICODE
from widgets.transcript.answer import AnswerPart, make_block
from widgets.transcript.blocks import Block
from widgets.transcript.colours import Colours
from widgets.transcript.lines import Line
from widgets.transcript.viewport import Viewport

INK = plain_ink()
WORDS = "one two three four five six seven eight nine ten eleven twelve "
TEXTS = st.integers(0, 4).map(lambda n: "\n\n".join([WORDS * (n + 1)] * n))
KINDS = st.integers(0, 3)


@dataclass
class Screen:
    """A window with a width."""

    width: int = 30
    blocks: int = 0
    viewport: Viewport = field(init=False)

    def __post_init__(self) -> None:
        self.viewport = Viewport(self.lines)
        self.viewport.height = 8

    def lines(self, block: Block) -> list[Line]:
        return list(block.lines(self.width, INK, UNICODE)) or []

    def new(self, kind: int, text: str) -> Block:
        self.blocks += 1
        name = str(self.blocks)
        item = [
            UserMessage(id=name, turn_id="t", text=text or "hm", at=0),
            Notice(id=name, turn_id="t", text="a notice"),
            Reply(id=name, turn_id="t", text=text),
            Reasoning(id=name, turn_id="t", summary=text),
        ][kind]
        return make_block(item, is_open=False, colours=Colours(), max_width=0)


class Reading(RuleBasedStateMachine):
    """Random operations on a window."""

    def __init__(self) -> None:
        super().__init__()
        self.screen = Screen()
        self.viewport = self.screen.viewport

    def eye(self) -> tuple[Block, int] | None:
        """The first block's line that is seen, while the reader is not at the end."""
        if self.viewport.is_following:
            return None
        rows = [row for row in self.viewport.visible() if row.line >= 0]
        if self.viewport.is_following or not rows:
            return None
        return self.viewport.blocks[rows[0].index], rows[0].line

    def stays(self, before: tuple[Block, int] | None, place: int) -> bool:
        """Whether what was seen is in the same row of the window."""
        rows = self.viewport.visible()
        if before is None or self.viewport.is_following:
            return True
        row = rows[place]
        return (self.viewport.blocks[row.index], row.line) == before

    def stays_or_starts(self, before: tuple[Block, int] | None, place: int) -> bool:
        """Whether it is, but for a gap that goes where nothing above is left to fill it."""
        return self.stays(before, place) or (self.rows_above() == 0 and self.eye() == before)

    def place_of_eye(self) -> int:
        """Row of the window in which the first line is."""
        return next((n for n, row in enumerate(self.viewport.visible()) if row.line >= 0), 0)

    @rule(kind=KINDS, text=TEXTS)
    def grow_below(self, kind: int, text: str) -> None:
        before = self.eye()
        self.viewport.blocks.append(self.screen.new(kind, text))
        assert before is None or self.eye() == before

    @rule(kinds=st.lists(KINDS, max_size=4), text=TEXTS)
    def prepend(self, kinds: list[int], text: str) -> None:
        before, place = self.eye(), self.place_of_eye()
        self.viewport.insert_before([self.screen.new(kind, text) for kind in kinds])
        assert self.stays(before, place)

    @precondition(lambda self: self.viewport.blocks)
    @rule(rows=st.integers(-40, 40))
    def scroll(self, rows: int) -> None:
        self.viewport.scroll(rows)

    @rule(rows=st.integers(1, 3))
    def up_and_down_again_is_where_it_was(self, rows: int) -> None:
        before = self.eye()
        if before is None:
            return
        above = self.rows_above()
        if above >= rows and not self.viewport.is_following:
            self.viewport.scroll(-rows)
            self.viewport.scroll(rows)
            assert self.viewport.is_following or self.eye() == before

    @rule()
    def follow(self) -> None:
        self.viewport.follow()

    @rule(place=st.integers(0, 30), text=TEXTS)
    def grow_an_answer(self, place: int, text: str) -> None:
        answers = [b for b in self.viewport.blocks if isinstance(b, AnswerPart)]
        if not answers:
            return
        first = answers[place % len(answers)].answer.parts[0]
        before = self.eye()
        reply = first.answer.reply
        longer = Reply(id=reply.id, turn_id="t", text=reply.text + "\n\n" + text)
        first.answer.take(longer, is_open=False)
        first.answer.split()
        index = self.viewport.index_of(first)
        self.viewport.replace(index, first.answer.placed, first.answer.parts)
        first.answer.placed = len(first.answer.parts)
        assert before is None or self.eye() in {before, None}

    @rule(width=st.sampled_from([20, 30, 55, 120]))
    def change_width(self, width: int) -> None:
        before = self.eye()
        said = self.screen.lines(before[0])[before[1]].text if before else ""
        anchor = self.viewport.anchor()
        self.screen.width = width
        self.viewport.restore(anchor)
        now = self.eye()
        if before is not None and now is not None:
            assert now[0] is before[0]
            line = self.screen.lines(now[0])[now[1]].text
            assert said[:1] in line or line[:1] in said

    @rule(height=st.integers(1, 30))
    def change_height(self, height: int) -> None:
        self.viewport.height = height

    @rule(place=st.integers(0, 50))
    def remove(self, place: int) -> None:
        if self.viewport.blocks:
            before, row = self.eye(), self.place_of_eye()
            block = self.viewport.blocks[place % len(self.viewport.blocks)]
            gone = {n for n, b in enumerate(self.viewport.blocks) if b.item.id == block.item.id}
            kept = before is not None and before[0].item.id != block.item.id
            self.viewport.remove(gone)
            assert not kept or self.stays_or_starts(before, row)

    @rule(place=st.integers(0, 50))
    def fold(self, place: int) -> None:
        blocks = [block for block in self.viewport.blocks if block.is_foldable()]
        if blocks:
            before, row = self.eye(), self.place_of_eye()
            block = blocks[place % len(blocks)]
            block.is_expanded = not block.is_expanded
            if before is not None and before[0] is block:
                before = (block, min(before[1], len(self.screen.lines(block)) - 1))
            assert self.stays_or_starts(before, row)

    @rule(place=st.integers(0, 50), text=TEXTS)
    def take_another_text(self, place: int, text: str) -> None:
        blocks = [block for block in self.viewport.blocks if isinstance(block.item, UserMessage)]
        if blocks:
            before, row = self.eye(), self.place_of_eye()
            block = blocks[place % len(blocks)]
            item = UserMessage(id=block.item.id, turn_id="t", text=text or "hm", at=0)
            block.set_item(item, is_open=False)
            if before is not None and before[0] is block:
                before = (block, min(before[1], len(self.screen.lines(block)) - 1))
            assert self.stays_or_starts(before, row)

    def rows_above(self) -> int:
        seen = self.viewport.visible()
        if not seen:
            return 0
        first = seen[0]
        rows = sum(self.viewport.rows_of(n) for n in range(first.index))
        return rows + max(0, first.line)

    @invariant()
    def the_window_is_full_and_in_order(self) -> None:
        rows = self.viewport.visible()
        if len(rows) < self.viewport.height:
            assert self.viewport.is_following
            assert self.rows_above() == 0
        places = [(row.index, row.line) for row in rows]
        assert places == sorted(places)

    @invariant()
    def it_follows_only_at_the_end(self) -> None:
        rows = self.viewport.visible()
        if self.viewport.is_following and rows:
            block = self.viewport.blocks[rows[-1].index]
            assert rows[-1].line == len(self.screen.lines(block)) - 1
            later = range(rows[-1].index + 1, len(self.viewport.blocks))
            assert not any(self.viewport.rows_of(n) for n in later)


TestReading = Reading.TestCase
TestReading.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
