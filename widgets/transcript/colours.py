"""Colours of code: found out in a thread, remembered by text, never waited for."""

from collections import OrderedDict
from collections.abc import Sequence
from importlib import import_module
from typing import Any

MAX_LINE = 2_000
"""Characters of a line beyond which its block is not coloured."""
MAX_BLOCK = 100_000
"""Characters of a block beyond which it is not coloured."""
KEPT = 200
"""Blocks whose colours are remembered."""

Coloured = Sequence[Sequence[tuple[str, str]]]
"""Lines of (text, name of a role of `Ink`)."""
Code = tuple[str, str]
"""Code, and its language."""


class Colours:
    """What is known of code, and what somebody would like to know.

    Asking is cheap and never colours anything: whoever owns this takes `wanted` to a thread,
    and gives back what came of it.
    """

    def __init__(self) -> None:
        """Nothing known, nothing wanted."""
        self._known: OrderedDict[Code, Coloured | None] = OrderedDict()
        self._wanted: dict[Code, None] = {}

    def of(self, code: str, language: str) -> Coloured | None:
        """Colours of a block; None where there are none, or not yet.

        Args:
            code: All of it, without a newline at its end.
            language: As its fence names it; empty for unknown.
        """
        if not language or len(code) > MAX_BLOCK:
            return None
        key = (code, language)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        self._wanted[key] = None
        return None

    def take_wanted(self) -> Code | None:
        """The newest thing that was asked for and is not known; None for nothing."""
        while self._wanted:
            key, _ = self._wanted.popitem()
            if key not in self._known:
                return key
        return None

    def learn(self, code: Code, coloured: Coloured | None) -> None:
        """Remember what came of it."""
        self._known[code] = coloured
        while len(self._known) > KEPT:
            self._known.popitem(last=False)


def coloured(code: Code) -> Coloured | None:
    """Find out; takes milliseconds, the first time much longer, so not for the loop.

    Returns:
        None where there is no lexer for the language, or a line is too long.
    """
    text, language = code
    if max(map(len, text.split("\n"))) > MAX_LINE:
        return None
    lexers: Any = import_module("pygments.lexers")
    from pygments.util import ClassNotFound

    try:
        lexer = lexers.get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    roles: dict[Any, str] = {}
    lines: list[list[tuple[str, str]]] = [[]]
    for kind, value in lexer.get_tokens(text):
        role = roles.get(kind)
        if role is None:
            role = roles[kind] = _role(kind)
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((part, role))
    said = "\n".join("".join(part for part, _ in line) for line in lines)
    return lines if said.removesuffix("\n") == text.removesuffix("\n") else None


def _role(kind: Any) -> str:
    from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, String

    for parent, role in (
        (Comment, "comment"),
        (String, "string"),
        (Number, "number"),
        (Keyword.Type, "type_name"),
        (Keyword.Constant, "number"),
        (Keyword, "keyword"),
        (Operator.Word, "keyword"),
        (Name.Class, "type_name"),
        (Name.Exception, "type_name"),
        (Name.Builtin, "function"),
        (Name.Function, "function"),
        (Name.Decorator, "function"),
        (Name.Tag, "keyword"),
        (Name.Attribute, "function"),
        (Literal, "number"),
        (Generic.Inserted, "string"),
        (Generic.Deleted, "number"),
        (Generic.Heading, "keyword"),
        (Generic.Subheading, "keyword"),
    ):
        if kind in parent:
            return role
    return "surface"
