"""The chat's widgets with the keys of this program."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from app.keymap import Context, Keymap
from services.models.chat import Attachment
from widgets.composer import Composer
from widgets.transcript.view import Transcript


class ChatTranscript(Transcript):
    """The transcript with the keys of this program."""

    BINDINGS: ClassVar[list[BindingType]] = [*Keymap().bindings(Context.TRANSCRIPT)]

    @dataclass
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


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that was sent before the services were there."""

    text: str
    attachments: tuple[Attachment, ...]
