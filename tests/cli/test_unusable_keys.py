"""A key that no header can carry: said before anything is sent, never a crash."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from simulator.server import Simulator
    from tests.cli.conftest import CommandLine

COMMANDS = {
    "models": ("models",),
    "ask": ("ask", "hi"),
    "ask a model": ("ask", "hi", "--model", "gpt-5.5"),
}


@pytest.fixture
def deck(foredeck: "CommandLine", tmp_path: Path) -> "CommandLine":
    codex = tmp_path / "codex"
    codex.mkdir()
    foredeck.environment["CODEX_HOME"] = str(codex)
    return foredeck


@pytest.mark.parametrize("key", ["sk-aé漢", "sk-\udce9", "sk-a\nb"], ids=ascii)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_key_of_the_environment(
    deck: "CommandLine", sim: "Simulator", command: tuple[str, ...], key: str
) -> None:
    deck.environment["OPENAI_API_KEY"] = key
    ended = deck(*command)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == (
        "error: OPENAI_API_KEY holds characters that no key has."
        " Set it again, whole and in one line.\n"
    )
    assert list(sim.requests) == []


def test_key_of_a_provider(deck: "CommandLine", sim: "Simulator", tmp_path: Path) -> None:
    home = tmp_path / "cli-home"
    home.mkdir()
    home.joinpath("config.toml").write_text(
        f'[providers.x]\nbase_url = "{sim.openai_base_url}"\nenv_key = "X_KEY"\n'
    )
    deck.environment["X_KEY"] = "sk-a\nb"
    ended = deck("models", "--provider", "x")
    assert (ended.code, "X_KEY" in ended.err, "sk-a" in ended.err) == (3, True, False)
    assert list(sim.requests) == []
