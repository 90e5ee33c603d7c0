"""Output items of the Responses API. Wire format: docs/protocols/turns.md.

What a model here holds is what goes back to the server: members that are not named are not
echoed, members that are named keep their exact value.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, OnErrorOmit, TypeAdapter, ValidationError

from services.wire.model import Blank, Maybe, Several, WireModel
from services.wire.reading import JsonObject, as_list, as_object

Objects: TypeAlias = Annotated[list[Any], BeforeValidator(as_list)]


class TextPart(WireModel):
    """Text of a message."""

    type: Literal["output_text", "input_text", "text"]
    text: Blank = ""
    annotations: Maybe[list[Any]] = None
    logprobs: Maybe[list[Any]] = None


class RefusalPart(WireModel):
    """What is said instead of an answer."""

    type: Literal["refusal"]
    refusal: Blank = ""


class ImagePart(WireModel):
    """An image of a message; never fetched."""

    type: Literal["input_image"]
    image_url: Maybe[str] = None
    detail: Maybe[str] = None


Part: TypeAlias = Annotated[TextPart | RefusalPart | ImagePart, Field(discriminator="type")]


class MessageItem(WireModel):
    """What the model says."""

    type: Literal["message"]
    id: Maybe[str] = None
    role: Maybe[str] = None
    content: Several[OnErrorOmit[Part]] = Field(default_factory=list[Part])
    phase: Maybe[str] = None
    status: Maybe[str] = None


class ReasoningItem(WireModel):
    """What the model thought; `encrypted_content` is only for the server."""

    type: Literal["reasoning"]
    id: Maybe[str] = None
    summary: Objects = Field(default_factory=list[Any])
    content: Maybe[list[Any]] = None
    encrypted_content: Maybe[str] = None


class FunctionCallItem(WireModel):
    """A function that the model calls."""

    type: Literal["function_call"]
    id: Maybe[str] = None
    call_id: Maybe[str] = None
    name: Blank = ""
    namespace: Maybe[str] = None
    arguments: object = None
    status: Maybe[str] = None


class CustomCallItem(WireModel):
    """A tool with free text that the model calls."""

    type: Literal["custom_tool_call"]
    id: Maybe[str] = None
    call_id: Maybe[str] = None
    name: Blank = ""
    input: object = None
    status: Maybe[str] = None


class ShellCallItem(WireModel):
    """A command that the model wants to be run."""

    type: Literal["local_shell_call"]
    id: Maybe[str] = None
    call_id: Maybe[str] = None
    status: Maybe[str] = None
    action: object = None


class ToolSearchItem(WireModel):
    """A search for tools."""

    type: Literal["tool_search_call"]
    id: Maybe[str] = None
    call_id: Maybe[str] = None
    execution: Maybe[str] = None
    arguments: object = None
    status: Maybe[str] = None


class ToolSearchOutputItem(WireModel):
    """What the server's search for tools found."""

    type: Literal["tool_search_output"]
    id: Maybe[str] = None
    call_id: Maybe[str] = None
    status: Maybe[str] = None
    execution: Maybe[str] = None
    tools: Objects = Field(default_factory=list[Any])


class WebSearchItem(WireModel):
    """A search of the web that ran on the server."""

    type: Literal["web_search_call"]
    id: Maybe[str] = None
    status: Maybe[str] = None
    action: object = None


class ImageItem(WireModel):
    """A picture that the server made, as base64."""

    type: Literal["image_generation_call"]
    id: Maybe[str] = None
    status: Maybe[str] = None
    revised_prompt: Maybe[str] = None
    result: Maybe[str] = None


class CompactionItem(WireModel):
    """A history that the server shortened; only it can read it."""

    type: Literal["compaction", "compaction_summary"]
    id: Maybe[str] = None
    encrypted_content: Maybe[str] = None


class OtherItem(WireModel):
    """An item of a type that we do not know."""

    type: str
    id: Maybe[str] = None


KnownItem: TypeAlias = (
    MessageItem
    | ReasoningItem
    | FunctionCallItem
    | CustomCallItem
    | ShellCallItem
    | ToolSearchItem
    | ToolSearchOutputItem
    | WebSearchItem
    | ImageItem
    | CompactionItem
)
WireItem: TypeAlias = KnownItem | OtherItem

_ITEMS: Final[TypeAdapter[KnownItem]] = TypeAdapter(
    Annotated[KnownItem, Field(discriminator="type")]
)


def parse_item(value: object) -> WireItem | None:
    """Read an output item; None for what is no object with a type."""
    members: JsonObject = as_object(value)
    kind = members.get("type")
    if not isinstance(kind, str) or not kind:
        return None
    try:
        return _ITEMS.validate_python(members)
    except ValidationError:
        return OtherItem.model_validate(members)
