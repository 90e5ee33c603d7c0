"""Every key of the place the user is in, on one page."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from app.keymap import READLINE_HELP, Context, Keymap, show_key, show_keys
from app.screens.overlay import Overlay
from widgets.footer import Footer, Hint
from widgets.glyphs import Glyphs
from widgets.help_page import HelpPage
from widgets.key_group import KeyGroup
from widgets.pane_title import PaneTitle

MOUSE: tuple[tuple[str, str], ...] = (
    ("wheel", "scroll what is under it"),
    ("click", "focus, then open"),
    ("drag", "select text and copy it"),
    ("shift-drag", "the terminal's own selection"),
)


class HelpScreen(Overlay[None]):
    """A page of keys over everything but the header."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark,f1", "leave", "close", show=False, id="help.close"),
        # First of all and at once, or letters typed right after it would be keys of the page.
        Binding("slash", "find", "find a key", show=False, priority=True, id="help.find"),
        Binding("j,down", "move(1)", "line below", show=False, id="help.down"),
        Binding("k,up", "move(-1)", "line above", show=False, id="help.up"),
        Binding("pagedown,space,ctrl+f", "page(1)", "page down", show=False, id="help.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="help.page_up"),
        Binding("g,home", "to_start", "start", show=False, id="help.home"),
        Binding("G,end", "to_end", "end", show=False, id="help.end"),
    ]

    def __init__(
        self, keymap: Keymap, contexts: Sequence[Context], title: str, glyphs: Glyphs
    ) -> None:
        """Help for a place.

        Args:
            keymap: Whose keys are shown.
            contexts: What holds there, nearest first.
            title: Where the user is, as it follows `Keys`: `while writing`.
            glyphs: Marks to draw with and to explain.
        """
        super().__init__(glyphs)
        self._keymap = keymap
        self._contexts = tuple(contexts)
        self._title = title

    def compose(self) -> ComposeResult:
        with Vertical(classes="page"):
            title = PaneTitle(self.glyphs)
            title.title = f"Keys {self._title}".rstrip()
            title.facts = "/ find a key   your own: config.toml, keys"
            title.is_active = True
            yield title
            with Horizontal(classes="asking"):
                yield Static(Content("/"), classes="prompt")
                field = Input(compact=True, select_on_focus=False)
                field.cursor_blink = False
                yield field
            yield HelpPage(help_groups(self._keymap, self._contexts, self.glyphs), self.glyphs)
            yield Footer(self.glyphs)

    def on_mount(self) -> None:
        up_down = f"{self.glyphs.up} {self.glyphs.down}"
        self.query_one(Footer).hints = (
            Hint("find", "/", "find"),
            Hint("page(1)", up_down, "scroll"),
            Hint("leave", "esc", "close"),
        )

    def on_help_page_moved(self, event: HelpPage.Moved) -> None:
        event.stop()
        is_part = event.last - event.first + 1 < event.total
        words = f"lines {event.first} to {event.last} of {event.total}" if is_part else ""
        self.query_one(Footer).state = words

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one(HelpPage).find(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value:
            self._stop_finding()
        self.set_focus(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While words are typed, the key that begins it is one of their letters."""
        return action != "find" or not isinstance(self.focused, Input)

    def on_descendant_focus(self) -> None:
        self.add_class("-finding")

    def action_find(self) -> None:
        """Type words to find a key by."""
        self.set_focus(self.query_one(Input))

    def action_close(self) -> None:
        """End the search, or close where there is none."""
        if self.has_class("-finding"):
            self._stop_finding()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)

    def action_move(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one(HelpPage).move(lines)

    def action_page(self, pages: int) -> None:
        """Scroll by screens."""
        self.query_one(HelpPage).page(pages)

    def action_to_start(self) -> None:
        """Scroll to the start."""
        self.query_one(HelpPage).move_to(end=False)

    def action_to_end(self) -> None:
        """Scroll to the end."""
        self.query_one(HelpPage).move_to(end=True)

    def _stop_finding(self) -> None:
        self.query_one(Input).value = ""
        self.set_focus(None)
        self.remove_class("-finding")


def help_groups(keymap: Keymap, contexts: Sequence[Context], glyphs: Glyphs) -> list[KeyGroup]:
    """What help shows in these contexts: keys by group, then marks and mouse."""
    groups: dict[str, dict[str, list[str]]] = {}
    leader = next((show_key(a.keys[0]) for a in keymap.actions if a.action == "leader"), "")
    for context in dict.fromkeys(contexts):
        for action in keymap.of(context):
            name = f"after {leader}" if context is Context.LEADER else action.group
            # Two keys of the same thing are one row.
            groups.setdefault(name, {}).setdefault(action.help, []).extend(action.keys)
    shown = {
        name: [(_shown(dict.fromkeys(keys), glyphs), words) for words, keys in rows.items()]
        for name, rows in groups.items()
    }
    if Context.COMPOSER in contexts:
        shown.setdefault("WHILE WRITING", []).extend(READLINE_HELP)
    shown["MARKS"] = [
        (glyphs.working, "at work"),
        (glyphs.ready, "done"),
        (glyphs.failed, "failed"),
        (glyphs.stopped, "stopped"),
        (glyphs.closed, "folded"),
        (glyphs.opened, "open"),
        (glyphs.selected, "selected"),
    ]
    shown["MOUSE"] = list(MOUSE)
    return [KeyGroup(name=name, rows=tuple(rows)) for name, rows in shown.items()]


def _shown(keys: Iterable[str], glyphs: Glyphs) -> str:
    return show_keys(keys, is_plain=glyphs.is_ascii)
