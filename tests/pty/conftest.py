"""The app in a real pseudo-terminal, against a simulator in this process."""

import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from simulator.server import Simulator

ROOT = Path(__file__).resolve().parent.parent.parent
Open = Callable[..., Terminal]


@pytest.fixture
def sim() -> Generator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def environ(sim: Simulator) -> dict[str, str]:
    return {
        **os.environ,
        "FOREDECK_OPENAI_BASE_URL": sim.openai_base_url,
        "OPENAI_API_KEY": sim.api_key or "",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def deck(environ: dict[str, str], tmp_path: Path) -> Open:
    """Makes a terminal in which the app (or another command) runs once it is entered."""

    def make(*arguments: str, command: list[str] | None = None, **options: int) -> Terminal:
        program = command or [sys.executable, "-m", "app", *arguments]
        return Terminal(program, environ=environ, folder=tmp_path, **options)

    return make
