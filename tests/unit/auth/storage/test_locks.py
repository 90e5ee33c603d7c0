# ruff: noqa: ASYNC240
"""Locks across processes, the kind that Codex takes."""

import asyncio
import errno
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.auth.stores.file_store import FileStorage
from services.clock import SystemClock
from services.errors import StorageError
from tests.unit.auth.storage.free import is_free
from tests.unit.auth.storage.logins import login

if sys.platform == "win32":
    pytest.skip("locks of POSIX", allow_module_level=True)

import fcntl

if TYPE_CHECKING:
    from tests.unit.auth.storage.conftest import Program, StillClock

HOLDER = """
import fcntl, os, sys
files = [os.open(os.path.join(sys.argv[1], name), os.O_CREAT | os.O_RDWR, 0o600)
         for name in sys.argv[2:]]
for file in files:
    fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""

NAMES = ["auth.lock", "auth.json.lock"]


@pytest.fixture(params=["refresh", "commit"])
def lock(request: pytest.FixtureRequest, storage: FileStorage) -> Callable[[float], Any]:
    return storage.refresh_lock if request.param == "refresh" else storage.commit_lock


async def test_locks_are_private_files_that_stay(storage: FileStorage, codex_home: Path) -> None:
    before = os.umask(0)
    try:
        async with storage.refresh_lock(1) as first, storage.commit_lock(1) as second:
            assert (first, second) == (True, True)
            assert not any(is_free(path) for path in codex_home.iterdir())
    finally:
        os.umask(before)
    assert {
        path.name: (stat.S_IMODE(path.stat().st_mode), is_free(path))
        for path in codex_home.iterdir()
    } == dict.fromkeys([*NAMES, "foredeck-auth.lock"], (0o600, True))


async def test_lock_of_the_file_lies_beside_what_a_link_leads_to(
    storage: FileStorage, auth_file: Path, codex_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    auth_file.symlink_to(tmp_path / "elsewhere" / "login.json")
    async with storage.commit_lock(1) as is_held:
        assert is_held
        assert not is_free(tmp_path / "elsewhere" / "login.json.lock")
    assert not (codex_home / "auth.json.lock").exists()


async def test_home_of_our_own_has_no_locks_of_codex(codex_home: Path, clock: "StillClock") -> None:
    storage = FileStorage(codex_home, clock, is_shared=False)
    async with storage.refresh_lock(1) as first, storage.commit_lock(1) as second:
        assert (first, second) == (True, True)
    assert [path.name for path in codex_home.iterdir()] == ["foredeck-auth.lock"]


@pytest.mark.parametrize("name", NAMES)
async def test_codex_that_writes_is_waited_for(
    storage: FileStorage, clock: "StillClock", program: "Program", codex_home: Path, name: str
) -> None:
    codex = program(HOLDER, name)
    assert codex.stdout.readline() == "held\n"
    async with storage.commit_lock(1.0) as is_held:
        assert not is_held
        # What was had is not kept either.
        assert all(is_free(codex_home / other) for other in NAMES if other != name)
    assert (set(clock.slept), 49 <= len(clock.slept) <= 51) == ({0.02}, True)

    def let_go() -> None:
        if len(clock.slept) == 5:
            codex.communicate("\n")

    clock.slept.clear()
    clock.while_asleep = let_go
    async with storage.commit_lock(1.0) as is_held:
        assert is_held
    assert len(clock.slept) == 5


async def test_two_calls_of_one_process_wait_for_each_other(
    lock: Callable[[float], Any], clock: "StillClock"
) -> None:
    async with lock(1) as first, lock(0.1) as second:
        assert (first, second) == (True, False)
    async with lock(0) as third:
        assert third
    assert clock.slept


async def test_lock_is_let_go_whatever_happens(lock: Callable[[float], Any]) -> None:
    with suppress(ZeroDivisionError):
        async with lock(1):
            raise ZeroDivisionError
    entered = asyncio.Event()

    async def hold_for_ever() -> None:
        async with lock(1):
            entered.set()
            await asyncio.Event().wait()

    holding = asyncio.create_task(hold_for_ever())
    await entered.wait()
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    async with lock(0) as is_held:
        assert is_held


async def test_cancelled_wait_leaves_nothing_held(codex_home: Path, program: "Program") -> None:
    codex = program(HOLDER, "auth.json.lock")
    assert codex.stdout.readline() == "held\n"
    asleep = asyncio.Event()

    class TiredClock(SystemClock):
        async def sleep(self, seconds: float) -> None:
            asleep.set()
            await asyncio.Event().wait()

    storage = FileStorage(codex_home, TiredClock(), is_shared=True)

    async def wait() -> None:
        async with storage.commit_lock(60):
            raise AssertionError

    waiting = asyncio.create_task(wait())
    await asleep.wait()
    assert not is_free(codex_home / "auth.lock")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert is_free(codex_home / "auth.lock")


async def test_lock_whose_file_was_removed_is_taken_anew(
    storage: FileStorage, clock: "StillClock", codex_home: Path
) -> None:
    path = codex_home / "foredeck-auth.lock"
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def remove_and_let_go() -> None:
            if path.exists():
                path.unlink()
                fcntl.flock(other, fcntl.LOCK_UN)

        clock.while_asleep = remove_and_let_go
        async with storage.refresh_lock(1) as is_held:
            assert is_held
            assert not is_free(path)


def link(path: Path, other: Path) -> None:
    path.symlink_to(other)


def folder(path: Path, _other: Path) -> None:
    path.mkdir()


def pipe(path: Path, _other: Path) -> None:
    os.mkfifo(path)


def foreign(path: Path, _other: Path) -> None:
    path.touch()
    os.chown(path, 1, 1)


@pytest.mark.parametrize("name", [*NAMES, "foredeck-auth.lock"])
@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (link, "a link stands in its place"),
        (folder, "Is a directory"),
        (pipe, "is no plain file"),
        pytest.param(
            foreign,
            "belongs to another user",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to give away"),
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_what_was_planted_in_place_of_a_lock_is_refused(
    storage: FileStorage,
    codex_home: Path,
    tmp_path: Path,
    plant: Callable[[Path, Path], None],
    words: str,
    name: str,
) -> None:
    other = tmp_path / "other"
    plant(codex_home / name, other)
    with pytest.raises(StorageError, match=words) as caught:
        async with storage.refresh_lock(1), storage.commit_lock(1):
            raise AssertionError
    assert caught.value.next_step
    assert not other.exists()
    for path in codex_home.glob("*.lock"):
        if path.name != name:
            assert is_free(path)


@pytest.mark.parametrize(
    "code",
    [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS],
    ids=lambda code: f"E19 NFS without locks ({errno.errorcode[code]})",
)
async def test_disk_without_locks_is_said_and_used(
    storage: FileStorage, codex_home: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    async with storage.refresh_lock(1) as first, storage.commit_lock(1) as second:
        assert (first, second) == (True, True)
    notice = (
        f"{codex_home} lies on a disk without locks: programs that renew the login at the same"
        " moment may sign each other out"
    )
    assert (await storage.save(login())).notices == (notice,)
    assert (await storage.load()).notices == (notice,)


async def test_flock_that_fails_is_an_error(
    storage: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError, match="Input/output error"):
        async with storage.refresh_lock(1):
            raise AssertionError


COUNTER = """
import asyncio, sys
from pathlib import Path
from services.auth.stores.file_store import FileStorage
from services.clock import SystemClock

home, which, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

class HastyClock(SystemClock):
    async def sleep(self, seconds):
        await asyncio.sleep(seconds / 20)

async def main():
    storage = FileStorage(home, HastyClock(), is_shared=True)
    lock = getattr(storage, which)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(times):
        async with lock(60) as is_held:
            assert is_held
            count = int((home / "count").read_text())
            await asyncio.sleep(0.0005)
            (home / "count").write_text(str(count + 1))

asyncio.run(main())
"""


@pytest.mark.parametrize("which", ["refresh_lock", "commit_lock"])
async def test_processes_take_turns(codex_home: Path, program: "Program", which: str) -> None:
    (codex_home / "count").write_text("0")
    counters = [program(COUNTER, which, "60") for _ in range(3)]
    for counter in counters:
        assert counter.stdout.readline() == "ready\n"
    for counter in counters:
        counter.stdin.write("\n")
        counter.stdin.flush()
    for counter in counters:
        _, errors = counter.communicate(timeout=60)
        assert (counter.returncode, errors) == (0, "")
    assert (codex_home / "count").read_text() == "180"


async def test_lock_of_a_killed_process_is_free(
    storage: FileStorage, clock: "StillClock", program: "Program"
) -> None:
    holder = program(HOLDER, "foredeck-auth.lock")
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.wait()
    async with storage.refresh_lock(0) as is_held:
        assert is_held
    assert clock.slept == []
