"""The chat's widgets with the keys of this program."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.message import Message

from app.keymap import Context, Keymap
from widgets.ahead import Ahead
from widgets.composer import Composer
from widgets.prompt import EDITING
from widgets.send_question import SendQuestion
from widgets.transcript.view import Transcript

if TYPE_CHECKING:
    from services.models.chat import Attachment


class ChatTranscript(Transcript):
    """The transcript with the keys of this program."""

    BINDINGS: ClassVar[list[BindingType]] = [*Keymap().bindings(Context.TRANSCRIPT)]

    class LeaveRequested(Message):
        """The reader goes back to the list."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "find_next" | "find_previous":
                return self.is_finding
            case "retry":
                return self.is_broken
            case _:
                return True

    def action_leave(self) -> None:
        """Ask to go back."""
        self.post_message(self.LeaveRequested())

    def put_away(self) -> bool:
        """End a search or a selection.

        Returns:
            Whether there was one.
        """
        if self.is_finding:
            self.end_find()
        elif self.has_selection:
            self.clear_selection()
        else:
            return False
        return True


class ChatComposer(Composer):
    """The composer with the keys of this program."""

    BINDINGS: ClassVar[list[BindingType]] = [*Keymap().bindings(Context.COMPOSER)]

    NEWLINE: ClassVar[frozenset[str]] = frozenset(
        key
        for binding in Keymap().bindings(Context.COMPOSER)
        if binding.action == "newline"
        for key in binding.key.split(",")
    )
    """Keys that begin a new line."""

    gate: Callable[[], Awaitable[bool]] | None = None
    """Asked before each message whether it is sent at once."""

    async def may_send(self) -> bool:
        return self.gate is None or await self.gate()

    def hold(self) -> None:
        """Leave the text as it is; what is typed from now on comes after it, with `go_on`."""
        self._prompt.ahead = Ahead(self.NEWLINE, self.touch)

    def type_on(self, text: str) -> None:
        """Take what was typed elsewhere and is text; it comes later where the text has to stay."""
        if self._prompt.ahead is not None:
            self._prompt.ahead.type(text)
        else:
            self.insert(text)
            self.focus_input()

    async def press_on(self, key: str) -> None:
        """The same of a key without a character."""
        if self._prompt.ahead is not None:
            self._prompt.ahead.press(key)
        elif key in self.NEWLINE:
            self.type_on("\n")
        elif EDITING.get(key) == "delete_left":
            await self.press(key)
            self.focus_input()

    def go_on(self) -> None:
        """Let the text be changed again."""
        ahead, self._prompt.ahead = self._ahead, None
        if ahead:
            self._prompt.move_cursor(self._prompt.document.end)
            self.insert(ahead)
            self._show_facts()


class ChatQuestion(SendQuestion):
    """The question before sending with the keys of this program."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *Keymap().bindings(Context.BEFORE_SENDING, Context.BEFORE_RESET)
    ]

    @property
    def contexts(self) -> tuple[Context, ...]:
        """What its keys hold in."""
        if self.can_wait:
            return (Context.BEFORE_SENDING, Context.BEFORE_RESET)
        return (Context.BEFORE_SENDING,)


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that was sent before the services were there."""

    text: str
    attachments: "tuple[Attachment, ...]"
