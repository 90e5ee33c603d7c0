"""What the payloads of a turn are made of: a base model, and types that forgive.

Importing pydantic takes longer than the first frame: nothing that runs at the start does.
"""

from collections.abc import Callable
from typing import Annotated, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WrapValidator

from services.wire.reading import as_count

T = TypeVar("T")


class WireModel(BaseModel):
    """Base of all payloads: unknown members are dropped, inputs never show in an error."""

    model_config = ConfigDict(
        extra="ignore", hide_input_in_errors=True, frozen=True, defer_build=True
    )


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
