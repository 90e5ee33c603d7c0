"""Writes an answer as a Chat Completions stream."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from simulator import events
from simulator.answers import (
    Answer,
    Call,
    CallCustom,
    Cut,
    Emit,
    Fail,
    Other,
    Pause,
    Reading,
    Refuse,
    Say,
    Stop,
    Think,
)
from simulator.conversation import Conversation
from simulator.pace import Pace, split_tokens
from simulator.script import Drop, Raw, Send, Step

FINISH = {"max_output_tokens": "length", "content_filter": "content_filter"}


class ChatWriter:
    """Turns the parts of one answer into chunks; what this wire cannot say is left out."""

    def __init__(
        self, answer: Answer, asked: Conversation, pace: Pace, rng: Random, *, has_usage: bool
    ) -> None:
        """Take what is to be written; `has_usage` is `stream_options.include_usage`."""
        self._answer = answer
        self._asked = asked
        self._pace = pace
        self._rng = rng
        self._has_usage = has_usage
        self._around = {
            "chat_id": f"chatcmpl-{rng.randbytes(12).hex()}",
            "model": answer.model or asked.model,
        }
        self._calls = 0
        self._written = 0
        self._thought = 0

    def steps(self) -> Iterator[Step]:
        """The whole stream, made while it is played."""
        if self._answer.status is not None:
            yield self._answer.status
            return
        yield self._chunk({"role": "assistant", "content": ""})
        reason = "stop"
        for part in self._answer.parts:
            match part:
                case Think():
                    yield from self._think(part)
                case Say():
                    yield from self._text("content", part.text)
                case Refuse():
                    yield from self._text("refusal", part.text)
                case Call():
                    yield from self._call(part.name, json.dumps(part.arguments))
                case CallCustom():
                    yield from self._call(part.name, json.dumps({"input": part.text}))
                case Pause():
                    yield from self._pace.wait(part.seconds)
                case Other() | Emit() | Reading():
                    pass
                case Fail():
                    error = {"message": part.message, "type": part.code, "code": part.code}
                    yield Send({"error": error | {"param": None}})
                    return
                case Cut():
                    yield Drop()
                    return
                case Stop():
                    reason = FINISH.get(part.reason, "length")
                    break
        if reason == "stop" and self._calls:
            reason = "tool_calls"
        yield self._chunk({}, finish_reason=reason)
        if self._has_usage:
            yield Send(events.chat_envelope([], **self._around, usage=self._usage()))
        yield Raw(b"data: [DONE]\n\n")

    def _think(self, part: Think) -> Iterator[Step]:
        yield from self._pace.wait(part.seconds)
        text = part.raw or "\n\n".join(part.summary)
        self._thought += len(text)
        for piece in split_tokens(text):
            yield from self._pace.between()
            yield self._chunk({"reasoning_content": piece})

    def _text(self, member: str, text: str) -> Iterator[Step]:
        if member == "content" and self._written:
            text = f"\n\n{text}"
        self._written += len(text)
        for piece in split_tokens(text):
            yield from self._pace.between()
            yield self._chunk({member: piece})

    def _call(self, name: str, arguments: str) -> Iterator[Step]:
        index = self._calls
        self._calls += 1
        self._written += len(arguments)
        head = {"id": f"call_{self._rng.randbytes(11).hex()}", "type": "function"}
        first = {"index": index, **head, "function": {"name": name, "arguments": ""}}
        yield self._chunk({"tool_calls": [first]})
        for piece in split_tokens(arguments):
            yield from self._pace.between()
            yield self._chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})

    def _chunk(self, change: dict[str, Any], finish_reason: str | None = None) -> Send:
        choice = {"index": 0, "delta": change, "logprobs": None, "finish_reason": finish_reason}
        more: dict[str, Any] = {"usage": None} if self._has_usage else {}
        return Send(events.chat_envelope([choice], **self._around, **more))

    def _usage(self) -> dict[str, Any]:
        asked = max(1, self._asked.characters // 4)
        thought = self._thought // 4
        return events.chat_usage(asked, max(1, self._written // 4) + thought, reasoning=thought)
