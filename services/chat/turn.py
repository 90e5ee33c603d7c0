"""One turn: requests to the server until the model has said all.

Wire rules: docs/protocols/turns.md; what is shown and kept when: docs/chat.md.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from services.chat import history, wording
from services.chat.reading import Reading
from services.chat.record import Collaborators, TurnRecord
from services.chat.state import ChatState, LastTurn
from services.errors import (
    LoginError,
    RateLimitedError,
    RefusedError,
    ServiceError,
    UnreachableError,
    UsageError,
)
from services.events import ItemEnded, TurnStarted
from services.inference.stream import Finished, InferenceRequest, StreamValue
from services.models.catalogue import ModelInfo
from services.models.chat import ErrorCard, Item, TurnPhase, TurnState, TurnStatus, Usage
from services.models.failure import Failure

_log = logging.getLogger(__name__)
MAX_TOOL_ANSWERS = 3
"""How often a call for a tool that was never offered is answered in one turn."""
MAX_REQUESTS = 50
"""Requests of one turn; a server that asks for more without end is at fault."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a turn ended."""

    status: TurnStatus
    reason: str | None = None
    failure: Failure | None = None
    text: str = ""
    response_id: str = ""
    usage: Usage | None = None
    """Of the last response: how full the context is."""
    model: str | None = None
    seconds: float = 0.0
    is_empty: bool = False
    """Whether nothing was said."""


class _InterruptedError(Exception):
    """The user wants no more of this turn."""


class Turn:
    """A turn that runs."""

    def __init__(self, chat: ChatState, last: LastTurn, having: Collaborators) -> None:
        self._chat = chat
        self._last = last
        self._having = having
        self._record = TurnRecord(chat.id, last, chat.history, having)
        self._reading = Reading(self._record, having.clock, is_again=last.is_again)
        self._scope: asyncio.Timeout | None = None
        self._model = ""
        self.is_interrupted = False
        """Whether the user wants no more of it."""
        self.ended = asyncio.Event()
        """Set when all of it is told and kept."""

    @property
    def id(self) -> str:
        """The turn's id."""
        return self._record.turn_id

    @property
    def state(self) -> TurnState | None:
        """What the turn does at this moment; None before it began."""
        return self._record.state

    def open_items(self) -> tuple[Item, ...]:
        """What is being streamed, with the text so far."""
        return self._reading.open_items()

    def interrupt(self) -> None:
        """End it as soon as can be: the connection closes now, what has come is kept."""
        self.is_interrupted = True
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> Outcome:
        """Run it to its end, whatever that is."""
        begun = self._having.clock.monotonic()
        _log.debug("turn %s: %r", self.id, self._last.message.text)
        status, reason, failure = TurnStatus.FAILED, None, None
        try:
            try:
                info = await self._interruptible(self._choose_model())
            finally:
                self._tell_start()
            await self._stay_with_model()
            status, reason = await self._answer(info)
        except _InterruptedError:
            status = TurnStatus.INTERRUPTED
        except ServiceError as error:
            failure = error.failure
            reason = failure.message
            _log.warning("turn %s failed: %s", self.id, wording.for_log(error))
            _log.debug("turn %s: %s", self.id, failure.message)
        _log.info("turn %s: %s", self.id, status.value)
        has_partial = await self._reading.break_off()
        if status is TurnStatus.INTERRUPTED and not has_partial:
            await self._record.note("interrupted")
        if failure is not None:
            card = ErrorCard(id=self._having.new_id(), turn_id=self.id, failure=failure)
            await self._record.add(card)
        return Outcome(
            status=status,
            reason=reason,
            failure=failure,
            text=self._reading.text(),
            response_id=self._reading.response_id,
            usage=self._reading.usage,
            model=self._reading.model or self._model or None,
            seconds=self._having.clock.monotonic() - begun,
            is_empty=not self._reading.has_content,
        )

    async def _choose_model(self) -> ModelInfo:
        try:
            slug = self._chat.summary.model or await self._having.catalogue.default()
        except (LoginError, RateLimitedError, UnreachableError):
            raise
        except RefusedError as error:
            raise RefusedError(
                f"No model is chosen, and the server's list cannot be had: {error.message}",
                next_step=wording.CHOOSE_MODEL,
                status=error.status,
                request_id=error.request_id,
                code=error.code,
            ) from error
        if not slug:
            raise UsageError(
                "No model is chosen, and the server names none",
                next_step=wording.CHOOSE_MODEL,
                code="model",
            )
        self._model = slug
        return self._having.catalogue.lookup(slug)

    async def _stay_with_model(self) -> None:
        """A default that changes at the server later does not change the model of this chat."""
        chat, having = self._chat, self._having
        if chat.summary.model is None:
            chat.summary = replace(chat.summary, model=self._model)
            await having.keeper.keep(
                having.store.set_model(chat.id, model=self._model, effort=chat.summary.effort)
            )

    def _tell_start(self) -> None:
        transport: Literal["sse", "chat"]
        transport = "chat" if self._having.provider.wire == "chat" else "sse"
        self._record.publish(
            TurnStarted(
                chat_id=self._chat.id, turn_id=self.id, model=self._model, transport=transport
            )
        )
        self._record.publish(ItemEnded(chat_id=self._chat.id, item=self._last.message))
        self._record.change(
            TurnState(
                chat_id=self._chat.id,
                turn_id=self.id,
                phase=TurnPhase.CONNECTING,
                started_at=self._having.clock.now(),
                model=self._model,
            )
        )

    async def _answer(self, info: ModelInfo) -> tuple[TurnStatus, str | None]:
        tool_answers = 0
        for _ in range(MAX_REQUESTS):
            try:
                finished = await self._request(info)
            except RefusedError as error:
                if not self._drop_reasoning(error):
                    raise
                await self._record.note(wording.REASONING_LEFT_OUT)
                continue
            if finished.status == "incomplete":
                reason = finished.reason or "unknown"
                await self._record.note(wording.incomplete(reason))
                return TurnStatus.INCOMPLETE, reason
            if await self._reading.answer_calls():
                tool_answers += 1
                if tool_answers > MAX_TOOL_ANSWERS:
                    await self._record.note(wording.TOO_MANY_CALLS)
                    return TurnStatus.INCOMPLETE, "tool_calls"
            elif finished.end_turn is not False:
                if not self._reading.has_content:
                    await self._record.note(wording.EMPTY_ANSWER)
                return TurnStatus.COMPLETED, None
        await self._record.note(f"stopped after {MAX_REQUESTS} requests in one turn")
        return TurnStatus.INCOMPLETE, "too_many_requests"

    async def _request(self, info: ModelInfo) -> Finished:
        self._reading.begin(self._model)
        request = self._make_request(info)
        async with aclosing(self._having.inference.run(request)) as values:
            while True:
                value = await self._interruptible(_next(values))
                await self._reading.take(value)
                if isinstance(value, Finished):
                    return value

    def _make_request(self, info: ModelInfo) -> InferenceRequest:
        chat = self._chat
        made_by = chat.summary.provider
        return InferenceRequest(
            turn_id=self.id,
            conversation_id=chat.id,
            model=self._model,
            instructions=self._having.instructions,
            history=history.fit(
                chat.history,
                without_encrypted=made_by not in {None, self._having.provider.id},
                without_reasoning_before=chat.without_reasoning,
            ),
            effort=chat.summary.effort or info.default_effort,
            schema=self._last.schema,
            turn_state=self._reading.turn_state,
            supports_reasoning=info.supports_reasoning,
            supports_verbosity=info.supports_verbosity,
        )

    def _drop_reasoning(self, error: RefusedError) -> bool:
        """Whether leaving reasoning out may help against `error`, and was not tried yet."""
        chat = self._chat
        if (
            error.status not in {200, 400}
            or "encrypted" not in f"{error.code} {error.message}".lower()
        ):
            return False
        if chat.without_reasoning == len(chat.history):
            return False
        chat.without_reasoning = len(chat.history)
        return True

    async def _interruptible(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for `work`, which an interrupt cancels; nothing else of the turn is cancelled.

        So no write to the store is cut in two, and the text is kept before the turn ends.
        """
        if self.is_interrupted:
            work.close()
            raise _InterruptedError
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._scope = scope
                return await work
        except TimeoutError as error:
            if scope.expired():
                raise _InterruptedError from error
            raise
        finally:
            self._scope = None


async def _next(values: AsyncGenerator[StreamValue, None]) -> StreamValue:
    try:
        return await anext(values)
    except StopAsyncIteration as end:
        raise UnreachableError(
            "The answer broke off before its end", next_step="Try again"
        ) from end
