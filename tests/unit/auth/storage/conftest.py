"""Real folders, small disks, and programs that share them."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.auth.stores.file_store import FileStorage

ROOT = Path(__file__).resolve().parents[4]

Program = Callable[..., Any]


class StillClock:
    """A clock that a test moves; what is asked to sleep does not."""

    def __init__(self) -> None:
        self.time = 1_900_000_000.0
        self.slept: list[float] = []
        self.while_asleep: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept.append(seconds)
        self.while_asleep()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def codex_home(tmp_path: Path) -> Path:
    home = tmp_path / "codex"
    home.mkdir(mode=0o700)
    return home


@pytest.fixture
def auth_file(codex_home: Path) -> Path:
    return codex_home / "auth.json"


@pytest.fixture
def storage(codex_home: Path, clock: StillClock) -> FileStorage:
    return FileStorage(codex_home, clock, is_shared=True)


@pytest.fixture
def program(codex_home: Path) -> Iterator[Program]:
    """Starts Python code in a process of its own; the home is its first argument."""
    running: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(codex_home), *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def small_disk(codex_home: Path) -> Iterator[Path]:
    """The home on a file system of 1 MiB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(codex_home)]
    if (
        shutil.which("mount") is None
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("needs the right to mount a tmpfs")
    yield codex_home
    subprocess.run(["umount", str(codex_home)], check=True)


@pytest.fixture
def remount(small_disk: Path) -> Callable[[str], None]:
    """Changes the options of the small disk."""

    def change(options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(small_disk)], check=True)

    return change
