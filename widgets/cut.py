"""Text cut to the room there is, with the mark that the chosen glyphs have for it."""

from textual.content import Content


def cut(content: Content, width: int, ellipsis: str) -> Content:
    """At most `width` cells of `content`; `ellipsis`, one cell wide, tells that it was longer."""
    if content.cell_length <= width:
        return content
    if width < 1:
        return Content("")
    # Textual's own mark has the style of what it stands for, so it is only exchanged.
    shown = content.truncate(width, ellipsis=True)
    return Content(shown.plain[:-1] + ellipsis, spans=list(shown.spans))
