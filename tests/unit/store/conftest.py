"""Real databases in real files, and programs that share them."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from services.store.chats import ChatStore
from services.store.database import Database

ROOT = Path(__file__).resolve().parents[3]

Program = Callable[..., "subprocess.Popen[str]"]


class StillClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "foredeck.db"


@pytest.fixture
async def database(path: Path, clock: StillClock) -> AsyncIterator[Database]:
    database = await Database.open(path, clock)
    assert database.notices == []
    yield database
    await database.close()


@pytest.fixture
async def store(database: Database, clock: StillClock) -> ChatStore:
    store = ChatStore(database, clock)
    await store.create(chat_id="chat-1", model="m", effort=None, provider="p")
    return store


@pytest.fixture
def program(path: Path) -> Iterator[Program]:
    """Starts Python code in a process of its own; `path` is its first argument."""
    running: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(path), *arguments],
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
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(folder)]
    if (
        shutil.which("mount") is None
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def remount(small_disk: Path) -> Callable[[str], None]:
    """Makes the small disk read-only (`ro`) or not (`rw`)."""

    def change(mode: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{mode}", str(small_disk)], check=True)

    return change
