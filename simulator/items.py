"""Builders for the items of a Responses answer. Wire format: docs/protocols/simulator.md."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.events import Item


def text_part(text: str, annotations: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """A part of a message that holds text."""
    notes = [dict(note) for note in annotations]
    return {"type": "output_text", "text": text, "annotations": notes, "logprobs": []}


def message(
    text: str,
    *,
    item_id: str = "msg_sim",
    status: str = "completed",
    phase: str | None = None,
    annotations: Sequence[Mapping[str, Any]] = (),
) -> Item:
    """What the assistant said; without content while `status` is `in_progress`."""
    content = [] if status == "in_progress" else [text_part(text, annotations)]
    item: Item = {"id": item_id, "type": "message", "status": status, "role": "assistant"}
    if phase is not None:
        item["phase"] = phase
    return item | {"content": content}


def refusal(text: str, *, item_id: str = "msg_sim") -> Item:
    """A message that refuses."""
    part = {"type": "refusal", "refusal": text}
    return message("", item_id=item_id) | {"content": [part]}


def reasoning(
    *summary: str, item_id: str = "rs_sim", raw: str | None = None, sealed: str | None = "b3BhcXVl"
) -> Item:
    """What the model thought: a summary in paragraphs, raw text if the server shows it."""
    item: Item = {
        "id": item_id,
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text} for text in summary],
        "encrypted_content": sealed,
    }
    if raw is not None:
        item["content"] = [{"type": "reasoning_text", "text": raw}]
    return item


def function_call(
    name: str,
    arguments: Mapping[str, Any] | str,
    *,
    call_id: str = "call_sim",
    item_id: str = "fc_sim",
    status: str = "completed",
    namespace: str | None = None,
) -> Item:
    """A call of a function of ours."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    item: Item = {"id": item_id, "type": "function_call", "status": status}
    item |= {"call_id": call_id, "name": name, "arguments": text}
    if namespace is not None:
        item["namespace"] = namespace
    return item


def custom_tool_call(
    name: str,
    text: str,
    *,
    call_id: str = "call_sim",
    item_id: str = "ctc_sim",
    status: str = "completed",
) -> Item:
    """A call of a tool with free text as its input."""
    item: Item = {"id": item_id, "type": "custom_tool_call", "status": status}
    return item | {"call_id": call_id, "name": name, "input": text}


def local_shell_call(
    command: Sequence[str],
    *,
    call_id: str = "call_sim",
    item_id: str = "lsh_sim",
    status: str = "completed",
    working_directory: str | None = None,
) -> Item:
    """A command that the client is to run."""
    action: dict[str, Any] = {"type": "exec", "command": list(command), "timeout_ms": 120_000}
    action |= {"working_directory": working_directory, "env": {}, "user": None}
    item: Item = {"id": item_id, "type": "local_shell_call", "status": status}
    return item | {"call_id": call_id, "action": action}


def web_search_call(
    action: Mapping[str, Any] | None = None, *, item_id: str = "ws_sim", status: str = "completed"
) -> Item:
    """A search, a page opened, or a text looked for in a page."""
    item: Item = {"id": item_id, "type": "web_search_call", "status": status}
    return item if action is None else item | {"action": dict(action)}


def image_generation_call(
    result: str | None,
    *,
    revised_prompt: str | None = None,
    item_id: str = "ig_sim",
    status: str = "completed",
) -> Item:
    """A picture; `result` is base64."""
    item: Item = {"id": item_id, "type": "image_generation_call", "status": status}
    return item | {"revised_prompt": revised_prompt, "result": result}
