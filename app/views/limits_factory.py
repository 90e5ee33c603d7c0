"""Makes the view of all limits, which is imported no sooner than it is opened."""

from typing import TYPE_CHECKING

from app.settings import Settings
from widgets.glyphs import Glyphs

if TYPE_CHECKING:
    from app.views.limits import LimitsView
    from app.wiring import Services


def make_limits_view(services: "Services", settings: Settings, glyphs: Glyphs) -> "LimitsView":
    """The view of all limits.

    Args:
        services: Open for as long as it is there.
        settings: Of this run.
        glyphs: Marks to draw with.
    """
    from app.views.limits import LimitsView

    return LimitsView(
        services.limits,
        clock=services.clock,
        shows=settings.limits_show,
        glyphs=glyphs,
        has_colour=not settings.no_color,
    )
