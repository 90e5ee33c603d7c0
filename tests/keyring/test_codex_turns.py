"""The real Codex and Foredeck chat, and renew, with one login in the keyring."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simulator.auth.policy import CLIENT_ID
from simulator.server import Simulator
from tests.keyring.conftest import ROOT, find_codex, missing
from tests.oracle.codex import Codex, answered
from tests.oracle.front import Front

if TYPE_CHECKING:
    from tests.keyring.private_bus import Bus

pytestmark = [pytest.mark.oracle, pytest.mark.slow, pytest.mark.timeout(180)]

QUESTION = "How do I retry a request?"
ANSWER = "bug with a delay"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        simulator.auth.policy.interval = "0"
        yield simulator


@pytest.fixture(params=["keyring", "auto"])
def codex(
    request: pytest.FixtureRequest, sim: Simulator, keyring: "Bus", tmp_path: Path
) -> Iterator[Codex]:
    """Codex as a user has it who told it to use the keyring."""
    program = find_codex()
    home, folder = tmp_path / "codex", tmp_path / "front"
    for path in (home, folder):
        path.mkdir(mode=0o700)
    (home / "config.toml").write_text(f'cli_auth_credentials_store = "{request.param}"\n')
    try:
        front = Front(folder, sim.port)
    except FileNotFoundError:
        missing("no openssl to make a certificate with")
    with front:
        yield Codex(program=program, home=home, front=front)


class Pair:
    """Both programs on one home and one bus."""

    def __init__(self, codex: Codex, sim: Simulator, bus: "Bus") -> None:
        self._codex = codex
        self._sim = sim
        self._bus = bus

    def codex(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self._codex.run(*words, **self._bus.environ)

    def codex_answers(self) -> bool:
        return answered(self._codex.ask(QUESTION, **self._bus.environ))

    def foredeck(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "app", *words],
            env={
                **os.environ,
                **self._bus.environ,
                "PYTHONPATH": str(ROOT),
                "CODEX_HOME": str(self._codex.home),
                "FOREDECK_ISSUER": self._sim.issuer,
                "FOREDECK_CHATGPT_BASE_URL": self._sim.chatgpt_base_url,
            },
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def foredeck_answers(self) -> bool:
        return ANSWER in self.foredeck("ask", QUESTION).stdout

    def sign_in_with_codex(self) -> None:
        flags = ("--experimental_issuer", self._sim.issuer, "--experimental_client-id", CLIENT_ID)
        result = self.codex("login", "--device-auth", *flags)
        assert result.returncode == 0, result.stderr

    def sign_in_with_foredeck(self) -> None:
        result = self.foredeck("login", "--device")
        assert result.returncode == 0, result.stderr

    def stored(self) -> dict[str, Any]:
        """The one login that there is, and it is in the keyring."""
        assert not self._codex.auth_file.exists()
        (item,) = self._bus.items()
        return json.loads(item.secret)


@pytest.fixture
def both(codex: Codex, sim: Simulator, keyring: "Bus") -> Pair:
    return Pair(codex, sim, keyring)


def test_we_chat_with_the_login_that_codex_made(both: Pair) -> None:
    both.sign_in_with_codex()
    assert both.foredeck_answers()
    assert both.codex_answers()
    both.stored()


def test_codex_chats_with_the_login_that_we_made(both: Pair) -> None:
    both.sign_in_with_foredeck()
    assert both.codex_answers()
    assert both.foredeck_answers()
    both.stored()


def test_each_goes_on_with_what_the_other_renewed(both: Pair, sim: Simulator) -> None:
    both.sign_in_with_codex()
    first = both.stored()["tokens"]["refresh_token"]
    sim.auth.clock.advance(20 * 86_400)
    assert both.foredeck_answers()
    second = both.stored()["tokens"]["refresh_token"]
    assert both.codex_answers()
    assert both.stored()["tokens"]["refresh_token"] == second != first
    assert [refresh.outcome for refresh in sim.refreshes] == ["rotated"]


def test_logout_of_one_is_that_of_the_other(both: Pair, sim: Simulator, keyring: "Bus") -> None:
    both.sign_in_with_codex()
    assert both.foredeck("logout").returncode == 0
    assert keyring.items() == []
    assert "Not logged in" in both.codex("login", "status").stderr
    both.sign_in_with_foredeck()
    both.codex("logout")
    assert both.foredeck("login", "status").returncode == 3
    assert sim.auth.live_families == 0
