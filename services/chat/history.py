"""What goes back to the server: the whole conversation, made fit to be sent.

Source of the rules: docs/protocols/turns.md, "Sending history back".
"""

from collections.abc import Mapping, Sequence
from typing import Any

ABORTED = "aborted"

_OUTPUT_TYPES = {
    "function_call": "function_call_output",
    "local_shell_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "tool_search_call": "tool_search_output",
}
"""Calls that the client answers, and with which type of item."""
_OUTPUTS = frozenset(_OUTPUT_TYPES.values())
_PAIRED = frozenset(_OUTPUT_TYPES) | _OUTPUTS


def call_id(item: Mapping[str, Any]) -> str | None:
    """Id under which a call is answered, or None where `item` is no call that we answer."""
    kind = item.get("type")
    if kind not in _OUTPUT_TYPES:
        return None
    if kind == "tool_search_call" and item.get("execution") == "server":
        return None
    found = item.get("call_id") or item.get("id")
    return found if isinstance(found, str) else None


def output_of(call: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The item that answers `call` with `text`."""
    kind = _OUTPUT_TYPES[call["type"]]
    if kind == "tool_search_output":
        return {
            "type": kind,
            "call_id": call_id(call),
            "status": "failed",
            "execution": "client",
            "tools": [],
        }
    return {"type": kind, "call_id": call_id(call), "output": text}


def fit(
    history: Sequence[Mapping[str, Any]],
    *,
    without_encrypted: bool = False,
    without_reasoning_before: int = 0,
) -> tuple[Mapping[str, Any], ...]:
    """The history as it is sent: every call has its output, and every output its call.

    Args:
        history: Wire items in order.
        without_encrypted: Leave out what only the server that made it can read.
        without_reasoning_before: Leave out reasoning among this many items from the start.
    """
    kept: Sequence[Mapping[str, Any]] = history
    if without_encrypted or without_reasoning_before:
        kept = [
            item
            for index, item in enumerate(history)
            if not (without_encrypted and item.get("encrypted_content"))
            and not (index < without_reasoning_before and item.get("type") == "reasoning")
        ]
    pairs = [item for item in kept if item.get("type") in _PAIRED]
    calls = {key for item in pairs if (key := call_id(item)) is not None}
    outputs = {item.get("call_id") for item in pairs if _is_output(item)}
    if calls == outputs:
        return tuple(kept)
    fitted: list[Mapping[str, Any]] = []
    for item in kept:
        if _is_output(item) and item.get("call_id") not in calls:
            continue
        fitted.append(item)
        key = call_id(item)
        if key is not None and key not in outputs:
            fitted.append(output_of(item, ABORTED))
    return tuple(fitted)


def said(text: str) -> dict[str, Any]:
    """A reply that broke off, as the assistant message that it had become."""
    return {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text}],
    }


def _is_output(item: Mapping[str, Any]) -> bool:
    if item.get("type") == "tool_search_output" and item.get("execution") == "server":
        return False
    return item.get("type") in _OUTPUTS
