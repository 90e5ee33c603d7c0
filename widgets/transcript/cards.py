"""The card of a turn that failed: cause, next step, keys, request id."""

from datetime import datetime

from rich.cells import cell_len
from rich.style import Style

from services.models.failure import Failure
from widgets.glyphs import Glyphs
from widgets.transcript.lines import Ink
from widgets.transcript.wrap import Piece, Row, wrap

KEYS = (("r", "retry"), ("e", "edit message"), ("y", "copy details"))


def error_rows(failure: Failure, width: int, ink: Ink, glyphs: Glyphs) -> list[Row]:
    """Rows of the card, all behind a bar.

    Args:
        failure: What went wrong.
        width: Cells of the block.
        ink: Styles by role.
        glyphs: Marks to draw with.
    """
    room = max(1, width - 2)
    cause: list[Piece] = [(f"{glyphs.failed} ", ink.failed), (failure.message, ink.strong)]
    rows = wrap(cause, room)
    if failure.next_step:
        rows += wrap([("Next: ", ink.strong), (failure.next_step, ink.text)], room)
    if failure.retry_at is not None:
        rows += wrap([("Not before ", ink.muted), (when(failure.retry_at), ink.text)], room)
    rows.append(Row())
    rows += _keys(failure, room, ink)
    bar: list[Piece] = [(glyphs.bar + " ", ink.failed)]
    return [row.indented(bar) for row in rows]


def when(at: float) -> str:
    """A moment in local time, with weekday and zone: `Sun 22 Nov 18:05 CET`."""
    try:
        return f"{datetime.fromtimestamp(at).astimezone():%a %d %b %H:%M %Z}"
    except (ValueError, OverflowError, OSError):
        return "a time that no calendar has"


def details(failure: Failure) -> str:
    """The card as plain text, for whoever helps."""
    lines = [failure.message]
    if failure.next_step:
        lines.append(f"Next: {failure.next_step}")
    for name, value in (
        ("status", failure.status),
        ("code", failure.code),
        ("request", failure.request_id),
    ):
        if value is not None:
            lines.append(f"{name}: {value}")
    return "\n".join(lines)


def _keys(failure: Failure, room: int, ink: Ink) -> list[Row]:
    pieces: list[Piece] = []
    for number, (key, verb) in enumerate(KEYS):
        if number:
            pieces.append(("   ", ink.text))
        first: Style = ink.accent + Style(bold=True) if number == 0 else ink.text
        pieces += [(key, first), (f" {verb}", ink.accent if number == 0 else ink.muted)]
    request = f"request {failure.request_id}" if failure.request_id else ""
    used = sum(cell_len(text) for text, _ in pieces)
    gap = room - used - cell_len(request)
    if request and gap >= 3:
        return wrap_whole([*pieces, (" " * gap, ink.text), (request, ink.muted)])
    rows = wrap_whole(pieces) if used <= room else wrap(pieces, room)
    return rows + (wrap([(request, ink.muted)], room) if request else [])


def wrap_whole(pieces: list[Piece]) -> list[Row]:
    """One row of exactly these pieces."""
    text = "".join(part for part, _ in pieces)
    return [Row(list(pieces), cell_len(text), 0, text)]
