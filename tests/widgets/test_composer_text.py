"""What the composer holds while a text is edited: hidden characters and folded pastes."""

import unicodedata

from rich.cells import cell_len

from widgets.pastes import Pastes, is_large
from widgets.prompt_history import PromptHistory
from widgets.sheltered import drawn, one_newline, shelter, unshelter

HELD = range(0x100000, 0x110000)
EVERYTHING = "".join(
    chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000 and code not in HELD
)


def test_every_character_comes_back() -> None:
    assert unshelter(shelter(EVERYTHING)) == EVERYTHING


def test_nothing_that_controls_a_terminal_is_drawn() -> None:
    shown = drawn(shelter(EVERYTHING))
    controls = {c for c in shown if unicodedata.category(c) in {"Cc", "Zl", "Zp"}} - {"\n", "\t"}
    assert controls == set()
    assert not set("\u202e\u2066\u200f\u061c\ufeff\u200b\U000e0041\U000e0fff") & set(shown)


def test_a_held_character_takes_one_cell_and_so_does_its_mark() -> None:
    held = shelter("\x1b\x7f\x9b\u202e\u200b\U000e0041")
    assert [cell_len(c) for c in held] == [cell_len(c) for c in drawn(held)] == [1] * 6


def test_a_lone_surrogate_can_be_stored_and_nul_is_gone() -> None:
    assert shelter("a\ud800\x00b") == "a�b"


def test_joiners_inside_words_and_emoji_stay() -> None:
    assert drawn(shelter("👩\u200d💻 می\u200cخواهم")) == "👩\u200d💻 می\u200cخواهم"


def test_line_ends_become_one_kind() -> None:
    assert one_newline("a\r\nb\rc\n") == "a\nb\nc\n"


def test_more_than_eight_lines_or_a_thousand_characters_are_large() -> None:
    assert [is_large("\n" * 7), is_large("\n" * 8)] == [False, True]
    assert [is_large("x" * 1_000), is_large("x" * 1_001)] == [False, True]


def test_two_pastes_of_one_size_are_told_apart() -> None:
    pastes = Pastes()
    first, second = pastes.fold("a\n" * 9), pastes.fold("b\n" * 9)
    assert pastes.expand(f"{second} {first}") == "b\n" * 9 + " " + "a\n" * 9
    assert second.replace("\xa0", " ") == "[pasted 10 lines #2]"


def test_a_label_inside_a_paste_is_not_expanded_again() -> None:
    pastes = Pastes()
    label = pastes.fold("x" * 2_000)
    assert pastes.expand(pastes.fold(label)) == label


def test_what_was_changed_on_a_walk_is_there_on_the_way_back() -> None:
    history = PromptHistory()
    history.load(("one", "two"))
    assert history.back("draft") == "two"
    assert history.back("two, changed") == "one"
    assert history.back("one") is None
    assert history.forward("one") == "two, changed"
    assert history.forward("two, changed") == "draft"
    assert history.forward("draft") is None
