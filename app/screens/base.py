"""What the shell knows of itself: its views, the contexts of the focus, and how it speaks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from textual.app import App
from textual.screen import Screen
from textual.widget import Widget

from app.keymap import Context, Keymap
from app.settings import Settings
from app.views.chat import ChatView
from app.views.chat_list import ChatListPane
from app.views.chat_room import ChatRoom
from app.views.view import View
from services.models.account import Account
from widgets.footer import Footer
from widgets.glyphs import ASCII, UNICODE
from widgets.header import Header

if TYPE_CHECKING:
    from app.wiring import Services

CHAT, LIMITS = "chat", "limits"
"""Names of views."""
VIEWS = (("2", CHAT), ("5", LIMITS))
"""Key and name of each view that there is."""


class ShellBase(Screen[None]):
    """The shell without what its keys do."""

    def __init__(self, settings: Settings) -> None:
        """Keys as the settings have them.

        Args:
            settings: Of this run.
        """
        super().__init__()
        self._settings = settings
        self._glyphs = ASCII if settings.ascii else UNICODE
        self.set_class(settings.ascii, "-ascii")
        self.keymap, self._key_problems = Keymap().with_overrides(
            settings.key_bindings, flavor=settings.key_flavor
        )
        self._header = Header(self._glyphs, id="header")
        self._footer = Footer(self._glyphs, id="footer")
        self._room: ChatRoom | None = None
        """The chats; None while the welcome is shown."""
        self._views: dict[str, View] = {}
        """Those that were opened, by name."""
        self._shown = CHAT
        """Name of the one that is looked at."""
        self._wanted = settings.view
        """Name of the one that is looked at once there are services to make it with."""
        self._left_in: dict[str, Widget] = {}
        """What had the focus in a view when it was left."""
        self._services: Services | None = None
        self._account: Account | None = None
        """Who is signed in; None while that is not known, or nobody needs to be."""
        self._quit_armed_at = float("-inf")
        self._has_mouse = settings.mouse

    @property
    def app(self) -> App[Any]:
        """The application; Textual leaves the type of its result unknown."""
        return cast("App[Any]", super().app)  # pyright: ignore[reportUnknownMemberType]

    @property
    def chat(self) -> ChatView | None:
        """The open chat; None while the welcome is shown."""
        return self._room.chat if self._room is not None else None

    @property
    def chats(self) -> ChatListPane | None:
        """The list of chats; None while the welcome is shown."""
        return self._room.pane if self._room is not None else None

    @property
    def shown_room(self) -> ChatRoom | None:
        """The chats, where they are what is looked at."""
        return self._room if self._shown == CHAT else None

    def opened_views(self) -> Iterator[View]:
        """All views that were opened."""
        yield from self._views.values()

    def show_view(self, name: str) -> None:
        """Look at a view, with the focus where it was left; it is made when it is opened first.

        Without a chat there is the welcome, and no view; without services it comes later.
        """
        self._wanted = name
        is_made = name in self._views or self._services is not None
        if self._room is None or name == self._shown or not is_made:
            return
        left = self._views[self._shown]
        if self.focused is not None:
            self._left_in[self._shown] = self.focused
        # At once, or the next key would go to what is hidden.
        self.set_focus(None)
        view = self._views.get(name)
        if view is None:
            view = self._views[name] = self._make_view(name)
            view.fit(self.size)
            self.mount(view, before=self._footer)
        left.display, view.display = False, True
        self._shown = self._header.active = name
        left.hidden()
        view.shown()
        last = self._left_in.get(name)
        if last is not None and last.is_attached:
            last.focus()
        else:
            view.take_focus()

    def _make_view(self, name: str) -> View:
        """A view that is opened for the first time; `ShellScreen` knows how."""
        raise NotImplementedError(name)

    def _say(self, words: str, *, is_error: bool = False) -> None:
        severity = "error" if is_error else "information"
        self.app.notify(words, severity=severity, markup=False)

    def _choose_again(self, notice: str) -> None:
        """Begin another run by what is configured now, with a notice; `ShellScreen` knows how."""

    def contexts(self) -> tuple[Context, ...]:
        """Contexts of the pane that has the focus, its own first."""
        if self._room is not None:
            return self._views[self._shown].contexts(self.focused)
        nodes = self.focused.ancestors_with_self if self.focused is not None else ()
        if any(node.id == "welcome" for node in nodes):
            return (Context.WELCOME, Context.PANE)
        return (Context.PANE,)
