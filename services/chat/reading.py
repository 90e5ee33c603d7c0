"""What the responses of one turn say, value by value."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.chat import history, wording
from services.chat.drafts import OpenItems
from services.chat.record import TurnRecord
from services.clock import Clock
from services.events import (
    ArgumentsDelta,
    ItemsDimmed,
    ItemsDropped,
    ItemStarted,
    LimitsRead,
    ReasoningDelta,
    ReasoningDetailDelta,
    RefusalDelta,
    TextDelta,
    UsageReported,
)
from services.inference.stream import (
    Connected,
    Finished,
    ItemDone,
    ItemOpened,
    LimitReported,
    ModelReported,
    PhaseChanged,
    Retrying,
    StreamValue,
    Text,
)
from services.models.chat import CallStatus, Item, Reasoning, Reply, ToolCall, TurnPhase, Usage
from services.models.limits import LimitSource

_log = logging.getLogger(__name__)
_DELTAS = {
    "text": TextDelta,
    "refusal": RefusalDelta,
    "reasoning": ReasoningDelta,
    "reasoning_detail": ReasoningDetailDelta,
    "arguments": ArgumentsDelta,
}


_DRAWING = (ItemOpened, ItemDone, Retrying, Finished)
"""After one of these something of the turn may have been counted."""


class Reading:
    """Follows the responses of one turn, and knows what they have said so far."""

    def __init__(self, record: TurnRecord, clock: Clock, *, is_again: bool = False) -> None:
        self._record = record
        self._clock = clock
        self._open = OpenItems()
        self._dimmed: tuple[str, ...] = ()
        self._replies: list[Reply] = []
        self._calls: list[tuple[ToolCall, Mapping[str, Any]]] = []
        self._retry_notice: str | None = None
        self._wanted_model = ""
        self._is_drawing = is_again
        """Whether the server may have counted something of this turn by now."""
        self.model: str | None = None
        """The model that answers, where the server named it."""
        self.turn_state: str | None = None
        """Routing value of the turn: the first that came."""
        self.usage: Usage | None = None
        """Of the last response: how full the context is."""
        self.response_id = ""
        self.has_content = False
        """Whether there was anything but thoughts."""

    def begin(self, model: str) -> None:
        """A request goes out; its retries are told in a line of their own."""
        self._wanted_model = model
        self._retry_notice = None

    async def take(self, value: StreamValue) -> None:
        """Tell and keep what one value says."""
        _log.debug("turn %s: %s", self._record.turn_id, type(value).__name__)
        record = self._record
        self._is_drawing = self._is_drawing or isinstance(value, _DRAWING)
        match value:
            case Text(item_id=item_id, channel=channel, text=text):
                if self._open.grow(value):
                    delta = _DELTAS[channel]
                    record.publish(delta(chat_id=record.chat_id, item_id=item_id, text=text))
            case ItemOpened(item=item):
                self._replace_dimmed()
                self._open.add(item, self._clock.monotonic())
                record.publish(ItemStarted(chat_id=record.chat_id, item=item))
            case ItemDone():
                await self._finish_item(value)
            case PhaseChanged(phase=phase):
                record.move_to(phase)
            case Connected(turn_state=turn_state):
                self.turn_state = self.turn_state or turn_state
                if record.state is not None and record.state.phase is TurnPhase.WAITING:
                    record.move_to(TurnPhase.CONNECTING)
            case ModelReported(model=model):
                await self._tell_model(model)
            case LimitReported(reading=reading):
                record.publish(
                    LimitsRead(
                        reading=replace(
                            reading,
                            turn_id=record.turn_id,
                            is_before_turn=reading.source is not LimitSource.STREAM
                            and not self._is_drawing,
                        )
                    )
                )
            case Retrying():
                await self._wait_for_retry(value)
            case Finished(response_id=response_id, usage=usage):
                self.response_id = response_id
                if usage is not None:
                    self.usage = usage
                    record.publish(
                        UsageReported(chat_id=record.chat_id, turn_id=record.turn_id, usage=usage)
                    )

    async def break_off(self) -> bool:
        """End what is still open, with the text that has come.

        Returns:
            Whether a reply was among it.
        """
        kept, empty = self._open.broken_off(self._clock.monotonic())
        self._dimmed = ()
        if empty:
            self._record.publish(ItemsDropped(chat_id=self._record.chat_id, item_ids=empty))
        for item, raw in kept:
            if isinstance(item, Reply):
                self._replies.append(item)
            await self._record.add(item, raw)
        return any(isinstance(item, Reply) for item, _ in kept)

    async def answer_calls(self) -> bool:
        """Tell the model that its calls lead nowhere, since no tool was offered.

        Returns:
            Whether there were any.
        """
        calls, self._calls = self._calls, []
        for item, raw in calls:
            output = f"error: there is no tool named {item.name}"
            failed = replace(item, status=CallStatus.FAILED, output=output)
            await self._record.amend(failed, raw)
            await self._record.note(
                f"the model called {item.name}, which was not offered",
                raw=history.output_of(raw, output),
            )
        return bool(calls)

    def open_items(self) -> tuple[Item, ...]:
        """What is being streamed, with the text so far."""
        return self._open.so_far()

    def text(self) -> str:
        """The whole answer: what was said before tools only where nothing else was."""
        answers = [reply for reply in self._replies if reply.phase != "commentary"]
        texts = [reply.text or reply.refusal for reply in answers or self._replies]
        return "\n\n".join(text for text in texts if text)

    async def _finish_item(self, done: ItemDone) -> None:
        self._replace_dimmed()
        item = self._open.close(done.item, self._clock.monotonic())
        if isinstance(item, Reply):
            self._replies.append(item)
            self.has_content |= bool(item.text or item.refusal)
        elif not isinstance(item, Reasoning):
            self.has_content = True
        await self._record.add(item, done.raw, whole=done.whole or done.raw)
        if isinstance(item, ToolCall) and done.raw is not None and history.call_id(done.raw):
            self._calls.append((item, done.raw))

    async def _tell_model(self, model: str) -> None:
        is_told = self.model is not None
        self.model = model
        if not is_told and model.lower() != self._wanted_model.lower():
            await self._record.note(f"answered by {model} instead of {self._wanted_model}")

    async def _wait_for_retry(self, retrying: Retrying) -> None:
        record, lost = self._record, retrying.lost_item_ids
        _log.info(
            "turn %s: retry %d of %d in %.1f s, %s",
            record.turn_id,
            retrying.attempt,
            retrying.attempts,
            retrying.delay,
            wording.for_log(retrying.error),
        )
        if lost:
            self._dimmed += lost
            record.publish(ItemsDimmed(chat_id=record.chat_id, item_ids=lost))
        if record.state is not None:
            record.change(
                replace(
                    record.state,
                    phase=TurnPhase.WAITING,
                    attempt=retrying.attempt,
                    attempts=retrying.attempts,
                    retry_at=self._clock.now() + retrying.delay,
                    reason=retrying.error.message,
                )
            )
        text = wording.retrying(retrying)
        self._retry_notice = await record.note(text, self._retry_notice)

    def _replace_dimmed(self) -> None:
        """The new try has brought its first item, so what the broken one left goes."""
        record, dimmed = self._record, self._dimmed
        if record.state is not None and record.state.attempt:
            phase = record.state.phase
            if phase is TurnPhase.WAITING:
                phase = TurnPhase.CONNECTING
            record.change(
                replace(record.state, phase=phase, attempt=0, attempts=0, retry_at=None, reason="")
            )
        if dimmed:
            self._dimmed = ()
            self._open.drop(dimmed)
            record.publish(ItemsDropped(chat_id=record.chat_id, item_ids=dimmed))
