"""Code blocks: one surface over the whole block, colours when it is finished."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from rich.cells import cell_len
from rich.style import Style

from widgets.transcript.lines import Ink
from widgets.transcript.wrap import Piece, Row, clusters

MAX_LINE = 2_000
"""Characters of a line beyond which it is not coloured."""
MAX_BLOCK = 200_000
"""Characters of a block beyond which it is not coloured."""
TAB = "    "


def code_rows(
    code: str, language: str, width: int, ink: Ink, *, is_open: bool = False, dim: bool = False
) -> list[Row]:
    """Rows of a code block, padded by one cell.

    Args:
        code: Without a newline at its end.
        language: First word after the fence; may be empty.
        width: Cells of the block.
        ink: Styles by role.
        is_open: Whether more lines may come; colours wait for the end.
        dim: Whether all of it is muted.
    """
    lines = code.split("\n")
    coloured = None if is_open or dim else _coloured(code, language, ink)
    rows: list[Row] = []
    plain = ink.surface_muted if dim else ink.surface
    for number, text in enumerate(lines):
        pieces: Sequence[Piece] = coloured[number] if coloured else [(text, plain)]
        rows.extend(code_line_rows(pieces, width, ink))
    return labelled(rows, language, width, ink)


def labelled(rows: list[Row], language: str, width: int, ink: Ink) -> list[Row]:
    """The rows with the language at the right of the first one, where there is room."""
    if rows and language:
        first = rows[0]
        gap = width - 1 - cell_len(language) - first.cells
        if gap >= 2:
            rows[0] = Row(
                [*first.pieces, (" " * gap, ink.surface), (language, ink.surface_muted)],
                first.cells + gap + cell_len(language),
                first.rail,
                first.text,
                first.join,
                first.fill,
            )
    return rows


def code_line_rows(pieces: Sequence[Piece], width: int, ink: Ink) -> list[Row]:
    """One line of code in as many rows as it needs, cut between characters."""
    room = max(1, width - 2)
    pad = (" ", ink.surface)
    rows = [Row([pad], 1, 1, "", "\n", ink.surface)]
    for source, style in pieces:
        text = source.replace("\t", TAB)
        if not text:
            continue
        if rows[-1].cells - 1 + cell_len(text) <= room:
            _add(rows[-1], text, style)
            continue
        run = ""
        left = room - (rows[-1].cells - 1)
        for cluster in clusters(text):
            cells = cell_len(cluster)
            if cells > left and (run or rows[-1].cells > 1):
                _add(rows[-1], run, style)
                rows[-1].join = ""
                rows.append(Row([pad], 1, 1, "", "\n", ink.surface))
                run, left = "", room
            run += cluster
            left -= cells
        _add(rows[-1], run, style)
    return rows


def _add(row: Row, text: str, style: Style) -> None:
    row.pieces.append((text, style))
    row.cells += cell_len(text)
    row.text += text


def _coloured(code: str, language: str, ink: Ink) -> list[list[Piece]] | None:
    """Each line's pieces; None where there is no lexer, or too much to colour."""
    if not language or len(code) > MAX_BLOCK or not ink.has_colour:
        return None
    if len(code) > MAX_LINE and max(map(len, code.split("\n"))) > MAX_LINE:
        return None
    lexers: Any = import_module("pygments.lexers")
    from pygments.util import ClassNotFound

    try:
        lexer = lexers.get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    lines: list[list[Piece]] = [[]]
    for kind, value in lexer.get_tokens(code):
        style = _style(kind, ink)
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((part, style))
    count = code.count("\n") + 1
    return (lines + [[] for _ in range(count - len(lines))])[:count]


def _style(kind: Any, ink: Ink) -> Style:
    from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, String

    for parent, style in (
        (Comment, ink.comment),
        (String, ink.string),
        (Number, ink.number),
        (Keyword.Type, ink.type_name),
        (Keyword.Constant, ink.number),
        (Keyword, ink.keyword),
        (Operator.Word, ink.keyword),
        (Name.Class, ink.type_name),
        (Name.Exception, ink.type_name),
        (Name.Builtin, ink.function),
        (Name.Function, ink.function),
        (Name.Decorator, ink.function),
        (Name.Tag, ink.keyword),
        (Name.Attribute, ink.function),
        (Literal, ink.number),
        (Generic.Inserted, ink.string),
        (Generic.Deleted, ink.number),
        (Generic.Heading, ink.keyword),
        (Generic.Subheading, ink.keyword),
    ):
        if kind in parent:
            return style
    return ink.surface
