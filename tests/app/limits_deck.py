"""The view of all limits in an app of its own, over limits in memory."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from textual.widgets import Static

from app.views.limits import LimitsView
from services.events import LimitsChanged
from services.models.limits import LimitsState
from tests.snapshots.limits import STATE, FixedLimits
from tests.widgets.conftest import Host, hosted
from widgets.glyphs import UNICODE


class Deck:
    """The view in an app of its own, and what it stands on."""

    def __init__(self, view: LimitsView, limits: FixedLimits, host: Host) -> None:
        self.view = view
        self.limits = limits
        self.host = host

    @property
    def rows(self) -> list[str]:
        """What the screen says."""
        strips = self.host.app.screen._compositor.render_strips()
        return ["".join(each.text for each in strip).rstrip() for strip in strips]

    def says(self, words: str) -> bool:
        """Whether these words are on the screen, wherever a line ends."""
        return words in " ".join(" ".join(self.rows).split())

    async def until_said(self, words: str) -> None:
        await self.host.until(lambda: self.says(words))

    @property
    def question(self) -> str:
        """What a popup asks, whole."""
        return " ".join(str(each.render()) for each in self.host.app.screen.query(Static))

    async def take(self, state: LimitsState) -> None:
        """The service knows this now, and says it."""
        self.limits.state = state
        self.view.hear(LimitsChanged(state=state))
        await self.host.settle()

    @property
    def histories(self) -> list[str]:
        """For how many hours the history was read."""
        return [each.split()[1] for each in self.limits.asked if each.startswith("history")]


@asynccontextmanager
async def deck(
    state: LimitsState = STATE,
    *,
    size: tuple[int, int] = (120, 38),
    is_shown_first: bool = False,
    **more: Any,
) -> AsyncGenerator[Deck]:
    """An app with the view alone.

    Args:
        state: What is known at the start.
        size: Of the screen.
        is_shown_first: Whether it is said to be looked at before it is mounted, as the shell does.
        more: What else `FixedLimits` knows.
    """
    limits = FixedLimits(state=state, **more)
    view = LimitsView(limits, clock=limits.clock, shows="left", glyphs=UNICODE)
    if is_shown_first:
        view.shown()
    async with hosted(view, size=size) as host:
        if not is_shown_first:
            view.shown()
        await host.until(lambda: view._board.chart.is_ready)
        await host.settle()
        yield Deck(view, limits, host)
