"""Styles that tests can tell apart, without a theme."""

from dataclasses import fields
from typing import Any

from rich.style import Style

from widgets.transcript.lines import Ink


def plain_ink() -> Ink:
    """Every role in a colour of its own."""
    roles = [field.name for field in fields(Ink) if field.name != "has_colour"]
    styles: dict[str, Any] = {r: Style(color=f"color({16 + n})") for n, r in enumerate(roles)}
    return Ink(**styles)
