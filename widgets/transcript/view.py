"""The transcript: one widget that draws a whole conversation line by line.

How it stays cheap: docs/decisions/0002-one-transcript-widget.md.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.reactive import reactive

from widgets.glyphs import Glyphs
from widgets.transcript.canvas import BlockCanvas
from widgets.transcript.viewport import Row

if TYPE_CHECKING:
    from services.models.chat import Item
    from widgets.transcript.blocks import Block

EARLIER_THRESHOLD = 40
"""Blocks before the view at which earlier ones are asked for."""


class Transcript(BlockCanvas):
    """Blocks, newest last; follows the end only while the reader is there."""

    is_finding: reactive[bool] = reactive(default=False, bindings=True)

    class RetryRequested(Message):
        """The failed turn shall run again."""

    @dataclass
    class EditRequested(Message):
        """This user message shall be edited and sent anew."""

        item_id: str

    class EarlierWanted(Message):
        """The reader nears the first block that is known."""

    def __init__(
        self,
        glyphs: Glyphs,
        *,
        max_width: int = 100,
        has_colour: bool = True,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """An empty transcript.

        Args:
            glyphs: Marks to draw with.
            max_width: Columns of an answer at most; 0 for as wide as the widget.
            has_colour: False under NO_COLOR.
            id: Of the widget.
        """
        super().__init__(glyphs, has_colour=has_colour, id=id)
        self._max_width = max_width
        self._places: dict[str, Block] = {}
        self._earlier = 0
        self._has_asked = False

    def load(
        self, items: "Sequence[Item]", *, earlier: int = 0, open_ids: Collection[str] = ()
    ) -> None:
        """Show these items instead of all others, at their end.

        Args:
            items: The newest ones.
            earlier: How many stand before them and can be asked for.
            open_ids: Which of them still grow.
        """
        self._viewport.clear()
        self._places.clear()
        self._changed.clear()
        self._cursor = self._selection = None
        self.end_find()
        self._viewport.blocks = [
            self._new_block(item, is_open=item.id in open_ids) for item in items
        ]
        self._earlier = earlier
        self._has_asked = False
        self.new_below = 0
        self.update_soon()

    def prepend(self, items: "Sequence[Item]") -> None:
        """Put earlier items in front; the line under the reader's eye stays."""
        self._viewport.insert_before([self._new_block(item, is_open=False) for item in items])
        self._earlier = max(0, self._earlier - len(items))
        self._has_asked = False
        self.update_soon()

    def open_item(self, item: "Item") -> None:
        """An item begins; `append` adds to it."""
        self._put(item, is_open=True)

    def append(self, item_id: str, channel: str, text: str) -> None:
        """More of an open item; nothing happens for one that is not there.

        Args:
            item_id: Of the item.
            channel: As `Block.append` takes it.
            text: Clean plain text.
        """
        block = self._places.get(item_id)
        if block is not None:
            block.append(channel, text)
            self._note_change(block)

    def close_item(self, item: "Item") -> None:
        """An item as it is in the end: takes the place of the open one, or comes last."""
        self._put(item, is_open=False)

    def dim_items(self, item_ids: Iterable[str]) -> None:
        """Show these muted: they will be replaced."""
        for item_id in item_ids:
            if block := self._places.get(item_id):
                block.is_dimmed = True
        self.update_soon()

    def drop_items(self, item_ids: Iterable[str]) -> None:
        """Take these away."""
        gone = {i for i in item_ids if self._places.pop(i, None)}
        blocks = self._viewport.blocks
        self._viewport.remove([n for n, block in enumerate(blocks) if block.item.id in gone])
        if self._cursor is not None and self._cursor.item.id in gone:
            self._cursor = None
        self.update_soon()

    def _put(self, item: "Item", *, is_open: bool) -> None:
        block = self._places.get(item.id)
        if block is not None:
            block.is_dimmed = False
            block.set_item(item, is_open=is_open)
            self._note_change(block)
        else:
            self._viewport.blocks.append(self._new_block(item, is_open=is_open))
            if not self._viewport.is_following:
                self.new_below += 1
        self.update_soon()

    def _note_change(self, block: "Block") -> None:
        from widgets.transcript.answer import AnswerPart

        if isinstance(block, AnswerPart):
            self._changed[block] = None
        self.update_soon()

    def _new_block(self, item: "Item", *, is_open: bool) -> "Block":
        # What blocks are made of is not for the first frame, which has none.
        from widgets.transcript.answer import make_block

        block = make_block(item, is_open=is_open, colours=self._colours, max_width=self._max_width)
        self._places[item.id] = block
        return block

    def action_cursor_up(self) -> None:
        """To the block above, or further up in one that does not fit."""
        self._move_cursor(-1)

    def action_cursor_down(self) -> None:
        """To the block below, or further down in one that does not fit."""
        self._move_cursor(1)

    def action_page_up(self) -> None:
        """One page up."""
        self._page(-1)

    def action_page_down(self) -> None:
        """One page down."""
        self._page(1)

    def action_home(self) -> None:
        """To the start of what is known."""
        if self._viewport.blocks:
            self._viewport.go_to(0)
            self._cursor = self._viewport.blocks[0]
            self.update_soon()

    def action_end(self) -> None:
        """To the end, and follow it."""
        self._viewport.follow()
        if self._viewport.blocks:
            self._viewport.unfold(len(self._viewport.blocks) - 1)
            self._cursor = self._viewport.blocks[-1]
        self.update_soon()

    def action_fold(self) -> None:
        """Open or fold the block at the cursor."""
        block = self._current_block()
        if block is not None and block.is_foldable():
            block.is_expanded = not block.is_expanded
            self.update_soon()

    def action_copy_block(self) -> None:
        """Copy the block at the cursor as it was written: of an answer that part only."""
        block = self._current_block()
        if block is not None:
            text = block.source() if self._cursor is not None else block.whole_source()
            self.post_message(self.CopyRequested(text, "block"))

    def action_copy_answer(self) -> None:
        """Copy the whole answer of the turn at the cursor as Markdown."""
        from widgets.transcript.answer import AnswerPart

        block = self._current_block()
        if block is None:
            return
        turn = block.item.turn_id
        texts = {
            each.item.id: each.whole_source()
            for each in self._viewport.blocks
            if isinstance(each, AnswerPart) and each.item.turn_id == turn
        }
        text = "\n\n".join(part for part in texts.values() if part) or block.source()
        self.post_message(self.CopyRequested(text, "answer"))

    def action_retry(self) -> None:
        """Run the failed turn again."""
        self.post_message(self.RetryRequested())

    def action_edit(self) -> None:
        """Edit the user message at the cursor, or the one it answers, and fork."""
        block = self._current_block()
        if block is None:
            return
        turn = block.item.turn_id
        for each in self._viewport.blocks:
            if each.is_of_the_user and each.item.turn_id == turn:
                self.post_message(self.EditRequested(each.item.id))
                return

    def action_copy_selection(self) -> None:
        """Copy what is selected, and select nothing any more."""
        text = self.selected_text()
        self.clear_selection()
        if text:
            self.post_message(self.CopyRequested(text, "selection"))

    def action_find_next(self) -> None:
        """To the next match."""
        self._step(backwards=False)

    def action_find_previous(self) -> None:
        """To the match before."""
        self._step(backwards=True)

    def find(self, query: str) -> int:
        """Search; the view goes to the last match at or before where the reader is.

        Args:
            query: Text; case does not matter. Empty ends the search.

        Returns:
            How often it is there.
        """
        if not query:
            self.end_find()
            return 0
        from widgets.transcript.find import Finder

        self._finder = Finder(query)
        self.is_finding = True
        count = self._finder.count(self._viewport.blocks)
        if count:
            self._step(backwards=True)
        self.update_soon()
        return count

    def end_find(self) -> None:
        """Stop searching; the view stays where it is."""
        self._finder = None
        self.is_finding = False
        self.update_soon()

    def clear_selection(self) -> None:
        """Select nothing."""
        self._selection = None
        self.has_selection = False
        self.update_soon()

    @property
    def is_following(self) -> bool:
        """Whether the view sticks to the end."""
        return self._viewport.is_following

    @property
    def current_item(self) -> "Item | None":
        """The item at the cursor, else the last one."""
        block = self._current_block()
        return block.item if block else None

    @property
    def is_broken(self) -> bool:
        """Whether the last turn ends without a whole answer, and may be tried again."""
        blocks = self._viewport.blocks
        return bool(blocks) and blocks[-1].is_broken

    @property
    def has_failed(self) -> bool:
        """Whether the last block is an error card."""
        blocks = self._viewport.blocks
        return bool(blocks) and blocks[-1].has_failed

    def post_update(self) -> None:
        if (
            self._earlier
            and not self._has_asked
            and self._viewport.first_index < EARLIER_THRESHOLD
            and not self._viewport.is_following
        ):
            self._has_asked = True
            self.post_message(self.EarlierWanted())

    def _current_block(self) -> "Block | None":
        if self._cursor is not None:
            return self._cursor
        return self._viewport.blocks[-1] if self._viewport.blocks else None

    def _move_cursor(self, step: int) -> None:
        """One block on, but for blocks that do not fit: those are read through first."""
        viewport = self._viewport
        height = self.size.height
        if not viewport.blocks or not height:
            return
        rows = viewport.visible()
        index = viewport.index_of(self._cursor)
        if index < 0:
            index = self._last_seen(rows)
            if self._cursor is None and step < 0:
                self._cursor = viewport.blocks[index]
                self.update_soon()
                return
        seen = [row.line for row in rows if row.index == index and row.line >= 0]
        last = len(self._lines(viewport.blocks[index])) - 1
        if seen and step > 0 and seen[-1] < last:
            viewport.scroll(min(height - 2, last - seen[-1]) or 1)
        elif seen and step < 0 and seen[0] > 0:
            viewport.scroll(-(min(height - 2, seen[0]) or 1))
        else:
            self._step_to(index, step)
        self.update_soon()

    def _last_seen(self, rows: Sequence[Row]) -> int:
        seen = [row.index for row in rows if row.line >= 0]
        return seen[-1] if seen else len(self._viewport.blocks) - 1

    def _step_to(self, index: int, step: int) -> None:
        """Move the cursor to the next block that shows something."""
        viewport = self._viewport
        index += step
        while 0 <= index < len(viewport.blocks):
            more = viewport.unfold(index)
            index += more if step < 0 else 0
            if viewport.rows_of(index):
                self._cursor = viewport.blocks[index]
                self._bring_into_view(index, at_end=step < 0)
                return
            index += step
        if step > 0:
            viewport.follow()

    def _bring_into_view(self, index: int, *, at_end: bool) -> None:
        viewport = self._viewport
        height = self.size.height
        count = len(self._lines(viewport.blocks[index]))
        seen = sum(1 for row in viewport.visible() if row.index == index and row.line >= 0)
        if seen == count or seen >= height:
            return
        if count > height:
            viewport.go_to(index, count - height if at_end else 0, above=0)
        elif at_end:
            viewport.go_to(index)
        else:
            viewport.go_to(index, 0, above=max(0, height - count))

    def _page(self, direction: int) -> None:
        self._viewport.scroll(direction * max(1, self.size.height - 2))
        seen = [row.index for row in self._viewport.visible() if row.line >= 0]
        if seen and self._viewport.index_of(self._cursor) not in seen:
            self._cursor = self._viewport.blocks[seen[0] if direction < 0 else seen[-1]]
        self.update_soon()

    def _step(self, *, backwards: bool) -> None:
        viewport = self._viewport
        if self._finder is None or not viewport.blocks:
            return
        start = viewport.index_of(self._cursor)
        if start < 0:
            start = len(viewport.blocks) - 1
        match = self._finder.step(viewport, self._lines, backwards=backwards, start=start)
        if match is not None:
            self._cursor = match.block
            above = self.size.height // 3
            viewport.go_to(viewport.index_of(match.block), match.line, above=above)
        self.update_soon()
