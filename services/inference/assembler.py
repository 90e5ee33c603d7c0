"""Puts the items of one response together from events that may come in any order.

Rules: docs/protocols/turns.md, "Assembling".
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from typing import Any, Final

from services.clock import Clock
from services.inference.items import Made, Place, make_citation, make_item
from services.inference.open_item import Channel, Kind, OpenItem, kind_of
from services.inference.stream import ItemDone, ItemOpened, PhaseChanged, StreamValue, Text
from services.inference.unfinished import filled, without_end
from services.models.chat import Reasoning, Reply, ToolCall, TurnPhase, WebSearch
from services.wire.items import WireItem, parse_item
from services.wire.reading import as_object
from services.wire.responses import (
    AnnotationEvent,
    DeltaEvent,
    ItemEvent,
    SearchEvent,
    TextEvent,
)

_CHANNELS: Final[dict[str, Channel]] = {
    "response.output_text.delta": "text",
    "response.output_text.done": "text",
    "response.refusal.delta": "refusal",
    "response.refusal.done": "refusal",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_summary_text.done": "reasoning",
    "response.reasoning_text.delta": "reasoning_detail",
    "response.reasoning_text.done": "reasoning_detail",
    "response.function_call_arguments.delta": "arguments",
    "response.function_call_arguments.done": "arguments",
    "response.custom_tool_call_input.delta": "arguments",
    "response.custom_tool_call_input.done": "arguments",
}
_KINDS: Final[dict[Channel, Kind]] = {
    "text": "message",
    "refusal": "message",
    "reasoning": "reasoning",
    "reasoning_detail": "reasoning",
    "arguments": "call",
}
_PHASES: Final[dict[Kind, TurnPhase]] = {
    "message": TurnPhase.ANSWERING,
    "reasoning": TurnPhase.THINKING,
    "call": TurnPhase.CALLING,
    "search": TurnPhase.SEARCHING,
}


class Assembler:
    """State of one response, or of one try of it.

    Args:
        turn_id: Put into the items.
        new_id: Makes ids that are never used again.
        clock: Measures how long the model thought.
        seen: Keys of items that are done, shared by the tries of one request: a server that
            answers again from the start repeats them.
    """

    def __init__(
        self, *, turn_id: str, new_id: Callable[[], str], clock: Clock, seen: set[Hashable]
    ) -> None:
        self.kept: list[dict[str, Any]] = []
        """Wire items that are done, for the history."""
        self.has_calls = False
        self._turn_id = turn_id
        self._new_id = new_id
        self._clock = clock
        self._seen = seen
        self._open: list[OpenItem] = []
        self._by_id: dict[object, OpenItem] = {}
        self._by_index: dict[object, OpenItem] = {}
        self._phase: TurnPhase | None = None

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Items that have begun and are not done."""
        return tuple(entry.id for entry in self._open)

    def phase(self, phase: TurnPhase) -> Iterator[StreamValue]:
        """Say that the model does something else, if it does."""
        if phase is not self._phase:
            self._phase = phase
            yield PhaseChanged(phase=phase)

    def item(self, event: ItemEvent) -> Iterator[StreamValue]:
        """An item began or is done."""
        wire = parse_item(event.item)
        if wire is None:
            return
        members = as_object(event.item)
        index = event.output_index if isinstance(event.output_index, int) else None
        if event.type == "response.output_item.added":
            yield from self._begin(wire, members, index)
        else:
            yield from self._end(wire, members, index)

    def delta(self, event: DeltaEvent) -> Iterator[StreamValue]:
        """More of one text."""
        channel = _CHANNELS[event.type]
        part = event.summary_index if channel == "reasoning" else event.content_index
        return self.add(channel, event.delta, event.item_id, event.output_index, part)

    def add(
        self,
        channel: Channel,
        text: str,
        item_id: object = None,
        output_index: object = None,
        part: object = None,
    ) -> Iterator[StreamValue]:
        """Add text to the item that it belongs to, or to one that this opens."""
        if not text:
            return
        entry = self._by_id.get(item_id) if isinstance(item_id, str) else None
        if entry is None or entry.kind != _KINDS[channel]:
            if isinstance(item_id, str) and ("id", item_id) in self._seen:
                return
            entry = self._route(_KINDS[channel], item_id, output_index)
            if entry is None:
                entry = OpenItem(
                    id=self._new_id(), kind=_KINDS[channel], started_at=self._clock.monotonic()
                )
                yield from self._open_up(entry, self._blank(entry), item_id, output_index)
        if shown := entry.add(channel, part if isinstance(part, int) else 0, text):
            yield from self.phase(_PHASES[entry.kind])
            yield Text(item_id=entry.id, channel=channel, text=shown)

    def whole(self, event: TextEvent) -> Iterator[StreamValue]:
        """One text is whole: what deltas did not bring of it is added."""
        channel = _CHANNELS[event.type]
        text = event.whole
        if text is None:
            return
        part = event.summary_index if channel == "reasoning" else event.content_index
        number = part if isinstance(part, int) else 0
        entry = self._by_id.get(event.item_id) if isinstance(event.item_id, str) else None
        if entry is None or entry.kind != _KINDS[channel]:
            entry = self._route(_KINDS[channel], event.item_id, event.output_index)
        so_far = entry.text_of(channel, number) if entry is not None else ""
        if text.startswith(so_far):
            rest = text[len(so_far) :]
            yield from self.add(channel, rest, event.item_id, event.output_index, number)
        if entry is not None:
            entry.settle(channel, number, text)

    def annotate(self, event: AnnotationEvent) -> None:
        """A text names a source; kept for the case that the item never ends."""
        entry = self._by_id.get(event.item_id) if isinstance(event.item_id, str) else None
        entry = entry or self._route("message", event.item_id, event.output_index)
        citation = make_citation(event.annotation)
        if entry is not None and citation is not None:
            entry.citations.append(citation)

    def search(self, event: SearchEvent) -> Iterator[StreamValue]:
        """A web search goes on or is over; its details come with the item."""
        if event.type == "response.web_search_call.completed":
            entry = self._by_id.get(event.item_id) if isinstance(event.item_id, str) else None
            entry = entry or self._route("search", event.item_id, event.output_index)
            if entry is not None:
                entry.is_whole = True
            yield from self.phase(TurnPhase.THINKING)
        else:
            yield from self.phase(TurnPhase.SEARCHING)

    def close(self, kind: Kind, *, is_partial: bool = False) -> Iterator[StreamValue]:
        """Items of one kind are done, as far as deltas had brought them."""
        for entry in [entry for entry in self._open if entry.kind == kind]:
            yield from self._close(entry, is_partial=is_partial)

    def finish(self, *, is_partial: bool = False) -> Iterator[StreamValue]:
        """The response is over: what never got its end is done as it stands."""
        for entry in list(self._open):
            yield from self._close(entry, is_partial=is_partial)

    def name_call(self, item_id: str, call_id: str, name: str) -> None:
        """Say what an open call is called, where that did not come with an item."""
        entry = self._by_id.get(item_id)
        if entry is not None:
            entry.call_id = call_id or entry.call_id
            entry.name = name or entry.name

    def open_call(
        self, item_id: str, call_id: str, name: str, *, is_custom: bool
    ) -> Iterator[StreamValue]:
        """Open a call that comes in pieces."""
        entry = OpenItem(id=self._new_id(), kind="call", started_at=self._clock.monotonic())
        entry.call_id, entry.name, entry.is_custom = call_id, name, is_custom
        yield from self.phase(TurnPhase.CALLING)
        yield from self._open_up(entry, self._blank(entry), item_id, None)

    def settle_call(self, item_id: str) -> None:
        """All of an open call's arguments are here."""
        entry = self._by_id.get(item_id)
        if entry is not None:
            entry.is_whole = True

    def _begin(
        self, wire: WireItem, members: dict[str, Any], index: int | None
    ) -> Iterator[StreamValue]:
        if self._is_seen(wire):
            return
        kind = kind_of(wire)
        found = self._by_id.get(wire.id) if wire.id else None
        if found is None and index is not None:
            candidate = self._by_index.get(index)
            # A delta came first, or the server says twice that an item began.
            if (
                candidate is not None
                and candidate.kind == kind
                and not (wire.id and candidate.server_id)
            ):
                found = candidate
        if found is not None:
            found.wire = found.wire or wire
            self._register(found, wire.id, index)
            return
        entry = OpenItem(
            id=self._new_id(), kind=kind, started_at=self._clock.monotonic(), wire=wire
        )
        made = make_item(wire, members, replace(self._place(entry), seconds=None))
        if phase := _PHASES.get(kind):
            yield from self.phase(phase)
        yield from self._open_up(entry, made, wire.id, index)

    def _end(
        self, wire: WireItem, members: dict[str, Any], index: int | None
    ) -> Iterator[StreamValue]:
        if self._is_seen(wire):
            return
        kind = kind_of(wire)
        entry = self._by_id.get(wire.id) if wire.id else None
        if entry is None or entry.kind != kind:
            entry = self._ending(wire, kind, index)
        is_open = entry is not None
        if entry is None:
            entry = OpenItem(id=self._new_id(), kind=kind, started_at=None)
        wire = entry.completed(wire)
        made = filled(make_item(wire, members, self._place(entry)), wire, entry)
        self._mark_seen(wire)
        self._forget(entry)
        if isinstance(made.item, Reply) and not is_open and made.raw is None:
            return
        yield from self._done(made, members)

    def _ending(self, wire: WireItem, kind: Kind, index: int | None) -> OpenItem | None:
        """The open item that a done one without a known id ends."""
        found = self._by_index.get(index) if index is not None else None
        if found is not None and found.kind == kind and not (wire.id and found.server_id):
            return found
        for entry in self._open:
            if entry.kind != kind or (wire.id and entry.server_id):
                continue
            if index is None or entry.output_index is None:
                return entry
        return None

    def _close(self, entry: OpenItem, *, is_partial: bool) -> Iterator[StreamValue]:
        self._forget(entry)
        made = without_end(entry, self._place(entry), is_partial=is_partial)
        is_empty = isinstance(made.item, Reply) and made.raw is None
        if entry.is_shown or not is_empty:
            yield from self._done(made)

    def _done(self, made: Made, whole: dict[str, Any] | None = None) -> Iterator[StreamValue]:
        if made.raw is not None:
            self.kept.append(made.raw)
            self.has_calls = self.has_calls or isinstance(made.item, ToolCall)
        yield ItemDone(item=made.item, raw=made.raw, whole=whole)
        if isinstance(made.item, WebSearch | Reasoning):
            yield from self.phase(TurnPhase.THINKING)

    def _blank(self, entry: OpenItem) -> Made:
        return without_end(entry, replace(self._place(entry), seconds=None), is_partial=False)

    def _open_up(
        self, entry: OpenItem, made: Made, item_id: object, output_index: object
    ) -> Iterator[StreamValue]:
        entry.is_shown = True
        self._open.append(entry)
        self._register(
            entry,
            item_id if isinstance(item_id, str) else None,
            output_index if isinstance(output_index, int) else None,
        )
        if isinstance(made.item, ToolCall):
            entry.call_id = entry.call_id or made.item.call_id
        yield ItemOpened(item=made.item)

    def _register(self, entry: OpenItem, server_id: str | None, index: int | None) -> None:
        if server_id:
            entry.server_id = server_id
            self._by_id[server_id] = entry
        if index is not None:
            entry.output_index = index
            self._by_index[index] = entry

    def _forget(self, entry: OpenItem) -> None:
        if entry in self._open:
            self._open.remove(entry)
        for table in (self._by_id, self._by_index):
            for key in [key for key, value in table.items() if value is entry]:
                del table[key]

    def _route(self, kind: Kind, item_id: object, output_index: object) -> OpenItem | None:
        """The open item that a text without a known id belongs to."""
        found = self._by_index.get(output_index) if isinstance(output_index, int) else None
        if found is not None and found.kind == kind:
            return found
        if not self._open:
            return None
        last = self._open[-1]
        if last.kind != kind:
            return None
        names_another = isinstance(item_id, str) and bool(item_id) and last.server_id is not None
        return None if names_another else last

    def _place(self, entry: OpenItem) -> Place:
        return Place(
            id=entry.id,
            turn_id=self._turn_id,
            new_call_id=lambda: entry.call_id or f"call_{self._new_id()}",
            seconds=self._seconds(entry),
        )

    def _seconds(self, entry: OpenItem) -> float | None:
        if entry.started_at is None:
            return None
        return max(0.0, self._clock.monotonic() - entry.started_at)

    def _keys(self, wire: WireItem) -> list[Hashable]:
        call_id = getattr(wire, "call_id", None)
        keys: list[Hashable] = [("id", wire.id)] if wire.id else []
        return [*keys, (wire.type, call_id)] if call_id else keys

    def _is_seen(self, wire: WireItem) -> bool:
        return any(key in self._seen for key in self._keys(wire))

    def _mark_seen(self, wire: WireItem) -> None:
        self._seen.update(self._keys(wire))
