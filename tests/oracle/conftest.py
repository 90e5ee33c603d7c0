"""Real programs from outside: found, or a reason to skip."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from simulator.server import Simulator
from tests.oracle.codex import Codex
from tests.oracle.front import HOSTS, Front

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def codex_program() -> str:
    """Path of the Codex CLI: `FOREDECK_CODEX`, or the one that npm put into `.tools/codex`."""
    named = os.environ.get("FOREDECK_CODEX")
    found = named or str(ROOT / ".tools" / "codex" / "node_modules" / ".bin" / "codex")
    if shutil.which(found) is None:
        missing(
            "no Codex CLI: set FOREDECK_CODEX, or run "
            "`npm install --prefix .tools/codex @openai/codex@latest`"
        )
    if shutil.which("node") is None:
        missing("no node to run the Codex CLI with")
    return found


def missing(reason: str) -> NoReturn:
    """Skip, or fail where everything has to be there (`FOREDECK_CI=1`)."""
    if os.environ.get("FOREDECK_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """The far end of real programs that sign in."""
    with Simulator() as simulator:
        simulator.auth.policy.interval = "0"
        yield simulator


@pytest.fixture
def codex(codex_program: str, sim: Simulator, tmp_path: Path) -> Iterator[Codex]:
    """Codex with its own base URLs, and a front in the place of the servers behind them."""
    if shutil.which("openssl") is None:
        missing("no openssl to make a certificate with")
    home, folder = tmp_path / "codex", tmp_path / "front"
    home.mkdir()
    folder.mkdir()
    with Front(folder, sim.port) as front:
        yield Codex(program=codex_program, home=home, front=front)
        assert set(front.asked) <= set(HOSTS)
