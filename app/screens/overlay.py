"""What all screens over the shell share: how they close, how they get small, their edges."""

from typing import Any, ClassVar, cast

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, ScreenResultType

from app.styles import need_all
from widgets.footer import Footer
from widgets.glyphs import Glyphs


class Overlay(ModalScreen[ScreenResultType]):
    """A modal screen over the dimmed page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", show=False, id="overlay.close"),
        # Fields of text would take Ctrl-C for themselves.
        Binding("ctrl+c", "close", "close", show=False, priority=True, id="overlay.leave"),
    ]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 Textual reads it as it is
        (0, "-tiny"),
        (50, "-narrow"),
        (100, "-normal"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-flat"),
        (14, "-low"),
        (30, "-high"),
    ]

    def __init__(self, glyphs: Glyphs) -> None:
        """An overlay.

        Args:
            glyphs: Marks to draw with; plain ones give plain edges.
        """
        super().__init__()
        need_all()
        self.glyphs = glyphs
        self.set_class(glyphs.line.isascii(), "-ascii")

    def on_mount(self) -> None:
        # Textual sets them at the first event of a size, after the first frame was laid out.
        size = self.app.size
        for steps, length in (
            (self.HORIZONTAL_BREAKPOINTS, size.width),
            (self.VERTICAL_BREAKPOINTS, size.height),
        ):
            reached = [name for least, name in steps or [] if length >= least]
            self.add_class(*reached[-1:])

    @property
    def app(self) -> App[Any]:
        """The application; Textual leaves the type of its result unknown."""
        return cast("App[Any]", super().app)  # pyright: ignore[reportUnknownMemberType]

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss(None)

    async def on_footer_hint_chosen(self, event: Footer.HintChosen) -> None:
        event.stop()
        await self.run_action(event.action_id)
