"""What can be run by name: entries, and the search that a few letters of a name are enough for."""

from collections.abc import Sequence
from dataclasses import dataclass

WORD_START = 8.0
RUN = 6.0
LETTER = 1.0
FIRST = 6.0
WHOLE_TERM = 10.0
GAP = 0.2
PER_LETTER_OF_TEXT = 0.02
ONLY_IN_DETAIL = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row that can be chosen."""

    key: str
    """What it stands for: an action's id, `chat:ID`, `model:SLUG`."""
    title: str
    group: str
    """Head that it stands under; empty for none."""
    detail: str = ""
    """A fact, muted; found too, after all titles."""
    keys: str = ""
    """Keys that do the same, as they are shown."""


def score(query: str, text: str) -> tuple[float, tuple[int, ...]] | None:
    """How well `text` answers to `query`.

    The words of the query may come in any order; the letters of each must come in theirs. Word
    starts and runs of letters count most.

    Returns:
        The score, higher is better, and the offsets in `text` of what matched, ascending; None
        where a word of the query is not found.
    """
    return _score(_folded(query).split(), text)


def search(query: str, entries: Sequence[Entry]) -> list[tuple[Entry, tuple[int, ...]]]:
    """The entries that answer to `query`, each with the offsets in its title of what matched.

    Entries of a group stand together, best first. The group with the best entry comes first, so
    that the first row is the best answer; without a query all keeps its order.
    """
    terms = _folded(query).split()
    groups: dict[str, list[tuple[float, Entry, tuple[int, ...]]]] = {}
    for entry in entries:
        found = _score(terms, entry.title)
        if found is None and entry.detail:
            found = _score(terms, f"{entry.title} {entry.detail}")
            if found is not None:
                end = len(entry.title)
                found = found[0] - ONLY_IN_DETAIL, tuple(p for p in found[1] if p < end)
        if found is not None:
            groups.setdefault(entry.group, []).append((-found[0], entry, found[1]))
    if terms:
        for rows in groups.values():
            rows.sort(key=_first)
    ordered = sorted(groups.values(), key=lambda rows: rows[0][0]) if terms else groups.values()
    return [(entry, positions) for rows in ordered for _, entry, positions in rows]


def _first(row: tuple[float, Entry, tuple[int, ...]]) -> float:
    return row[0]


def _score(terms: Sequence[str], text: str) -> tuple[float, tuple[int, ...]] | None:
    if not terms:
        return 0.0, ()
    folded = _folded(text)
    total = -PER_LETTER_OF_TEXT * len(text)
    if len(terms) == 1:
        found = _place(terms[0], folded, text)
        return (total + found[0], found[1]) if found is not None else None
    places: set[int] = set()
    for term in terms:
        found = _place(term, folded, text)
        if found is None:
            return None
        total += found[0]
        places.update(found[1])
    return total, tuple(sorted(places))


def _place(term: str, folded: str, text: str) -> tuple[float, tuple[int, ...]] | None:
    """Where one word of the query is found best, and how good that is."""
    start = folded.find(term)
    if start >= 0:
        place = start
        while place >= 0 and not _starts_word(text, place):
            place = folded.find(term, place + 1)
        is_start = place >= 0
        place = place if is_start else start
        length = len(term)
        value = WHOLE_TERM + length * LETTER + (length - 1) * RUN
        value += (WORD_START if is_start else 0.0) + (FIRST if place == 0 else 0.0)
        return value, tuple(range(place, place + length))
    latest = _latest(term, folded)
    return _spread(term, folded, text, latest) if latest is not None else None


def _latest(term: str, folded: str) -> list[int] | None:
    """The last offset at which each letter can stand; None where they are not all there."""
    # Most texts are thrown out here, so the cheap walk forward comes first.
    place = -1
    for letter in term:
        place = folded.find(letter, place + 1)
        if place < 0:
            return None
    latest: list[int] = []
    place = len(folded)
    for letter in reversed(term):
        place = folded.rfind(letter, 0, place)
        latest.append(place)
    latest.reverse()
    return latest


def _spread(
    term: str, folded: str, text: str, latest: Sequence[int]
) -> tuple[float, tuple[int, ...]]:
    """Letters apart: each goes on a run, else begins a word, else stands where it comes next."""
    value = 0.0
    places: list[int] = []
    last = -1
    for letter, limit in zip(term, latest, strict=True):
        place = last + 1
        if places and place <= limit and folded[place] == letter:
            value += RUN
        else:
            first = place = folded.find(letter, place)
            while 0 <= place <= limit and not _starts_word(text, place):
                place = folded.find(letter, place + 1)
            if 0 <= place <= limit:
                value += WORD_START + (FIRST if place == 0 else 0.0)
            else:
                place = first
            if places:
                value -= GAP * (place - last)
        value += LETTER
        places.append(place)
        last = place
    return value, tuple(places)


def _starts_word(text: str, place: int) -> bool:
    if place == 0:
        return True
    before = text[place - 1]
    return not before.isalnum() or (before.islower() and text[place].isupper())


def _folded(text: str) -> str:
    """Lower case of the same length, so that offsets hold for the text itself."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
