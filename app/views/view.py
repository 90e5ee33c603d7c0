"""What the shell asks of each of its views."""

from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.widget import Widget

from app.keymap import Context

if TYPE_CHECKING:
    from app.wiring import Services
    from services.events import AnyEvent


class View(Widget):
    """One of the views, of which the shell shows one at a time.

    It is made when it is opened first, and stays from then on: a hidden one hears all events.
    """

    async def attach(self, services: "Services") -> None:
        """Work with these services from now on; they are open for as long as this view is there."""
        raise NotImplementedError

    async def detach(self) -> None:
        """Keep what must not be lost: the services close next."""

    def hear(self, event: "AnyEvent") -> None:
        """Take one event."""
        raise NotImplementedError

    def fit(self, screen: Size) -> None:
        """The screen has this size now; called before the layout of it, hidden or not."""

    def shown(self) -> None:
        """It is the view that is looked at now."""

    def hidden(self) -> None:
        """Another one is looked at now."""

    def take_focus(self) -> None:
        """Give the focus to the pane that is worked in."""
        raise NotImplementedError

    def contexts(self, focused: Widget | None) -> tuple[Context, ...]:
        """Contexts of the keys while this view is shown, nearest first.

        Args:
            focused: What has the focus, inside this view or not.
        """
        raise NotImplementedError
