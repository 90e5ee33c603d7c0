"""How payloads are read by hand: one parser for JSON, and looks at values that forgive.

`services/wire/model.py` has what the payloads of a turn are made of, and takes long to import.
"""

import json
import math
from typing import Any, Final, TypeAlias, cast

from services.errors import BadPayloadError

MAX_DEPTH: Final = 100
MAX_NUMBER: Final = 2**53
JSON_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of one JSON answer."""

JsonObject: TypeAlias = dict[str, Any]


def loads(data: str | bytes, limit: int = JSON_LIMIT) -> object:
    """Parse one JSON document that may be hostile.

    Args:
        data: UTF-8; bad bytes count as U+FFFD.
        limit: Bytes, or characters of a string.

    Returns:
        The document with finite numbers only and without lone surrogates.

    Raises:
        BadPayloadError: It is no JSON, too large, or nested deeper than `MAX_DEPTH`.
    """
    if len(data) > limit:
        raise BadPayloadError(
            f"The answer is larger than {limit // (1024 * 1024)} MiB", code="too_large"
        )
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    try:
        document = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_number)
        return _tamed(document, MAX_DEPTH)
    except (ValueError, RecursionError) as error:
        raise BadPayloadError("The answer is no JSON that can be read") from error


def _no_number(_name: str) -> None:
    """NaN and the infinities are read as null."""


def _tamed(value: object, depth: int) -> object:
    if depth < 0:
        message = "nested too deeply"
        raise ValueError(message)
    if isinstance(value, str):
        return whole_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        members = cast("JsonObject", value)
        return {whole_text(key): _tamed(member, depth - 1) for key, member in members.items()}
    if isinstance(value, list):
        return [_tamed(element, depth - 1) for element in cast("list[object]", value)]
    return value


def whole_text(text: str) -> str:
    """`text` with pairs of surrogates joined and lone ones replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def as_object(value: object) -> JsonObject:
    """`value` if it is a JSON object, else an empty one."""
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """`value` if it is a JSON array, else an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def as_text(value: object) -> str | None:
    """`value` if it is a string."""
    return value if isinstance(value, str) else None


def as_number(value: object) -> float | None:
    """A finite number from a JSON number or a string that holds one, clamped."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return min(max(number, -MAX_NUMBER), MAX_NUMBER)


def as_count(value: object) -> int:
    """A whole number that is not negative; 0 for everything that is none."""
    number = as_number(value)
    return 0 if number is None else max(0, int(number))


def as_bool(value: object) -> bool | None:
    """A boolean, also as the words and digits that headers use."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    return {"true": True, "1": True, "false": False, "0": False}.get(word)
