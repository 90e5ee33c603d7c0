"""Chunks of Chat Completions. Wire format: docs/protocols/turns.md."""

from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, OnErrorOmit, TypeAdapter, ValidationError

from services.errors import BadPayloadError
from services.wire.model import Maybe, Several, WireModel
from services.wire.reading import JsonObject, as_list, as_object, as_text, loads


def _joined(value: object) -> str:
    """Text that comes as a string, as `{text}` or `{content}`, or as an array of those."""
    if isinstance(value, str):
        return value
    if parts := as_list(value):
        return "".join(_joined(part) for part in parts)
    members = as_object(value)
    return as_text(members.get("text")) or as_text(members.get("content")) or ""


Joined: TypeAlias = Annotated[str, BeforeValidator(_joined)]


class CallFunction(WireModel):
    """Name and arguments of a call, or a piece of them."""

    name: Maybe[str] = None
    arguments: object = None
    input: object = None


class CallDelta(WireModel):
    """A piece of a call."""

    index: object = None
    id: Maybe[str] = None
    type: Maybe[str] = None
    function: Maybe[CallFunction] = None
    custom: Maybe[CallFunction] = None


class ChoiceDelta(WireModel):
    """A piece of an answer."""

    content: Joined = ""
    reasoning: Joined = ""
    reasoning_content: Joined = ""
    refusal: Joined = ""
    tool_calls: Several[OnErrorOmit[CallDelta]] = Field(default_factory=list[CallDelta])


class Choice(WireModel):
    """One of the answers; we ask for one and read the first."""

    index: object = None
    delta: Maybe[ChoiceDelta] = None
    message: Maybe[ChoiceDelta] = None
    finish_reason: Maybe[str] = None


class Chunk(WireModel):
    """One chunk of a stream."""

    id: Maybe[str] = None
    object: Maybe[str] = None
    choices: Several[OnErrorOmit[Choice]] = Field(default_factory=list[Choice])
    usage: Maybe[dict[str, Any]] = None
    error: Any = None
    code: Any = None
    message: Any = None
    type: Any = None
    status: Any = None

    @property
    def failure(self) -> JsonObject | None:
        """The error that this chunk is, if it is one."""
        if self.error or self.object == "error":
            return {
                name: value
                for name, value in self.model_dump().items()
                if name in {"error", "code", "message", "type", "status"} and value is not None
            }
        return None


_CHUNKS: Final = TypeAdapter(Chunk)


def parse_chunk(data: str) -> Chunk | None:
    """Read one chunk; None for what is none."""
    try:
        return _CHUNKS.validate_json(data)
    except ValidationError:
        pass
    try:
        return _CHUNKS.validate_python(as_object(loads(data)))
    except (BadPayloadError, ValidationError):
        return None
