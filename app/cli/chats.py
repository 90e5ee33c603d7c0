"""`foredeck chats`: conversations on this machine."""

import json
import time
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from app.cli.output import EXIT_OK, Output, failure_values
from services.models.chat import (
    ChatSummary,
    ErrorCard,
    Item,
    Notice,
    Reasoning,
    Reply,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from services.store.chats import ChatStore

SHOWN_ID = 8
"""Characters of an id in the list; a prefix of 6 is enough to name a chat."""

_TYPES: dict[type, str] = {
    UserMessage: "user_message",
    Reply: "reply",
    Reasoning: "reasoning",
    ToolCall: "tool_call",
    WebSearch: "web_search",
    UnknownItem: "unknown",
    Notice: "notice",
    ErrorCard: "error",
}


async def run(store: ChatStore, arguments: Namespace, output: Output) -> int:
    """List the chats, or show one."""
    if arguments.chats_command == "list":
        await _list(store, arguments, output)
    else:
        await _show(store, arguments, output)
    return EXIT_OK


async def _list(store: ChatStore, arguments: Namespace, output: Output) -> None:
    chats = await store.summaries(limit=arguments.limit)
    if output.is_json:
        output.document({"chats": [_values(chat) for chat in chats]})
        return
    output.table(
        ("id", "updated", "turns", "model", "title"),
        [
            (
                chat.id[:SHOWN_ID] if output.is_terminal else chat.id,
                time.strftime("%Y-%m-%d %H:%M", time.localtime(chat.updated_at)),
                str(chat.turns),
                chat.model or "",
                chat.title,
            )
            for chat in chats
        ],
    )


async def _show(store: ChatStore, arguments: Namespace, output: Output) -> None:
    chat = await store.load(await store.resolve(arguments.chat))
    if output.is_json:
        items = [_item_values(item) for item in chat.items]
        output.document(_values(chat.summary) | {"draft": chat.draft, "items": items})
        return
    failed = {item.turn_id for item in chat.items if isinstance(item, ErrorCard)}
    blocks = [text for item in chat.items if (text := _block(item, failed))]
    output.write("\n\n".join(blocks) + "\n" if blocks else "")


def _values(chat: ChatSummary) -> dict[str, Any]:
    return asdict(chat)


def _item_values(item: Item) -> dict[str, Any]:
    if isinstance(item, ErrorCard):
        values: dict[str, Any] = {"id": item.id, "turn_id": item.turn_id}
        return values | {"type": _TYPES[ErrorCard], "failure": failure_values(item.failure)}
    if isinstance(item, UnknownItem):
        return asdict(item) | {"type": item.type}
    return {"type": _TYPES[type(item)]} | asdict(item)


def _block(item: Item, failed: set[str]) -> str:
    """An item as Markdown; turns that failed were not interrupted by anyone."""
    match item:
        case UserMessage(text=text, attachments=attachments):
            names = "".join(f"\n[{each.name}]" for each in attachments)
            return "\n".join(f"> {line}".rstrip() for line in f"{text}{names}".splitlines())
        case Reply(text=text, refusal=refusal, is_partial=is_partial):
            whole = "\n\n".join(part for part in (text, refusal) if part)
            why = "broke off" if item.turn_id in failed else "interrupted"
            return f"{whole}\n\n({why})" if is_partial else whole
        case Reasoning():
            return ""
        case ToolCall(name=name, arguments=arguments, output=result):
            return f"```\n{name} {arguments}\n{result or ''}".rstrip() + "\n```"
        case WebSearch(queries=queries, pages=pages):
            return f"(searched the web: {', '.join(queries or pages)})"
        case UnknownItem(raw=raw):
            return f"```json\n{raw}\n```"
        case Notice(text=text):
            return f"({text})"
        case ErrorCard(failure=failure):
            return f"(error: {json.dumps(failure.message, ensure_ascii=False)[1:-1]})"
