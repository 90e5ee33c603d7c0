"""What a request asks, read from the body of either wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

Wire: TypeAlias = Literal["responses", "chat"]

CONTEXT_STARTS = ("<environment_context>", "<user_instructions>", "<permissions", "# AGENTS.md")
"""How messages begin that a client sends in the user's name but the user did not write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """Output of a tool that the client ran."""

    call_id: str
    name: str
    """Of the tool; empty where the call is not in the history."""
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A request, as a story sees it."""

    wire: Wire
    model: str
    prompts: tuple[str, ...]
    """What the user wrote, oldest first."""
    results: tuple[ToolResult, ...]
    """Outputs of tools since the last prompt."""
    tools: frozenset[str]
    """Names of the tools that are offered."""
    characters: int
    """Length of the whole request, from which its tokens are estimated."""
    is_continued: bool = False
    """Whether the model has spoken since the last prompt."""
    tries: int = 0
    """How many times the same was asked before."""

    @property
    def prompt(self) -> str:
        """What the user wrote last."""
        return self.prompts[-1] if self.prompts else ""

    @property
    def previous(self) -> str:
        """What the user wrote before that; empty in the first turn."""
        return self.prompts[-2] if len(self.prompts) > 1 else ""

    @property
    def turn(self) -> int:
        """Number of this turn, from 1."""
        return max(1, len(self.prompts))


def read_conversation(wire: Wire, body: Mapping[str, Any], size: int) -> Conversation:
    """The conversation of a request body that was found valid; `size` in bytes."""
    entries = _entries(body.get("input" if wire == "responses" else "messages"))
    prompts: list[str] = []
    results: list[ToolResult] = []
    names: dict[str, str] = {}
    is_continued = False
    for entry in entries:
        names |= _calls(entry)
        text = _text(entry.get("content"))
        if entry.get("role") == "user":
            if not text.lstrip().startswith(CONTEXT_STARTS):
                prompts.append(text)
                results.clear()
                is_continued = False
        elif entry.get("role") == "assistant":
            is_continued = True
        elif entry.get("role") == "tool" or str(entry.get("type")).endswith("_output"):
            call_id = str(entry.get("call_id") or entry.get("tool_call_id") or "")
            output = _text(entry.get("output", entry.get("content")))
            name = names.get(call_id, "")
            results.append(ToolResult(call_id=call_id, name=name, output=output))
    return Conversation(
        wire=wire,
        model=str(body.get("model")),
        prompts=tuple(prompts),
        results=tuple(results),
        tools=frozenset(_tool_names(body.get("tools"))),
        characters=size,
        is_continued=is_continued,
    )


def _entries(value: object) -> Sequence[Mapping[str, Any]]:
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list):
        return []
    entries = cast("list[object]", value)
    return [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = _entries(content)
    return "\n".join(str(part["text"]) for part in parts if isinstance(part.get("text"), str))


def _calls(entry: Mapping[str, Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    if str(entry.get("type")).endswith("_call"):
        name = str(entry.get("name") or "shell")
        names[str(entry.get("call_id"))] = name
    for call in _entries(entry.get("tool_calls")):
        function = cast("dict[str, Any]", call.get("function") or call.get("custom") or {})
        names[str(call.get("id"))] = str(function.get("name"))
    return names


def _tool_names(value: object) -> list[str]:
    names: list[str] = []
    for tool in _entries(value):
        function = cast("dict[str, Any]", tool.get("function") or {})
        names.append(str(tool.get("name") or function.get("name") or tool.get("type")))
        names += [f"{tool.get('name')}.{inner}" for inner in _tool_names(tool.get("tools"))]
    return names
