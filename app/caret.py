"""The terminal's own caret, where text is typed."""

from typing import Any

from textual.app import App
from textual.widgets import Input, TextArea

from app.driver import GuardedDriver


def follow(app: App[Any], driver: object) -> None:
    """Put the terminal's caret where the focused field has its own; hide it elsewhere.

    Called after each frame (`App.post_display_hook`): a frame leaves the caret where the field
    was when its text last changed, and the field may have moved since.

    Args:
        app: Whose focus counts.
        driver: Its driver; one that is not ours has no caret.
    """
    if not isinstance(driver, GuardedDriver):
        return
    field = app.focused if app.is_running and app.screen_stack else None
    if not isinstance(field, TextArea | Input):
        driver.show_caret(False)
        return
    place = field.cursor_screen_offset
    if not field.content_region.contains_point(place):
        driver.show_caret(False)
        return
    if place != app.cursor_position:
        app.cursor_position = place
        driver.move_caret(*place)
    driver.show_caret(True)
