"""The question before a message that a limit probably cuts off: one line above the composer."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from services.models.times import day_time, moment
from widgets.cut import cut
from widgets.glyphs import Glyphs
from widgets.muted import muted

if TYPE_CHECKING:
    from services.models.limit_history import PreSend

Choice: TypeAlias = Literal["send", "wait", "cancel"]
AHEAD: Final = 0.6
"""Seconds without a key after which one is no longer meant for the text: nobody reads sooner."""


class SendQuestion(Widget, can_focus=True):
    """Asks while `asked` is set, else takes no row. Keys are bound by whoever shows it."""

    asked: "reactive[PreSend | None]" = reactive(None, init=False)
    way_in: reactive[str] = reactive("")
    """How to get here, said while something else has the keys."""

    @dataclass
    class Answered(Message):
        """The user has chosen."""

        choice: Choice

    @dataclass
    class TypedAhead(Message):
        """This was typed before anybody can have read the question, or after the answer."""

        character: str

    @dataclass
    class PressedAhead(Message):
        """The same of a key without a character; not every one means something in a text."""

        key: str

    def __init__(
        self,
        glyphs: Glyphs,
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """Nothing is asked yet.

        Args:
            glyphs: Marks to draw with.
            now: Unix seconds.
            monotonic: Seconds that never go back.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._glyphs = glyphs
        self._now = now
        self._monotonic = monotonic
        self._unread_since = 0.0
        self.display = False

    @property
    def can_wait(self) -> bool:
        """Whether it is known how long a message would have to wait."""
        return self.asked is not None and self.asked.resets_at is not None

    def on_focus(self) -> None:
        self.refresh()

    on_blur = on_focus

    def watch_asked(self, asked: "PreSend | None") -> None:
        self._unread_since = self._monotonic()
        self.display = asked is not None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.can_wait if parameters == ("wait",) else True

    def action_answer(self, choice: Choice) -> None:
        """Tell what was chosen; a second key of a burst finds no question any more."""
        if self.asked is not None and (choice != "wait" or self.can_wait):
            self.asked = None
            self.post_message(self.Answered(choice))

    async def on_key(self, event: events.Key) -> None:
        """Let nobody answer who was still typing; and once there is an answer, keys are text.

        An answer is given at once: on the usual way, up to the app and back, keys of the same
        burst would be taken for others of the program.
        """
        now = self._monotonic()
        if self.asked is None or now - self._unread_since < AHEAD:
            self._unread_since = now
            if event.is_printable and event.character:
                self.post_message(self.TypedAhead(event.character))
            else:
                self.post_message(self.PressedAhead(event.key))
        elif (bound := self.screen.active_bindings.get(event.key)) and bound.node is self:
            await self.run_action(bound.binding.action)
        else:
            return
        event.stop()
        event.prevent_default()

    def render(self) -> Content:
        """The longest way to say it that there is room for."""
        if self.asked is None:
            return Content("")
        head = Content.assemble((self._glyphs.needs_you, "bold $warning"), " ")
        way_in = "" if self.has_focus else self.way_in
        tail = Content.styled(f"  {way_in}", muted(self)) if way_in else Content("")
        room = self.size.width - head.cell_length - tail.cell_length
        ways = [Content(words) for words in _ways(self.asked, self._now())]
        words = next((each for each in ways if each.cell_length <= room), ways[-1])
        words = cut(words, room, self._glyphs.ellipsis)
        return head + words + " " * (room - words.cell_length if way_in else 0) + tail


def _ways(asked: "PreSend", now: float) -> Iterator[str]:
    """The same in fewer and fewer words."""
    long = short = ""
    if asked.resets_at is not None:
        long = f"; resets {moment(asked.resets_at, now)}"
        short = f"; resets {day_time(asked.resets_at, now)}"
    if not asked.cost_percent:
        yield f"{asked.label} is used up: likely refused{long}"
        yield f"{asked.label} is used up: likely refused{short}"
        yield f"{asked.label} is used up{short}"
        yield f"{asked.label} is used up"
        return
    cost, left = _percent(asked.cost_percent), _percent(asked.left_percent)
    of = f"{cost} of {asked.label}"
    yield f"this chat's turns cost about {of}; {left} left: likely cut off{long}"
    yield f"turns here cost about {of}; {left} left: likely cut off{short}"
    yield f"about {of} a turn, {left} left: likely cut off{short}"
    yield f"{of} a turn, {left} left{short}"
    yield f"{of} a turn, {left} left"
    yield f"{left} left"


def _percent(value: float) -> str:
    """With one decimal where that says something: `0.8%`, `12%`."""
    if 0.0 < value < 0.05:
        return "<0.1%"
    return f"{value:.1f}%" if 0.0 < value < 9.95 else f"{value:.0f}%"
