"""Text cut to the room there is, with the mark that the chosen glyphs have for it."""

from textual.content import Content


def cut(content: Content, width: int, ellipsis: str) -> Content:
    """At most `width` cells of `content`; `ellipsis`, one cell wide, tells that it was longer."""
    if content.cell_length <= width:
        return content
    if width < 1:
        return Content("")
    return Content.assemble(content.truncate(width - 1), ellipsis)
