"""Wires of a window: how much is left, and where now and the run-out lie on the way to its reset.

Rules: docs/limits.md.
"""

from dataclasses import dataclass

from textual.content import Content

from widgets.glyphs import Glyphs

LEAST = 4
"""Cells of the shortest wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWire:
    """Where things lie between the beginning of a window (0) and its reset (1)."""

    now: float
    early: float | None = None
    """Early end of the run-out; None where there is none to draw."""
    late: float | None = None
    """Late end; None where it may last until the reset."""


def use_wire(left: float, even: float | None, cells: int, tone: str, glyphs: Glyphs) -> Content:
    """How much is left, drawn thick, and a dot where even use would be.

    Args:
        left: Percent.
        even: Percent that even use would have left; None where that cannot be told.
        cells: Length.
        tone: Style of what is left.
        glyphs: Marks to draw with.
    """
    cells = max(LEAST, cells)
    # What is nearly whole or nearly gone shall not look like it was.
    thick = round(cells * left / 100.0)
    thick = min(max(thick, 1 if left > 0.0 else 0), cells - 1 if left < 100.0 else cells)
    marks = [glyphs.wire] * thick + [glyphs.line] * (cells - thick)
    styles = [tone] * thick + ["$line"] * (cells - thick)
    if even is not None:
        place = _cell(even / 100.0, cells)
        marks[place], styles[place] = glyphs.even_use, "$foreground"
    return _joined(marks, styles)


def time_wire(wire: TimeWire, cells: int, past: str, glyphs: Glyphs) -> Content:
    """The time that has passed in dots, now, and the range of the run-out on what is to come.

    Args:
        wire: What lies where.
        cells: Length.
        past: Style of the time that has passed.
        glyphs: Marks to draw with.
    """
    cells = max(LEAST, cells)
    now = _cell(wire.now, cells)
    marks = [dots(glyphs)] * now + [glyphs.line] * (cells - now)
    styles = [past] * now + ["$line"] * (cells - now)
    if wire.early is not None:
        last = cells - 1 if wire.late is None else _cell(wire.late, cells)
        for place in range(_cell(wire.early, cells), last + 1):
            marks[place], styles[place] = glyphs.wire, "$warning"
    marks[now], styles[now] = glyphs.pane_line, "$foreground"
    return _joined(marks, styles)


def dots(glyphs: Glyphs) -> str:
    """The mark of time that has passed, which in plain text must not look like the line."""
    return "." if glyphs.is_ascii else glyphs.dot


def _cell(share: float, cells: int) -> int:
    return min(cells - 1, max(0, int(share * cells)))


def _joined(marks: list[str], styles: list[str]) -> Content:
    """Neighbours of one style as one piece."""
    pieces: list[tuple[str, str]] = []
    for mark, style in zip(marks, styles, strict=True):
        if pieces and pieces[-1][1] == style:
            pieces[-1] = pieces[-1][0] + mark, style
        else:
            pieces.append((mark, style))
    return Content.assemble(*pieces)
