"""A real gnome-keyring on a bus of its own, and the storage in a process beside it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from tests.keyring.private_bus import Bus

ROOT = Path(__file__).resolve().parents[2]
CLIENT = Path(__file__).with_name("client.py")


def missing(reason: str) -> NoReturn:
    """Skip, or fail where everything has to be there (`FOREDECK_CI=1`)."""
    if os.environ.get("FOREDECK_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def find_codex() -> str:
    """Path of the Codex CLI: `FOREDECK_CODEX`, or the one that npm put into `.tools/codex`."""
    program = os.environ.get("FOREDECK_CODEX") or str(
        ROOT / ".tools" / "codex" / "node_modules" / ".bin" / "codex"
    )
    if shutil.which(program) is None or shutil.which("node") is None:
        missing("no Codex CLI: run `sh scripts/oracles`, or set FOREDECK_CODEX")
    return program


@pytest.fixture
def bus() -> "Generator[Bus]":
    """A bus on which nobody is yet."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the Secret Service is of Linux")
    from tests.keyring.private_bus import missing_programs, private_bus

    if absent := missing_programs():
        missing(f"not installed: {', '.join(absent)}")
    # A socket's path has 108 characters at most, and those of pytest are long.
    with tempfile.TemporaryDirectory(prefix="fd-") as folder, private_bus(Path(folder)) as bus:
        yield bus


@pytest.fixture
def keyring(bus: "Bus") -> "Generator[Bus]":
    """A bus with an open keyring."""
    with bus.keyring():
        yield bus


@dataclass(frozen=True)
class Storage:
    """Runs the storage's calls in a process whose surroundings are chosen."""

    home: Path

    def __call__(
        self, store: str, *commands: str, environ: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """The answer of each command; the process has ended by itself."""
        surroundings = {k: v for k, v in os.environ.items() if k != "DBUS_SESSION_BUS_ADDRESS"}
        before = time.monotonic()
        ended = subprocess.run(
            [sys.executable, str(CLIENT), str(self.home), store, *commands],
            env={**surroundings, "PYTHONPATH": str(ROOT), **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        whole = time.monotonic() - before
        assert ended.returncode == 0, ended.stderr
        assert ended.stderr == ""
        answers = [json.loads(line) for line in ended.stdout.splitlines()]
        assert len(answers) == len(commands)
        # What is left for the start and the end: a thread that hangs must not be waited for.
        assert whole - sum(answer["seconds"] for answer in answers) < 10
        return answers

    @property
    def file(self) -> Path:
        return self.home / "auth.json"


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    home = tmp_path / "codex"
    home.mkdir(mode=0o700)
    return Storage(home.resolve())
