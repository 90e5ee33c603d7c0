"""Builders for the events of a Responses stream.

Each gives the plain mapping that goes over the wire; `sequence_number` is added where it is
played. Wire format: docs/protocols/simulator.md
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Event: TypeAlias = dict[str, Any]
Item: TypeAlias = dict[str, Any]


def response(
    response_id: str = "resp_sim",
    *,
    status: str = "in_progress",
    model: str = "gpt-5.5",
    output: Sequence[Item] = (),
    **more: Any,
) -> dict[str, Any]:
    """The response object that `created`, `completed` and their like carry."""
    return {
        "id": response_id,
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": model,
        "output": list(output),
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "metadata": {},
    } | more


def usage(
    input_tokens: int = 812,
    output_tokens: int = 64,
    *,
    cached_tokens: int = 0,
    reasoning_tokens: int = 0,
) -> dict[str, Any]:
    """Token counts as `response.completed` has them."""
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": cached_tokens, "cache_write_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning_tokens},
        "total_tokens": input_tokens + output_tokens,
    }


def created(response_id: str = "resp_sim", **more: Any) -> Event:
    """The response began; `more` goes into the response object."""
    return {"type": "response.created", "response": response(response_id, **more)}


def queued(response_id: str = "resp_sim", **more: Any) -> Event:
    """The response waits for its turn."""
    return {"type": "response.queued", "response": response(response_id, status="queued", **more)}


def in_progress(response_id: str = "resp_sim", **more: Any) -> Event:
    """The response is being worked on."""
    return {"type": "response.in_progress", "response": response(response_id, **more)}


def completed(response_id: str = "resp_sim", *, end_turn: bool | None = None, **more: Any) -> Event:
    """The response is whole; `more` goes into the response object (`usage`, `model`, …)."""
    if end_turn is not None:
        more["end_turn"] = end_turn
    more.setdefault("usage", usage())
    more.setdefault("status", "completed")
    return {"type": "response.completed", "response": response(response_id, **more)}


def incomplete(reason: str = "max_output_tokens", response_id: str = "resp_sim") -> Event:
    """The response ended before it was whole."""
    body = response(response_id, status="incomplete", incomplete_details={"reason": reason})
    return {"type": "response.incomplete", "response": body | {"usage": usage()}}


def failed(
    code: str = "server_error",
    message: str = "The server had an error while processing your request.",
    response_id: str = "resp_sim",
) -> Event:
    """The response failed; the codes are those of docs/protocols/turns.md."""
    error = {"code": code, "message": message}
    return {
        "type": "response.failed",
        "response": response(response_id, status="failed") | {"error": error},
    }


def error(code: str | None = "server_error", message: str = "try later", **more: Any) -> Event:
    """An error event at top level."""
    return {"type": "error", "code": code, "message": message, "param": None} | more


def item_added(item: Item, output_index: int = 0) -> Event:
    """An item opened."""
    return {"type": "response.output_item.added", "output_index": output_index, "item": item}


def item_done(item: Item, output_index: int = 0) -> Event:
    """An item is whole; what it holds is authoritative."""
    return {"type": "response.output_item.done", "output_index": output_index, "item": item}


def _of_item(kind: str, item_id: str, output_index: int, **more: Any) -> Event:
    return {"type": kind, "item_id": item_id, "output_index": output_index, **more}


def part_added(
    item_id: str, part: Mapping[str, Any], output_index: int = 0, content_index: int = 0
) -> Event:
    """A content part of a message opened."""
    kind = "response.content_part.added"
    return _of_item(kind, item_id, output_index, content_index=content_index, part=dict(part))


def part_done(
    item_id: str, part: Mapping[str, Any], output_index: int = 0, content_index: int = 0
) -> Event:
    """A content part is whole."""
    kind = "response.content_part.done"
    return _of_item(kind, item_id, output_index, content_index=content_index, part=dict(part))


def delta(item_id: str, text: str, output_index: int = 0, content_index: int = 0) -> Event:
    """More text of a message."""
    return {
        "type": "response.output_text.delta",
        "item_id": item_id,
        "output_index": output_index,
        "content_index": content_index,
        "delta": text,
        "logprobs": [],
    }


def deltas(item_id: str, text: str, size: int = 4, output_index: int = 0) -> Iterator[Event]:
    """`text` in deltas of `size` characters."""
    for start in range(0, len(text), size):
        yield delta(item_id, text[start : start + size], output_index)


def text_done(item_id: str, text: str, output_index: int = 0, content_index: int = 0) -> Event:
    """The whole text of a part."""
    kind = "response.output_text.done"
    return _of_item(
        kind, item_id, output_index, content_index=content_index, text=text, logprobs=[]
    )


def annotation_added(
    item_id: str, annotation: Mapping[str, Any], annotation_index: int = 0, output_index: int = 0
) -> Event:
    """A citation of a message's text."""
    return _of_item(
        "response.output_text.annotation.added",
        item_id,
        output_index,
        content_index=0,
        annotation_index=annotation_index,
        annotation=dict(annotation),
    )


def refusal_delta(item_id: str, text: str, output_index: int = 0) -> Event:
    """More text of a refusal."""
    kind = "response.refusal.delta"
    return _of_item(kind, item_id, output_index, content_index=0, delta=text)


def refusal_done(item_id: str, text: str, output_index: int = 0) -> Event:
    """The whole refusal."""
    kind = "response.refusal.done"
    return _of_item(kind, item_id, output_index, content_index=0, refusal=text)


def summary_part_added(item_id: str, summary_index: int = 0, output_index: int = 0) -> Event:
    """A new paragraph of a reasoning summary."""
    part = {"type": "summary_text", "text": ""}
    kind = "response.reasoning_summary_part.added"
    return _of_item(kind, item_id, output_index, summary_index=summary_index, part=part)


def summary_part_done(
    item_id: str, text: str, summary_index: int = 0, output_index: int = 0
) -> Event:
    """A paragraph of a reasoning summary is whole."""
    part = {"type": "summary_text", "text": text}
    kind = "response.reasoning_summary_part.done"
    return _of_item(kind, item_id, output_index, summary_index=summary_index, part=part)


def summary_delta(item_id: str, text: str, summary_index: int = 0, output_index: int = 0) -> Event:
    """More text of a reasoning summary."""
    kind = "response.reasoning_summary_text.delta"
    return _of_item(kind, item_id, output_index, summary_index=summary_index, delta=text)


def summary_done(item_id: str, text: str, summary_index: int = 0, output_index: int = 0) -> Event:
    """The whole text of a summary's paragraph."""
    kind = "response.reasoning_summary_text.done"
    return _of_item(kind, item_id, output_index, summary_index=summary_index, text=text)


def reasoning_delta(item_id: str, text: str, output_index: int = 0) -> Event:
    """More raw reasoning."""
    kind = "response.reasoning_text.delta"
    return _of_item(kind, item_id, output_index, content_index=0, delta=text)


def reasoning_done(item_id: str, text: str, output_index: int = 0) -> Event:
    """The whole raw reasoning."""
    kind = "response.reasoning_text.done"
    return _of_item(kind, item_id, output_index, content_index=0, text=text)


def arguments_delta(item_id: str, text: str, output_index: int = 0) -> Event:
    """More of a function call's arguments."""
    return _of_item("response.function_call_arguments.delta", item_id, output_index, delta=text)


def arguments_done(item_id: str, text: str, output_index: int = 0, name: str = "") -> Event:
    """The whole arguments of a function call."""
    kind = "response.function_call_arguments.done"
    return _of_item(kind, item_id, output_index, arguments=text, name=name)


def input_delta(item_id: str, text: str, output_index: int = 0) -> Event:
    """More of a custom tool call's input."""
    return _of_item("response.custom_tool_call_input.delta", item_id, output_index, delta=text)


def input_done(item_id: str, text: str, output_index: int = 0) -> Event:
    """The whole input of a custom tool call."""
    return _of_item("response.custom_tool_call_input.done", item_id, output_index, input=text)


def progress(kind: str, item_id: str, output_index: int = 0, **more: Any) -> Event:
    """A step of a server-side tool; `kind` without its prefix: `web_search_call.searching`."""
    return _of_item(f"response.{kind}", item_id, output_index, **more)


def metadata(
    headers: Mapping[str, Any] | None = None, *, is_codex: bool = False, **more: Any
) -> Event:
    """Late response headers."""
    kind = "codex.response.metadata" if is_codex else "response.metadata"
    return {"type": kind, "headers": dict(headers or {}), **more}


def rate_limits(
    primary: Mapping[str, Any] | None,
    secondary: Mapping[str, Any] | None = None,
    *,
    plan_type: str = "plus",
    **more: Any,
) -> Event:
    """A reading of the limits inside the stream."""
    limits = {"allowed": True, "limit_reached": False, "primary": primary, "secondary": secondary}
    return {
        "type": "codex.rate_limits",
        "plan_type": plan_type,
        "rate_limits": limits,
        "credits": None,
        **more,
    }


def keepalive() -> Event:
    """Sign of life."""
    return {"type": "keepalive"}


def text_turn(text: str, *, item_id: str = "msg_sim", size: int = 4, **more: Any) -> list[Event]:
    """A whole answer of one message, as events; `more` goes into the completed response."""
    from simulator import items

    return [
        created(),
        item_added(items.message("", item_id=item_id, status="in_progress")),
        *deltas(item_id, text, size),
        text_done(item_id, text),
        item_done(items.message(text, item_id=item_id)),
        completed(**more),
    ]


def chat_chunk(
    content: str | None = None,
    *,
    finish_reason: str | None = None,
    chat_id: str = "chatcmpl_sim",
    model: str = "gpt-5.5",
    **more: Any,
) -> Event:
    """A chunk of a Chat Completions stream; `more` goes into its delta."""
    change: dict[str, Any] = dict(more) if content is None else {"content": content, **more}
    choice = {"index": 0, "delta": change, "logprobs": None, "finish_reason": finish_reason}
    return chat_envelope([choice], chat_id=chat_id, model=model)


def chat_envelope(
    choices: Iterable[Mapping[str, Any]],
    *,
    chat_id: str = "chatcmpl_sim",
    model: str = "gpt-5.5",
    **more: Any,
) -> Event:
    """What is around the choices of a chunk."""
    return {
        "id": chat_id,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": "fp_sim",
        "choices": [dict(choice) for choice in choices],
        **more,
    }


def chat_usage(
    prompt: int, completion: int, *, cached: int = 0, reasoning: int = 0
) -> dict[str, Any]:
    """Token counts as Chat Completions has them."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
