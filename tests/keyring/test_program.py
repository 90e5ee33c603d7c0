"""The whole program over a keyring, which it does not wait for."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.terminal import Terminal
from simulator.server import Simulator
from tests.keyring.conftest import ROOT

if TYPE_CHECKING:
    from tests.keyring.private_bus import Bus

pytestmark = pytest.mark.slow
TIMEOUT = 1.0
LIMIT = 10.0
"""Seconds for a whole run: start, the keyring's limit, end."""


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


class Foredeck:
    """Runs the program with the keyring of a bus."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.home = folder / "codex"
        self.home.mkdir(mode=0o700)
        self.environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CODEX_HOME": str(self.home),
            "FOREDECK_ISSUER": sim.issuer,
            "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
            "FOREDECK_KEYRING_TIMEOUT": str(TIMEOUT),
        }
        self.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)

    def choose(self, store: str) -> None:
        """As the user has told Codex."""
        (self.home / "config.toml").write_text(f'cli_auth_credentials_store = "{store}"\n')

    def __call__(self, *arguments: str, environ: Mapping[str, str]) -> tuple[int, str, str]:
        before = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            env={**self.environ, **environ},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert time.monotonic() - before < LIMIT
        return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def foredeck(sim: Simulator, tmp_path: Path) -> Foredeck:
    sim.auth.policy.interval = "1"
    return Foredeck(sim, tmp_path)


def status(out: str) -> dict[str, Any]:
    return json.loads(out)


@pytest.mark.parametrize("store", ["keyring", "auto"])
def test_sign_in_question_and_logout_with_a_real_keyring(
    foredeck: Foredeck, sim: Simulator, keyring: "Bus", store: str
) -> None:
    foredeck.choose(store)
    assert foredeck("login", "--device", environ=keyring.environ)[0] == 0
    assert not (foredeck.home / "auth.json").exists()
    (item,) = keyring.items()
    assert item.attributes["service"] == "Codex Auth"
    code, out, _ = foredeck("login", "status", "--json", environ=keyring.environ)
    assert (code, status(out)["storage"]) == (0, "keyring")
    code, out, _ = foredeck("ask", "How do I retry a request?", environ=keyring.environ)
    assert (code, "bug with a delay" in out) == (0, True)
    assert foredeck("logout", environ=keyring.environ)[0] == 0
    assert keyring.items() == []
    assert sim.auth.live_families == 0


def test_renewed_tokens_go_back_into_the_keyring(
    foredeck: Foredeck, sim: Simulator, keyring: "Bus"
) -> None:
    foredeck.choose("keyring")
    foredeck("login", "--device", environ=keyring.environ)
    before = keyring.items()[0].secret
    sim.auth.clock.advance(20 * 86_400)
    assert foredeck("ask", "How do I retry a request?", environ=keyring.environ)[0] == 0
    (after,) = keyring.items()
    assert after.secret != before
    assert [refresh.outcome for refresh in sim.refreshes] == ["rotated"]


@pytest.mark.parametrize("row", ["no bus", "mute"])
def test_keyring_that_cannot_be_had_is_said_in_time(
    foredeck: Foredeck, bus: "Bus", row: str
) -> None:
    foredeck.choose("keyring")
    with bus.mute_keyring():
        environ: Mapping[str, str] = bus.environ if row == "mute" else {}
        code, _, err = foredeck("login", "status", environ=environ)
        assert (code, "keyring" in err.lower()) == (3, True)
        code, _, err = foredeck("login", "--device", environ=environ)
        assert (code, "keyring" in err.lower()) == (1, True)
    assert not (foredeck.home / "auth.json").exists()


@pytest.mark.parametrize("row", ["no bus", "mute", "locked"])
def test_auto_signs_in_to_the_file_and_says_so(
    foredeck: Foredeck, bus: "Bus", sim: Simulator, row: str
) -> None:
    foredeck.choose("auto")
    with bus.mute_keyring() if row == "mute" else bus.keyring():
        if row == "locked":
            bus.lock()
        environ: Mapping[str, str] = {} if row == "no bus" else bus.environ
        code, _, err = foredeck("login", "--device", environ=environ)
        assert (code, "keyring" in err.lower()) == (0, True)
        assert (foredeck.home / "auth.json").exists()
        assert foredeck("ask", "How do I retry a request?", environ=environ)[0] == 0
    assert sim.auth.live_families == 1


@pytest.mark.parametrize("store", ["keyring", "auto"])
def test_app_starts_over_a_keyring_that_is_mute(
    foredeck: Foredeck, sim: Simulator, bus: "Bus", store: str
) -> None:
    foredeck.choose(store)
    if store == "auto":
        (foredeck.home / "auth.json").write_text(json.dumps(sim.issue()))
    with (
        bus.mute_keyring(),
        Terminal(
            [sys.executable, "-m", "app"], environ={**foredeck.environ, **bus.environ}
        ) as terminal,
    ):
        terminal.wait_screen("keyring", limit=LIMIT)
        terminal.send("\x03")
        terminal.wait_screen("again quits")
        terminal.send("\x03")
        assert terminal.wait_end() == 0
