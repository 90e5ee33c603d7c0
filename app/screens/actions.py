"""What the keys of the shell do: the Ctrl-C ladder, leader, palette, help, views, panes."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from textual.message import Message
from textual.widget import Widget

from app.keymap import Action, Context, show_key
from app.screens.base import CHAT, LIMITS, VIEWS
from app.screens.limit_actions import LimitActions
from app.themes import ALL_THEMES
from widgets.transcript.canvas import BlockCanvas

WITHOUT_CHAT = frozenset(
    ["leader.help", "leader.palette", "leader.account", "leader.login", "leader.logout"]
)
"""Chords that mean something before anything is set up."""
QUIT_WITHIN = 2.0
"""Seconds in which a second Ctrl-C or q quits."""


class ShellActions(LimitActions):
    """The shell's keys. `ShellScreen` lays out what they act on."""

    @dataclass
    class MouseRequested(Message):
        """The mouse shall be ours, or the terminal's."""

        is_ours: bool

    def action_ladder(self) -> None:
        """Copy a selection, else stop the answer, else stash the draft, else quit when repeated."""
        view = self.chat
        is_seen = self.shown_room is not None
        if view is not None:
            if is_seen and view.transcript.has_selection:
                view.transcript.action_copy_selection()
                return
            if is_seen and (selected := view.composer.selected_text):
                self.post_message(BlockCanvas.CopyRequested(selected, "selection"))
                return
            if view.is_answering:
                self.run_worker(view.interrupt)
                return
            if is_seen and view.composer.stash():
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
        """Show another view, or go to the main pane of the one that is shown."""
        if self._room is None:
            return
        if name == self._shown:
            self._views[name].take_focus()
        self.show_view(name)

    def action_next_pane(self) -> None:
        """Focus what comes next."""
        if (room := self.shown_room) is not None:
            room.close_list()
        self.focus_next()

    def action_previous_pane(self) -> None:
        """Focus what comes before."""
        if (room := self.shown_room) is not None:
            room.close_list()
        self.focus_previous()

    def action_mouse(self) -> None:
        """Let the terminal have the mouse, or take it back."""
        self._has_mouse = not self._has_mouse
        self.post_message(self.MouseRequested(self._has_mouse))
        self._say("the mouse is ours" if self._has_mouse else "the mouse is your terminal's")

    def action_help(self) -> None:
        """Keys of the pane that has the focus."""
        from app.screens.help import HelpScreen

        contexts = self.contexts()
        name = {
            Context.COMPOSER: "while writing",
            Context.TRANSCRIPT: "in a conversation",
            Context.CHATS: "in the list of chats",
            Context.WELCOME: "at the start",
            Context.LIMITS: "in the limits",
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
        from app.palette import Entry
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
            for number, name in VIEWS:
                key = f"view:{name}"
                title = f"View: {name.capitalize()}"
                entries.append(Entry(key=key, title=title, group="SEE", keys=number))
                runs[key] = lambda n=name: self._open_view(n)
            for model in view.models:
                key = f"model:{model.slug}"
                entries.append(Entry(key=key, title=f"Model: {model.name}", group="MODELS"))
                runs[key] = lambda v=view, s=model.slug: v.choose_model(s)
            for chat in self.chats.chats if self.chats else ():
                key = f"chat:{chat.id}"
                entries.append(Entry(key=key, title=chat.title or "New chat", group="CHATS"))
                runs[key] = lambda i=chat.id: self._open_chat(i)
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

    async def _open_view(self, name: str) -> None:
        self.action_view(name)

    async def _open_chat(self, chat_id: str) -> None:
        self.show_view(CHAT)
        if (view := self.chat) is not None:
            await view.open_chat(chat_id)

    async def _use_theme(self, name: str) -> None:
        self.app.theme = name

    async def _run(self, action: Action) -> None:
        owner = self._owner(action.context)
        if owner is not None:
            await owner.run_action(action.action)

    def _owner(self, context: Context) -> Widget | None:
        view = self.chat
        match context:
            case Context.TRANSCRIPT:
                return view.transcript if view else None
            case Context.COMPOSER:
                return view.composer if view else None
            case Context.LIMITS:
                return self._limits_view
            case _:
                return self

    def _can(self, action: Action) -> bool:
        """Whether an action would do something now."""
        view, room = self.chat, self.shown_room
        match action.id:
            case "pane.interrupt":
                return room is not None and room.chat.is_answering
            case "pane.find" | "pane.zoom" | "leader.zoom":
                return room is not None
            case "pane.write" | "pane.new":
                return view is not None
            case "transcript.retry" if view is not None and view.is_answering:
                return False
            case _ if action.action.startswith("view("):
                return view is not None
            case _ if action.context is Context.TRANSCRIPT:
                transcript = room.chat.transcript if room is not None else None
                return transcript is not None and transcript.check_action(action.action, ()) is True
            case _ if action.context is Context.COMPOSER:
                return room is not None
            case _ if action.context is Context.LIMITS:
                limits = self._limits_view if self._shown == LIMITS else None
                return limits is not None and limits.check_action(action.action, ()) is True
            case _ if action.context is Context.LEADER and action.group == "WRITE":
                return room is not None
            case _ if action.context is Context.LEADER:
                return view is not None or action.id in WITHOUT_CHAT
            case _:
                return True
