"""Walks through what was written before, and searches it; the draft is never lost."""

from collections.abc import Sequence

from widgets.sheltered import shelter


class PromptHistory:
    """A place in the list of earlier prompts; the end of the list is the draft.

    Texts that go in and out are sheltered (`widgets.sheltered`), but for `entries`.
    """

    def __init__(self) -> None:
        """Nothing written yet."""
        self._entries: tuple[str, ...] = ()
        self._stashed: list[str] = []
        self._edited: dict[int, str] = {}
        self._at: int | None = None

    @property
    def entries(self) -> tuple[str, ...]:
        """Earlier prompts, oldest first, with those put aside last."""
        return (*self._entries, *self._stashed)

    def load(self, entries: Sequence[str]) -> None:
        """Take other earlier prompts; a walk that is going on starts again."""
        self._entries = tuple(entries)
        self._stashed = [text for text in self._stashed if text not in self._entries]
        self.rest()

    def put_aside(self, text: str) -> None:
        """Add a draft that was cleared, as the newest."""
        self._stashed.append(text)
        self.rest()

    def rest(self) -> None:
        """Be at the draft again, and forget what was changed on the walk."""
        self._edited.clear()
        self._at = None

    @property
    def is_walking(self) -> bool:
        """Whether an earlier prompt is shown."""
        return self._at is not None

    def back(self, shown: str) -> str | None:
        """The prompt before; None at the oldest.

        Args:
            shown: What is in the field now, kept for the way back.
        """
        at = len(self.entries) if self._at is None else self._at
        return self._go(at, at - 1, shown) if at > 0 else None

    def forward(self, shown: str) -> str | None:
        """The prompt after, at last the draft; None there."""
        return None if self._at is None else self._go(self._at, self._at + 1, shown)

    def _go(self, old: int, new: int, shown: str) -> str:
        self._edited[old] = shown
        entries = self.entries
        self._at = new if new < len(entries) else None
        if new in self._edited:
            return self._edited[new]
        return shelter(entries[new]) if new < len(entries) else ""

    def find(self, query: str, before: int | None = None) -> int | None:
        """The newest prompt that holds `query`, whatever its case.

        Args:
            query: Plain text.
            before: Only prompts older than this place count.

        Returns:
            Its place in `entries`.
        """
        wanted = query.casefold()
        entries = self.entries
        for place in range(len(entries) if before is None else before, 0, -1):
            if wanted in entries[place - 1].casefold():
                return place - 1
        return None
