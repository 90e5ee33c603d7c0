"""Every action once: its id, where it holds, its keys and its words.

Bindings, footer, help, palette and which-key panel are made from this table, so they cannot
disagree. The user's own keys come from the configuration by id (`[keys.bind]`).
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import Binding


class Context(StrEnum):
    """Where an action holds."""

    EVERYWHERE = "everywhere"
    PANE = "pane"
    """Any pane that is not being typed in."""
    TRANSCRIPT = "transcript"
    CHATS = "chats"
    COMPOSER = "composer"
    BEFORE_SENDING = "before_sending"
    """The question whether to send what the limit probably cuts off."""
    BEFORE_RESET = "before_reset"
    """The same question, where it is known when the limit begins anew."""
    WELCOME = "welcome"
    FIND = "find"
    """The field in which a search is typed."""
    LEADER = "leader"
    """After Ctrl-X."""
    SIGN_IN = "sign_in"
    """The screen on which somebody signs in."""
    ACCOUNT = "account"
    """The page that tells who is signed in."""
    LIMITS = "limits"
    """The view of all limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that can be done."""

    id: str
    context: Context
    action: str
    """What Textual runs on the node that owns the context."""
    keys: tuple[str, ...]
    help: str
    """One line, begins with a verb or names what is moved over."""
    group: str
    """Head under which help and palette show it."""
    hint: str = ""
    """A verb for the footer; empty keeps it out."""
    rank: int = 50
    """Footer hints with a lower rank stay longer as it gets narrow."""
    in_palette: bool = True
    has_priority: bool = False
    """Whether it comes before what the focused widget does with the key."""


def _act(
    context: Context,
    name: str,
    keys: str,
    help: str,  # noqa: A002
    group: str,
    *,
    action: str = "",
    hint: str = "",
    rank: int = 50,
    in_palette: bool = True,
    has_priority: bool = False,
) -> Action:
    return Action(
        id=f"{context}.{name}",
        context=context,
        action=action or name,
        keys=tuple(keys.split()),
        help=help,
        group=group,
        hint=hint,
        rank=rank,
        in_palette=in_palette,
        has_priority=has_priority,
    )


_E, _P, _T = Context.EVERYWHERE, Context.PANE, Context.TRANSCRIPT
_L, _C, _W, _X = Context.CHATS, Context.COMPOSER, Context.WELCOME, Context.LEADER
_F, _S, _A, _Q = Context.FIND, Context.SIGN_IN, Context.ACCOUNT, Context.LIMITS
_B, _R = Context.BEFORE_SENDING, Context.BEFORE_RESET

ACTIONS: tuple[Action, ...] = (
    _act(_E, "ladder", "ctrl+c", "copy, close, stop, quit", "EVERYWHERE", in_palette=False,
         has_priority=True),
    _act(_E, "leader", "ctrl+x", "leader, also in text", "EVERYWHERE", in_palette=False,
         has_priority=True),
    _act(_E, "redraw", "ctrl+l", "draw again", "EVERYWHERE", has_priority=True),
    _act(_E, "suspend", "ctrl+z", "suspend", "EVERYWHERE", has_priority=True),
    _act(_E, "help", "f1", "help for this pane", "EVERYWHERE", in_palette=False),
    _act(_P, "view", "2", "switch view", "EVERYWHERE", action="view('chat')", in_palette=False),
    _act(_P, "view_limits", "5", "switch view", "EVERYWHERE", action="view('limits')",
         in_palette=False),
    _act(_P, "palette", "colon", "command palette", "EVERYWHERE", hint="command", rank=30,
         in_palette=False),
    _act(_P, "help", "question_mark", "help for this pane", "EVERYWHERE", hint="help", rank=0),
    _act(_P, "write", "i", "write", "EVERYWHERE", hint="write", rank=10),
    _act(_P, "next_pane", "tab", "next pane", "MOVE", in_palette=False),
    _act(_P, "previous_pane", "shift+tab", "previous pane", "MOVE", in_palette=False),
    _act(_P, "find", "slash", "find", "MOVE", hint="find", rank=35),
    _act(_P, "new", "n", "new chat", "THIS CHAT"),
    _act(_P, "zoom", "z", "zoom this pane", "LOOK"),
    _act(_P, "interrupt", "x", "stop the answer", "THIS CHAT", hint="stop", rank=20),
    _act(_P, "back", "q", "back, then quit", "EVERYWHERE", hint="quit", rank=60),
    _act(_T, "cursor_down", "j down", "block below", "MOVE", in_palette=False),
    _act(_T, "cursor_up", "k up", "block above", "MOVE", in_palette=False),
    _act(_T, "page_down", "pagedown ctrl+f", "page down", "MOVE", in_palette=False),
    _act(_T, "page_up", "pageup ctrl+b", "page up", "MOVE", in_palette=False),
    _act(_T, "home", "g home", "start", "MOVE", in_palette=False),
    _act(_T, "end", "G end", "end, and follow it", "MOVE", in_palette=False),
    _act(_T, "find_next", "n", "next match", "MOVE", hint="next", rank=15, in_palette=False),
    _act(_T, "find_previous", "N", "match before", "MOVE", in_palette=False),
    _act(_T, "fold", "enter l right", "open or fold", "THIS CHAT", hint="open", rank=40,
         in_palette=False),
    _act(_T, "leave", "escape h left", "back to the list", "MOVE", in_palette=False),
    _act(_T, "copy_block", "y", "copy block", "THIS CHAT", hint="copy", rank=25),
    _act(_T, "copy_answer", "Y", "copy the whole answer", "THIS CHAT"),
    _act(_T, "retry", "r", "try the broken turn again", "THIS CHAT", hint="retry", rank=5),
    _act(_T, "edit", "e", "edit message here and fork", "THIS CHAT", hint="edit", rank=45),
    _act(_L, "cursor_down", "j down", "chat below", "MOVE", in_palette=False),
    _act(_L, "cursor_up", "k up", "chat above", "MOVE", in_palette=False),
    _act(_L, "page_down", "pagedown", "page down", "MOVE", in_palette=False),
    _act(_L, "page_up", "pageup", "page up", "MOVE", in_palette=False),
    _act(_L, "home", "g home", "start", "MOVE", in_palette=False),
    _act(_L, "end", "G end", "end", "MOVE", in_palette=False),
    _act(_L, "open", "enter l right", "open the chat", "CHATS", hint="open", rank=40,
         in_palette=False),
    _act(_Q, "cursor_down", "j down", "window below", "MOVE", in_palette=False),
    _act(_Q, "cursor_up", "k up", "window above", "MOVE", in_palette=False),
    _act(_Q, "page_down", "pagedown ctrl+f", "page down", "MOVE", in_palette=False),
    _act(_Q, "page_up", "pageup ctrl+b", "page up", "MOVE", in_palette=False),
    _act(_Q, "home", "g home", "first window", "MOVE", in_palette=False),
    _act(_Q, "end", "G end", "last window", "MOVE", in_palette=False),
    _act(_Q, "open", "enter l right", "where a window went, and its ledger", "LIMITS",
         hint="where it went", rank=20, in_palette=False),
    _act(_Q, "leave", "escape h left", "back to all windows", "MOVE", hint="back",
         rank=12, in_palette=False),
    _act(_Q, "refresh", "r R", "read the limits now", "LIMITS", hint="refresh", rank=15),
    _act(_Q, "zoom", "z", "next range of the chart", "LIMITS", in_palette=False),
    _act(_Q, "zoom_in", "plus", "shorter range of the chart", "LIMITS"),
    _act(_Q, "zoom_out", "minus", "longer range of the chart", "LIMITS"),
    _act(_Q, "redeem", "u", "redeem a reset; asks first", "LIMITS"),
    _act(_C, "send", "enter", "send, or queue", "WHILE WRITING", hint="send", rank=20,
         in_palette=False),
    _act(_C, "newline", "ctrl+j shift+enter", "new line; also \\ and enter", "WHILE WRITING",
         hint="newline", rank=25, in_palette=False),
    _act(_C, "leave", "escape", "leave the text; twice stops the answer", "WHILE WRITING",
         hint="leave", rank=30, in_palette=False),
    _act(_C, "search_history", "ctrl+r", "search what you wrote", "WHILE WRITING",
         in_palette=False),
    _act(_C, "expand_paste", "ctrl+o", "open a folded paste", "WHILE WRITING", in_palette=False),
    _act(_C, "help", "f1", "help", "WHILE WRITING", action="screen.help", in_palette=False),
    _act(_B, "send", "enter s", "send it anyway", "BEFORE SENDING", hint="send anyway", rank=1,
         action="focused.answer('send')", in_palette=False),
    _act(_B, "cancel", "escape", "back to the text", "BEFORE SENDING", hint="cancel", rank=3,
         action="focused.answer('cancel')", in_palette=False),
    _act(_R, "wait", "w", "let it wait, and send it after the reset", "BEFORE SENDING",
         action="focused.answer('wait')", hint="wait until the reset", rank=2, in_palette=False),
    _act(_W, "previous", "k up", "choice above", "MOVE", in_palette=False),
    _act(_W, "next", "down j", "choice below", "MOVE", hint="choose", rank=10, in_palette=False),
    _act(_W, "choose", "enter l right", "start this way", "START", hint="start", rank=20,
         in_palette=False),
    _act(_W, "cancel", "escape", "put the question away", "START", in_palette=False),
    _act(_F, "close", "escape", "end the search", "MOVE", action="screen.close_find",
         hint="close", rank=10, in_palette=False),
    _act(_X, "send_now", "enter", "send now", "WRITE"),
    _act(_X, "edit_external", "e ctrl+e", "edit in $EDITOR", "WRITE"),
    _act(_X, "effort_down", "comma", "effort down", "WRITE"),
    _act(_X, "effort_up", "full_stop", "effort up", "WRITE"),
    _act(_X, "pick_model", "p", "pick a model", "WRITE"),
    _act(_X, "view_chat", "2", "chat", "SEE", action="view('chat')", in_palette=False),
    _act(_X, "view_limits", "5", "limits", "SEE", action="view('limits')", in_palette=False),
    _act(_X, "palette", "colon", "command", "SEE", in_palette=False),
    _act(_X, "zoom", "z", "zoom this pane", "SEE", in_palette=False),
    _act(_X, "help", "question_mark", "help", "SEE", in_palette=False),
    _act(_X, "new", "n", "new chat", "DO", in_palette=False),
    _act(_X, "mouse", "m", "mouse on, off", "DO"),
    _act(_X, "account", "a", "account", "ACCOUNT"),
    _act(_X, "login", "l", "login", "ACCOUNT"),
    _act(_X, "logout", "o", "logout", "ACCOUNT"),
    _act(_S, "retry", "r", "try again", "SIGN IN", hint="try again", rank=5, in_palette=False),
    _act(_S, "copy", "y", "copy the code, or the address", "SIGN IN", hint="copy", rank=10,
         in_palette=False),
    _act(_S, "copy_link", "u", "copy the address", "SIGN IN", hint="copy link", rank=15,
         in_palette=False),
    _act(_S, "open_page", "o", "open the address in your browser", "SIGN IN", hint="open",
         rank=20, in_palette=False),
    _act(_S, "browser", "b", "sign in with your browser", "WAYS", action="use('browser')",
         hint="browser", rank=25, in_palette=False),
    _act(_S, "device", "d", "sign in with a code", "WAYS", action="use('device')", hint="code",
         rank=30, in_palette=False),
    _act(_S, "paste", "p", "paste the address that the page ended on", "WAYS", hint="paste",
         rank=35, in_palette=False),
    _act(_S, "key", "k", "use an API key", "WAYS", action="use('key')", hint="API key", rank=40,
         in_palette=False),
    _act(_S, "down", "down", "line below", "MOVE", action="scroll(1)", in_palette=False),
    _act(_S, "up", "up", "line above", "MOVE", action="scroll(-1)", in_palette=False),
    _act(_S, "close", "escape", "leave the text, then this screen", "MOVE", hint="back", rank=45,
         in_palette=False),
    _act(_S, "leave", "q", "leave this screen", "MOVE", in_palette=False),
    _act(_S, "help", "question_mark f1", "help", "MOVE", hint="help", rank=50, in_palette=False),
    _act(_A, "login", "l", "sign in as someone else", "ACCOUNT", hint="sign in", rank=10,
         in_palette=False),
    _act(_A, "logout", "o", "sign out", "ACCOUNT", hint="sign out", rank=20, in_palette=False),
    _act(_A, "renew", "r", "renew the tokens now", "ACCOUNT", hint="renew", rank=30,
         in_palette=False),
    _act(_A, "copy", "y", "copy the workspace's id", "ACCOUNT", hint="copy id", rank=40,
         in_palette=False),
)  # fmt: skip

READLINE_HELP: tuple[tuple[str, str], ...] = (
    ("ctrl-a ctrl-e", "start, end of line"),
    ("ctrl-b ctrl-f", "character back, on"),
    ("alt-b alt-f", "word back, on"),
    ("ctrl-w alt-d", "delete word back, on"),
    ("ctrl-u ctrl-k", "delete to start, end"),
    ("ctrl-y", "put back what was deleted"),
    ("up down", "what you wrote before, at the edges"),
)
"""Keys of the composer that belong to every line editor and cannot be changed here."""

SHOWN_KEYS: Mapping[str, str] = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


NAMED_KEYS = frozenset(
    [
        "enter",
        "escape",
        "tab",
        "space",
        "backspace",
        "delete",
        "insert",
        "home",
        "end",
        "pageup",
        "pagedown",
        "up",
        "down",
        "left",
        "right",
        "slash",
        "backslash",
        "at",
        "minus",
        "plus",
        "underscore",
    ]
) | {f"f{number}" for number in range(1, 25)}
"""Keys that Textual gives a name which is not that of a character."""


class Keymap:
    """The table with the user's own keys laid over it."""

    def __init__(self, actions: Iterable[Action] = ACTIONS) -> None:
        """A keymap of these actions."""
        self.actions = tuple(actions)

    def with_overrides(
        self, overrides: Mapping[str, str], *, flavor: str = "readline"
    ) -> "tuple[Keymap, tuple[str, ...]]":
        """The same with other keys.

        Args:
            overrides: Keys by action id, several separated by commas.
            flavor: `modern` gives Ctrl-P to the command palette.

        Returns:
            The keymap, and a sentence for each override that cannot be used.
        """
        known = {action.id: action for action in self.actions}
        problems = [f'keys.bind: there is no action "{name}"' for name in overrides
                    if name not in known]  # fmt: skip
        changed: list[Action] = []
        for action in self.actions:
            keys = tuple(k.strip() for k in overrides.get(action.id, "").split(",") if k.strip())
            if flavor == "modern" and action.id == "pane.palette":
                keys = (*(keys or action.keys), "ctrl+p")
            wrong = [key for key in keys if not _is_key(key)]
            problems += [f'keys.bind: "{key}" for {action.id} is not a key' for key in wrong]
            changed.append(replace(action, keys=keys) if keys and not wrong else action)
        keymap = Keymap(changed)
        problems += keymap.conflicts()
        return keymap, tuple(problems)

    def conflicts(self) -> list[str]:
        """A sentence for each key that means two things in one context."""
        seen: dict[tuple[Context, str], str] = {}
        found: list[str] = []
        for action in self.actions:
            for key in action.keys:
                other = seen.setdefault((action.context, key), action.id)
                if other != action.id:
                    found.append(f'keys: "{show_key(key)}" means {other} and {action.id}')
        return found

    def of(self, context: Context) -> tuple[Action, ...]:
        """The actions of a context, in the order of the table."""
        return tuple(action for action in self.actions if action.context is context)

    def bindings(self, *contexts: Context) -> "list[Binding]":
        """Textual bindings, each with the action's id."""
        # The table is also read by commands, which load no Textual.
        from textual.binding import Binding

        return [
            Binding(
                ",".join(action.keys),
                action.action,
                action.help,
                id=action.id,
                show=False,
                priority=action.has_priority,
            )
            for context in contexts
            for action in self.of(context)
        ]

    def textual_keymap(self) -> dict[str, str]:
        """Keys by id, as `App.set_keymap` takes them, for those that differ from the table."""
        usual = {action.id: action.keys for action in ACTIONS}
        return {a.id: ",".join(a.keys) for a in self.actions if usual.get(a.id) != a.keys}

    def hints(
        self, contexts: Sequence[Context], *, is_plain: bool = False
    ) -> list[tuple[Action, str, str]]:
        """Footer hints of these contexts: action, key as shown, verb; first to go comes last."""
        found = [a for context in contexts for a in self.of(context) if a.hint]
        found.sort(key=lambda a: a.rank)
        return [(a, show_key(a.keys[0], is_plain=is_plain), a.hint) for a in found]


def show_key(key: str, *, is_plain: bool = False) -> str:
    """A key as people write it: `ctrl-x`, `?`, `pgdn`; the arrows as words where it is plain."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    shown = SHOWN_KEYS.get(last, last)
    return "-".join([*modifiers, shown if shown.isascii() or not is_plain else last])


def show_keys(keys: Iterable[str], *, is_plain: bool = False) -> str:
    """Several keys, a blank apart."""
    return " ".join(show_key(key, is_plain=is_plain) for key in keys)


def _is_key(key: str) -> bool:
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    known = {"ctrl", "alt", "shift", "super", "hyper", "meta"}
    return set(modifiers) <= known and (len(last) == 1 or last in NAMED_KEYS or _is_character(last))


def _is_character(name: str) -> bool:
    """Whether it is a character's Unicode name, as Textual writes it: `question_mark`."""
    try:
        unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return False
    return name == name.lower()
