"""Events of the Responses API. Wire format: docs/protocols/turns.md.

Events that arrive by the thousand have members of type `object`: what they name is looked up, so
a wrong type there is simply not found, and no check is paid for it.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from services.errors import BadPayloadError
from services.wire.model import Blank, Maybe, WireModel
from services.wire.reading import JsonObject, as_object, loads


class StateEvent(WireModel):
    """The response exists, and waits or works."""

    type: Literal["response.created", "response.in_progress", "response.queued"]
    response: object = None


class ItemEvent(WireModel):
    """An output item began, or is whole."""

    type: Literal["response.output_item.added", "response.output_item.done"]
    item: object = None
    output_index: object = None


class DeltaEvent(WireModel):
    """More of one text of an item."""

    type: Literal[
        "response.output_text.delta",
        "response.refusal.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.function_call_arguments.delta",
        "response.custom_tool_call_input.delta",
    ]
    delta: str
    item_id: object = None
    output_index: object = None
    content_index: object = None
    summary_index: object = None


class TextEvent(WireModel):
    """One text of an item, whole."""

    type: Literal[
        "response.output_text.done",
        "response.refusal.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_text.done",
        "response.function_call_arguments.done",
        "response.custom_tool_call_input.done",
    ]
    text: Maybe[str] = None
    refusal: Maybe[str] = None
    arguments: Maybe[str] = None
    input: Maybe[str] = None
    item_id: object = None
    output_index: object = None
    content_index: object = None
    summary_index: object = None

    @property
    def whole(self) -> str | None:
        """The text, under whichever name it came."""
        for found in (self.text, self.refusal, self.arguments, self.input):
            if found is not None:
                return found
        return None


class PartEvent(WireModel):
    """A part of an item began or is whole; the texts in it come by events of their own."""

    type: Literal[
        "response.content_part.added",
        "response.content_part.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
    ]
    item_id: object = None
    output_index: object = None
    content_index: object = None
    summary_index: object = None


class AnnotationEvent(WireModel):
    """A source that a text names."""

    type: Literal["response.output_text.annotation.added"]
    annotation: object = None
    item_id: object = None
    output_index: object = None


class SearchEvent(WireModel):
    """A web search goes on."""

    type: Literal[
        "response.web_search_call.in_progress",
        "response.web_search_call.searching",
        "response.web_search_call.completed",
    ]
    item_id: object = None
    output_index: object = None


class MetadataEvent(WireModel):
    """What would stand in headers, were they not sent already."""

    type: Literal["response.metadata", "codex.response.metadata"]
    headers: object = None
    response: object = None


class LimitsEvent(WireModel):
    """State of the rate limits."""

    type: Literal["codex.rate_limits"]
    plan_type: Maybe[str] = None
    rate_limits: object = None
    credits: object = None
    metered_limit_name: Maybe[str] = None
    limit_name: Maybe[str] = None
    additional_rate_limits: object = None


class EndEvent(WireModel):
    """The response is over: whole, cut short, or failed."""

    type: Literal["response.completed", "response.done", "response.incomplete", "response.failed"]
    response: object = None


class ErrorEvent(WireModel):
    """The stream ends with an error; its members stand at the top or inside `error`."""

    type: Literal["error"]
    code: object = None
    message: object = None
    param: object = None
    error: object = None
    status: object = None
    status_code: object = None
    headers: object = None


class QuietEvent(WireModel):
    """A sign of life."""

    type: Literal["keepalive", "responsesapi.websocket_timing"]


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event of a type that we do not know, or that has nothing for us: it is passed over."""

    type: str


KnownEvent: TypeAlias = (
    StateEvent
    | ItemEvent
    | DeltaEvent
    | TextEvent
    | PartEvent
    | AnnotationEvent
    | SearchEvent
    | MetadataEvent
    | LimitsEvent
    | EndEvent
    | ErrorEvent
    | QuietEvent
)
ServerEvent: TypeAlias = KnownEvent | UnknownEvent

_EVENTS: Final[TypeAdapter[KnownEvent]] = TypeAdapter(
    Annotated[KnownEvent, Field(discriminator="type")]
)


def parse_event(data: str) -> ServerEvent | None:
    """Read one event; None for what is no event (no JSON, no object, no type).

    A known type whose members have the wrong type counts as unknown: it costs that event, and
    the done item or the end of the response decides.
    """
    try:
        return _EVENTS.validate_json(data)
    except ValidationError as error:
        kind = error.errors(include_url=False, include_context=False, include_input=False)[0][
            "type"
        ]
    # JSON that pydantic refuses and that may still be read: lone surrogates, deep nesting.
    try:
        members = as_object(loads(data))
    except BadPayloadError:
        return None
    found = members.get("type")
    if not isinstance(found, str) or not found:
        return None
    if kind == "json_invalid":
        try:
            return _EVENTS.validate_python(members)
        except ValidationError:
            pass
    return UnknownEvent(found)


class WireUsage(WireModel):
    """Tokens of one response."""

    input_tokens: object = None
    output_tokens: object = None
    total_tokens: object = None
    input_tokens_details: object = None
    output_tokens_details: object = None


class WireError(WireModel):
    """Why a response failed."""

    code: Maybe[str] = None
    type: Maybe[str] = None
    message: Blank = ""
    plan_type: Maybe[str] = None
    resets_at: object = None
    resets_in_seconds: object = None


class WireResponse(WireModel):
    """The response inside an event, as far as we read it."""

    id: Blank = ""
    usage: Maybe[WireUsage] = None
    end_turn: Maybe[bool] = None
    error: Maybe[WireError] = None
    incomplete_details: object = None
    headers: object = None

    @property
    def reason(self) -> str | None:
        """Why it is incomplete."""
        found: object = as_object(self.incomplete_details).get("reason")
        return found if isinstance(found, str) else None


def parse_response(value: object) -> WireResponse:
    """The response inside an event; an empty one where there is none."""
    members: JsonObject = as_object(value)
    return WireResponse.model_validate(members)
