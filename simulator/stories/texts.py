r"""Long answers of the stories, kept as Markdown files in `answers/`.

A file begins with lines of the form `about: words that call for it` and `think: a paragraph of
the reasoning before it` (any number, `\n` for a new line), then a line `---`, then the answer.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "answers"


@dataclass(frozen=True, slots=True)
class Written:
    """An answer from a file."""

    name: str
    words: frozenset[str]
    """Beginnings of words of a question that call for it."""
    thoughts: tuple[str, ...]
    text: str


@cache
def written(name: str) -> Written:
    """The answer of that name."""
    head, _, text = (FOLDER / f"{name}.md").read_text("utf-8").partition("\n---\n")
    words: list[str] = []
    thoughts: list[str] = []
    for line in head.splitlines():
        kind, _, value = line.partition(": ")
        if kind == "about":
            words += value.split()
        else:
            thoughts.append(value.replace("\\n", "\n"))
    return Written(name, frozenset(words), tuple(thoughts), text.strip("\n"))


def names() -> tuple[str, ...]:
    """The names of all answers, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.md")))
