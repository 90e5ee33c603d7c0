"""The view of the chats: the list at the left, the open one beside it, and the search below."""

import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from app.keymap import Context
from app.settings import Settings
from app.views.chat import ChatView
from app.views.chat_list import ChatListPane
from app.views.chat_parts import ChatComposer, ChatQuestion, ChatTranscript
from app.views.find_field import FindField
from app.views.view import View
from widgets.glyphs import Glyphs

if TYPE_CHECKING:
    from app.wiring import Services
    from services.events import AnyEvent
    from services.models.chat import ChatSummary

LIST_COLUMNS, LOW_ROWS = 100, 30


class ChatRoom(View):
    """List and chat side by side where there is room for both, else one of them."""

    @dataclass
    class Told(Message):
        """Something that has no place of its own."""

        words: str

    def __init__(self, settings: Settings, glyphs: Glyphs, *, prompt: str = "") -> None:
        """A room without services yet; its chat can be typed at.

        Args:
            settings: Of this run.
            glyphs: Marks to draw with.
            prompt: Put into the composer.
        """
        super().__init__(id="chat-room")
        self.pane = ChatListPane(glyphs)
        """The list."""
        self.chat = ChatView(settings, glyphs, prompt=prompt)
        """The open chat."""
        self._find_field: FindField | None = None
        """Made when it is opened first."""
        self._columns = 0
        self._is_zoomed = False
        self._is_list_open = False
        """Whether the list stands alone where there is room for one pane only."""

    def compose(self) -> ComposeResult:
        yield self.pane
        yield self.chat

    async def attach(self, services: "Services") -> None:
        await self.chat.attach(services)
        self._show_chats(await services.chats.summaries())

    async def detach(self) -> None:
        await self.chat.keep_draft()

    def hear(self, event: "AnyEvent") -> None:
        from services.events import ChatListChanged

        if isinstance(event, ChatListChanged):
            self._show_chats(event.chats)
        self.chat.hear(event)

    def _show_chats(self, chats: "tuple[ChatSummary, ...]") -> None:
        self.pane.now = time.time()
        self.pane.chats = chats

    def fit(self, screen: Size) -> None:
        self._columns = screen.width
        self._show_panes()
        self.chat.is_low = screen.height < LOW_ROWS

    def _show_panes(self) -> None:
        """Both panes where there is room, else one. A class here would restyle every node."""
        is_wide = self._columns >= LIST_COLUMNS
        self.pane.display = self._is_list_open or (is_wide and not self._is_zoomed)
        self.chat.display = is_wide or not self._is_list_open
        self.pane.set_class(not is_wide, "-alone")

    def take_focus(self) -> None:
        self.close_list()
        self.chat.transcript.focus()

    def contexts(self, focused: Widget | None) -> tuple[Context, ...]:
        for node in focused.ancestors_with_self if focused is not None else ():
            match node:
                case ChatComposer():
                    return (Context.COMPOSER,)
                case ChatQuestion():
                    return (*node.contexts, Context.PANE)
                case ChatTranscript():
                    return (Context.TRANSCRIPT, Context.PANE)
                case ChatListPane():
                    return (Context.CHATS, Context.PANE)
                case FindField():
                    return (Context.FIND,)
                case _:
                    continue
        return (Context.PANE,)

    def write(self) -> None:
        """Go to the composer."""
        self.close_list()
        self.chat.composer.focus_input()

    def zoom(self) -> None:
        """Give the conversation the whole width, or the list its place back."""
        self._is_zoomed = not self._is_zoomed
        self._show_panes()

    def open_list(self) -> None:
        """Go left to the list, which stands alone where there is no room beside it."""
        self._is_list_open = True
        self._show_panes()
        self.pane.rows.focus()

    def close_list(self) -> None:
        """Go right to the conversation."""
        self._is_list_open = False
        self._show_panes()

    def open_find(self, *, is_filter: bool) -> None:
        """Show the search field, empty, and give it the keys.

        Args:
            is_filter: Whether it narrows the list of chats.
        """
        if self._find_field is None:
            self._find_field = FindField()
            self.mount(self._find_field)
        self._find_field.open(is_filter=is_filter)

    def close_find(self) -> None:
        """Put the search field away, and what it did."""
        field = self._find_field
        if field is None:
            return
        field.display = False
        if field.is_filter:
            self.pane.filter = ""
            self.pane.rows.focus()
        else:
            self.chat.transcript.end_find()
            self.chat.transcript.focus()

    @on(Input.Changed, "#find")
    def _on_filter(self, message: Input.Changed) -> None:
        message.stop()
        if self._find_field is not None and self._find_field.is_filter:
            self.pane.filter = message.value

    @on(Input.Submitted, "#find")
    def _on_find(self, message: Input.Submitted) -> None:
        message.stop()
        field = self._find_field
        if field is not None and field.is_filter:
            self.pane.rows.focus()
            field.display = False
        else:
            self.run_worker(partial(self._find, message.value), exclusive=True, group="find")

    async def _find(self, query: str) -> None:
        transcript = self.chat.transcript
        if self._find_field is not None:
            self._find_field.display = False
        transcript.focus()
        if query:
            await self.chat.load_earlier(sys.maxsize)
        count = transcript.find(query)
        if query:
            self.post_message(self.Told(f"{count:,} found" if count else "not found"))

    @on(ChatView.Changed)
    def _on_chat_changed(self) -> None:
        chat = self.chat
        self.pane.open_id = chat.summary.id if chat.summary else ""
        self.pane.running_id = self.pane.open_id if chat.is_answering else ""

    @on(ChatListPane.Chosen)
    def _on_chat_chosen(self, message: ChatListPane.Chosen) -> None:
        message.stop()
        work = partial(self.chat.open_chat, message.chat_id)
        self.run_worker(work, exclusive=True, group="open-chat")
        self.take_focus()

    @on(ChatTranscript.LeaveRequested)
    def _on_transcript_left(self, message: ChatTranscript.LeaveRequested) -> None:
        message.stop()
        chat = self.chat
        if chat.is_answering and chat.composer.is_second_escape():
            self.run_worker(chat.interrupt)
        elif not chat.transcript.put_away():
            self.open_list()
