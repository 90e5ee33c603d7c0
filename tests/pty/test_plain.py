"""A conversation line by line, at a terminal."""

import signal
from collections.abc import Callable

from benchmarks.terminal import Terminal
from simulator import events
from simulator.script import Gate, Status
from simulator.server import Simulator

Open = Callable[..., Terminal]


def sent(sim: Simulator) -> list[str]:
    return [each.body["input"][-1]["content"][0]["text"] for each in sim.sent("/responses")]


def test_line_after_line_is_answered_and_ctrl_d_ends(deck: Open, sim: Simulator) -> None:
    sim.script("responses", events.text_turn("First answer"))
    sim.script("responses", events.text_turn("Second answer"))
    with deck("--plain") as terminal:
        terminal.wait_for(b"\n> ")
        terminal.send("one\r")
        terminal.wait_screen("First answer")
        terminal.send("two\r")
        terminal.wait_screen("Second answer")
        terminal.send("\x04")
        assert terminal.wait_end() == 0
        assert b"\x1b" not in terminal.output
    assert sent(sim) == ["one", "two"]
    assert len(sim.sent("/responses")[1].body["input"]) == 3


def test_ctrl_c_stops_the_answer_and_not_the_conversation(deck: Open, sim: Simulator) -> None:
    sim.script("responses", [events.created(), *events.deltas("m", "Half an", 3), Gate()])
    sim.script("responses", events.text_turn("Whole"))
    with deck("--plain") as terminal:
        terminal.wait_for(b"\n> ")
        terminal.send("one\r")
        terminal.wait_screen("Half an")
        stopped = len(terminal.output)
        terminal.send("\x03")
        terminal.wait_for(b"\n> ", after=stopped)
        terminal.send("/retry\r")
        terminal.wait_screen("Whole")
        terminal.send("\x04")
        assert terminal.wait_end() == 0


def test_a_failure_is_told_and_the_conversation_goes_on(deck: Open, sim: Simulator) -> None:
    sim.script("responses", [Status(400, {}, {"detail": "Not today"})])
    with deck("--plain") as terminal:
        terminal.wait_for(b"\n> ")
        terminal.send("one\r")
        terminal.wait_screen("Not today")
        terminal.send("/new\r")
        terminal.wait_screen("a new chat")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait_end() == 143


def test_without_input_a_terminal_is_never_read(deck: Open, sim: Simulator) -> None:
    with deck("--plain", "--no-input") as terminal:
        assert terminal.wait_end() == 2
    with deck("--no-input") as terminal:
        assert terminal.wait_end() == 2
        assert b"error: The app needs somebody who types." in terminal.output
    assert sim.requests == []
