"""Writing TOML, as far as settings need it."""

import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, cast

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if _BARE.fullmatch(name) else _text(name)


def value(thing: object) -> str:
    """A value in one line, tables as inline tables.

    Raises:
        TypeError: It is nothing that TOML knows.
    """
    match thing:
        case bool():
            return "true" if thing else "false"
        case str():
            return _text(thing)
        case int():
            return str(thing)
        case float():
            return repr(thing) if math.isfinite(thing) else str(thing)
        case datetime() | date() | time():
            return thing.isoformat()
        case list() | tuple():
            return f"[{', '.join(value(each) for each in cast('list[Any]', thing))}]"
        case Mapping():
            members = cast("Mapping[str, Any]", thing).items()
            inside = ", ".join(f"{key(name)} = {value(each)}" for name, each in members)
            return f"{{ {inside} }}" if inside else "{}"
        case _:
            raise TypeError(type(thing).__name__)


def _text(text: str) -> str:
    # JSON and TOML escape alike, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
