"""Messages that wait for the running turn, and what goes with the next one."""

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from services.models.chat import Attachment, QueuedMessage
from widgets.cut import cut
from widgets.glyphs import Glyphs
from widgets.muted import muted

SHOWN = 5
"""Rows at most; the newest are shown."""
EDIT_HINT = "edit"


class QueueRows(Widget):
    """One row a message: `queued  text`, the last with the key that takes it back."""

    queue: reactive[tuple[QueuedMessage, ...]] = reactive((), layout=True)
    attachments: reactive[tuple[Attachment, ...]] = reactive((), layout=True)

    @dataclass
    class EditChosen(Message):
        """The user wants this message back."""

        id: str

    @dataclass
    class RemoveChosen(Message):
        """The user does not want this message sent."""

        id: str

    def __init__(self, glyphs: Glyphs) -> None:
        """No rows yet.

        Args:
            glyphs: Marks to draw with.
        """
        super().__init__()
        self._glyphs = glyphs
        self.display = False

    def watch_queue(self) -> None:
        self.display = bool(self.queue or self.attachments)

    watch_attachments = watch_queue

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return min(SHOWN, len(self.queue)) + len(self.attachments)

    def render(self) -> Content:
        """All rows, each cut to the width."""
        width = self.size.width
        rows = [self._row(message, width) for message in self.queue[-SHOWN:]]
        rows += [self._attached(attachment, width) for attachment in self.attachments]
        return Content("\n").join(rows)

    def _row(self, message: QueuedMessage, width: int) -> Content:
        is_last = message is self.queue[-1]
        edit = f"{self._glyphs.up} {EDIT_HINT}  " if is_last else ""
        right = Content.styled(f"  {edit}{self._glyphs.stopped}", muted(self))
        words = " ".join(message.text.split()) or _names(message.attachments)
        hidden = len(self.queue) - SHOWN
        head = f"+{hidden} queued" if hidden > 0 and message is self.queue[-SHOWN] else "queued"
        left = Content.assemble((f"{head}  ", muted(self)), words)
        room = max(0, width - right.cell_length)
        left = cut(left, room, self._glyphs.ellipsis)
        return Content.assemble(left, " " * (room - left.cell_length), right)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        shown = self.queue[-SHOWN:]
        if 0 <= event.y < len(shown):
            message = shown[event.y]
            is_remove = event.x >= self.size.width - 2
            chosen = self.RemoveChosen if is_remove else self.EditChosen
            self.post_message(chosen(message.id))

    def _attached(self, attachment: Attachment, width: int) -> Content:
        quiet, size = muted(self), attachment.size
        amount = f"{size:,} bytes" if size < 10_000 else f"{size / 1_000:,.0f} kB"
        words = Content.assemble(("attached  ", quiet), attachment.name, (f"  {amount}", quiet))
        return cut(words, width, self._glyphs.ellipsis)


def _names(attachments: tuple[Attachment, ...]) -> str:
    return ", ".join(attachment.name for attachment in attachments)
