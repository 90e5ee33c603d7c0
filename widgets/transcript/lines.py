"""Rendered lines of a transcript, and what they say once wraps and rails are taken away."""

from dataclasses import dataclass

from rich.style import Style
from textual.strip import Strip


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a block at one width.

    The strips of a finished block are made once and handed to the compositor for ever: its caches
    hold by identity.
    """

    strip: Strip
    """Exactly as wide as the block was rendered for, padded and styled."""
    rail: int = 0
    """Leading cells that are decoration: bar, indent, padding, bullet continuation."""
    text: str = ""
    """What the cells after the rail say, without padding at the end."""
    join: str = "\n"
    """What stands between this line's text and the next one's: a newline, or for a soft wrap the
    blank that the wrap swallowed (or nothing, where it cut a word)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """Styles by role, resolved from the theme. Backgrounds are always set, never inherited."""

    text: Style
    muted: Style
    accent: Style
    strong: Style
    """Bold text: headings, cause of an error."""
    line: Style
    """The one thin line: rule, table head."""
    surface: Style
    """Text on the surface background: code blocks and inline code."""
    surface_muted: Style
    bar: Style
    """The bar at user text."""
    failed: Style
    warning: Style
    success: Style
    link: Style
    cursor: Style
    """The bar of the block cursor."""
    found: Style
    """A match of a search."""
    found_current: Style
    keyword: Style
    """Syntax styles stand on the surface background."""
    function: Style
    string: Style
    number: Style
    type_name: Style
    comment: Style
    has_colour: bool = True
    """False under NO_COLOR: weight, underline and words carry it."""
