"""Writes an answer as a Responses stream, in the order in which the real server does."""

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from simulator import events, items
from simulator.answers import (
    Answer,
    Call,
    CallCustom,
    Citation,
    Cut,
    Emit,
    Fail,
    Other,
    Part,
    Pause,
    Reading,
    Refuse,
    Say,
    Stop,
    Think,
)
from simulator.conversation import Conversation
from simulator.events import Event, Item
from simulator.pace import Pace, split_tokens
from simulator.script import Drop, Send, Step

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class ResponsesWriter:
    """Turns the parts of one answer into steps."""

    def __init__(
        self,
        answer: Answer,
        asked: Conversation,
        echo: Mapping[str, Any],
        limits: Callable[[], Event],
        pace: Pace,
        rng: Random,
    ) -> None:
        """Take what is to be written; `echo` is repeated in every response object."""
        self._limits = limits
        self._answer = answer
        self._asked = asked
        self._pace = pace
        self._rng = rng
        self._id = f"resp_{self._token(24)}"
        model = answer.model or asked.model
        self._more = dict(echo) | {"model": model, "created_at": int(time.time())}
        self._output: list[Item] = []
        self._written = 0
        self._thought = 0

    def steps(self) -> Iterator[Step]:
        """The whole stream, made while it is played."""
        if self._answer.status is not None:
            yield self._answer.status
            return
        yield from self._send(events.created(self._id, **self._more))
        if self._answer.is_queued:
            yield from self._send(events.queued(self._id, **self._more))
            yield from self._pace.wait(1.0)
            yield from self._send(events.keepalive())
            yield from self._pace.wait(1.0)
        yield from self._send(events.in_progress(self._id, **self._more))
        for part in self._answer.parts:
            match part:
                case Fail() | Stop() | Cut():
                    yield from self._break_off(part)
                    return
                case _:
                    yield from self._part(part)
        more = self._more | {"output": self._output, "usage": self._usage()}
        yield from self._send(events.completed(self._id, end_turn=self._answer.end_turn, **more))

    def _part(self, part: Part) -> Iterator[Step]:
        match part:
            case Think():
                yield from self._think(part)
            case Say():
                yield from self._say(part)
            case Refuse():
                yield from self._refuse(part)
            case Call():
                yield from self._call(part)
            case CallCustom():
                yield from self._call_custom(part)
            case Other():
                yield from self._other(part)
            case Emit():
                yield from self._send(part.event)
            case Reading():
                yield from self._send(self._limits())
            case Pause():
                yield from self._pace.wait(part.seconds)
            case Fail() | Stop() | Cut():
                yield from self._break_off(part)

    def _break_off(self, part: Fail | Stop | Cut) -> Iterator[Step]:
        match part:
            case Fail(is_plain=True):
                yield from self._send(events.error(part.code, part.message))
            case Fail():
                yield from self._send(events.failed(part.code, part.message, self._id))
            case Stop():
                yield from self._send(events.incomplete(part.reason, self._id))
            case Cut():
                yield Drop()

    def _think(self, part: Think) -> Iterator[Step]:
        item_id, index = f"rs_{self._token(24)}", len(self._output)
        yield from self._pace.wait(part.seconds)
        opened = items.reasoning(item_id=item_id, sealed=self._sealed(120))
        yield from self._send(events.item_added(opened, index))
        if part.raw is not None:
            for piece in self._paced(part.raw):
                yield from self._delta(events.reasoning_delta(item_id, piece, index))
            yield from self._send(events.reasoning_done(item_id, part.raw, index))
        for number, text in enumerate(part.summary):
            yield from self._send(events.summary_part_added(item_id, number, index))
            for piece in self._paced(text):
                yield from self._delta(events.summary_delta(item_id, piece, number, index))
            yield from self._send(events.summary_done(item_id, text, number, index))
            yield from self._send(events.summary_part_done(item_id, text, number, index))
            yield from self._pace.wait(0.4)
        sealed = self._sealed(400 + 2 * sum(map(len, part.summary)))
        done = items.reasoning(*part.summary, item_id=item_id, raw=part.raw, sealed=sealed)
        self._thought += sum(map(len, part.summary)) + len(part.raw or "")
        yield from self._done(done)

    def _say(self, part: Say) -> Iterator[Step]:
        item_id, index = f"msg_{self._token(24)}", len(self._output)
        opened = items.message("", item_id=item_id, status="in_progress", phase=part.phase)
        yield from self._send(events.item_added(opened, index))
        yield from self._send(events.part_added(item_id, items.text_part(""), index))
        for piece in self._paced(part.text):
            yield from self._delta(events.delta(item_id, piece, index))
        if part.is_cut:
            return
        notes = [note for citation in part.citations for note in _annotations(part.text, citation)]
        for number, note in enumerate(notes):
            yield from self._send(events.annotation_added(item_id, note, number, index))
        yield from self._send(events.text_done(item_id, part.text, index))
        yield from self._send(events.part_done(item_id, items.text_part(part.text, notes), index))
        yield from self._done(
            items.message(part.text, item_id=item_id, phase=part.phase, annotations=notes)
        )

    def _refuse(self, part: Refuse) -> Iterator[Step]:
        item_id, index = f"msg_{self._token(24)}", len(self._output)
        opened = items.message("", item_id=item_id, status="in_progress")
        yield from self._send(events.item_added(opened, index))
        empty = {"type": "refusal", "refusal": ""}
        yield from self._send(events.part_added(item_id, empty, index))
        for piece in self._paced(part.text):
            yield from self._delta(events.refusal_delta(item_id, piece, index))
        yield from self._send(events.refusal_done(item_id, part.text, index))
        yield from self._send(events.part_done(item_id, empty | {"refusal": part.text}, index))
        yield from self._done(items.refusal(part.text, item_id=item_id))

    def _call(self, part: Call) -> Iterator[Step]:
        item_id, index = f"fc_{self._token(24)}", len(self._output)
        call_id = f"call_{self._token(22)}"
        text = json.dumps(part.arguments, ensure_ascii=False)
        opened = items.function_call(
            part.name,
            "",
            call_id=call_id,
            item_id=item_id,
            status="in_progress",
            namespace=part.namespace,
        )
        yield from self._send(events.item_added(opened, index))
        for piece in self._paced(text):
            yield from self._delta(events.arguments_delta(item_id, piece, index))
        yield from self._send(events.arguments_done(item_id, text, index, part.name))
        yield from self._done(opened | {"status": "completed", "arguments": text})

    def _call_custom(self, part: CallCustom) -> Iterator[Step]:
        item_id, index = f"ctc_{self._token(24)}", len(self._output)
        call_id = f"call_{self._token(22)}"
        opened = items.custom_tool_call(
            part.name, "", call_id=call_id, item_id=item_id, status="in_progress"
        )
        yield from self._send(events.item_added(opened, index))
        for piece in self._paced(part.text):
            yield from self._delta(events.input_delta(item_id, piece, index))
        yield from self._send(events.input_done(item_id, part.text, index))
        yield from self._done(opened | {"status": "completed", "input": part.text})

    def _other(self, part: Other) -> Iterator[Step]:
        index = len(self._output)
        prefix = str(part.done.get("id", "it")).partition("_")[0]
        item_id = f"{prefix}_{self._token(24)}"
        fresh: Item = {"id": item_id}
        if "call_id" in part.done:
            fresh["call_id"] = f"call_{self._token(22)}"
        yield from self._send(events.item_added(part.opened | fresh, index))
        for kind, more in part.progress:
            yield from self._pace.wait(part.seconds)
            yield from self._send(events.progress(kind, item_id, index, **more))
        yield from self._pace.wait(part.seconds)
        yield from self._done(part.done | fresh)

    def _done(self, item: Item) -> Iterator[Step]:
        yield from self._send(events.item_done(item, len(self._output)))
        self._output.append(item)

    def _paced(self, text: str) -> Iterator[str]:
        self._written += len(text)
        yield from split_tokens(text)

    def _delta(self, event: Event) -> Iterator[Step]:
        yield from self._pace.between()
        event["obfuscation"] = self._token(self._rng.randrange(4, 15))
        yield Send(event)

    def _send(self, event: Event) -> Iterator[Step]:
        yield Send(event)

    def _usage(self) -> dict[str, Any]:
        asked = max(1, self._asked.characters // 4)
        cached = asked * 3 // 4 // 64 * 64 if self._asked.turn > 1 else 0
        thought = self._thought // 4 // 64 * 64 + (64 if self._thought else 0)
        written = max(1, self._written // 4) + thought
        return events.usage(asked, written, cached_tokens=cached, reasoning_tokens=thought)

    def _token(self, length: int) -> str:
        return "".join(self._rng.choices(ALPHABET, k=length))

    def _sealed(self, length: int) -> str:
        return base64.urlsafe_b64encode(self._rng.randbytes(length * 3 // 4)).decode()


def _annotations(text: str, citation: Citation) -> list[dict[str, Any]]:
    start = text.find(citation.quote)
    if start < 0:
        return []
    return [
        {
            "type": "url_citation",
            "url": citation.url,
            "title": citation.title,
            "start_index": start,
            "end_index": start + len(citation.quote),
        }
    ]
