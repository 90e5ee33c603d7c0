"""Hostile text, in any split."""

import unicodedata
from collections.abc import Callable
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from services.clean import Cleaner, clean, clean_code, clean_line

HOSTILE = [
    "\x00", "\x07", "\t", "\n", "\r", "\r\n", "\x1b", "\x1b[31m", "\x1b]52;c;AAAA\x1b\\", "\x7f",
    "\x85", "\x9b", "\u2028", "\u2029", "\u061c", "\u200e", "\u202e", "\u2066", "\u200b", "\u2060",
    "\u034f", "\u3164", "\ufeff", "\u00ad", "\ufff9", "\u200c", "\u200d", "\ufe0e", "\ufe0f",
    "\U000e0001", "\U000e0041", "\U000e007f", "\U000e0100", "\u0301", "\u0301" * 6, "\u20dd",
    "\u093e", "\u1161", "\u11a8", "𐌰", "\U0001e130", "\U00011001", "\ud83d", "\ude00",
    "\udb40", "\udc41", "\ufffe", "\U0001ffff",
    " ", "a", "…", "é", "漢", "👩", "❤", "[", "]", "[hidden text]", "⟨202E⟩", "─",
]  # fmt: skip

pieces = st.lists(
    st.one_of(st.sampled_from(HOSTILE), st.characters(exclude_categories=[]), st.text(max_size=3)),
    max_size=25,
)


@given(pieces, st.booleans())
@settings(max_examples=1000, deadline=None)
def test_pieces_in_any_split_join_to_the_clean_whole(parts: list[str], code: bool) -> None:
    cleaner = Cleaner(code=code)
    streamed = "".join([cleaner.feed(part) for part in parts]) + cleaner.flush()
    assert streamed == (clean_code if code else clean)("".join(parts))


@given(pieces)
@settings(max_examples=1000, deadline=None)
def test_cleaning_twice_changes_nothing_more(parts: list[str]) -> None:
    text = "".join(parts)
    short = partial(clean_line, limit=7)
    functions: list[Callable[[str], str]] = [clean, clean_code, clean_line, short]
    for function in functions:
        once = function(text)
        assert function(once) == once


@given(pieces)
@settings(max_examples=1000, deadline=None)
def test_nothing_that_drives_or_deceives_a_terminal_is_left(parts: list[str]) -> None:
    for text in (clean("".join(parts)), clean_code("".join(parts))):
        for character in text:
            assert character == "\n" or unicodedata.category(character) not in {"Cc", "Cs", "Zl"}
            assert character not in "\u200b\u200e\u200f\u202e\u2066\u061c\ufeff\u00ad\u3164"
            assert not "\U000e0000" <= character <= "\U000e0fff"
        text.encode()


@given(pieces, st.integers(min_value=1, max_value=30))
@settings(max_examples=500, deadline=None)
def test_a_line_is_one_line_within_its_limit(parts: list[str], limit: int) -> None:
    line = clean_line("".join(parts), limit)
    assert "\n" not in line
    assert len(line) <= limit


MARKS = dict.fromkeys(["\u0301", "\u093e", "\u1161", "\U0001e130", "\U00011001"], 0)
EXTENDERS = {**MARKS, "\u200c": 1, "\u200d": 1, "\ufe0f": 2}
LETTERS = st.sampled_from([*"aé漢\n 𐌰😀", *EXTENDERS])


@given(st.lists(LETTERS, max_size=40))
@settings(max_examples=2000, deadline=None)
def test_a_base_carries_four_marks_a_joiner_and_a_selector_at_most(letters: list[str]) -> None:
    expected: list[str] = []
    room = [0, 0, 0]
    for letter in letters:
        kind = EXTENDERS.get(letter)
        if kind is None:
            room = [0, 0, 0] if letter == "\n" else [4, 1, 1]
            expected.append(letter)
        elif room[kind]:
            room[kind] -= 1
            expected.append(letter)
    assert clean("".join(letters)) == "".join(expected)
