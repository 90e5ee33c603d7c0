"""Bodies of the requests, for both wires. Wire format: docs/protocols/turns.md."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from services.inference.stream import InferenceRequest
from services.wire.reading import as_list, as_object, as_text, whole_text

DEFAULT_INSTRUCTIONS: Final = "You are a helpful assistant."
SCHEMA_NAME: Final = "output_schema"
_CALLS: Final = {
    "function_call": "function_call_output",
    "local_shell_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
}
_OUTPUTS: Final = frozenset(_CALLS.values())
_PAIRED: Final = frozenset(_CALLS) | _OUTPUTS
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def encode(value: object) -> bytes:
    """A body or a part of it as JSON; lone surrogates, which no UTF-8 can hold, become U+FFFD."""
    return whole_text(_JSON.encode(value)).encode()


def responses_body(
    request: InferenceRequest,
    history: Sequence[Mapping[str, Any]],
    extra: Sequence[tuple[str, object]] = (),
    *,
    with_reasoning: bool = True,
) -> dict[str, Any]:
    """The body of `POST /responses`.

    Args:
        request: What is asked for.
        history: The whole conversation, with what earlier tries of this request finished.
        extra: Members that the user configured for this server.
        with_reasoning: False after the server refused it: neither asked for nor sent back.
    """
    reasons = request.supports_reasoning and with_reasoning
    body: dict[str, Any] = {
        "model": request.model,
        "instructions": request.instructions.strip() or DEFAULT_INSTRUCTIONS,
        "input": list(_input(history, with_reasoning=with_reasoning)),
        "tools": list(request.tools),
        "tool_choice": "auto",
        "parallel_tool_calls": bool(request.tools),
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"] if reasons else [],
        "prompt_cache_key": request.conversation_id,
    }
    if reasons:
        effort = {"effort": request.effort} if request.effort else {}
        body["reasoning"] = {**effort, "summary": "auto"}
    if request.schema is not None:
        body["text"] = {
            "format": {
                "type": "json_schema",
                "strict": True,
                "schema": request.schema,
                "name": SCHEMA_NAME,
            }
        }
    body.update(extra)
    return body


def _input(
    history: Sequence[Mapping[str, Any]], *, with_reasoning: bool
) -> Iterator[Mapping[str, Any]]:
    """The history as it is sent: every call with its output, nothing that would be refused."""
    for item in paired(history):
        kind = item.get("type")
        if kind == "message" and item.get("role") == "system":
            yield {**item, "role": "developer"}
        elif kind == "reasoning":
            # Without its encrypted content, an id would point to what the server has not stored.
            if with_reasoning and item.get("encrypted_content"):
                yield item
            elif with_reasoning and item.get("id"):
                yield {name: value for name, value in item.items() if name != "id"}
        else:
            yield item


def paired(history: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """The history with an "aborted" output for each open call, without outputs of no call."""
    pairs = [item for item in history if item.get("type") in _PAIRED]
    calls = {item.get("call_id") for item in pairs if item.get("type") in _CALLS}
    outputs = {item.get("call_id") for item in pairs if item.get("type") in _OUTPUTS}
    return history if calls == outputs else _completed(history, calls, outputs)


def _completed(
    history: Sequence[Mapping[str, Any]], calls: set[Any], outputs: set[Any]
) -> Iterator[Mapping[str, Any]]:
    for item in history:
        kind = item.get("type")
        call_id = item.get("call_id")
        if kind in _OUTPUTS and call_id not in calls:
            continue
        yield item
        if kind in _CALLS and call_id not in outputs:
            yield {"type": _CALLS[str(kind)], "call_id": call_id, "output": "aborted"}


def completions_body(
    request: InferenceRequest,
    history: Sequence[Mapping[str, Any]],
    extra: Sequence[tuple[str, object]] = (),
    *,
    with_usage: bool = True,
) -> dict[str, Any]:
    """The body of `POST /chat/completions`; arguments as for `responses_body`.

    Args:
        request: What is asked for.
        history: The whole conversation, in the shape of the Responses API.
        extra: Members that the user configured for this server.
        with_usage: False after the server refused to count tokens in a stream.
    """
    instructions = request.instructions.strip() or DEFAULT_INSTRUCTIONS
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": "system", "content": instructions}, *_messages(history)],
        "stream": True,
    }
    if with_usage:
        body["stream_options"] = {"include_usage": True}
    if tools := [tool for offered in request.tools if (tool := _tool(offered)) is not None]:
        body["tools"] = tools
    if request.effort:
        body["reasoning_effort"] = request.effort
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": SCHEMA_NAME, "strict": True, "schema": request.schema},
        }
    body.update(extra)
    return body


def _tool(tool: Mapping[str, Any]) -> dict[str, Any] | None:
    if tool.get("type") != "function":
        return None
    names = ("name", "description", "parameters", "strict")
    return {"type": "function", "function": {name: tool[name] for name in names if name in tool}}


def _messages(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The history as messages: text and calls of one response are one message."""
    messages: list[dict[str, Any]] = []
    for item in paired(history):
        kind = item.get("type")
        if kind == "message":
            _add_message(messages, item)
        elif kind in _CALLS:
            _add_call(messages, item)
        elif kind in _OUTPUTS:
            messages.append(
                {
                    "role": "tool",
                    "tool_call_id": item.get("call_id"),
                    "content": _output_text(item.get("output")),
                }
            )
    return messages


def _add_message(messages: list[dict[str, Any]], item: Mapping[str, Any]) -> None:
    role = as_text(item.get("role")) or "user"
    if role != "assistant":
        role = "system" if role == "developer" else role
        messages.append({"role": role, "content": _content(item.get("content"))})
        return
    text = _text(item.get("content"))
    last = messages[-1] if messages else {}
    if last == {"role": "assistant", "content": text}:
        return
    messages.append({"role": "assistant", "content": text})


def _add_call(messages: list[dict[str, Any]], item: Mapping[str, Any]) -> None:
    call: dict[str, Any] = {"id": item.get("call_id")}
    if item.get("type") == "custom_tool_call":
        call["type"] = "custom"
        call["custom"] = {"name": item.get("name"), "input": item.get("input")}
    elif item.get("type") == "local_shell_call":
        call["type"] = "function"
        arguments = json.dumps(as_object(item.get("action")), ensure_ascii=False)
        call["function"] = {"name": "local_shell", "arguments": arguments}
    else:
        call["type"] = "function"
        call["function"] = {"name": item.get("name"), "arguments": item.get("arguments")}
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    messages[-1].setdefault("tool_calls", []).append(call)


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for part in as_list(content):
        members = as_object(part)
        texts.append(as_text(members.get("text")) or as_text(members.get("refusal")) or "")
    return "".join(texts)


def _content(content: object) -> str | list[dict[str, Any]]:
    """Content of a user: a string, or parts where there is an image."""
    parts = [as_object(part) for part in as_list(content)]
    if all(part.get("type") != "input_image" for part in parts):
        return _text(content)
    converted: list[dict[str, Any]] = []
    for part in parts:
        if part.get("type") == "input_image":
            url = as_text(part.get("image_url")) or ""
            converted.append({"type": "image_url", "image_url": {"url": url}})
        elif text := as_text(part.get("text")):
            converted.append({"type": "text", "text": text})
    return converted


def _output_text(output: object) -> str:
    return output if isinstance(output, str) else _text(output)
