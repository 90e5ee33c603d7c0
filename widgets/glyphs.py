"""Marks of one cell each, and their ASCII twins."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """Every mark that the screens draw. Each is one cell wide."""

    needs_you: str = "!"
    working: str = "•"
    ready: str = "✓"
    failed: str = "✗"
    sleeping: str = "○"
    stopped: str = "×"
    limits: str = "%"
    marked: str = "■"
    unmarked: str = "□"
    selected: str = "▌"
    bar: str = "▎"
    prompt: str = "›"
    closed: str = "▸"
    opened: str = "▾"
    pane_line: str = "│"
    line: str = "─"
    wire: str = "━"
    even_use: str = "•"
    dot: str = "·"
    minus: str = "−"
    ellipsis: str = "…"
    arrow: str = "→"
    up: str = "↑"
    down: str = "↓"
    bullet: str = "•"
    corners: str = "╭╮╰╯"
    """Top left, top right, bottom left, bottom right."""
    spinner: str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
    """Frames of the one moving thing."""

    @property
    def is_ascii(self) -> bool:
        """Whether these are the twins."""
        return self.line.isascii()


UNICODE = Glyphs()

ASCII = Glyphs(
    working="*",
    ready="+",
    failed="x",
    sleeping="o",
    stopped="-",
    marked="#",
    unmarked=".",
    selected=">",
    bar="|",
    prompt=">",
    closed=">",
    opened="v",
    pane_line="|",
    line="-",
    wire="#",
    even_use="*",
    dot="-",
    minus="-",
    ellipsis="~",
    arrow=">",
    up="^",
    down="v",
    bullet="*",
    corners="++++",
    spinner="|/-\\",
)
