"""Messages that wait for the running turn or a time, and what goes with the next one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from services.models.times import day_time, moment
from widgets.cut import cut
from widgets.glyphs import Glyphs
from widgets.muted import muted

if TYPE_CHECKING:
    from services.models.chat import Attachment, QueuedMessage

SHOWN = 5
"""Rows at most; the newest are shown."""
EDIT_HINT = "edit"
SEND_HINT = "send now"
ROOM_FOR_DATE = 72
"""Columns from which the day stands there in full."""
LOOK = 30.0
"""Seconds between two looks at the clock while a message waits for a time: no timer knows that the
machine was asleep or its clock set."""
SOONEST = 0.05
"""Seconds before the next look at least."""


class QueueRows(Widget):
    """One row a message: `queued  text`, the last with the key that takes it back.

    One that waits for a time says until when, and can be sent now.
    """

    queue: "reactive[tuple[QueuedMessage, ...]]" = reactive((), layout=True)
    attachments: "reactive[tuple[Attachment, ...]]" = reactive((), layout=True)

    @dataclass
    class EditChosen(Message):
        """The user wants this message back."""

        id: str

    @dataclass
    class RemoveChosen(Message):
        """The user does not want this message sent."""

        id: str

    @dataclass
    class SendChosen(Message):
        """The user does not want this message to wait for its time."""

        id: str

    def __init__(self, glyphs: Glyphs, *, now: Callable[[], float] = time.time) -> None:
        """No rows yet.

        Args:
            glyphs: Marks to draw with.
            now: Unix seconds.
        """
        super().__init__()
        self._glyphs = glyphs
        self._now = now
        self._timer: Timer | None = None
        self.display = False

    def watch_queue(self) -> None:
        self.watch_attachments()
        self._look_later()

    def watch_attachments(self) -> None:
        self.display = bool(self.queue or self.attachments)

    def _look_later(self) -> None:
        """Draw the rows anew when the next of them says something else."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        now = self._now()
        left = [each.not_before - now for each in self.queue if each.not_before is not None]
        if coming := [seconds for seconds in left if seconds > 0]:
            pause = max(SOONEST, min(LOOK, *coming))
            self._timer = self.set_timer(pause, self._look, name="waits")

    def _look(self) -> None:
        self.refresh()
        self._look_later()

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return min(SHOWN, len(self.queue)) + len(self.attachments)

    def render(self) -> Content:
        """All rows, each cut to the width."""
        width = self.size.width
        rows = [self._row(message, width) for message in self.queue[-SHOWN:]]
        rows += [self._attached(attachment, width) for attachment in self.attachments]
        return Content("\n").join(rows)

    def _row(self, message: "QueuedMessage", width: int) -> Content:
        right = Content.styled(self._right(message), muted(self))
        words = " ".join(message.text.split()) or _names(message.attachments)
        hidden = len(self.queue) - SHOWN
        head = self._state(message, width)
        if hidden > 0 and message is self.queue[-SHOWN]:
            head = f"+{hidden} {head}"
        left = Content.assemble((f"{head}  ", muted(self)), words)
        room = max(0, width - right.cell_length)
        left = cut(left, room, self._glyphs.ellipsis)
        return Content.assemble(left, " " * (room - left.cell_length), right)

    def _state(self, message: "QueuedMessage", width: int) -> str:
        until = message.not_before
        if until is None:
            return "queued"
        now = self._now()
        at = moment(until, now) if width >= ROOM_FOR_DATE else day_time(until, now)
        if message.retries:
            return f"tries again after {at}" if now < until else f"waited until {at} to try again"
        return f"waits until {at}" if now < until else f"waited until {at}"

    def _right(self, message: "QueuedMessage") -> str:
        """What can be done with it; the mark at the end removes it."""
        send = f"{SEND_HINT}  " if message.not_before is not None else ""
        edit = f"{self._glyphs.up} {EDIT_HINT}  " if message is self.queue[-1] else ""
        return f"  {send}{edit}{self._glyphs.stopped}"

    def on_click(self, event: events.Click) -> None:
        event.stop()
        shown = self.queue[-SHOWN:]
        if 0 <= event.y < len(shown):
            message = shown[event.y]
            # Counted from the end of the row, which is where the mark stands.
            from_end = self.size.width - (event.x - self.gutter.left)
            sending_from_end = len(self._right(message)) - 2
            is_sending = sending_from_end - len(SEND_HINT) < from_end <= sending_from_end
            if from_end <= 2:
                self.post_message(self.RemoveChosen(message.id))
            elif message.not_before is not None and is_sending:
                self.post_message(self.SendChosen(message.id))
            else:
                self.post_message(self.EditChosen(message.id))

    def _attached(self, attachment: "Attachment", width: int) -> Content:
        quiet, size = muted(self), attachment.size
        amount = f"{size:,} bytes" if size < 10_000 else f"{size / 1_000:,.0f} kB"
        words = Content.assemble(("attached  ", quiet), attachment.name, (f"  {amount}", quiet))
        return cut(words, width, self._glyphs.ellipsis)


def _names(attachments: "tuple[Attachment, ...]") -> str:
    return ", ".join(attachment.name for attachment in attachments)
