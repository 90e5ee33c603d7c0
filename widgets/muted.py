"""Muted text: a colour of its own, and dimmed where only the terminal's 16 colours are used."""

from textual.widget import Widget


def muted(widget: Widget) -> str:
    """The style of metadata and hints in this widget."""
    return "$text-muted dim" if widget.has_pseudo_class("ansi") else "$text-muted"
