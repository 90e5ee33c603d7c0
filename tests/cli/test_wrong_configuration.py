"""A wrong configuration stops a command before anything is sent."""

from pathlib import Path

import pytest

from simulator.server import Simulator
from tests.cli.conftest import CommandLine

WRONG = {
    "no TOML": ("model = ", (), "is not valid TOML"),
    "wrong type": ("max_width = true", (), "max_width must be a whole number. "),
    "no such choice": ('transport = "pigeon"', (), "transport must be one of sse, chat. "),
    "no such profile": ("", ("--profile", "none"), 'There is no profile "none"'),
}


@pytest.mark.parametrize(("text", "flags", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_configuration_stops_a_command(
    sim: Simulator,
    foredeck: CommandLine,
    tmp_path: Path,
    text: str,
    flags: tuple[str, ...],
    said: str,
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    ended = foredeck("--config", str(config), *flags, "ask", "hi")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("error: ")
    assert said in ended.err
    assert sim.requests == []


@pytest.mark.parametrize("way", ["flag", "environment"])
def test_a_named_file_must_be_there(sim: Simulator, foredeck: CommandLine, way: str) -> None:
    flags: tuple[str, ...] = ("--config", "/nowhere/c.toml") if way == "flag" else ()
    if way == "environment":
        foredeck.environment["FOREDECK_CONFIG"] = "/nowhere/c.toml"
    ended = foredeck(*flags, "ask", "hi")
    assert ended.code == 2
    assert ended.err.startswith("error: There is no configuration file /nowhere/c.toml. ")
    assert sim.requests == []


def test_an_unknown_key_is_only_a_warning(
    sim: Simulator, foredeck: CommandLine, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("brand_new = 1")
    ended = foredeck("--config", str(config), "ask", "hi")
    assert (ended.code, ended.err) == (0, "warning: brand_new is not a setting; it is left out\n")
