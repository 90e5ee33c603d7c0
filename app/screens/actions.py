"""What the keys of the shell do: the Ctrl-C ladder, leader, palette, help, search, panes."""

import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from app.keymap import Action, Context, show_key
from app.palette import Entry
from app.screens.account_actions import AccountActions
from app.themes import ALL_THEMES
from app.views.chat import ChatView
from app.views.chat_parts import ChatComposer
from services.errors import ServiceError
from widgets.transcript.canvas import BlockCanvas

if TYPE_CHECKING:
    pass

WITHOUT_CHAT = frozenset(
    ["leader.help", "leader.palette", "leader.account", "leader.login", "leader.logout"]
)
"""Chords that mean something before anything is set up."""
QUIT_WITHIN = 2.0
"""Seconds in which a second Ctrl-C or q quits."""


class ShellActions(AccountActions):
    """The shell's keys. `ShellScreen` lays out what they act on."""

    @dataclass
    class MouseRequested(Message):
        """The mouse shall be ours, or the terminal's."""

        is_ours: bool

    def action_ladder(self) -> None:
        """Copy a selection, else stop the answer, else stash the draft, else quit when repeated."""
        view = self.chat
        if view is not None:
            if view.transcript.has_selection:
                view.transcript.action_copy_selection()
                return
            if selected := view.composer.selected_text:
                self.post_message(BlockCanvas.CopyRequested(selected, "selection"))
                return
            if view.is_answering:
                self.run_worker(view.interrupt)
                return
            if view.composer.stash():
                self._say(f"draft put away; {self._glyphs.up} brings it back")
                return
        self._quit_when_repeated("ctrl-c")

    def _quit_when_repeated(self, key: str) -> None:
        now = time.monotonic()
        if now - self._quit_armed_at <= QUIT_WITHIN:
            self.app.exit()
            return
        self._quit_armed_at = now
        self.app.notify(f"{key} again quits", timeout=QUIT_WITHIN, markup=False)

    def action_back(self) -> None:
        """Back out of what is open, then quit when repeated."""
        self._quit_when_repeated("q")

    def action_redraw(self) -> None:
        """Draw everything again."""
        self.app.refresh(repaint=True, layout=True)

    def action_suspend(self) -> None:
        """Give the terminal back to the shell until `fg`."""
        self.app.action_suspend_process()

    def action_view(self, name: str) -> None:
        """Show another view."""
        del name
        self._close_list()
        if (view := self.chat) is not None:
            view.transcript.focus()

    def action_write(self) -> None:
        """Go to the composer."""
        self._close_list()
        if (view := self.chat) is not None:
            view.composer.focus_input()

    def action_next_pane(self) -> None:
        """Focus what comes next."""
        self._close_list()
        self.focus_next()

    def action_previous_pane(self) -> None:
        """Focus what comes before."""
        self._close_list()
        self.focus_previous()

    def action_zoom(self) -> None:
        """Give the conversation the whole width, or the list its place back."""
        self._is_zoomed = not self._is_zoomed
        self._show_panes()

    def action_interrupt(self) -> None:
        """Stop the running answer."""
        if (view := self.chat) is not None and view.is_answering:
            self.run_worker(view.interrupt)

    def action_new(self) -> None:
        """Begin another chat."""
        self._close_list()
        if (view := self.chat) is not None:
            self.run_worker(view.new_chat)

    def action_send_now(self) -> None:
        """Stop the answer and send what is written."""
        if (view := self.chat) is not None:
            self.run_worker(view.send_now)

    def action_mouse(self) -> None:
        """Let the terminal have the mouse, or take it back."""
        self._has_mouse = not self._has_mouse
        self.post_message(self.MouseRequested(self._has_mouse))
        self._say("the mouse is ours" if self._has_mouse else "the mouse is your terminal's")

    def action_find(self) -> None:
        """Search in the conversation, or narrow the list of chats from inside it."""
        if self._view is not None:
            self.find_field.open(is_filter=self.contexts()[0] is Context.CHATS)

    @on(Input.Changed, "#find")
    def _on_filter(self, message: Input.Changed) -> None:
        message.stop()
        if self.find_field.is_filter and self._pane is not None:
            self._pane.filter = message.value

    @on(Input.Submitted, "#find")
    def _on_find(self, message: Input.Submitted) -> None:
        message.stop()
        view, pane = self._view, self._pane
        if view is None or pane is None:
            return
        if self.find_field.is_filter:
            pane.rows.focus()
            self.find_field.display = False
        else:
            self.run_worker(partial(self._find, view, message.value), exclusive=True, group="find")

    async def _find(self, view: ChatView, query: str) -> None:
        self.find_field.display = False
        view.transcript.focus()
        if query:
            await view.load_earlier(sys.maxsize)
        count = view.transcript.find(query)
        if query:
            self._say(f"{count:,} found" if count else "not found")

    def action_close_find(self) -> None:
        """Put the search field away, and what it did."""
        self.find_field.display = False
        if self._view is None or self._pane is None:
            return
        if self.find_field.is_filter:
            self._pane.filter = ""
            self._pane.rows.focus()
        else:
            self._view.transcript.end_find()
            self._view.transcript.focus()

    async def action_edit_external(self) -> None:
        """Write in $EDITOR."""
        from app.children import surroundings
        from app.editor import edit

        view = self.chat
        if view is None:
            return
        failed: ServiceError | None = None
        text = view.composer.text
        with self.app.suspend():
            # An error that left this block would leave the terminal to the shell.
            try:
                text = edit(text, environ=surroundings(self._settings))
            except ServiceError as error:
                failed = error
        if failed is not None:
            self._say(". ".join(filter(None, (failed.message, failed.next_step))), is_error=True)
            return
        view.composer.edit(text)
        view.composer.focus_input()

    def action_effort_up(self) -> None:
        """Think more."""
        self._step_effort(1)

    def action_effort_down(self) -> None:
        """Think less."""
        self._step_effort(-1)

    def _step_effort(self, step: int) -> None:
        view = self.chat
        model = view.model if view is not None else None
        if view is None or model is None or not model.efforts:
            self._say("this model has no effort to choose")
            return
        current = (view.summary.effort if view.summary else None) or model.default_effort
        place = model.efforts.index(current) if current in model.efforts else 0
        effort = model.efforts[max(0, min(place + step, len(model.efforts) - 1))]
        self.run_worker(partial(view.choose_effort, effort))
        self._say(f"effort {effort}")

    def action_pick_model(self) -> None:
        """Choose the model that answers."""
        from app.screens.picker import PickerScreen

        view = self.chat
        if view is None:
            return
        listed = [model for model in view.models if model.is_listed] or list(view.models)
        if not listed:
            self._say("the server has named no models")
            return
        entries = [
            Entry(key=m.slug, title=m.name, group="", detail=m.description[:60]) for m in listed
        ]
        current = view.model.slug if view.model else ""

        async def run(chosen: str | None) -> None:
            if chosen is not None:
                await view.choose_model(chosen)

        self.app.push_screen(PickerScreen("Model", entries, self._glyphs, current=current), run)

    def action_help(self) -> None:
        """Keys of the pane that has the focus."""
        from app.screens.help import HelpScreen

        contexts = self.contexts()
        name = {
            Context.COMPOSER: "while writing",
            Context.TRANSCRIPT: "in a conversation",
            Context.CHATS: "in the list of chats",
            Context.WELCOME: "at the start",
        }.get(contexts[0], "")
        shown = (*contexts, Context.EVERYWHERE, Context.LEADER)
        self.app.push_screen(HelpScreen(self.keymap, shown, name, self._glyphs))

    def action_leader(self) -> None:
        """Wait for the second key of a chord."""
        from app.screens.leader import LeaderScreen

        # Pushed at once and not from a worker, so that a key of the same burst is not typed.
        screen = LeaderScreen(self.keymap, self._glyphs, enabled=self._can)
        self.app.push_screen(screen, self._run_chosen)

    async def _run_chosen(self, action: Action | None) -> None:
        if action is not None:
            await self.run_action(action.action)

    def action_palette(self) -> None:
        """Find an action, a chat or a model by a few letters."""
        from app.screens.palette import PaletteScreen

        runs: dict[str, Callable[[], Awaitable[object]]] = {}
        entries: list[Entry] = []
        for action in self.keymap.actions:
            if action.in_palette and self._can(action):
                keys = show_key(action.keys[0], is_plain=self._settings.ascii)
                if action.context is Context.LEADER:
                    keys = f"ctrl-x {keys}"
                title = action.help[:1].upper() + action.help[1:]
                entries.append(Entry(key=action.id, title=title, group=action.group, keys=keys))
                runs[action.id] = lambda a=action: self._run(a)
        view = self.chat
        if view is not None:
            for model in view.models:
                key = f"model:{model.slug}"
                entries.append(Entry(key=key, title=f"Model: {model.name}", group="MODELS"))
                runs[key] = lambda v=view, s=model.slug: v.choose_model(s)
            for chat in self._pane.chats if self._pane else ():
                key = f"chat:{chat.id}"
                entries.append(Entry(key=key, title=chat.title or "New chat", group="CHATS"))
                runs[key] = lambda v=view, i=chat.id: v.open_chat(i)
        for name in ALL_THEMES:
            key = f"theme:{name}"
            entries.append(
                Entry(
                    key=key,
                    title=f"Theme: {name.removeprefix('foredeck-')}",
                    detail="now" if name == self.app.theme else "",
                    group="SETTINGS",
                )
            )
            runs[key] = lambda n=name: self._use_theme(n)

        async def run(chosen: str | None) -> None:
            if chosen is not None:
                await runs[chosen]()

        footnote = "finds actions, chats and models"
        self.app.push_screen(PaletteScreen(entries, self._glyphs, footnote=footnote), run)

    async def _use_theme(self, name: str) -> None:
        self.app.theme = name

    async def _run(self, action: Action) -> None:
        owner = self._owner(action.context)
        if owner is not None:
            await owner.run_action(action.action)

    def _owner(self, context: Context) -> "Screen[None] | BlockCanvas | ChatComposer | None":
        view = self.chat
        match context:
            case Context.TRANSCRIPT:
                return view.transcript if view else None
            case Context.COMPOSER:
                return view.composer if view else None
            case _:
                return self

    def _can(self, action: Action) -> bool:
        """Whether an action would do something now."""
        view = self.chat
        match action.id:
            case "pane.interrupt":
                return view is not None and view.is_answering
            case "pane.write" | "pane.find" | "pane.new" | "pane.view" | "pane.zoom":
                return view is not None
            case "transcript.retry" if view is not None and view.is_answering:
                return False
            case _ if action.context is Context.TRANSCRIPT:
                return view is not None and view.transcript.check_action(action.action, ()) is True
            case _ if action.context is Context.LEADER:
                return view is not None or action.id in WITHOUT_CHAT
            case _:
                return True
