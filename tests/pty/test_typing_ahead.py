"""What is typed while the app still starts is text of the message."""

from collections.abc import Callable

import pytest

from benchmarks.terminal import Terminal

Open = Callable[..., Terminal]


@pytest.mark.parametrize("seen", [b"\x1b\\[\\?1049h", b"Chat"], ids=["no frame", "first frame"])
def test_what_is_typed_early_stands_in_the_composer(deck: Open, seen: bytes) -> None:
    with deck() as terminal:
        terminal.wait_for(seen)
        terminal.send("nothing is lost")
        terminal.wait_screen("› nothing is lost")


def test_a_letter_right_after_esc_is_a_key_of_the_pane(deck: Open) -> None:
    with deck() as terminal:
        terminal.wait_screen("message")
        terminal.send("draft")
        terminal.wait_screen("draft")
        terminal.send("\x1bk")
        terminal.wait_screen("i write")
        terminal.send("i")
        terminal.wait_screen("ctrl-x ? help")
        terminal.send("!")
        terminal.wait_screen("draft!")
