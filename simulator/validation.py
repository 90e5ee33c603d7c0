"""What the servers refuse, and in which words. Wire format: docs/protocols/simulator.md."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from simulator.catalogue import find_model
from simulator.replies import detail, openai_error
from simulator.script import Status

UNSUPPORTED = (
    "background",
    "max_output_tokens",
    "max_tokens",
    "metadata",
    "previous_response_id",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "stream_options",
    "temperature",
    "top_p",
    "truncation",
    "user",
)
"""Members of a request that the Codex backend refuses."""

CALLS = {
    "function_call": "function_call_output",
    "local_shell_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
}

PARTS = {
    "user": ("input_text", "input_image", "input_file", "input_audio"),
    "developer": ("input_text", "input_image", "input_file"),
    "system": ("input_text", "input_image", "input_file"),
    "assistant": ("output_text", "refusal"),
}

Body = Mapping[str, Any]


def check_responses(body: object, *, is_codex: bool) -> Status | None:
    """Why this body of `POST /responses` is refused; None if it is not."""
    if not isinstance(body, dict):
        return _refuse("Invalid JSON body", is_codex=is_codex)
    fields = cast("dict[str, Any]", body)
    if is_codex:
        return _check_codex(fields) or _check_items(cast("list[Any]", fields["input"]))
    return _check_model(fields) or _check_openai(fields)


def check_chat(body: object, *, is_codex: bool) -> Status | None:
    """Why this body of `POST /chat/completions` is refused; None if it is not."""
    if not isinstance(body, dict):
        return _refuse("Invalid JSON body", is_codex=is_codex)
    fields = cast("dict[str, Any]", body)
    problem = _check_codex_model(fields) if is_codex else _check_model(fields)
    if problem is not None:
        return problem
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        return _missing("messages")
    if fields.get("stream") is not True:
        return _refuse("The simulator only streams: set stream to true", is_codex=is_codex)
    return _check_messages(cast("list[Any]", messages))


def _refuse(text: str, *, is_codex: bool) -> Status:
    return detail(400, text) if is_codex else openai_error(400, text)


def _missing(param: str) -> Status:
    text = f"Missing required parameter: '{param}'."
    return openai_error(400, text, code="missing_required_parameter", param=param)


def _check_codex(body: Body) -> Status | None:
    for name in UNSUPPORTED:
        if name in body:
            return detail(400, f"Unsupported parameter: {name}")
    if body.get("store") is not False:
        return detail(400, "Store must be set to false")
    if body.get("stream") is not True:
        return detail(400, "Stream must be set to true")
    if not isinstance(body.get("input"), list):
        return detail(400, "Input must be a list")
    for item in cast("list[Any]", body["input"]):
        if isinstance(item, dict) and cast("Body", item).get("role") == "system":
            return detail(400, "System messages are not allowed")
    return _check_codex_model(body)


def _check_codex_model(body: Body) -> Status | None:
    if find_model(body.get("model")) is None:
        name = body.get("model")
        text = f"The '{name}' model is not supported when using Codex with a ChatGPT account."
        return detail(400, text)
    return None


def _check_model(body: Body) -> Status | None:
    name = body.get("model")
    if not isinstance(name, str):
        return _missing("model")
    if find_model(name) is None:
        text = f"The model '{name}' does not exist or you do not have access to it."
        return openai_error(404, text, code="model_not_found", param="model")
    return None


def _check_openai(body: Body) -> Status | None:
    if "input" not in body:
        return _missing("input")
    if body.get("stream") is not True:
        return openai_error(400, "The simulator only streams: set stream to true", param="stream")
    if isinstance(body["input"], str):
        return None
    if not isinstance(body["input"], list):
        return openai_error(400, "Invalid type for 'input'.", code="invalid_type", param="input")
    return _check_items(cast("list[Any]", body["input"]))


def _check_items(items: Sequence[object]) -> Status | None:
    open_calls: dict[str, str] = {}
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            where = f"input[{index}]"
            return openai_error(400, f"Invalid type for '{where}'.", param=where)
        fields = cast("Body", item)
        kind = fields.get("type", "message")
        problem = _check_item(index, fields, str(kind))
        if problem is not None:
            return problem
        call_id = str(fields.get("call_id"))
        if kind in CALLS:
            open_calls[call_id] = CALLS[str(kind)]
        elif kind in CALLS.values() and open_calls.pop(call_id, None) != kind:
            what = str(kind).replace("_", " ")
            text = f"No tool call found for {what} with call_id {call_id}."
            return openai_error(400, text, param="input")
    for call_id, kind in open_calls.items():
        what = kind.removesuffix("_output").replace("_", " ")
        return openai_error(400, f"No tool output found for {what} {call_id}.", param="input")
    return None


def _check_item(index: int, item: Body, kind: str) -> Status | None:
    if kind == "reasoning" and not isinstance(item.get("summary"), list):
        return _missing(f"input[{index}].summary")
    if kind != "message":
        return None
    role = item.get("role")
    if role not in PARTS:
        where = f"input[{index}].role"
        return openai_error(400, f"Invalid value: '{role}'.", code="invalid_value", param=where)
    content = item.get("content")
    if isinstance(content, str):
        return None
    if not isinstance(content, list):
        return _missing(f"input[{index}].content")
    for number, part in enumerate(cast("list[Any]", content)):
        name = cast("Body", part).get("type") if isinstance(part, dict) else None
        if name not in PARTS[str(role)]:
            where = f"input[{index}].content[{number}]"
            names = " and ".join(f"'{known}'" for known in PARTS[str(role)])
            text = f"Invalid value: '{name}'. Supported values are: {names}."
            return openai_error(400, text, code="invalid_value", param=where)
    return None


def _check_messages(messages: Sequence[object]) -> Status | None:
    waiting: set[str] = set()
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            return openai_error(400, f"Invalid type for 'messages[{index}]'.", param="messages")
        fields = cast("Body", message)
        role = fields.get("role")
        if role not in {"system", "developer", "user", "assistant", "tool"}:
            where = f"messages[{index}].role"
            return openai_error(400, f"Invalid value: '{role}'.", code="invalid_value", param=where)
        if role == "tool":
            if fields.get("tool_call_id") not in waiting:
                text = (
                    "Invalid parameter: messages with role 'tool' must be a response to a "
                    "preceeding message with 'tool_calls'."
                )
                return openai_error(400, text, param=f"messages.[{index}].role")
            waiting.discard(str(fields["tool_call_id"]))
        elif waiting:
            break
        for call in cast("list[Body]", fields.get("tool_calls") or []):
            waiting.add(str(call.get("id")))
    if waiting:
        text = (
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            f"to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{', '.join(sorted(waiting))}"
        )
        return openai_error(400, text, param="messages")
    return None
