"""Values of a chat as text in a column, and back. Rules of the format: docs/store.md.

Writing takes anything: lone surrogates, numbers of any size, nesting of any depth. Reading gives
an `UnknownItem` for whatever it does not understand, so that no row ever costs a chat.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias, cast

from services.clean import clean_code
from services.models.chat import (
    Attachment,
    CallStatus,
    Citation,
    ErrorCard,
    Item,
    Notice,
    QueuedMessage,
    Reasoning,
    Reply,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from services.models.failure import Failure, FailureKind

VERSION: Final = 1
"""Written as `v`; a row with a higher one is not taken apart."""
_DEPTH: Final = 100
_LARGEST: Final = 1e308

Reader: TypeAlias = Callable[[Any], Any]
_COLUMNS: Final = frozenset({"id", "turn_id"})


def dump(value: object) -> str:
    """JSON of any value, never raising; readable text stays readable, for searching."""
    # Escapes keep what no column takes as it is; but a search would not find other words in them.
    for is_escaped in (False, True):
        try:
            text = json.dumps(value, ensure_ascii=is_escaped, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError):
            break
        if _is_storable(text):
            return text
    return json.dumps(_tame(value, _DEPTH), separators=(",", ":"))


def storable(text: str) -> str:
    """A text that a column takes: U+FFFD for each lone surrogate."""
    if _is_storable(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def encode_item(item: Item) -> tuple[str, str]:
    """Kind and value of an item; its ids have columns of their own."""
    kind = _KINDS.get(type(item))
    assert kind is not None
    return kind, dump({"v": VERSION, **_members(item)})


def decode_item(item_id: str, turn_id: str, kind: str, value: str) -> Item:
    """The item of a row, or an `UnknownItem` with what the row holds."""
    try:
        cls, readers = _READERS[kind]
        data = json.loads(value)
        if data.pop("v") > VERSION:
            raise ValueError
        read = {name: readers[name](part) for name, part in data.items()}
        return cls(id=item_id, turn_id=turn_id, **read)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return UnknownItem(id=item_id, turn_id=turn_id, type=clean_code(kind), raw=_shown(value))


def encode_queued(message: QueuedMessage) -> str:
    """Value of a message that waits."""
    return dump({"v": VERSION, **_members(message)})


def decode_queued(queued_id: str, value: str) -> QueuedMessage:
    """The message of a row; of one that cannot be read, what it holds as text."""
    try:
        data = json.loads(value)
        return QueuedMessage(
            id=queued_id,
            text=_text(data["text"]),
            attachments=_attachments(data.get("attachments", [])),
            not_before=_or_none(_number)(data.get("not_before")),
            holder=_text(data.get("holder", "")),
            window_id=_text(data.get("window_id", "")),
            period=_whole(data.get("period", 0)),
            needs_percent=_number(data.get("needs_percent", 0.0)),
            retries=_text(data.get("retries", "")),
        )
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return QueuedMessage(id=queued_id, text=_shown(value))


def decode_raw(raw: str) -> Mapping[str, Any] | None:
    """A wire item as it was stored, or None where the row is damaged."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) else None


def _members(value: Any) -> dict[str, Any]:
    """Fields that differ from their default: a row without a new field stays readable by old code.

    So a default, once released, never changes.
    """
    members: dict[str, Any] = {}
    for field in fields(value):
        member = getattr(value, field.name)
        if field.name not in _COLUMNS and (field.default is MISSING or member != field.default):
            members[field.name] = _plain(member)
    return members


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in cast("tuple[Any, ...]", value)]
    if is_dataclass(value):
        return _members(value)
    return value


def _tame(value: object, depth: int) -> Any:
    """A copy that JSON can hold: what is too deep, too large or of no JSON type becomes text."""
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return {str(name): _tame(part, depth - 1) for name, part in members.items()}
    if isinstance(value, list | tuple):
        return [_tame(part, depth - 1) for part in cast("list[object]", value)]
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() <= 1024:
            return value
        return _LARGEST if value > 0 else -_LARGEST
    if value is None or isinstance(value, str | bool | float):
        return value
    return type(value).__name__


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: str) -> str:
    try:
        text = json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = value
    return clean_code(text)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _or_none(reader: Reader) -> Reader:
    return lambda value: None if value is None else reader(value)


def _word(words: type[StrEnum]) -> Reader:
    return lambda value: words(_text(value))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(part) for part in _list(value))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return cast("list[Any]", value)


def _record(cls: Callable[..., Any], readers: Mapping[str, Reader]) -> Reader:
    return lambda value: cls(**{name: readers[name](part) for name, part in value.items()})


_attachment = _record(
    Attachment, {"name": _text, "path": _text, "media_type": _text, "size": _whole}
)
_citation = _record(Citation, {"url": _text, "title": _text, "start": _whole, "end": _whole})
_failure = _record(
    Failure,
    {
        "kind": _word(FailureKind),
        "message": _text,
        "next_step": _text,
        "status": _or_none(_whole),
        "request_id": _or_none(_text),
        "retry_at": _or_none(_number),
        "code": _or_none(_text),
    },
)


def _attachments(value: Any) -> tuple[Attachment, ...]:
    return tuple(_attachment(part) for part in _list(value))


def _citations(value: Any) -> tuple[Citation, ...]:
    return tuple(_citation(part) for part in _list(value))


_READERS: Final[Mapping[str, tuple[Callable[..., Item], Mapping[str, Reader]]]] = {
    "user": (UserMessage, {"text": _text, "attachments": _attachments, "at": _number}),
    "reply": (
        Reply,
        {
            "text": _text,
            "refusal": _text,
            "phase": _or_none(_text),
            "citations": _citations,
            "is_partial": _flag,
        },
    ),
    "reasoning": (
        Reasoning,
        {"summary": _text, "detail": _text, "seconds": _or_none(_number)},
    ),
    "tool_call": (
        ToolCall,
        {
            "call_id": _text,
            "name": _text,
            "arguments": _text,
            "output": _or_none(_text),
            "exit_code": _or_none(_whole),
            "status": _word(CallStatus),
            "seconds": _or_none(_number),
        },
    ),
    "web_search": (
        WebSearch,
        {
            "action": _text,
            "queries": _texts,
            "pages": _texts,
            "status": _word(CallStatus),
            "seconds": _or_none(_number),
        },
    ),
    "unknown": (UnknownItem, {"type": _text, "raw": _text}),
    "notice": (Notice, {"text": _text}),
    "error": (ErrorCard, {"failure": _failure}),
}
_KINDS: Final = {cls: kind for kind, (cls, _) in _READERS.items()}
