"""Lets a story answer a request, on either wire."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from random import Random
from typing import Any, TypeAlias, cast

from simulator.answers import Answer
from simulator.chat_wire import ChatWriter
from simulator.conversation import Conversation, Wire, read_conversation
from simulator.events import Event
from simulator.pace import Pace
from simulator.playback import json_bytes
from simulator.responses_wire import ResponsesWriter
from simulator.script import Step

Story: TypeAlias = Callable[[Conversation, Random], Answer]

ECHOED = ("instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text")
"""Members of a request that every response object repeats."""

REMEMBERED = 256
"""Requests of which it is known how often they came."""


class Teller:
    """Answers with one story; the same seed and the same requests give the same answers."""

    def __init__(self, story: Story, *, speed: float, seed: int | None) -> None:
        """Tell `story` at `speed` (1: human, infinity: at once)."""
        self._story = story
        self._speed = speed
        self._seed = int.from_bytes(os.urandom(8), "big") if seed is None else seed
        self._count = 0
        self._tries: OrderedDict[bytes, int] = OrderedDict()

    def tell(
        self, wire: Wire, body: Mapping[str, Any], size: int, limits: Callable[[], Event]
    ) -> tuple[Answer, Iterator[Step]]:
        """The answer to a valid request, and its steps.

        Args:
            wire: What the answer is written in.
            body: The request.
            size: Bytes of it.
            limits: The event that says how its account stands, made when it is due.
        """
        self._count += 1
        rng = Random(f"{self._seed}/{self._count}")  # noqa: S311  (nothing here is secret)
        asked = read_conversation(wire, body, size)
        asked = replace(asked, tries=self._tried(asked, body.get("prompt_cache_key")))
        chat_seed = f"{self._seed}/{asked.prompts[:1]}"
        answer = self._story(asked, Random(chat_seed))  # noqa: S311
        pace = Pace(self._speed, rng)
        if wire == "responses":
            echo = {name: body[name] for name in ECHOED if body.get(name) is not None}
            writer = ResponsesWriter(answer, asked, echo, limits, pace, rng)
            return answer, writer.steps()
        options = cast("Mapping[str, Any]", body.get("stream_options") or {})
        has_usage = options.get("include_usage") is True
        return answer, ChatWriter(answer, asked, pace, rng, has_usage=has_usage).steps()

    def _tried(self, asked: Conversation, chat: object) -> int:
        """How often the same was asked before, whatever a broken try left in the history."""
        outputs = [result.output for result in asked.results]
        key = sha256(json_bytes([asked.wire, chat, asked.prompts, outputs])).digest()
        tries = self._tries.pop(key, 0)
        self._tries[key] = tries + 1
        while len(self._tries) > REMEMBERED:
            self._tries.popitem(last=False)
        return tries
