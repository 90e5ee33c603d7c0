"""What the shell knows of itself: its panes, the contexts of the focus, and how it speaks."""

from typing import TYPE_CHECKING, Any, cast

from textual.app import App
from textual.screen import Screen

from app.keymap import Context, Keymap
from app.settings import Settings
from app.views.chat import ChatView
from app.views.chat_list import ChatListPane
from app.views.chat_parts import ChatComposer, ChatTranscript
from app.views.find_field import FindField
from services.models.account import Account
from widgets.glyphs import ASCII, UNICODE
from widgets.header import Header

if TYPE_CHECKING:
    from app.wiring import Services


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
        self.find_field = FindField()
        self._header = Header(id="header")
        self._view: ChatView | None = None
        self._pane: ChatListPane | None = None
        self._services: Services | None = None
        self._account: Account | None = None
        """Who is signed in; None while that is not known, or nobody needs to be."""
        self._quit_armed_at = float("-inf")
        self._has_mouse = settings.mouse
        self._is_zoomed = False
        self._is_list_open = False
        """Whether the list stands alone where there is room for one pane only."""

    @property
    def app(self) -> App[Any]:
        """The application; Textual leaves the type of its result unknown."""
        return cast("App[Any]", super().app)  # pyright: ignore[reportUnknownMemberType]

    @property
    def chat(self) -> ChatView | None:
        """The chat view; None while the welcome is shown."""
        return self._view

    def _say(self, words: str, *, is_error: bool = False) -> None:
        severity = "error" if is_error else "information"
        self.app.notify(words, severity=severity, markup=False)

    def _show_panes(self) -> None:
        """Show the list of chats, or not; `ShellScreen` knows how much room there is."""

    def _choose_again(self, notice: str) -> None:
        """Begin another run by what is configured now, with a notice; `ShellScreen` knows how."""

    def _open_list(self) -> None:
        """Go left to the list, which stands alone where there is no room beside it."""
        if self._pane is not None:
            self._is_list_open = True
            self._show_panes()
            self._pane.rows.focus()

    def _close_list(self) -> None:
        """Go right to the conversation."""
        self._is_list_open = False
        self._show_panes()

    def contexts(self) -> tuple[Context, ...]:
        """Contexts of the pane that has the focus, its own first."""
        nodes = self.focused.ancestors_with_self if self.focused is not None else []
        for node in nodes:
            match node:
                case ChatComposer():
                    return (Context.COMPOSER,)
                case ChatTranscript():
                    return (Context.TRANSCRIPT, Context.PANE)
                case ChatListPane():
                    return (Context.CHATS, Context.PANE)
                case FindField():
                    return (Context.FIND,)
                case _ if node.id == "welcome":
                    return (Context.WELCOME, Context.PANE)
                case _:
                    continue
        return (Context.PANE,)
