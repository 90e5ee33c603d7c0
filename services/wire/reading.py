"""How payloads are read: one parser for JSON, one base model, and types that forgive."""

import json
import math
from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WrapValidator

from services.errors import BadPayloadError

MAX_DEPTH: Final = 100
MAX_NUMBER: Final = 2**53
JSON_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of one JSON answer."""

T = TypeVar("T")
JsonObject: TypeAlias = dict[str, Any]


class WireModel(BaseModel):
    """Base of all payloads: unknown members are dropped, inputs never show in an error."""

    model_config = ConfigDict(
        extra="ignore", hide_input_in_errors=True, frozen=True, defer_build=True
    )


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


def _or_none(value: object, handler: Callable[[object], object]) -> object:
    try:
        return handler(value)
    except ValidationError:
        return None


def _or_empty(value: object, handler: Callable[[object], object]) -> object:
    try:
        return handler(value)
    except ValidationError:
        return []


def _text_or_blank(value: object) -> str:
    return value if isinstance(value, str) else ""


Maybe: TypeAlias = Annotated[T | None, WrapValidator(_or_none)]
"""A member that counts as absent where it has the wrong type."""
Several: TypeAlias = Annotated[list[T], WrapValidator(_or_empty)]
"""A list that counts as empty where it is none. Its elements forgive by `OnErrorOmit`."""
Blank: TypeAlias = Annotated[str, BeforeValidator(_text_or_blank)]
"""A string that counts as empty where it is none."""
Count: TypeAlias = Annotated[int, BeforeValidator(as_count)]
"""A number that is not negative, 0 where it is none."""
