"""Output items of the wire as items of a transcript, and as what goes back to the server.

Rules: docs/protocols/turns.md, "Items".
"""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from services.clean import clean, clean_code, clean_line
from services.inference.calls import shown_call
from services.models.chat import (
    CallStatus,
    Citation,
    Item,
    Reasoning,
    Reply,
    ToolCall,
    UnknownItem,
    WebSearch,
)
from services.wire.items import (
    CompactionItem,
    CustomCallItem,
    FunctionCallItem,
    ImageItem,
    ImagePart,
    MessageItem,
    OtherItem,
    ReasoningItem,
    RefusalPart,
    ShellCallItem,
    TextPart,
    ToolSearchItem,
    ToolSearchOutputItem,
    WebSearchItem,
    WireItem,
)
from services.wire.reading import as_list, as_object, as_text

Raw: TypeAlias = dict[str, Any]

_ID_PREFIXES: Final = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "custom_tool_call": "ctc_",
    "web_search_call": "ws_",
}
_SHOWN_STRING: Final = 2000
_SHOWN_RAW: Final = 64 * 1024
_URL_LIMIT: Final = 2000
_LIST_LIMIT: Final = 100
PLACEHOLDER: Final = "<!-- -->"
"""Stands in a summary where the server has nothing to say."""
_GLUED: Final = re.compile(r"(?<=[^\s*])\*\*\*\*(?=[^\s*])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One item, for the screen and for the server."""

    item: Item
    raw: Raw | None
    """None for what is not sent back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an item carries that the wire does not say."""

    id: str
    turn_id: str
    new_call_id: Callable[[], str]
    """Makes an id for a call that came without one."""
    seconds: float | None = None


def make_item(wire: WireItem, members: Raw, place: Place) -> Made:
    """Turn a wire item into both of its forms.

    Args:
        wire: The parsed item.
        members: The same as it came, for items that are shown raw.
        place: Ids and duration.
    """
    match wire:
        case MessageItem():
            return _message(wire, place)
        case ReasoningItem():
            return _reasoning(wire, place)
        case FunctionCallItem():
            return _function_call(wire, place)
        case CustomCallItem():
            return _custom_call(wire, place)
        case ShellCallItem():
            return _shell_call(wire, place)
        case ToolSearchItem():
            return _tool_search(wire, place)
        case WebSearchItem():
            return _web_search(wire, place)
        case ImageItem():
            raw = _present(
                type=wire.type,
                id=wire.id,
                status=wire.status,
                revised_prompt=wire.revised_prompt,
                result=wire.result,
            )
            return Made(item=_unknown(wire.type, members, place), raw=raw)
        case CompactionItem():
            raw = _present(type="compaction", encrypted_content=wire.encrypted_content)
            return Made(item=_unknown(wire.type, members, place), raw=raw)
        case ToolSearchOutputItem():
            raw = _present(
                type=wire.type,
                call_id=wire.call_id,
                status=wire.status,
                execution=wire.execution,
                tools=wire.tools,
            )
            return Made(item=_unknown(wire.type, members, place), raw=raw)
        case OtherItem():
            return Made(item=_unknown(wire.type, members, place), raw=None)


def said_raw(text: str, phase: str | None = None, refusal: str = "") -> Raw:
    """A message of the model, as the history holds it."""
    content: list[Raw] = [{"type": "output_text", "text": text}] if text or not refusal else []
    if refusal:
        content.append({"type": "refusal", "refusal": refusal})
    return _present(type="message", role="assistant", content=content, phase=phase)


def tidy_summary(text: str) -> str:
    """A reasoning summary without placeholders, its headings apart from each other."""
    text = text.replace(PLACEHOLDER, "")
    return _GLUED.sub("**\n\n**", text) if "****" in text else text


def _present(**members: object) -> Raw:
    return {name: value for name, value in members.items() if value is not None}


def _own_id(kind: str, value: str | None) -> str | None:
    """An id that fits its type; others are not sent back."""
    prefix = _ID_PREFIXES.get(kind)
    return value if value and prefix and value.startswith(prefix) else None


def _message(wire: MessageItem, place: Place) -> Made:
    texts: list[str] = []
    refusals: list[str] = []
    parts: list[Raw] = []
    citations: list[Citation] = []
    for part in wire.content:
        match part:
            case TextPart():
                citations.extend(
                    citation
                    for annotation in (part.annotations or ())[:_LIST_LIMIT]
                    if (citation := make_citation(annotation)) is not None
                )
                texts.append(part.text)
                parts.append(
                    _present(
                        type="input_text" if wire.role == "user" else "output_text",
                        text=part.text,
                        annotations=part.annotations,
                        logprobs=part.logprobs,
                    )
                )
            case RefusalPart():
                refusals.append(part.refusal)
                parts.append({"type": "refusal", "refusal": part.refusal})
            case ImagePart():
                parts.append(_present(type=part.type, image_url=part.image_url, detail=part.detail))
    role = wire.role if wire.role in {"user", "developer", "assistant"} else "assistant"
    raw = _present(
        type="message",
        id=_own_id("message", wire.id),
        role=role,
        content=parts,
        phase=wire.phase,
        status=wire.status,
    )
    reply = Reply(
        id=place.id,
        turn_id=place.turn_id,
        text=clean("".join(texts)),
        refusal=clean("".join(refusals)),
        phase=clean_line(wire.phase, 40) if wire.phase else None,
        citations=tuple(citations),
    )
    return Made(item=reply, raw=raw if parts else None)


def make_citation(annotation: object) -> Citation | None:
    """A source with an address that a browser may open, or None."""
    members = as_object(annotation)
    url = shown_url(members.get("url"))
    if members.get("type") != "url_citation" or url is None:
        return None
    start, end = members.get("start_index"), members.get("end_index")
    first = start if isinstance(start, int) and start >= 0 else 0
    last = end if isinstance(end, int) and end >= first else first
    title = clean_line(as_text(members.get("title")) or "")
    return Citation(url=url, title=title, start=min(first, 2**31), end=min(last, 2**31))


def shown_url(value: object) -> str | None:
    """A clean http or https address, or None. It is shown, never fetched."""
    if not isinstance(value, str) or not value.lower().startswith(("http://", "https://")):
        return None
    return clean_line(clean_code(value[: _URL_LIMIT * 2]), _URL_LIMIT)


def _reasoning(wire: ReasoningItem, place: Place) -> Made:
    summary = [
        text
        for part in wire.summary
        if (text := tidy_summary(as_text(as_object(part).get("text")) or "").strip())
    ]
    detail = [
        text
        for part in wire.content or ()
        if (text := as_text(as_object(part).get("text"))) is not None
    ]
    raw: Raw = _present(
        type="reasoning",
        id=_own_id("reasoning", wire.id),
        summary=wire.summary,
        content=wire.content,
        encrypted_content=wire.encrypted_content,
    )
    item = Reasoning(
        id=place.id,
        turn_id=place.turn_id,
        summary=clean("\n\n".join(summary)),
        detail=clean("".join(detail)),
        seconds=place.seconds,
    )
    return Made(item=item, raw=raw)


def _call_id(value: str | None, place: Place) -> str:
    return value or place.new_call_id()


def _as_json_text(value: object) -> str:
    """Arguments as the string that they should have been."""
    if isinstance(value, str):
        return value
    return "{}" if value is None else json.dumps(value, ensure_ascii=False)


def _call(place: Place, call_id: str, name: str, arguments: str) -> ToolCall:
    return shown_call(
        id=place.id, turn_id=place.turn_id, call_id=call_id, name=name, arguments=arguments
    )


def _function_call(wire: FunctionCallItem, place: Place) -> Made:
    call_id = _call_id(wire.call_id, place)
    arguments = _as_json_text(wire.arguments)
    raw = _present(
        type=wire.type,
        id=_own_id(wire.type, wire.id),
        call_id=call_id,
        name=wire.name,
        namespace=wire.namespace,
        arguments=arguments,
        status=wire.status,
    )
    return Made(item=_call(place, call_id, wire.name, arguments), raw=raw)


def _custom_call(wire: CustomCallItem, place: Place) -> Made:
    call_id = _call_id(wire.call_id, place)
    text = "" if wire.input is None else _as_json_text(wire.input)
    raw = _present(
        type=wire.type,
        id=_own_id(wire.type, wire.id),
        call_id=call_id,
        name=wire.name,
        input=text,
        status=wire.status,
    )
    return Made(item=_call(place, call_id, wire.name, text), raw=raw)


def _shell_call(wire: ShellCallItem, place: Place) -> Made:
    call_id = _call_id(wire.call_id or wire.id, place)
    action = as_object(wire.action)
    command = as_text(action.get("command")) or shlex.join(
        word if isinstance(word, str) else str(word)
        for word in as_list(action.get("command"))[:1000]
    )
    raw = _present(type=wire.type, call_id=call_id, status=wire.status, action=action)
    return Made(item=_call(place, call_id, "local_shell", command), raw=raw)


def _tool_search(wire: ToolSearchItem, place: Place) -> Made:
    call_id = _call_id(wire.call_id, place)
    raw = _present(
        type=wire.type,
        call_id=call_id,
        execution=wire.execution,
        arguments=wire.arguments,
        status=wire.status,
    )
    item = _call(place, call_id, "tool_search", _as_json_text(wire.arguments))
    # It runs at the server, and nobody here answers it.
    return Made(item=replace(item, status=CallStatus.DONE), raw=raw)


_SEARCH_ACTIONS: Final = {
    "search": ("query", "queries"),
    "open_page": ("url",),
    "find_in_page": ("url", "pattern"),
}
_SEARCH_STATUS: Final = {
    "completed": CallStatus.DONE,
    "failed": CallStatus.FAILED,
    "incomplete": CallStatus.FAILED,
}


def _web_search(wire: WebSearchItem, place: Place) -> Made:
    action = as_object(wire.action)
    kind = as_text(action.get("type")) or "search"
    queries = [text for text in as_list(action.get("queries")) if isinstance(text, str)]
    query = as_text(action.get("query")) or as_text(action.get("pattern"))
    if query and query not in queries:
        queries.insert(0, query)
    page = shown_url(action.get("url"))
    known = _SEARCH_ACTIONS.get(kind)
    echoed: Raw | None = None
    if action:
        names = known or ()
        echoed = {"type": kind if known else "other"}
        echoed.update({name: action[name] for name in names if name in action})
    raw = _present(
        type=wire.type, id=_own_id(wire.type, wire.id), status=wire.status, action=echoed
    )
    item = WebSearch(
        id=place.id,
        turn_id=place.turn_id,
        action=clean_line(kind, 40),
        queries=tuple(clean_line(text) for text in queries[:_LIST_LIMIT]),
        pages=(page,) if page else (),
        status=_SEARCH_STATUS.get(wire.status or "", CallStatus.RUNNING),
        seconds=place.seconds,
    )
    return Made(item=item, raw=raw)


def _unknown(kind: str, members: Raw, place: Place) -> UnknownItem:
    text = json.dumps(_shortened(members), indent=2, ensure_ascii=False)
    return UnknownItem(
        id=place.id,
        turn_id=place.turn_id,
        type=clean_line(kind, 60),
        raw=clean_code(text[:_SHOWN_RAW]),
    )


def _shortened(value: object) -> object:
    """`value` with long strings cut: nobody reads a picture in base64."""
    if isinstance(value, str) and len(value) > _SHOWN_STRING:
        return f"{value[:80]}… ({len(value)} characters)"
    if members := as_object(value):
        return {name: _shortened(member) for name, member in members.items()}
    if elements := as_list(value):
        return [_shortened(element) for element in elements]
    return value
