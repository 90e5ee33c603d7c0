"""What is typed while the app still starts is text of the message."""

from collections.abc import Callable

import pytest

from benchmarks.terminal import Terminal
from simulator import events as ev
from simulator.server import Simulator

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


def test_what_follows_enter_in_the_same_moment_is_the_next_message(
    deck: Open, sim: Simulator
) -> None:
    gate = sim.gate()
    sim.script("responses", [gate, *ev.text_turn("one")])
    with deck() as terminal:
        terminal.wait_screen("gpt-5.5")
        terminal.send("first\rsecond\rdraft")
        terminal.wait_screen("queued  second")
        terminal.wait_screen("› draft")
        gate.open()
        terminal.wait_screen("one")
    assert sim.sent("/responses")[0].body["input"][-1]["content"][0]["text"] == "first"


def test_what_follows_the_key_after_the_leader_in_the_same_moment_is_typed_in_the_new_chat(
    deck: Open, sim: Simulator
) -> None:
    sim.script("responses", ev.text_turn("one"))
    with deck() as terminal:
        terminal.wait_screen("gpt-5.5")
        terminal.send("first\r")
        terminal.wait_screen("one")
        terminal.send("\x18nnothing is lost")
        rows = terminal.wait_screen("› nothing is lost")
        assert not any("one" in row.split() for row in rows)


@pytest.mark.parametrize("burst", ["\x1b:quit", ":quit"], ids=["from the composer", "from a pane"])
def test_letters_in_the_same_moment_as_the_key_that_opens_the_palette_are_looked_for(
    deck: Open, burst: str
) -> None:
    with deck() as terminal:
        terminal.wait_screen("gpt-5.5")
        if not burst.startswith("\x1b"):
            terminal.send("\x1b")
            terminal.wait_screen("i write")
        terminal.send(burst)
        terminal.wait_screen("› quit")
        terminal.send("\x1b")
        terminal.wait_screen("i write")
