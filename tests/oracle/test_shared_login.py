"""Foredeck and the real Codex on one `auth.json`: each works with what the other wrote.

Both run with their own addresses; a proxy that ends TLS stands in the place of the servers.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.server import Simulator
from tests.oracle.codex import Codex, answered

pytestmark = [pytest.mark.oracle, pytest.mark.slow, pytest.mark.timeout(180)]
ROOT = Path(__file__).resolve().parents[2]
QUESTION = "How do I retry a request?"


class Foredeck:
    """Our own program as a process, on Codex's home and behind the same front."""

    def __init__(self, codex: Codex, home: Path) -> None:
        self._codex = codex
        self._home = home

    def __call__(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        environ = self._codex.environment(
            FOREDECK_HOME=str(self._home), PYTHONPATH=str(ROOT), LANG="C.UTF-8"
        )
        return subprocess.run(
            [sys.executable, "-m", "app", *words],
            cwd=self._codex.home,
            env={**environ, "PATH": os.environ["PATH"]},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        ended = self("login", "status", "--json")
        return {**json.loads(ended.stdout), "exit": ended.returncode}


@pytest.fixture
def foredeck(codex: Codex, tmp_path: Path) -> Foredeck:
    return Foredeck(codex, tmp_path / "foredeck")


def by_codex(sim: Simulator) -> int:
    """How many refreshes were not ours."""
    return sum(r.request.headers.get("originator") != "foredeck" for r in sim.refreshes)


def test_what_codex_signed_in_is_signed_in_here(
    codex: Codex, foredeck: Foredeck, sim: Simulator
) -> None:
    assert codex.run("login", "--device-auth").returncode == 0
    status = foredeck.status()
    assert status["exit"] == 0
    assert status["mode"] == "chatgpt"
    assert status["email"] == sim.account.email
    assert status["account_id"] == sim.account.account_id
    assert status["shared_with_codex"] is True
    answer = foredeck("ask", QUESTION)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "retry" in answer.stdout.lower()


def test_what_is_signed_in_here_is_signed_in_for_codex(
    codex: Codex, foredeck: Foredeck, sim: Simulator
) -> None:
    login = foredeck("login", "--device")
    assert login.returncode == 0, login.stderr
    assert "Logged in using ChatGPT" in codex.run("login", "status").stderr
    assert answered(codex.ask(QUESTION))
    assert sim.refreshes == []


def test_what_one_renews_the_other_uses(codex: Codex, foredeck: Foredeck, sim: Simulator) -> None:
    codex.plant(sim.issue(life=720, spent=200, has_provenance=False))
    first = codex.login()["tokens"]
    assert foredeck("ask", QUESTION).returncode == 0
    ours = codex.login()["tokens"]
    assert ours["refresh_token"] != first["refresh_token"]
    assert answered(codex.ask(QUESTION))
    assert by_codex(sim) == 0
    sim.auth.clock.advance(11 * 86_400)
    assert answered(codex.ask(QUESTION)), "a 401, so Codex renews"
    theirs = codex.login()["tokens"]
    assert theirs["refresh_token"] != ours["refresh_token"]
    assert by_codex(sim) == 1
    assert foredeck("ask", QUESTION).returncode == 0
    assert {r.outcome for r in sim.refreshes} == {"rotated"}


def test_codex_keeps_reading_a_file_that_was_renewed_here(
    codex: Codex, foredeck: Foredeck, sim: Simulator
) -> None:
    codex.plant(sim.issue(life=720, spent=200, has_provenance=False))
    for _ in range(3):
        assert foredeck("models").returncode == 0
        assert "Logged in using ChatGPT" in codex.run("login", "status").stderr
        sim.auth.ledger.life, sim.auth.ledger.spent = 720, 200


def test_a_logout_here_signs_codex_out(codex: Codex, foredeck: Foredeck, sim: Simulator) -> None:
    assert codex.run("login", "--device-auth").returncode == 0
    assert foredeck("logout").returncode == 0
    assert sim.auth.live_families == 0
    assert "Not logged in" in codex.run("login", "status").stderr
    assert foredeck.status()["exit"] == 3


def test_a_logout_of_codex_signs_us_out(codex: Codex, foredeck: Foredeck) -> None:
    assert foredeck("login", "--device").returncode == 0
    assert codex.run("logout").returncode == 0
    assert foredeck.status()["exit"] == 3
    ended = foredeck("ask", QUESTION)
    assert ended.returncode == 3
    assert not codex.auth_file.exists()


def test_a_key_is_shared_both_ways(codex: Codex, foredeck: Foredeck, sim: Simulator) -> None:
    key = sim.api_key or ""
    ended = foredeck("login", "--api-key-stdin", stdin=key)
    assert ended.returncode == 0, ended.stderr
    assert "API key configured" in codex.run("login", "status").stderr
    codex.plant({"auth_mode": "apikey", "OPENAI_API_KEY": key})
    assert foredeck.status()["mode"] == "api_key"
    assert foredeck("models").returncode == 0
    assert key not in ended.stderr + ended.stdout
