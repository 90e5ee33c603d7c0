"""The keys that move about in the view of all limits: windows, their page, the chart's range."""

from typing import Final

from textual.reactive import reactive

from app.views.limits_board import LimitsBoard
from app.views.limits_ranges import RANGES
from app.views.view import View

MOST: Final = 100_000
"""More windows, or lines of a page, than there are."""


class LimitsMoves(View):
    """A view with a board, on which keys choose what is shown."""

    zoom: reactive[int] = reactive(1)
    """Number of the chart's range in `limits_ranges.RANGES`."""
    is_page_open: reactive[bool] = reactive(default=False)
    """Whether one window is shown instead of all."""

    def __init__(self, board: LimitsBoard, *, id: str) -> None:  # noqa: A002
        """A view of all windows.

        Args:
            board: Shows them.
            id: Of the widget.
        """
        super().__init__(id=id)
        self._board = board

    def _tell_record(self) -> None:
        """Show what was read of the window that is selected now."""
        raise NotImplementedError

    def action_cursor_down(self) -> None:
        """Select the window below, or scroll the page."""
        self._move(1, 1)

    def action_cursor_up(self) -> None:
        """Select the window above, or scroll the page."""
        self._move(-1, -1)

    def action_page_down(self) -> None:
        """Several windows down, or a page."""
        self._move(4, self._board.page.size.height - 1)

    def action_page_up(self) -> None:
        """Several windows up, or a page."""
        self._move(-4, 1 - self._board.page.size.height)

    def action_home(self) -> None:
        """The first window, or the start of the page."""
        self._move(-MOST, -MOST)

    def action_end(self) -> None:
        """The last window, or the end of the page."""
        self._move(MOST, MOST)

    def _move(self, windows: int, lines: int) -> None:
        if self.is_page_open:
            self._board.page.scroll_relative(y=lines, animate=False)
        elif self._board.windows.move(windows):
            self._tell_record()

    def action_open(self) -> None:
        """Show where the selected window went, and what the server did to it."""
        self.is_page_open = True

    def action_leave(self) -> None:
        """Go back to all windows."""
        self.is_page_open = False

    def action_zoom(self) -> None:
        """The next range of the chart; after the longest the shortest."""
        self.zoom = (self.zoom + 1) % len(RANGES)

    def action_zoom_in(self) -> None:
        """A shorter range."""
        self.zoom = max(0, self.zoom - 1)

    def action_zoom_out(self) -> None:
        """A longer range."""
        self.zoom = min(len(RANGES) - 1, self.zoom + 1)
