"""Asks one provider for answers, and tries again where that may help.

Wire format: docs/protocols/turns.md. Retries: docs/protocols/errors.md.
"""

from collections.abc import AsyncGenerator, Callable, Hashable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import httpx

from services.clock import Clock
from services.errors import RefusedError, ServiceError, UnreachableError
from services.inference.limits import naming_headers, read_headers, read_refusal
from services.inference.sender import Sender
from services.inference.stream import (
    Connected,
    Finished,
    InferenceRequest,
    LimitReported,
    PhaseChanged,
    Retrying,
    StreamValue,
    Text,
)
from services.models.catalogue import ModelInfo
from services.models.chat import TurnPhase
from services.provider import Provider
from services.transport.failures import not_a_stream, request_id
from services.transport.http import ERROR_BODY_LIMIT, body_chunks
from services.transport.retry import Budget, delay, is_request_retryable, is_stream_retryable
from services.transport.signing import Signer
from services.transport.sse import EventParser
from services.wire.models import ModelPage, read_models

if TYPE_CHECKING:
    from services.inference.completions import CompletionsReader
    from services.inference.responses import ModelWatch, ResponsesReader

_Reader: TypeAlias = "ResponsesReader | CompletionsReader"


def _no_items() -> list[Mapping[str, Any]]:
    return []


def _no_keys() -> set[Hashable]:
    return set()


@dataclass(slots=True)
class _Run:
    """What the tries of one request share."""

    request: InferenceRequest
    models: "ModelWatch"
    signer: Signer | None
    kept: list[Mapping[str, Any]] = field(default_factory=_no_items)
    seen: set[Hashable] = field(default_factory=_no_keys)
    turn_state: str | None = None
    reader: "_Reader | None" = None
    """Of the try that is under way, once its answer began."""


class InferenceClient:
    """One provider's models.

    Args:
        http: From `services.transport.http.create_client`.
        provider: The server, and how it is spoken to.
        clock: Time.
        new_id: Makes ids that are never used again.
        signers: Makes what signs the requests of one action, where the provider wants a login.
        wall_limit: Seconds after which a response is given up though it still comes in; None for
            no limit.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        provider: Provider,
        clock: Clock,
        new_id: Callable[[], str],
        *,
        signers: Callable[[], Signer] | None = None,
        wall_limit: float | None = None,
    ) -> None:
        self._sender = Sender(http, provider, clock, new_id, signers)
        self._provider = provider
        self._clock = clock
        self._new_id = new_id
        self._wall_limit = wall_limit
        self._models_etag: str | None = None

    @property
    def provider(self) -> Provider:
        """Whom this asks."""
        return self._provider

    @property
    def models_etag(self) -> str | None:
        """Mark of the list of models that the last answer named, if it did."""
        return self._models_etag

    @property
    def transport(self) -> Literal["sse", "chat"]:
        """How answers come: Responses over SSE, or Chat Completions."""
        return "chat" if self._provider.wire == "chat" else "sse"

    async def run(self, request: InferenceRequest) -> AsyncGenerator[StreamValue, None]:
        """Ask once, with retries, and yield what comes until the response is whole.

        Only the stream level's retries are told, numbered 1 to its budget: those of the request
        level are short and lie between them. They are told where they are all there is.

        Close the generator (`aclosing`) to stop: the connection is closed at once.

        Raises:
            ServiceError: The budget of retries is spent, or the failure is final.
        """
        from services.inference.responses import ModelWatch

        run = _Run(
            request,
            ModelWatch(request.model),
            self._sender.signer(),
            turn_state=request.turn_state,
        )
        budget = Budget.of(self._provider.request_retries, self._provider.stream_retries)
        attempt = 0
        while True:
            run.reader = None
            try:
                async with aclosing(self._try(run, budget)) as values:
                    async for value in values:
                        yield value
            except ServiceError as error:
                if self._sender.can_do_without(error, run.request.model):
                    continue
                if (reading := read_refusal(error, self._clock.now())) is not None:
                    yield LimitReported(reading=reading)
                attempt += 1
                if attempt > budget.stream or not is_stream_retryable(
                    error, attempt, self._clock.now()
                ):
                    raise
                wait = delay(error, attempt, self._clock.now())
                lost = run.reader.items.open_ids if run.reader is not None else ()
                has_calls = run.reader is not None and run.reader.items.has_calls
                yield Retrying(
                    attempt=attempt,
                    attempts=budget.stream,
                    delay=0.0 if has_calls else wait,
                    error=error,
                    lost_item_ids=lost,
                )
                if has_calls:
                    # The outputs of these calls are what the next request has to bring.
                    yield Finished(response_id="", usage=None, status="completed", end_turn=False)
                    return
                if run.reader is not None:
                    run.kept.extend(run.reader.items.kept)
                await self._clock.sleep(wait)
            else:
                return

    async def models(self) -> tuple[ModelInfo, ...]:
        """The models that the provider offers, best first.

        Raises:
            ServiceError: The list cannot be had.
        """
        return (await self.model_page()).models

    async def model_page(self) -> ModelPage:
        """The same, with the mark by which a later change can be told.

        Raises:
            ServiceError: The list cannot be had.
        """
        document, headers = await self._sender.models()
        return read_models(document, self._provider, etag=headers.get("etag"))

    async def _try(self, run: _Run, budget: Budget) -> AsyncGenerator[StreamValue, None]:
        yield PhaseChanged(phase=TurnPhase.CONNECTING)
        attempt = 0
        while True:
            try:
                response = await self._sender.post(
                    run.request, [*run.request.history, *run.kept], run.turn_state, run.signer
                )
            except ServiceError as error:
                attempt += 1
                if attempt > budget.request or not is_request_retryable(error):
                    raise
                if budget.stream and error.retry_at is not None:
                    # A wait that the server names may be long, so it is told: one level up.
                    raise
                wait = delay(error, attempt, self._clock.now())
                if not budget.stream:
                    yield Retrying(
                        attempt=attempt,
                        attempts=budget.request,
                        delay=wait,
                        error=error,
                        lost_item_ids=(),
                    )
                await self._clock.sleep(wait)
            else:
                break
        try:
            for value in self._begin(run, response):
                yield value
            async with aclosing(self._stream(run, response)) as values:
                async for value in values:
                    yield value
        except RefusedError as error:
            error.headers = {**naming_headers(response.headers), **error.headers}
            raise
        finally:
            await response.aclose()

    def _begin(self, run: _Run, response: httpx.Response) -> Iterable[StreamValue]:
        from services.inference.completions import CompletionsReader
        from services.inference.responses import ResponsesReader, model_of_headers

        headers = response.headers
        run.turn_state = run.turn_state or headers.get("x-codex-turn-state")
        self._models_etag = headers.get("x-models-etag") or self._models_etag
        support = request_id(headers)
        if self._provider.wire == "chat":
            run.reader = CompletionsReader(
                turn_id=run.request.turn_id,
                new_id=self._new_id,
                clock=self._clock,
                identity=self._sender.identity,
                request_id=support,
                seen=run.seen,
            )
        else:
            run.reader = ResponsesReader(
                turn_id=run.request.turn_id,
                new_id=self._new_id,
                clock=self._clock,
                identity=self._sender.identity,
                request_id=support,
                models=run.models,
                seen=run.seen,
            )
        yield Connected(
            request_id=support,
            turn_state=headers.get("x-codex-turn-state"),
            models_etag=headers.get("x-models-etag"),
        )
        yield from run.models.see(model_of_headers(headers))
        if (reading := read_headers(headers, self._clock.now())) is not None:
            yield LimitReported(reading=reading)
        yield from run.reader.items.phase(TurnPhase.THINKING)

    async def _stream(
        self, run: _Run, response: httpx.Response
    ) -> AsyncGenerator[StreamValue, None]:
        reader = run.reader
        assert reader is not None
        parser = EventParser()
        ends_at = self._clock.monotonic() + (self._wall_limit or float("inf"))
        start = b""
        has_events = False
        async with aclosing(body_chunks(response, idle=self._provider.idle_timeout)) as chunks:
            async for chunk in chunks:
                if not has_events and len(start) < ERROR_BODY_LIMIT:
                    start += chunk
                events = parser.feed(chunk)
                has_events = has_events or bool(events)
                for value in joined(self._values(reader, events)):
                    yield value
                if reader.is_finished:
                    return
                if self._clock.monotonic() > ends_at:
                    raise UnreachableError(
                        "The answer took longer than allowed",
                        next_step="Raise the limit, or ask for less",
                        code="wall_limit",
                    )
        events = parser.flush()
        for value in joined(self._values(reader, events)):
            yield value
        if reader.is_finished:
            return
        if not has_events and not events:
            raise not_a_stream(response.status_code, response.headers, start, now=self._clock.now())
        for value in reader.end():
            yield value

    def _values(self, reader: _Reader, events: list[str]) -> Iterable[StreamValue]:
        for data in events:
            yield from reader.feed(data)
            if reader.is_finished:
                return


def joined(values: Iterable[StreamValue]) -> Iterable[StreamValue]:
    """The same values, with texts of one item and channel that follow each other made one."""
    waiting: Text | None = None
    pieces: list[str] = []
    for value in values:
        if isinstance(value, Text):
            if (
                waiting is not None
                and value.item_id == waiting.item_id
                and value.channel == waiting.channel
            ):
                pieces.append(value.text)
                continue
            if waiting is not None:
                yield replace(waiting, text="".join(pieces))
            waiting, pieces = value, [value.text]
            continue
        if waiting is not None:
            yield replace(waiting, text="".join(pieces))
            waiting = None
        yield value
    if waiting is not None:
        yield replace(waiting, text="".join(pieces))
