"""Reads a stream of the Responses API. Wire format: docs/protocols/turns.md."""

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from services.clean import clean_line
from services.clock import Clock
from services.inference.assembler import Assembler
from services.inference.failures import ended_early, from_error, from_error_event
from services.inference.limits import read_event
from services.inference.stream import Finished, LimitReported, ModelReported, StreamValue
from services.models.chat import TurnPhase, Usage
from services.transport.failures import Identity
from services.wire.reading import as_count, as_list, as_object
from services.wire.responses import (
    AnnotationEvent,
    DeltaEvent,
    EndEvent,
    ErrorEvent,
    ItemEvent,
    LimitsEvent,
    MetadataEvent,
    PartEvent,
    QuietEvent,
    SearchEvent,
    StateEvent,
    TextEvent,
    UnknownEvent,
    WireResponse,
    WireUsage,
    parse_event,
    parse_response,
)

_log = logging.getLogger(__name__)


class ModelWatch:
    """Notices when another model answers than was asked for, once for each change."""

    def __init__(self, model: str) -> None:
        self._known = model

    def see(self, names: Iterable[object]) -> Iterator[StreamValue]:
        """Look at what the server says of its model; None and blanks say nothing."""
        for name in names:
            if not isinstance(name, str) or not (model := clean_line(name, 100)):
                continue
            if model.casefold() != self._known.casefold():
                self._known = model
                yield ModelReported(model=model)
            return


def header_of_event(headers: object, *names: str) -> list[object]:
    """Values of headers inside an event: any case, the first element of a list."""
    members = {name.lower(): value for name, value in as_object(headers).items()}
    found: list[object] = []
    for name in names:
        value = members.get(name)
        elements = as_list(value)
        found.append(elements[0] if elements else value)
    return found


class ResponsesReader:
    """One try of one response."""

    def __init__(
        self,
        *,
        turn_id: str,
        new_id: Callable[[], str],
        clock: Clock,
        identity: Identity,
        request_id: str | None,
        models: ModelWatch,
        seen: set[Hashable],
    ) -> None:
        self.items = Assembler(turn_id=turn_id, new_id=new_id, clock=clock, seen=seen)
        self.is_finished = False
        self._clock = clock
        self._identity = identity
        self._request_id = request_id
        self._models = models
        self._response_id = ""

    def feed(self, data: str) -> Iterator[StreamValue]:
        """Read one event.

        Raises:
            ServiceError: The response failed.
        """
        event = parse_event(data)
        match event:
            case DeltaEvent():
                yield from self.items.delta(event)
            case ItemEvent():
                yield from self.items.item(event)
            case TextEvent():
                yield from self.items.whole(event)
            case StateEvent():
                yield from self._state(event)
            case SearchEvent():
                yield from self.items.search(event)
            case AnnotationEvent():
                self.items.annotate(event)
            case EndEvent():
                yield from self._end(event)
            case ErrorEvent():
                raise from_error_event(
                    {name: value for name, value in event.model_dump().items() if value is not None}
                    | {"type": None},
                    identity=self._identity,
                    now=self._clock.now(),
                    request_id=self._request_id,
                )
            case LimitsEvent():
                if (reading := read_event(event, self._clock.now())) is not None:
                    yield LimitReported(reading=reading)
            case MetadataEvent():
                yield from self._metadata(as_object(event.response).get("headers"))
                yield from self._metadata(event.headers)
            case UnknownEvent(type=kind):
                _log.debug("passed over an event of type %s", clean_line(kind, 60))
            case PartEvent() | QuietEvent() | None:
                pass

    def end(self) -> Iterator[StreamValue]:
        """The stream is over.

        Raises:
            UnreachableError: Its last event did not come.
        """
        raise ended_early(self._request_id)

    def _state(self, event: StateEvent) -> Iterator[StreamValue]:
        response = parse_response(event.response)
        self._response_id = response.id or self._response_id
        yield from self._metadata(response.headers)
        is_queued = event.type == "response.queued"
        yield from self.items.phase(TurnPhase.QUEUED if is_queued else TurnPhase.THINKING)

    def _metadata(self, headers: object) -> Iterator[StreamValue]:
        yield from self._models.see(header_of_event(headers, "openai-model", "x-openai-model"))

    def _end(self, event: EndEvent) -> Iterator[StreamValue]:
        response = parse_response(event.response)
        if event.type == "response.failed":
            error = response.error
            members = error.model_dump(exclude_none=True) if error is not None else {}
            raise from_error(members, now=self._clock.now(), request_id=self._request_id)
        yield from self._metadata(response.headers)
        is_incomplete = event.type == "response.incomplete"
        yield from self.items.finish(is_partial=is_incomplete)
        self.is_finished = True
        yield Finished(
            response_id=clean_line(response.id or self._response_id),
            usage=_usage(response),
            status="incomplete" if is_incomplete else "completed",
            reason=clean_line(response.reason or "unknown", 60) if is_incomplete else None,
            end_turn=response.end_turn,
        )


def _usage(response: WireResponse) -> Usage | None:
    return usage_of(response.usage) if response.usage is not None else None


def usage_of(usage: WireUsage) -> Usage:
    """Tokens as the server counted them; what is missing or no number is 0."""
    inputs = as_object(usage.input_tokens_details)
    outputs = as_object(usage.output_tokens_details)
    return Usage(
        input_tokens=as_count(usage.input_tokens),
        cached_input_tokens=as_count(inputs.get("cached_tokens")),
        output_tokens=as_count(usage.output_tokens),
        reasoning_tokens=as_count(outputs.get("reasoning_tokens")),
        total_tokens=as_count(usage.total_tokens),
    )


def model_of_headers(headers: Mapping[str, str]) -> list[object]:
    """What response headers say of the model."""
    return [headers.get("openai-model"), headers.get("x-openai-model")]
