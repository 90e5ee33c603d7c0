"""Items whose end never came, or came without what their deltas had brought."""

from dataclasses import replace

from services.clean import clean_line
from services.inference.items import Made, Place, make_item, said_raw
from services.inference.open_item import OpenItem
from services.models.chat import CallStatus, Reasoning, Reply, ToolCall, WebSearch
from services.wire.items import (
    CompactionItem,
    CustomCallItem,
    FunctionCallItem,
    MessageItem,
    WireItem,
)


def without_end(entry: OpenItem, place: Place, *, is_partial: bool) -> Made:
    """An item from nothing but how it began and what deltas have brought."""
    match entry.kind:
        case "message":
            return _message(entry, place, is_partial=is_partial)
        case "reasoning":
            reasoning = Reasoning(
                id=place.id,
                turn_id=place.turn_id,
                summary=entry.shown("reasoning"),
                detail=entry.shown("reasoning_detail"),
                seconds=place.seconds,
            )
            return Made(item=reasoning, raw=None)
        case "call":
            return _call(entry, place)
        case "search" | "other":
            wire = entry.wire
            assert wire is not None
            made = make_item(wire, wire.model_dump(), place)
            if isinstance(made.item, WebSearch):
                status = CallStatus.DONE if entry.is_whole else CallStatus.FAILED
                return Made(item=replace(made.item, status=status), raw=None)
            return Made(item=made.item, raw=None)


def _message(entry: OpenItem, place: Place, *, is_partial: bool) -> Made:
    text, refusal = entry.raw_text("text"), entry.raw_text("refusal")
    phase = entry.wire.phase if isinstance(entry.wire, MessageItem) else None
    reply = Reply(
        id=place.id,
        turn_id=place.turn_id,
        text=entry.shown("text"),
        refusal=entry.shown("refusal"),
        phase=clean_line(phase, 40) if phase else None,
        citations=tuple(entry.citations),
        is_partial=is_partial,
    )
    return Made(item=reply, raw=said_raw(text, phase, refusal) if text or refusal else None)


def _call(entry: OpenItem, place: Place) -> Made:
    """A call without its done item: it counts only if all of its arguments came."""
    arguments = entry.raw_text("arguments")
    wire = entry.wire
    if isinstance(wire, CustomCallItem):
        wire = wire.model_copy(update={"input": arguments or wire.input})
    elif isinstance(wire, FunctionCallItem):
        wire = wire.model_copy(update={"arguments": arguments or wire.arguments})
    elif wire is None and entry.is_custom:
        wire = CustomCallItem(
            type="custom_tool_call",
            call_id=entry.call_id or None,
            name=entry.name,
            input=arguments,
        )
    elif wire is None:
        wire = FunctionCallItem(
            type="function_call",
            call_id=entry.call_id or None,
            name=entry.name,
            arguments=arguments or "{}",
        )
    made = make_item(wire, {}, place)
    if not isinstance(made.item, ToolCall) or (entry.is_whole and made.item.name):
        return made
    if not entry.is_shown:
        return made
    return Made(item=replace(made.item, status=CallStatus.FAILED), raw=None)


def filled(made: Made, wire: WireItem, entry: OpenItem) -> Made:
    """A done item that came without what its deltas had brought keeps what they brought."""
    item = made.item
    if isinstance(item, Reply) and not item.text and not item.refusal:
        text, refusal = entry.raw_text("text"), entry.raw_text("refusal")
        if text or refusal:
            phase = wire.phase if isinstance(wire, MessageItem) else None
            item = replace(item, text=entry.shown("text"), refusal=entry.shown("refusal"))
            return Made(item=item, raw=said_raw(text, phase, refusal))
    if isinstance(item, Reply) and not item.citations and entry.citations:
        return Made(item=replace(item, citations=tuple(entry.citations)), raw=made.raw)
    if isinstance(item, Reasoning):
        item = replace(
            item,
            summary=item.summary or entry.shown("reasoning"),
            detail=item.detail or entry.shown("reasoning_detail"),
        )
        return Made(item=item, raw=made.raw)
    if isinstance(wire, CompactionItem) and not wire.encrypted_content:
        return Made(item=item, raw=None)
    return made
