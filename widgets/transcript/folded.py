"""Blocks of one line that open: reasoning, calls, searches, items we do not know."""

from services.models.chat import (
    CallStatus,
    ErrorCard,
    Item,
    Notice,
    Reasoning,
    Reply,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from widgets.glyphs import Glyphs
from widgets.transcript import cards
from widgets.transcript.code import code_rows
from widgets.transcript.lines import Ink
from widgets.transcript.markdown import Renderer, parser
from widgets.transcript.wrap import Piece, Row, wrap

Foldable = Reasoning | ToolCall | WebSearch | UnknownItem
MAX_OUTPUT_LINES = 200
"""Lines of an output that are shown; all of them are copied."""
MAX_SHOWN = 40_000
"""Characters of an output, or of reasoning, that are shown."""
MAX_HEAD = 60
"""Characters of a call in its one line."""


def folded_rows(
    item: Foldable, width: int, ink: Ink, glyphs: Glyphs, *, is_open: bool, is_expanded: bool
) -> list[Row]:
    """The one line of an item, and what is inside where it is open.

    Args:
        item: What is shown.
        width: Cells of the block.
        ink: Styles by role.
        glyphs: Marks to draw with.
        is_open: Whether it still grows.
        is_expanded: Whether the inside is shown.
    """
    has_more = has_inside(item)
    mark = glyphs.opened if is_expanded and has_more else glyphs.closed
    head: list[Piece] = [(mark + " " if has_more else "  ", ink.muted)]
    head += _head(item, ink, glyphs, is_open=is_open)
    rows = _one_line(head, width, glyphs)
    if is_expanded and has_more:
        inside = _inside(item, max(1, width - 2), ink, glyphs)
        rows += [row.indented([("  ", ink.text)]) for row in inside]
    return rows


def has_inside(item: Item) -> bool:
    """Whether there is more than the one line."""
    match item:
        case Reasoning():
            return bool(item.summary or item.detail)
        case ToolCall():
            return bool(item.output or item.arguments)
        case WebSearch():
            return bool(item.queries or item.pages)
        case UnknownItem():
            return True
        case _:
            return False


def source_of(item: Item) -> str:
    """What a copy of an item says."""
    match item:
        case UserMessage() | Notice():
            return item.text
        case Reply():
            return item.text or item.refusal
        case Reasoning():
            return item.summary or item.detail
        case ToolCall():
            return item.output or item.arguments
        case WebSearch():
            return "\n".join([*item.queries, *item.pages])
        case UnknownItem():
            return item.raw
        case ErrorCard():
            return cards.details(item.failure)


def size_words(size: int) -> str:
    """Bytes in a unit that people read."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1000:.0f} kB"
    return f"{size / 1_000_000:.1f} MB"


def seconds_words(seconds: float) -> str:
    """`0.8 s`, `12 s`, `3 min 5 s`."""
    if seconds < 9.95:
        return f"{max(0.1, seconds):.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _head(item: Foldable, ink: Ink, glyphs: Glyphs, *, is_open: bool) -> list[Piece]:
    dot = f" {glyphs.dot} "
    match item:
        case Reasoning():
            if is_open:
                return [("thinking", ink.muted)]
            if item.seconds is None:
                return [("thought", ink.muted)]
            return [(f"thought for {seconds_words(item.seconds)}", ink.muted)]
        case ToolCall():
            pieces: list[Piece] = [(call_words(item, glyphs), ink.muted)]
            if item.exit_code is not None:
                style = ink.failed if item.exit_code else ink.muted
                pieces += [(dot, ink.muted), (f"exit {item.exit_code}", style)]
            elif item.status is CallStatus.FAILED:
                pieces += [(dot, ink.muted), ("failed", ink.failed)]
            elif item.status is CallStatus.RUNNING:
                pieces.append((f"{dot}running", ink.muted))
        case WebSearch():
            pieces = [(_search_words(item, glyphs), ink.muted)]
            if item.status is CallStatus.FAILED:
                pieces += [(dot, ink.muted), ("failed", ink.failed)]
        case UnknownItem():
            return [(f"unsupported item: {item.type}", ink.muted)]
    if item.seconds is not None:
        pieces.append((f"{dot}{seconds_words(item.seconds)}", ink.muted))
    return pieces


def call_words(call: ToolCall, glyphs: Glyphs) -> str:
    """A call in a few words: the command line, or the name with its arguments.

    Nothing is decoded here: behind escapes there may be anything.
    """
    if call.words:
        return call.words
    return _cut(f"{call.name}({' '.join(call.arguments[:MAX_HEAD].split())})", glyphs)


def _cut(text: str, glyphs: Glyphs) -> str:
    return text if len(text) <= MAX_HEAD else text[: MAX_HEAD - 1] + glyphs.ellipsis


def _search_words(search: WebSearch, glyphs: Glyphs) -> str:
    is_running = search.status is CallStatus.RUNNING
    match search.action:
        case "open_page":
            words = "opening a page" if is_running else "opened a page"
        case "find_in_page":
            words = "searching a page" if is_running else "searched a page"
        case _:
            words = "searching the web" if is_running else "searched the web"
    if len(search.pages) > 1:
        words += f" {glyphs.dot} {len(search.pages)} pages"
    elif search.queries and not is_running:
        words += f" {glyphs.dot} {_cut(search.queries[0], glyphs)}"
    return words


def _one_line(pieces: list[Piece], width: int, glyphs: Glyphs) -> list[Row]:
    rows = wrap(pieces, width)
    if len(rows) == 1:
        return rows
    first = wrap(pieces, max(1, width - 1))[0]
    first.pieces.append((glyphs.ellipsis, first.pieces[-1][1]))
    first.cells += 1
    first.join = "\n"
    return [first]


def _inside(item: Foldable, width: int, ink: Ink, glyphs: Glyphs) -> list[Row]:
    match item:
        case Reasoning():
            text = item.summary or item.detail
            return Renderer(width, ink, glyphs, dim=True).rows(parser().parse(text[:MAX_SHOWN]))
        case WebSearch():
            texts = [*item.queries, *item.pages]
            return [row for text in texts for row in wrap([(text, ink.muted)], width)]
        case UnknownItem():
            return _capped(item.raw, "json", width, ink)
        case ToolCall():
            rows: list[Row] = []
            if item.arguments and item.arguments != item.words:
                rows += _capped(item.arguments, "", width, ink)
            if item.output:
                rows += _capped(item.output.rstrip("\n"), "", width, ink)
            return rows


def _capped(text: str, language: str, width: int, ink: Ink) -> list[Row]:
    lines = text.split("\n")
    more = len(lines) - MAX_OUTPUT_LINES
    shown = "\n".join(lines[:MAX_OUTPUT_LINES])[:MAX_SHOWN]
    rows = code_rows(shown, language, width, ink, dim=not language)
    if more > 0:
        rows += wrap([(f"{more:,} more lines; copying takes all of them", ink.muted)], width)
    return rows
