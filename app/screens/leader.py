"""After the leader key: the next key runs an action, a panel tells which."""

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from app.held_keys import HoldsKeys, Typed
from app.keymap import Action, Context, Keymap, show_key
from app.screens.overlay import Overlay
from widgets.footer import Footer, Hint
from widgets.glyphs import Glyphs
from widgets.key_group import KeyGroup
from widgets.which_key import WhichKey

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function after that many seconds."""


class LeaderScreen(Overlay[Action | None]):
    """Waits for one key; gives the action it means, or None. Nothing is seen of it at first."""

    def __init__(
        self,
        keymap: Keymap,
        glyphs: Glyphs,
        *,
        enabled: Callable[[Action], bool],
        delay: float = 0.4,
        timeout: float = 2.0,
        later: Later | None = None,
    ) -> None:
        """A screen that waits.

        Args:
            keymap: Whose `LEADER` actions count.
            glyphs: Marks to draw with.
            enabled: Whether an action can be done now; others are not shown and do nothing.
            delay: Seconds until the panel is shown.
            timeout: Seconds until it gives up.
            later: Starts the two timers; None for those of the screen.
        """
        super().__init__(glyphs)
        self._actions = tuple(a for a in keymap.of(Context.LEADER) if enabled(a))
        self._leader = next((a for a in keymap.actions if a.id == "everywhere.leader"), None)
        self._delay = delay
        self._timeout = timeout
        self._later = later
        self._is_over = False
        self._late: list[Typed] = []
        """What was typed after the one key, and belongs to whatever is shown next."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel") as panel:
            name = self._shown(self._leader) if self._leader else ""
            panel.border_title = Content.styled(name, "bold")
            yield WhichKey(self._groups(), self.glyphs)
        footer = Footer(self.glyphs)
        footer.state = f"next key, {self._timeout:g} s"
        footer.hints = (Hint("close", "esc", "close"), *self._help_hint())
        yield footer

    def on_mount(self) -> None:
        later: Later = self._later or self.set_timer
        later(self._delay, self._show_panel)
        later(self._timeout, self.action_close)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self._is_over:
            self._late.append(event)
            return
        names = {*event.aliases, event.character}
        self._end(next((a for a in self._actions if names.intersection(a.keys)), None))

    def on_click(self, event: events.Click) -> None:
        if isinstance(event.widget, Footer):
            return
        self.action_close()

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted is no key."""
        event.stop()
        if self._is_over:
            self._late.append(event)
        else:
            self.action_close()

    def on_unmount(self) -> None:
        if self._is_over and isinstance(self.app, HoldsKeys):
            self.app.release_keys(self._late)

    def action_close(self) -> None:
        """Close without an action."""
        self._end(None)

    def action_help(self) -> None:
        """Close with the action that shows help."""
        self._end(next((a for a in self._actions if a.action == "help"), None))

    def _end(self, action: Action | None) -> None:
        # The timer may come after the key: only the first of them counts.
        if self.is_current and not self._is_over:
            self._is_over = True
            if isinstance(self.app, HoldsKeys):
                # In the same burst there may be more, for what the action shows.
                self.app.hold_keys()
            self.dismiss(action)

    def _shown(self, action: Action) -> str:
        return show_key(action.keys[0], is_plain=self.glyphs.is_ascii)

    def _show_panel(self) -> None:
        self.add_class("-shown")

    def _help_hint(self) -> tuple[Hint, ...]:
        found = [a for a in self._actions if a.action == "help"]
        return tuple(Hint("help", self._shown(a), "help") for a in found[:1])

    def _groups(self) -> list[KeyGroup]:
        rows: dict[str, list[tuple[str, str]]] = {}
        for action in self._actions:
            rows.setdefault(action.group, []).append((self._shown(action), action.help))
        return [KeyGroup(name=name, rows=tuple(found)) for name, found in rows.items()]
