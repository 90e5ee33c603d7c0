"""Reads a stream of Chat Completions as if it were one of Responses.

Wire format: docs/protocols/turns.md.
"""

from collections.abc import Callable, Hashable, Iterator

from services.clean import clean_line
from services.clock import Clock
from services.inference.assembler import Assembler
from services.inference.failures import ended_early, from_error_event
from services.inference.stream import Finished, StreamValue
from services.models.chat import Usage
from services.transport.failures import Identity
from services.wire.completions import CallDelta, Choice, Chunk, parse_chunk
from services.wire.reading import JsonObject, as_count, as_object

_TRUNCATED = {"length": "max_output_tokens", "content_filter": "content_filter"}


class CompletionsReader:
    """One try of one completion."""

    def __init__(
        self,
        *,
        turn_id: str,
        new_id: Callable[[], str],
        clock: Clock,
        identity: Identity,
        request_id: str | None,
        seen: set[Hashable],
    ) -> None:
        self.items = Assembler(turn_id=turn_id, new_id=new_id, clock=clock, seen=seen)
        self.is_finished = False
        self._clock = clock
        self._identity = identity
        self._request_id = request_id
        self._response_id = ""
        self._usage: Usage | None = None
        self._reason: str | None = None
        self._is_done = False
        self._calls: dict[object, str] = {}
        self._part = 0
        """Counts what was interrupted by something else: reasoning may come back after text."""

    def feed(self, data: str) -> Iterator[StreamValue]:
        """Read one chunk.

        Raises:
            ServiceError: The server sent an error instead.
        """
        if data.strip() == "[DONE]":
            self._is_done = True
            yield from self._finish()
            return
        chunk = parse_chunk(data)
        if chunk is None:
            return
        failure = chunk.failure
        if failure is not None:
            raise from_error_event(
                failure,
                identity=self._identity,
                now=self._clock.now(),
                request_id=self._request_id,
            )
        yield from self._chunk(chunk)

    def end(self) -> Iterator[StreamValue]:
        """The stream is over.

        Raises:
            UnreachableError: It said nowhere that the answer is whole.
        """
        if self._reason is None and not self._is_done:
            raise ended_early(self._request_id)
        yield from self._finish()

    def _chunk(self, chunk: Chunk) -> Iterator[StreamValue]:
        self._response_id = chunk.id or self._response_id
        if chunk.usage:
            self._usage = _usage(chunk.usage)
        if not chunk.choices:
            return
        choice = chunk.choices[0]
        # With one answer asked for, another index is another answer.
        if isinstance(choice.index, int) and choice.index != 0:
            return
        yield from self._choice(choice)
        if choice.finish_reason:
            self._reason = choice.finish_reason

    def _choice(self, choice: Choice) -> Iterator[StreamValue]:
        delta = choice.delta or choice.message
        if delta is None:
            return
        # Some servers put the reasoning into `message` beside an empty delta.
        thought = delta.reasoning or delta.reasoning_content
        if not thought and choice.message is not None:
            thought = choice.message.reasoning or choice.message.reasoning_content
        if thought:
            yield from self.items.add("reasoning_detail", thought, f"reasoning{self._part}")
        if delta.content or delta.refusal or delta.tool_calls:
            yield from self._end_reasoning()
        yield from self.items.add("text", delta.content, "message")
        yield from self.items.add("refusal", delta.refusal, "message")
        for position, call in enumerate(delta.tool_calls):
            yield from self._call(call, position)

    def _end_reasoning(self) -> Iterator[StreamValue]:
        for value in self.items.close("reasoning"):
            self._part += 1
            yield value

    def _call(self, call: CallDelta, position: int) -> Iterator[StreamValue]:
        key = call.index if isinstance(call.index, int) else call.id or position
        piece = call.function or call.custom
        name = (piece.name if piece is not None else None) or ""
        item_id = self._calls.get(key)
        if item_id is None:
            item_id = self._calls[key] = f"call{len(self._calls)}"
            yield from self.items.open_call(
                item_id, call.id or "", name, is_custom=call.custom is not None
            )
        else:
            self.items.name_call(item_id, call.id or "", name)
        if piece is not None:
            arguments = piece.arguments if piece.arguments is not None else piece.input
            if isinstance(arguments, str):
                yield from self.items.add("arguments", arguments, item_id)

    def _finish(self) -> Iterator[StreamValue]:
        truncated = _TRUNCATED.get(self._reason or "")
        if truncated is None:
            for item_id in self._calls.values():
                self.items.settle_call(item_id)
        for kind in ("reasoning", "message", "call"):
            yield from self.items.close(kind, is_partial=truncated is not None)
        self.is_finished = True
        yield Finished(
            response_id=clean_line(self._response_id),
            usage=self._usage,
            status="completed" if truncated is None else "incomplete",
            reason=truncated,
        )


def _usage(members: JsonObject) -> Usage:
    prompts = as_object(members.get("prompt_tokens_details"))
    completions = as_object(members.get("completion_tokens_details"))
    return Usage(
        input_tokens=as_count(members.get("prompt_tokens")),
        cached_input_tokens=as_count(prompts.get("cached_tokens")),
        output_tokens=as_count(members.get("completion_tokens")),
        reasoning_tokens=as_count(completions.get("reasoning_tokens")),
        total_tokens=as_count(members.get("total_tokens")),
    )
