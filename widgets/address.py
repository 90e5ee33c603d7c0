"""An address that is opened elsewhere: as it is, and a link where the terminal knows links."""

from dataclasses import dataclass
from urllib.parse import quote

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.style import Style
from textual.widget import Widget

from widgets.glyphs import Glyphs

SCHEME = "https://"


class Address(Widget):
    """A web address in one row or more; what has no room is cut, and the link stays whole."""

    @dataclass
    class Clicked(Message):
        """The address was clicked."""

        url: str

    def __init__(self, url: str, glyphs: Glyphs, *, rows: int | None = 1) -> None:
        """An address.

        Args:
            url: http or https. What is not printable ASCII in it is percent-encoded.
            glyphs: Marks to draw with.
            rows: The most that it may take, None for as many as it needs; one row leaves the usual
                scheme out.
        """
        super().__init__()
        self.url = "".join(c if "!" <= c <= "~" else quote(c, errors="replace") for c in url)
        self._shown = self.url.removeprefix(SCHEME) if rows == 1 else self.url
        self._rows = rows
        self._ellipsis = glyphs.ellipsis

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        needed = -(-len(self._shown) // max(1, width))
        return max(1, needed if self._rows is None else min(self._rows, needed))

    def render(self) -> Content:
        """As much of it as fits, each row a link to the whole."""
        width, rows = max(1, self.size.width), max(1, self.size.height)
        shown = self._shown
        if len(shown) > width * rows:
            shown = shown[: width * rows - 1] + self._ellipsis
        lines = (shown[place : place + width] for place in range(0, len(shown), width))
        link = Style(link=self.url)
        return Content("\n").join(
            Content.styled(line, "$accent underline").stylize(link) for line in lines
        )

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Clicked(self.url))
