"""Keys and what they do, under one head: what help and the which-key panel draw."""

from dataclasses import dataclass

from textual.content import Content

from widgets.cut import cut


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGroup:
    """A head and the rows under it."""

    name: str
    rows: tuple[tuple[str, str], ...]
    """Keys as they are shown, and words."""


def draw_row(keys: str, words: str, column: int, width: int, ellipsis: str, quiet: str) -> Content:
    """One row, cut to `width` cells: keys in the text colour, muted words at `column`."""
    gap = " " * max(1, column - Content(keys).cell_length)
    row = Content.assemble((keys, "$foreground"), gap, (words, quiet))
    return cut(row, max(1, width), ellipsis)


def draw_head(name: str, width: int, ellipsis: str, quiet: str) -> Content:
    """The head of a group, cut to `width` cells; `quiet` is the style of muted text."""
    return cut(Content.styled(name.upper(), f"bold {quiet}"), max(1, width), ellipsis)
