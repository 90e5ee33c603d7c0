import pytest

from services.clean import HIDDEN, LINE_CUT, LINE_LIMIT, Cleaner, clean, clean_code, clean_line


@pytest.mark.parametrize(
    ("raw", "prose", "code"),
    [
        ("plain [markup] text\n", "plain [markup] text\n", "plain [markup] text\n"),
        ("\x1b[31m\x00\x7f\x08", "␛[31m␀␡␈", "␛[31m␀␡␈"),
        ("a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne", "a\nb\nc\nd\ne"),
        ("\tx", "    x", "    x"),
        ("\x9b31m\x85", "\ufffd31m\ufffd", "\ufffd31m\ufffd"),
        ("a\u202eb\u2066c\u200fd", "a\ufffdb\ufffdc\ufffdd", "a⟨202E⟩b⟨2066⟩c⟨200F⟩d"),
        ("a\u200bb\ufeffc\u00add\u3164", "abcd", "a⟨200B⟩b⟨FEFF⟩c⟨00AD⟩d⟨3164⟩"),
        ("👩\u200d💻 ❤\ufe0f", "👩\u200d💻 ❤\ufe0f", "👩⟨200D⟩💻 ❤⟨FE0F⟩"),
        ("a\u200d\u200d\ufe0f\ufe0fb", "a\u200d\ufe0fb", "a⟨200D⟩⟨200D⟩⟨FE0F⟩⟨FE0F⟩b"),
        ("a\U000e0041\U000e0042b\U000e0043", f"a{HIDDEN}b{HIDDEN}", f"a{HIDDEN}b{HIDDEN}"),
        ("e" + "\u0301" * 50 + "x", "e" + "\u0301" * 4 + "x", "e" + "\u0301" * 4 + "x"),
        ("\u0301a\n\u0301b", "a\nb", "a\nb"),
        ("\ud800x\ud83d\ude00", "\ufffdx😀", "\ufffdx😀"),
        ("\udb40\udc41", HIDDEN, HIDDEN),
        ("नमस्ते ประเทศไทย 漢字 é", "नमस्ते ประเทศไทย 漢字 é", "नमस्ते ประเทศไทย 漢字 é"),
        ("", "", ""),
    ],
)
def test_each_class_has_its_form(raw: str, prose: str, code: str) -> None:
    assert clean(raw) == prose
    assert clean_code(raw) == code


def test_tags_with_something_invisible_between_them_are_one_run() -> None:
    assert clean("\U000e0041\u200b\U000e0042") == HIDDEN


def test_a_line_of_a_megabyte_is_cut_and_the_next_line_is_whole() -> None:
    assert clean("x" * 1_000_000 + "\nnext") == "x" * LINE_LIMIT + LINE_CUT + "\nnext"
    assert clean("x" * LINE_LIMIT) == "x" * LINE_LIMIT


def test_a_long_line_is_cut_at_the_same_place_when_it_streams() -> None:
    cleaner = Cleaner()
    text = "y" * (LINE_LIMIT + 5000) + "\nz"
    streamed = "".join(cleaner.feed(text[at : at + 999]) for at in range(0, len(text), 999))
    assert streamed + cleaner.flush() == clean(text)


def test_a_cut_line_stays_as_it_is_when_cleaned_again() -> None:
    once = clean("e\u0301" * 200_000 + "\nz")
    assert clean(once) == once


def test_half_a_character_waits_for_its_other_half() -> None:
    cleaner = Cleaner()
    assert cleaner.feed("a\ud83d") == "a"
    assert cleaner.feed("\ude00b") == "😀b"
    assert cleaner.feed("\ud83d") == ""
    assert cleaner.flush() == "\ufffd"


def test_a_newline_split_from_its_return_is_one_newline() -> None:
    cleaner = Cleaner()
    assert [cleaner.feed(part) for part in ("a\r", "", "\n", "\nb")] == ["a\n", "", "", "\nb"]


def test_a_line_has_blanks_for_newlines_and_an_ellipsis_where_it_was_cut() -> None:
    assert clean_line("  two\r\n\n lines \n") == "two lines"
    assert clean_line("x" * 201) == "x" * 199 + "…"
    assert clean_line("x" * 200) == "x" * 200
    assert clean_line("word " * 9, 11) == "word word…"
    assert clean_line("\u200b" * 100_000 + "x", 10) == "…"
