"""The real command line in a process of its own, against the simulator."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulator.server import Simulator

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


class CommandLine:
    """Runs `foredeck`."""

    python = sys.executable

    def __init__(self, sim: Simulator, home: Path) -> None:
        self.environment = {
            **os.environ,
            "FOREDECK_HOME": str(home),
            "FOREDECK_OPENAI_BASE_URL": sim.openai_base_url,
            "OPENAI_API_KEY": sim.api_key or "",
            "PYTHONPATH": str(ROOT),
        }

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start it and go on; stdin is empty unless it is given."""
        options = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **options,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            env=self.environment,
            cwd=ROOT,
            text=True,
            encoding="utf-8",
            **options,
        )

    def __call__(self, *arguments: str, stdin: str | None = None) -> Ended:
        """Run it to its end."""
        options = {} if stdin is None else {"stdin": subprocess.PIPE}
        with self.start(*arguments, **options) as process:
            out, err = process.communicate(stdin, timeout=30)
        return Ended(process.returncode, out, err)


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def foredeck(sim: Simulator, tmp_path: Path) -> CommandLine:
    return CommandLine(sim, tmp_path / "cli-home")
