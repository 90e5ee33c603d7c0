"""Large pastes folded to a short label that stands for the whole text."""

import re

from widgets.sheltered import shelter, unshelter

FOLD_LINES = 8
"""A paste with more lines is folded."""
FOLD_CHARACTERS = 1_000
"""A paste with more characters is folded."""

_GAP = "\N{NO-BREAK SPACE}"


def is_large(text: str) -> bool:
    """Whether a paste is folded."""
    return len(text) > FOLD_CHARACTERS or text.count("\n") >= FOLD_LINES


class Pastes:
    """Labels in one text, and what they stand for.

    A label holds no-break spaces: it is never wrapped, and nobody types it by chance.
    """

    def __init__(self) -> None:
        """No paste yet."""
        self._texts: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._texts)

    def clear(self) -> None:
        """Forget all."""
        self._texts.clear()
        self._pattern = None

    def fold(self, text: str) -> str:
        """The label that stands for `text` from now on."""
        lines = text.count("\n") + 1
        amount = f"{lines}{_GAP}lines" if lines > 1 else f"{len(text):,}{_GAP}characters"
        label, number = f"[pasted{_GAP}{amount}]", 1
        while label in self._texts:
            number += 1
            label = f"[pasted{_GAP}{amount}{_GAP}#{number}]"
        self._texts[label] = text
        self._pattern = re.compile("|".join(re.escape(known) for known in self._texts))
        return label

    def expand(self, edited: str) -> str:
        """The text that an edited (sheltered) one stands for: labels and marks turned back."""
        if self._pattern is None:
            return unshelter(edited)
        parts: list[str] = []
        at = 0
        for found in self._pattern.finditer(edited):
            parts += [unshelter(edited[at : found.start()]), self._texts[found.group()]]
            at = found.end()
        return "".join([*parts, unshelter(edited[at:])])

    def content(self, label: str) -> str:
        """What `label` stands for, as it is edited (sheltered)."""
        return shelter(self._texts[label])

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where labels stand in a line: (start, end) offsets in characters, half-open."""
        if self._pattern is None:
            return []
        return [found.span() for found in self._pattern.finditer(line)]

    def around(self, line: str, column: int) -> tuple[int, int] | None:
        """The label that `column` lies strictly inside of."""
        return next((span for span in self.spans(line) if span[0] < column < span[1]), None)

    def touching(self, line: str, column: int) -> tuple[int, int] | None:
        """The label that `column` lies in or at an end of."""
        return next((span for span in self.spans(line) if span[0] <= column <= span[1]), None)
