"""Whether a login is shared with Codex, as the command line tells it: by where it lies."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.auth.account import Account
from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import home_of, put_login, use_simulator

KEY = "sk-sim-foredeck"


@pytest.fixture
def deck(foredeck: CommandLine, sim: Simulator, tmp_path: Path) -> CommandLine:
    use_simulator(foredeck, sim, tmp_path / "codex")
    sim.auth.policy.interval = "1"
    return foredeck


def choose(deck: CommandLine, ours: str = "", codex: str = "") -> None:
    """As the user has told us, and Codex."""
    home = Path(deck.environment["FOREDECK_HOME"])
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(ours)
    (home_of(deck) / "config.toml").write_text(codex)


def shared(deck: CommandLine) -> tuple[str, bool]:
    """Where the login lies, and whether Codex uses it."""
    document = json.loads(deck("login", "status", "--json").out)
    return document["storage"], document["shared_with_codex"]


def checks(deck: CommandLine) -> dict[str, dict[str, Any]]:
    found = json.loads(deck("doctor", "--offline", "--json").out)["checks"]
    return {each["id"]: each for each in found}


def test_a_login_of_the_environment_is_not_shared(deck: CommandLine, sim: Simulator) -> None:
    put_login(deck, sim.issue())
    choose(deck, '[auth]\nstore = "auto"\n')
    token = sim.auth.ledger.add_personal_token(Account())
    deck.environment["CODEX_ACCESS_TOKEN"] = token
    assert shared(deck) == ("environment", False)
    ended = deck("login", "status")
    assert ("shared_with_codex\tno" in ended.out, ended.err) == (True, "")
    verdict = checks(deck)["sign_in"]
    assert (verdict["state"], verdict["found"]) == (
        "ok",
        "taken from the environment, not shared with the Codex CLI",
    )


def test_a_file_is_not_shared_with_a_codex_that_uses_the_keyring(
    deck: CommandLine, sim: Simulator
) -> None:
    choose(deck, '[auth]\nstore = "file"\n', 'cli_auth_credentials_store = "keyring"\n')
    codex = put_login(deck, sim.issue())
    before = codex.read_bytes()
    ended = deck("login", "--api-key-stdin", stdin=KEY)
    assert ended.code == 0
    assert "shared with" not in ended.err
    sentence = (
        "auth.store is file, and Codex keeps its login in the keyring: this login is our own, "
        "and Codex's is left alone"
    )
    assert ended.err.count(f"note: {sentence}.\n") == 1
    assert shared(deck) == ("file", False)
    assert deck("login", "status").err == f"note: {sentence}.\n"
    verdict = checks(deck)["sign_in"]
    assert verdict["state"] == "warning"
    assert verdict["found"].startswith("kept in a file, not shared with the Codex CLI; home ")
    assert sentence in verdict["found"]
    assert "credentials store keyring" in checks(deck)["codex"]["found"]
    assert deck("logout").err == "note: You are signed out.\n"
    assert codex.read_bytes() == before


def test_a_login_in_memory_is_not_shared(deck: CommandLine) -> None:
    choose(deck, '[auth]\nstore = "ephemeral"\n')
    verdict = checks(deck)["sign_in"]
    assert verdict["state"] == "ok"
    assert verdict["found"].startswith("kept in memory, for one run only, not shared with the")


@pytest.mark.parametrize("mode", ["shared", "read_only"])
def test_the_encrypted_file_of_codex_is_not_shared(deck: CommandLine, mode: str) -> None:
    choose(
        deck,
        f'[auth]\nmode = "{mode}"\n',
        'cli_auth_credentials_store = "keyring"\n[features]\nsecret_auth_storage = true\n',
    )
    verdict = checks(deck)["sign_in"]
    assert verdict["found"].startswith("kept in the keyring, not shared with the Codex CLI; home ")


def test_a_login_that_is_only_read_lies_where_codex_keeps_it(
    deck: CommandLine, sim: Simulator
) -> None:
    choose(deck, '[auth]\nmode = "read_only"\nstore = "keyring"\n')
    before = put_login(deck, sim.issue()).read_bytes()
    assert shared(deck) == ("file", True)
    note = "note: auth.store is keyring, but auth.mode is read_only, and Codex keeps its login in a"
    assert deck("login", "status").err.count(note) == 1
    verdict = checks(deck)["sign_in"]
    assert verdict["state"] == "warning"
    assert "a file, of the Codex CLI, which is never written; home " in verdict["found"]
    assert (home_of(deck) / "auth.json").read_bytes() == before


def test_a_login_that_both_use_is_shared(deck: CommandLine, sim: Simulator) -> None:
    put_login(deck, sim.issue())
    choose(deck, '[auth]\nstore = "file"\n')
    assert shared(deck) == ("file", True)
    assert deck("login", "status").err == ""
    verdict = checks(deck)["sign_in"]
    assert verdict["state"] == "ok"
    assert verdict["found"].startswith("kept in a file, shared with the Codex CLI; home ")
