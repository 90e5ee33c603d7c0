"""Items that are still open: what deltas have built of them so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.chat import history
from services.inference.stream import Text
from services.models.chat import CallStatus, Item, Reasoning, Reply, ToolCall, WebSearch


def _no_text() -> dict[str, list[str]]:
    return {}


@dataclass(slots=True)
class _Open:
    item: Item
    since: float
    channels: dict[str, list[str]] = field(default_factory=_no_text)

    def text(self, channel: str) -> str:
        return "".join(self.channels.get(channel, ()))


class OpenItems:
    """What a running turn has begun and not finished, in order."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def add(self, item: Item, now: float) -> None:
        """An item began.

        Args:
            item: As it is at its start.
            now: Monotonic seconds.
        """
        self._open[item.id] = _Open(item, now)

    def grow(self, delta: Text) -> bool:
        """Add text to its item; False where no such item is open."""
        entry = self._open.get(delta.item_id)
        if entry is None:
            return False
        entry.channels.setdefault(delta.channel, []).append(delta.text)
        return True

    def close(self, item: Item, now: float) -> Item:
        """The item is whole; it is returned with the seconds that it took, if it tells none."""
        entry = self._open.pop(item.id, None)
        if (
            entry is not None
            and isinstance(item, Reasoning | ToolCall | WebSearch)
            and item.seconds is None
        ):
            return replace(item, seconds=max(0.0, now - entry.since))
        return item

    def drop(self, item_ids: tuple[str, ...]) -> None:
        """Forget these."""
        for item_id in item_ids:
            self._open.pop(item_id, None)

    def so_far(self) -> tuple[Item, ...]:
        """Each open item with the text that it has by now."""
        return tuple(_grown(entry) for entry in self._open.values())

    def broken_off(
        self, now: float
    ) -> tuple[tuple[tuple[Item, Mapping[str, Any] | None], ...], tuple[str, ...]]:
        """End all that is open, as nothing more will come.

        Returns:
            What is worth keeping, marked as partial, with the wire item that tells the model what
            it had said; and the ids of what had no content.
        """
        kept: list[tuple[Item, Mapping[str, Any] | None]] = []
        empty: list[str] = []
        for entry in self._open.values():
            item = _grown(entry)
            match item:
                case Reply(text=text, refusal=refusal) if text or refusal:
                    raw = history.said(text or refusal)
                    kept.append((replace(item, is_partial=True), raw))
                case Reasoning(summary=summary, detail=detail) if summary or detail:
                    kept.append((replace(item, seconds=max(0.0, now - entry.since)), None))
                case ToolCall() | WebSearch():
                    kept.append((replace(item, status=CallStatus.FAILED), None))
                case _:
                    empty.append(item.id)
        self._open.clear()
        return tuple(kept), tuple(empty)


def _grown(entry: _Open) -> Item:
    match entry.item:
        case Reply() as item:
            return replace(
                item,
                text=item.text + entry.text("text"),
                refusal=item.refusal + entry.text("refusal"),
            )
        case Reasoning() as item:
            return replace(
                item,
                summary=item.summary + entry.text("reasoning"),
                detail=item.detail + entry.text("reasoning_detail"),
            )
        case ToolCall() as item:
            return replace(item, arguments=item.arguments + entry.text("arguments"))
        case _:
            return entry.item
