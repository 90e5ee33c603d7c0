"""The list of chats at the left, where there is room for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive

from app.keymap import Context, Keymap
from widgets.glyphs import Glyphs
from widgets.pane_title import PaneTitle
from widgets.row_list import ListRow, RowList

if TYPE_CHECKING:
    from services.models.chat import ChatSummary

NO_CHATS = "No chats yet. Write one: i"
NOTHING_FOUND = "No title holds that. All: / esc"


class ChatRows(RowList):
    """The list with the keys of this program."""

    BINDINGS: ClassVar[list[BindingType]] = [*Keymap().bindings(Context.CHATS)]


class ChatListPane(Vertical):
    """Chats by day, newest first."""

    chats: "reactive[tuple[ChatSummary, ...]]" = reactive(())
    open_id: reactive[str] = reactive("")
    running_id: reactive[str] = reactive("")
    filter: reactive[str] = reactive("")
    """Words that a title must hold."""
    now: reactive[float] = reactive(0.0)
    """Unix seconds; ages count from here."""

    @dataclass
    class Chosen(Message):
        """This chat shall be opened."""

        chat_id: str

    def __init__(self, glyphs: Glyphs) -> None:
        """An empty list.

        Args:
            glyphs: Marks to draw with.
        """
        super().__init__(id="chats")
        self._glyphs = glyphs
        self._title = PaneTitle(glyphs, id="chats-title")
        self._title.title = "Chats"
        self.rows = ChatRows(glyphs, empty=NO_CHATS, id="chat-rows")
        """The list itself."""

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.rows

    def watch_chats(self) -> None:
        self._fill()

    def watch_open_id(self) -> None:
        self._fill()

    def watch_running_id(self) -> None:
        self._fill()

    def watch_filter(self) -> None:
        self._fill()

    def watch_now(self) -> None:
        self._fill()

    def _fill(self) -> None:
        words = self.filter.casefold().split()
        chats = tuple(
            chat for chat in self.chats if all(word in chat.title.casefold() for word in words)
        )
        self._title.count = str(len(self.chats)) if self.chats else ""
        self._title.facts = f'{len(chats)} with "{self.filter}"' if words else ""
        self.rows.empty = NOTHING_FOUND if words else NO_CHATS
        self.rows.rows = chat_rows(
            chats, self.now, self._glyphs, open_id=self.open_id, running_id=self.running_id
        )

    @on(RowList.Opened)
    def _on_opened(self, message: RowList.Opened) -> None:
        message.stop()
        self.post_message(self.Chosen(message.key))


def chat_rows(
    chats: "tuple[ChatSummary, ...]",
    now: float,
    glyphs: Glyphs,
    *,
    open_id: str,
    running_id: str,
) -> tuple[ListRow, ...]:
    """Rows of the list.

    Args:
        chats: Newest first.
        now: Unix seconds.
        glyphs: Marks to draw with.
        open_id: The chat that is shown.
        running_id: The chat that is being answered; empty for none.
    """
    return tuple(
        ListRow(
            key=chat.id,
            title=chat.title or "New chat",
            meta="now" if chat.id == running_id else age(now - chat.updated_at),
            glyph=glyphs.working if chat.id == running_id else "",
            group=day_words(chat.updated_at, now),
            is_current=chat.id == open_id,
        )
        for chat in chats
    )


def age(seconds: float) -> str:
    """An age in two or three characters: `now`, `3m`, `2h`, `4d`, `7w`."""
    if seconds < 60:
        return "now"
    for unit, size, most in (("m", 60, 60), ("h", 3600, 24), ("d", 86_400, 99)):
        if seconds < size * most:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // (7 * 86_400))}w"


def day_words(at: float, now: float) -> str:
    """`Today`, `Yesterday` or `Earlier`, by local days."""
    day = datetime.fromtimestamp(at).astimezone().date()
    today = datetime.fromtimestamp(now).astimezone().date()
    if day >= today:
        return "Today"
    return "Yesterday" if day == today - timedelta(days=1) else "Earlier"
