"""`foredeck --plain` through pipes."""

from pathlib import Path

import pytest

from simulator import events
from simulator.script import Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine


@pytest.mark.parametrize("flags", [("--plain",), ("--plain", "--no-input")])
def test_what_is_piped_in_is_one_message_of_the_chat_that_goes_on(
    sim: Simulator, foredeck: CommandLine, flags: tuple[str, ...]
) -> None:
    sim.script("responses", events.text_turn("One"))
    sim.script("responses", events.text_turn("Two"))
    first = foredeck(*flags, stdin="line 1\nline 2\n")
    assert (first.code, first.out, first.err) == (0, "One\n", "")
    assert foredeck(*flags, "and a prompt").out == "Two\n"
    texts = [item["content"][0]["text"] for item in sim.sent("/responses")[1].body["input"]]
    assert texts == ["line 1\nline 2\n", "One", "and a prompt"]


def test_the_exit_code_is_that_of_ask(sim: Simulator, foredeck: CommandLine) -> None:
    sim.script("responses", [Status(401, {}, {})])
    ended = foredeck("--plain", stdin="hi")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("error: The server refused the key (401). ")


def test_the_configuration_can_ask_for_it(
    sim: Simulator, foredeck: CommandLine, tmp_path: Path
) -> None:
    sim.script("responses", events.text_turn("One"))
    config = tmp_path / "config.toml"
    config.write_text("plain = true")
    assert foredeck("--config", str(config), stdin="hi").out == "One\n"
