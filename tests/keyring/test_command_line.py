"""`doctor`, `login status` and `logout` where the login belongs into the keyring."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.auth.stores.keyring_entry import CODEX_SERVICE, account_name
from simulator.server import Simulator
from tests.keyring.conftest import ROOT

if TYPE_CHECKING:
    from tests.keyring.private_bus import Bus


class CommandLine:
    """Runs `foredeck` on a bus, with a Codex home whose configuration names a store."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "codex"
        self.home.mkdir(mode=0o700)
        self._folder = folder

    def __call__(self, store: str, bus: "Bus", *arguments: str) -> tuple[int, str, str]:
        (self.home / "config.toml").write_text(f'cli_auth_credentials_store = "{store}"\n')
        ended = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            env={
                **os.environ,
                **bus.environ,
                "CODEX_HOME": str(self.home),
                "FOREDECK_HOME": str(self._folder / "foredeck"),
                "FOREDECK_KEYRING_TIMEOUT": "2",
                "PYTHONPATH": str(ROOT),
            },
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr

    def check(self, store: str, bus: "Bus", id_: str) -> tuple[str, str]:
        """What the doctor says about one thing."""
        _, out, err = self(store, bus, "doctor", "--offline", "--json")
        assert err == ""
        found: dict[str, Any] = {each["id"]: each for each in json.loads(out)["checks"]}
        return found[id_]["state"], found[id_]["found"]


@pytest.fixture
def foredeck(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path.resolve())


@pytest.mark.oracle
def test_a_keyring_is_tried_and_left_as_it_was(foredeck: CommandLine, keyring: "Bus") -> None:
    before = keyring.items()
    state, found = foredeck.check("keyring", keyring, "keyring")
    assert (state, "took a secret, gave it back and deleted it" in found) == ("ok", True)
    assert keyring.items() == before


@pytest.mark.oracle
def test_a_locked_keyring_is_said(foredeck: CommandLine, keyring: "Bus") -> None:
    keyring.lock()
    assert foredeck.check("keyring", keyring, "keyring") == ("failed", "The keyring is locked")
    assert foredeck.check("auto", keyring, "keyring") == (
        "warning",
        "The keyring is locked; the file is used",
    )


@pytest.mark.oracle
def test_a_keyring_that_never_answers_is_given_up_in_time(
    foredeck: CommandLine, bus: "Bus"
) -> None:
    with bus.mute_keyring():
        begun = time.monotonic()
        found = foredeck.check("keyring", bus, "keyring")
        code, _, err = foredeck("keyring", bus, "login", "status")
    assert found == ("failed", "The keyring did not answer within 2 seconds")
    assert (code, "did not answer within 2 seconds" in err) == (3, True)
    assert time.monotonic() - begun < 20


@pytest.mark.oracle
def test_a_keyring_that_is_not_used_is_not_touched(foredeck: CommandLine, bus: "Bus") -> None:
    with bus.mute_keyring():
        begun = time.monotonic()
        found = foredeck.check("file", bus, "keyring")
    assert found == ("skipped", "not used; this session has the Secret Service")
    assert time.monotonic() - begun < 10


@pytest.mark.oracle
def test_a_login_in_the_keyring_is_found_and_deleted(foredeck: CommandLine, keyring: "Bus") -> None:
    with Simulator() as sim:
        login = sim.issue()
    attributes = {"service": CODEX_SERVICE, "username": account_name(foredeck.home)}
    keyring.make_item({**attributes, "target": "default"}, json.dumps(login))
    code, out, _ = foredeck("keyring", keyring, "login", "status", "--json")
    document = json.loads(out)
    assert (code, document["mode"], document["storage"]) == (0, "chatgpt", "keyring")
    assert document["shared_with_codex"] is True
    assert foredeck.check("keyring", keyring, "account")[0] == "ok"
    code, _, err = foredeck("keyring", keyring, "logout", "--keep-remote")
    assert (code, err.startswith("note: You are signed out, and so is the Codex CLI")) == (0, True)
    assert foredeck("keyring", keyring, "login", "status")[0] == 3
    assert keyring.items() == []
