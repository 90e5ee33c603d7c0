"""The ground that a soak runs on, and the real Codex upon it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.server import Simulator
from tests.oracle.codex import Codex
from tests.oracle.conftest import codex_program, missing
from tests.oracle.front import HOSTS, Front
from tests.soak.ground import Ground, echo

__all__ = ["codex_program"]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(story=echo) as simulator:
        yield simulator


@pytest.fixture
def ground(sim: Simulator, tmp_path: Path) -> Ground:
    return Ground(sim, tmp_path)


@pytest.fixture
def codex(codex_program: str, ground: Ground, tmp_path: Path) -> Iterator[Codex]:
    """Codex with the same `auth.json`."""
    if shutil.which("openssl") is None:
        missing("no openssl to make a certificate with")
    folder = tmp_path / "front"
    folder.mkdir()
    with Front(folder, ground.sim.port) as front:
        yield Codex(program=codex_program, home=ground.codex_home, front=front)
        assert set(front.asked) <= set(HOSTS)
