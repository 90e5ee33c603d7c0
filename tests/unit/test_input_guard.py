"""The guard alone: time is a number, and what was read is a string."""

import random

from textual import events
from textual._xterm_parser import XTermParser

from app.input_guard import (
    ESCAPE_DELAY,
    PASTE_END,
    PASTE_START,
    PASTE_TAIL,
    InputGuard,
    Pasted,
    Pressed,
    Token,
    Typed,
)

ESCAPE = Pressed("escape", "\x1b")


def run(*reads: str, gap: float = 0.001) -> list[Token]:
    """What comes out of reads that follow each other, and of a long silence after them."""
    guard, now, tokens = InputGuard(), 100.0, list[Token]()
    for data in reads:
        tokens += guard.feed(data, now)
        now += gap
    return tokens + guard.tick(now + 10)


def test_plain_text_goes_through() -> None:
    assert run("hello", "\r") == [Typed("hello"), Typed("\r")]


def test_a_sequence_in_pieces_is_one_key() -> None:
    assert run("\x1b", "[", "1;", "5A", gap=0.05) == [Typed("\x1b[1;5A")]


def test_a_paste_in_single_characters_is_one_paste() -> None:
    assert run(*f"{PASTE_START}a\x1b\rb{PASTE_END}x") == [Pasted("a\x1b\rb"), Typed("x")]


def test_a_false_end_does_not_let_anything_out() -> None:
    assert run(f"{PASTE_START}a{PASTE_END}\rb{PASTE_END}") == [Pasted("a"), Pasted("\rb")]


def test_a_false_end_in_another_read_does_not_either() -> None:
    reads = (f"{PASTE_START}a{PASTE_END}", "\r", "b", PASTE_END)
    assert run(*reads, gap=PASTE_TAIL / 2) == [Pasted("a"), Pasted("\rb")]


def test_two_pastes_with_something_between_are_all_paste() -> None:
    reads = f"{PASTE_START}a{PASTE_END}\r{PASTE_START}b{PASTE_END}"
    assert run(reads) == [Pasted("a"), Pasted("\rb")]


def test_keys_a_moment_after_a_paste_are_keys() -> None:
    guard = InputGuard()
    assert guard.feed(f"{PASTE_START}a{PASTE_END}", 1.0) == [Pasted("a")]
    assert guard.feed("\r", 1.0 + 2 * PASTE_TAIL) == [Typed("\r")]


def test_a_key_held_down_right_after_a_paste_waits_no_longer_than_a_second() -> None:
    guard, now, tokens = InputGuard(), 1.0, list[Token]()
    guard.feed(f"{PASTE_START}a{PASTE_END}", now)
    while now < 2.2:
        now += 0.03
        tokens += guard.feed("\x7f", now)
    assert tokens


def test_escape_waits_no_longer_than_its_delay() -> None:
    guard = InputGuard()
    assert guard.feed("\x1b", 1.0) == []
    assert guard.deadline == 1.0 + ESCAPE_DELAY
    assert guard.tick(1.0 + ESCAPE_DELAY) == [ESCAPE]
    assert guard.deadline is None


def test_an_idle_guard_never_asks_to_be_woken() -> None:
    guard = InputGuard()
    guard.feed("hello\x1b[A", 1.0)
    assert guard.deadline is None


def test_alt_with_a_meaning_is_alt() -> None:
    assert run("\x1bb") == [Pressed("alt+b", None)]
    assert run("\x1bd") == [Pressed("alt+d", None)]
    assert run("\x1b\r") == [Pressed("alt+enter", None)]
    assert run("\x1b\x7f") == [Pressed("alt+backspace", None)]


def test_alt_without_a_meaning_is_escape_and_the_letter() -> None:
    assert run("\x1bq") == [ESCAPE, Typed("q")]
    assert run("\x1bO") == [ESCAPE, Typed("O")]
    assert run("\x1b[") == [ESCAPE, Typed("[")]


def test_a_mouse_report_that_is_no_number_is_dropped_whole() -> None:
    assert run("\x1b[<0;NaN;InfinityNaNMx") == [Typed("x")]


def test_words_from_an_input_method_are_typed_however_long() -> None:
    words = "日本語の文章を入力する"
    codes = ":".join(str(ord(character)) for character in words)
    assert run(f"\x1b[0;;{codes}u") == [Typed(words)]
    assert run("\x1b[0;;13:10u") == []


def test_random_input_never_raises_and_leaves_the_parser_at_rest() -> None:
    random.seed(8)
    pieces = ["\x1b", "[", "]", "<", "O", "P", "0", "5", ";", ":", "M", "m", "~", "u", "R", "t",
              "200~", "201~", "?", "$y", "\x07", "\\", "\r", "a", "é", "日", "NaN", "99999999",
              "\x9c", "48;", "\x00", "D800"]  # fmt: skip
    for _ in range(3_000):
        guard, parser, now = InputGuard(), XTermParser(), 1.0
        for _ in range(random.randrange(1, 12)):
            data = "".join(random.choices(pieces, k=random.randrange(1, 9)))
            for token in guard.feed(data, now):
                if isinstance(token, Typed):
                    list(parser.feed(token.text))
                    after = [str(message) for message in parser.feed("a")]
                    assert after == [str(events.Key("a", "a"))], token
            now += random.choice((0.001, 0.2, 2.0))
        guard.tick(now + 10)


def test_nothing_in_a_random_paste_is_typed() -> None:
    random.seed(9)
    pieces = ["\x1b", "[", PASTE_START, PASTE_END, "\r", "\x1b[13u", "a", "\x1bO", "]", "\x03"]
    for _ in range(2_000):
        content = "".join(random.choices(pieces, k=random.randrange(0, 12)))
        data = f"{PASTE_START}{content}{PASTE_END}"
        cut = sorted(random.randrange(len(data)) for _ in range(3))
        reads = [data[: cut[0]], data[cut[0] : cut[1]], data[cut[1] : cut[2]], data[cut[2] :]]
        tokens = run(*(read for read in reads if read))
        assert all(isinstance(token, Pasted) for token in tokens), (reads, tokens)


def test_keys_that_textual_knows_come_out_as_it_names_them() -> None:
    parser = XTermParser()
    found = [
        message.key
        for sequence in ("\x1b[A", "\x1bOP", "\x1b[[A", "\x1b[3~", "\x1b[13;2u", "\x1b[97;;97u")
        for token in run(sequence)
        if isinstance(token, Typed)
        for message in parser.feed(token.text)
        if isinstance(message, events.Key)
    ]
    assert found == ["up", "f1", "f1", "delete", "shift+enter", "a"]
