"""An item that has begun: what its deltas have brought so far."""

from typing import Literal, TypeAlias

from services.clean import Cleaner, clean, clean_code
from services.inference.items import PLACEHOLDER, tidy_summary
from services.models.chat import Citation
from services.wire.items import (
    CustomCallItem,
    FunctionCallItem,
    MessageItem,
    ReasoningItem,
    ShellCallItem,
    ToolSearchItem,
    WebSearchItem,
    WireItem,
)

Channel: TypeAlias = Literal["text", "refusal", "reasoning", "reasoning_detail", "arguments"]
Kind: TypeAlias = Literal["message", "reasoning", "call", "search", "other"]


def kind_of(wire: WireItem) -> Kind:
    """Which of our items a wire item becomes."""
    match wire:
        case MessageItem():
            return "message"
        case ReasoningItem():
            return "reasoning"
        case FunctionCallItem() | CustomCallItem() | ShellCallItem() | ToolSearchItem():
            return "call"
        case WebSearchItem():
            return "search"
        case _:
            return "other"


class OpenItem:
    """One open item of a response."""

    __slots__ = (
        "_cleaners",
        "_parts",
        "_summary",
        "_whole",
        "call_id",
        "citations",
        "id",
        "is_custom",
        "is_shown",
        "is_whole",
        "kind",
        "name",
        "output_index",
        "server_id",
        "started_at",
        "wire",
    )

    def __init__(
        self,
        *,
        id: str,  # noqa: A002
        kind: Kind,
        started_at: float | None,
        wire: WireItem | None = None,
    ) -> None:
        self.id = id
        self.kind: Kind = kind
        self.started_at = started_at
        self.wire = wire
        self.server_id: str | None = None
        self.output_index: int | None = None
        self.call_id = ""
        self.name = ""
        self.is_custom = False
        self.citations: list[Citation] = []
        self.is_shown = False
        self.is_whole = False
        """Whether all of its arguments came, or its search is over."""
        self._parts: dict[Channel, dict[int, list[str]]] = {}
        self._whole: dict[tuple[Channel, int], str] = {}
        self._cleaners: dict[Channel, Cleaner] = {}
        self._summary = SummaryTidier()

    def add(self, channel: Channel, part: int, text: str) -> str:
        """Keep more text; return what of it can be shown now, clean."""
        parts = self._parts.setdefault(channel, {})
        pieces = parts.get(part)
        is_new_paragraph = pieces is None and bool(parts) and channel == "reasoning"
        if pieces is None:
            pieces = parts[part] = []
        pieces.append(text)
        if channel == "reasoning":
            text = self._summary.feed(text, starts_paragraph=is_new_paragraph)
        cleaner = self._cleaners.get(channel)
        if cleaner is None:
            cleaner = self._cleaners[channel] = Cleaner(code=channel == "arguments")
        return cleaner.feed(text)

    def settle(self, channel: Channel, part: int, text: str) -> None:
        """This is the whole text of one part, whatever the deltas said."""
        self._parts.setdefault(channel, {}).setdefault(part, [])
        self._whole[channel, part] = text
        if channel == "arguments":
            self.is_whole = True

    def text_of(self, channel: Channel, part: int) -> str:
        """The text of one part as it came."""
        settled = self._whole.get((channel, part))
        if settled is not None:
            return settled
        return "".join(self._parts.get(channel, {}).get(part, ()))

    def raw_text(self, channel: Channel) -> str:
        """All text of a channel, as it came."""
        return "".join(self.text_of(channel, part) for part in sorted(self._parts.get(channel, ())))

    def shown(self, channel: Channel) -> str:
        """All text of a channel, clean."""
        if channel == "reasoning":
            paragraphs = (
                tidy_summary(self.text_of(channel, part)).strip()
                for part in sorted(self._parts.get(channel, ()))
            )
            return clean("\n\n".join(filter(None, paragraphs)))
        text = self.raw_text(channel)
        return clean_code(text) if channel == "arguments" else clean(text)

    def completed(self, wire: WireItem) -> WireItem:
        """The done item, with the arguments that only deltas had brought."""
        if isinstance(wire, FunctionCallItem) and wire.arguments is None:
            return wire.model_copy(update={"arguments": self.raw_text("arguments") or None})
        if isinstance(wire, CustomCallItem) and wire.input is None:
            return wire.model_copy(update={"input": self.raw_text("arguments") or None})
        return wire


class SummaryTidier:
    """Takes placeholders out of a summary, and its glued headings apart, while it streams."""

    def __init__(self) -> None:
        self._held = ""
        self._last = ""
        """Last character that was let through: what stands before the next piece."""
        self._break = False

    def feed(self, text: str, *, starts_paragraph: bool = False) -> str:
        """What can be shown of the summary now; the start of a marker waits."""
        shown = ""
        if starts_paragraph:
            shown = self._let(self._held)
            self._held = ""
            self._break = bool(self._last)
        text = self._held + text
        kept = len(text) - _unfinished(text)
        self._held = text[kept:]
        return shown + self._let(text[:kept])

    def _let(self, text: str) -> str:
        text = tidy_summary(self._last + text)[len(self._last) :]
        if self._break:
            text = text.lstrip()
            if text:
                text = f"\n\n{text}"
                self._break = False
        self._last = text[-1:] or self._last
        return text


def _unfinished(text: str) -> int:
    """Length of the end of `text` that may be the start of something to be tidied."""
    stars = len(text) - len(text.rstrip("*"))
    if stars:
        return stars
    for length in range(min(len(text), len(PLACEHOLDER) - 1), 0, -1):
        if PLACEHOLDER.startswith(text[-length:]):
            return length
    return 0
