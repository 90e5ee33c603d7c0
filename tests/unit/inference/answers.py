"""Pieces of answers, as bytes and as events."""

import json
from collections.abc import Sequence
from typing import Any

from services.inference.stream import Finished, ItemDone, StreamValue, Text
from services.models.chat import Item, Reply


def data(**members: object) -> dict[str, Any]:
    return dict(members)


def sse(*events: dict[str, Any] | str, end: str = "\n", separator: str = "\n\n") -> bytes:
    """Events as bytes; a string stands for its own data."""
    lines = (
        f"data: {text if isinstance(text, str) else json.dumps(text)}{separator}" for text in events
    )
    text = "".join(lines)
    return (text if end == "\n" else text.replace("\n", end)).encode()


def message(text: str = "Bonjour", id: str | None = "msg_a1", **members: object) -> dict[str, Any]:  # noqa: A002
    return {
        "id": id,
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
        **members,
    }


def added(item: object, index: int | None = 0) -> dict[str, Any]:
    return data(type="response.output_item.added", item=item, output_index=index)


def done(item: object, index: int | None = 0) -> dict[str, Any]:
    return data(type="response.output_item.done", item=item, output_index=index)


def delta(text: object, id: str | None = "msg_a1", index: int | None = 0) -> dict[str, Any]:  # noqa: A002
    return data(
        type="response.output_text.delta",
        item_id=id,
        output_index=index,
        content_index=0,
        delta=text,
    )


def call(**members: object) -> dict[str, Any]:
    return {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "clock",
        "arguments": '{"tz":"UTC"}',
        **members,
    }


CREATED = data(type="response.created", response={"id": "resp_1", "status": "in_progress"})
COMPLETED = data(
    type="response.completed",
    response={
        "id": "resp_1",
        "usage": {"input_tokens": 8, "output_tokens": 2, "total_tokens": 10},
    },
)
OPEN: dict[str, Any] = message("", status="in_progress") | {"content": []}
PLAIN = (
    CREATED,
    added(OPEN),
    delta("Bon"),
    delta("jour"),
    done(message()),
    COMPLETED,
)
"""A whole plain answer."""


def texts(values: Sequence[StreamValue], channel: str = "text") -> str:
    return "".join(
        value.text for value in values if isinstance(value, Text) and value.channel == channel
    )


def items(values: Sequence[StreamValue]) -> list[Item]:
    return [value.item for value in values if isinstance(value, ItemDone)]


def raws(values: Sequence[StreamValue]) -> list[Any]:
    return [value.raw for value in values if isinstance(value, ItemDone)]


def replies(values: Sequence[StreamValue]) -> list[str]:
    return [item.text for item in items(values) if isinstance(item, Reply)]


def finished(values: Sequence[StreamValue]) -> Finished:
    last = values[-1]
    assert isinstance(last, Finished)
    return last
