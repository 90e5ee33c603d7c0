"""`auth.store` names a keyring and Codex keeps a file: nothing of Codex's is touched."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.auth.stores.keyring_entry import CODEX_SERVICE, OWN_SERVICE, account_name
from simulator.auth.account import Account
from simulator.server import Simulator
from tests.keyring.conftest import ROOT, find_codex

if TYPE_CHECKING:
    from tests.keyring.private_bus import Bus

pytestmark = pytest.mark.slow
SENTENCE = "auth.store is {}, and Codex keeps its login in {}: this login is our own"
REST = ", and Codex's is left alone"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        simulator.auth.policy.interval = "1"
        yield simulator


class Foredeck:
    """Runs the program with a store of our choice beside a Codex that has signed in."""

    def __init__(self, sim: Simulator, bus: "Bus", folder: Path) -> None:
        self.codex = folder / "codex"
        self.codex.mkdir(mode=0o700)
        self.file = self.codex / "auth.json"
        self.file.touch(mode=0o600)
        self.file.write_text(json.dumps(sim.issue(Account(email="codex@example.test"))))
        self.home = folder / "foredeck"
        self.home.mkdir()
        self.environ = {
            **os.environ,
            **bus.environ,
            "PYTHONPATH": str(ROOT),
            "CODEX_HOME": str(self.codex),
            "FOREDECK_HOME": str(self.home),
            "FOREDECK_ISSUER": sim.issuer,
            "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
        }

    def choose(self, ours: str, codex: str = "") -> None:
        """As the user has told us, and Codex."""
        (self.home / "config.toml").write_text(f'[auth]\nstore = "{ours}"\n')
        (self.codex / "config.toml").write_text(codex)

    def seen(self) -> dict[str, tuple[bytes, int]]:
        """What lies in Codex's home, and since when."""
        files = sorted(path for path in self.codex.iterdir())
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        ended = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            env=self.environ,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.returncode, ended.stdout, ended.stderr

    def status(self) -> dict[str, Any]:
        code, out, _ = self("login", "status", "--json")
        assert code == 0
        return json.loads(out)

    def check(self, id_: str) -> tuple[str, str]:
        """What the doctor says about one thing."""
        _, out, _ = self("doctor", "--offline", "--json")
        found = {each["id"]: each for each in json.loads(out)["checks"]}
        return found[id_]["state"], found[id_]["found"]


@pytest.fixture
def foredeck(sim: Simulator, keyring: "Bus", tmp_path: Path) -> Foredeck:
    return Foredeck(sim, keyring, tmp_path.resolve())


@pytest.mark.parametrize("store", ["auto", "keyring"])
def test_codex_stays_signed_in_through_our_login_refresh_and_logout(
    foredeck: Foredeck, sim: Simulator, keyring: "Bus", store: str
) -> None:
    foredeck.choose(store)
    before = foredeck.seen()
    code, _, err = foredeck("login", "--device")
    assert (code, "shared with" in err) == (0, False)
    assert err.count(f"note: {SENTENCE.format(store, 'a file')}{REST}.\n") == 1
    assert foredeck.seen() == before
    status = foredeck.status()
    assert (status["storage"], status["shared_with_codex"]) == ("keyring", False)
    assert status["email"] == sim.account.email
    (item,) = keyring.items()
    assert item.attributes["service"] == OWN_SERVICE
    assert foredeck.check("account")[0] == "ok"
    sim.auth.clock.advance(20 * 86_400)
    assert foredeck("ask", "How do I retry a request?")[0] == 0
    assert [refresh.outcome for refresh in sim.refreshes] == ["rotated"]
    assert keyring.items()[0].secret != item.secret
    assert foredeck.seen() == before
    code, _, err = foredeck("logout")
    assert (code, "Codex" in err) == (0, False)
    assert (foredeck.seen(), keyring.items()) == (before, [])
    families = sim.auth.as_json()["families"]
    assert (families["alive"], families["revoked"]) == (1, 1)


@pytest.mark.oracle
def test_the_real_codex_is_signed_in_all_the_while(foredeck: Foredeck) -> None:
    program = find_codex()

    def status() -> str:
        ended = subprocess.run(
            [program, "login", "status"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(foredeck.codex),
                "CODEX_HOME": str(foredeck.codex),
                "DBUS_SESSION_BUS_ADDRESS": foredeck.environ["DBUS_SESSION_BUS_ADDRESS"],
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.stdout + ended.stderr

    foredeck.choose("auto")
    assert "Logged in using ChatGPT" in status()
    assert foredeck("login", "--device")[0] == 0
    assert "Logged in using ChatGPT" in status()
    assert foredeck("logout")[0] == 0
    assert "Logged in using ChatGPT" in status()


def test_without_a_login_of_ours_nobody_is_signed_in_and_it_is_said_why(
    foredeck: Foredeck, keyring: "Bus"
) -> None:
    foredeck.choose("auto")
    before = foredeck.seen()
    entry = {"service": CODEX_SERVICE, "username": account_name(foredeck.codex)}
    keyring.make_item({**entry, "target": "default"}, foredeck.file.read_text())
    items = keyring.items()
    code, out, err = foredeck("login", "status")
    assert (code, out) == (3, "")
    assert err.splitlines() == [
        f"note: {SENTENCE.format('auto', 'a file')}{REST}.",
        "error: Nobody is signed in. Sign in with foredeck login.",
    ]
    assert foredeck("logout")[2] == "note: Nobody was signed in.\n"
    assert (foredeck.seen(), keyring.items()) == (before, items)


def test_a_file_of_ours_leaves_the_entry_of_codex_alone(foredeck: Foredeck, keyring: "Bus") -> None:
    foredeck.choose("file", 'cli_auth_credentials_store = "keyring"\n')
    entry = {"service": CODEX_SERVICE, "username": account_name(foredeck.codex)}
    keyring.make_item({**entry, "target": "default"}, foredeck.file.read_text())
    before, items = foredeck.seen(), keyring.items()
    code, _, err = foredeck("login", "--device")
    assert (code, "shared with" in err) == (0, False)
    assert f"note: {SENTENCE.format('file', 'the keyring')}{REST}.\n" in err
    status = foredeck.status()
    assert (status["storage"], status["shared_with_codex"]) == ("file", False)
    assert foredeck("logout", "--keep-remote")[0] == 0
    assert (foredeck.seen(), keyring.items()) == (before, items)


def test_the_encrypted_file_of_codex_is_not_shared(foredeck: Foredeck, keyring: "Bus") -> None:
    foredeck.choose(
        "keyring",
        'cli_auth_credentials_store = "keyring"\n[features]\nsecret_auth_storage = true\n',
    )
    before = foredeck.file.read_bytes()
    code, _, err = foredeck("login", "--device")
    assert (code, "shared with" in err) == (0, False)
    assert err.count("in an encrypted file, which is left alone: this one is our own") == 1
    status = foredeck.status()
    assert (status["storage"], status["shared_with_codex"]) == ("keyring", False)
    state, found = foredeck.check("sign_in")
    assert (state, "the keyring, not shared with the Codex CLI" in found) == ("ok", True)
    code, _, err = foredeck("logout", "--keep-remote")
    assert (code, "Codex" in err) == (0, False)
    assert (foredeck.file.read_bytes(), keyring.items()) == (before, [])


def test_a_login_of_our_own_in_the_keyring_is_found_by_the_doctor(
    foredeck: Foredeck, keyring: "Bus", sim: Simulator
) -> None:
    (foredeck.home / "config.toml").write_text('[auth]\nmode = "own"\nstore = "keyring"\n')
    assert foredeck("login", "--device")[0] == 0
    assert len(keyring.items()) == 1
    assert foredeck.check("account")[0] == "ok"
    assert sim.auth.live_families == 2
