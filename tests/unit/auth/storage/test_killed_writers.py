# ruff: noqa: ASYNC240
"""Processes that die, hang or run out of room while they write: the old login or the new one."""

import json
import signal
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from services.auth.stores.file_store import FileStorage
from services.auth.stores.files import STALE_AGE, TEMPORARY
from tests.unit.auth.storage.logins import login, put, refresh_token

if TYPE_CHECKING:
    from tests.unit.auth.storage.conftest import Program, StillClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")

START = """
import asyncio, json, os, signal, sys, tempfile
from pathlib import Path
from services.auth.stores.file_store import FileStorage
from services.clock import SystemClock
from services.errors import StorageError
from tests.unit.auth.storage.logins import login

home, *arguments = sys.argv[1:]
storage = FileStorage(Path(home), SystemClock(), is_shared=True)
"""

DYING = (
    START
    + """
fatal, steps = int(arguments[0]), 0

def step():
    global steps
    if steps == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    steps += 1

def watched(function):
    def call(*args, **kwargs):
        step()
        result = function(*args, **kwargs)
        step()
        return result
    return call

def in_halves(descriptor, mode, *rest):
    file = fdopen(descriptor, mode, *rest)
    if mode != "wb":
        return file
    write = file.write
    class Halves:
        __enter__ = lambda self: self
        __exit__ = lambda self, *_: (step(), file.close(), step())
        __getattr__ = lambda self, name: getattr(file, name)
        def write(self, content):
            step()
            file.write(content[: len(content) // 2])
            file.flush()
            step()
            file.write(content[len(content) // 2 :])
            file.flush()
            step()
    return Halves()

fdopen = os.fdopen
os.fdopen = in_halves
tempfile.mkstemp = watched(tempfile.mkstemp)
for name in ("fchmod", "fsync", "replace"):
    setattr(os, name, watched(getattr(os, name)))
asyncio.run(storage.save(login("new")))
print(steps)
"""
)


def said(path: Path) -> str:
    return json.loads(path.read_text())["tokens"]["refresh_token"]


async def test_process_killed_at_each_step_leaves_the_old_login_or_the_new_one(
    storage: FileStorage,
    auth_file: Path,
    codex_home: Path,
    clock: "StillClock",
    program: "Program",
) -> None:
    output, errors = program(DYING, "-1").communicate(timeout=30)
    assert errors == ""
    steps = int(output)
    clock.time = time.time()
    # File, rights, three parts of the content, its sync, its end, the new name, the folder.
    assert steps == 15
    found: list[str] = []
    for fatal in range(steps):
        await storage.save(login("old"))
        dying = program(DYING, str(fatal))
        _, errors = dying.communicate(timeout=30)
        assert (dying.returncode, errors) == (-signal.SIGKILL, "")
        assert stat.S_IMODE(auth_file.stat().st_mode) == 0o600
        stored = await storage.load()
        assert (stored.problem, stored.notices) == ("", ())
        found.append(refresh_token(stored.credentials) or "")
    new_name = steps - 3
    assert found == ["rt-old"] * new_name + ["rt-new"] * (steps - new_name)
    left = list(codex_home.glob(f"{TEMPORARY}*"))
    assert len(left) == new_name - 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in left} == {0o600}
    clock.time += STALE_AGE + 60
    await storage.save(login("next"))
    assert list(codex_home.glob(f"{TEMPORARY}*")) == []


BUSY = (
    START
    + """
async def main():
    for number in range(10_000):
        await storage.save(login(f"{arguments[0]}-{number}"))
        print(number, flush=True)

asyncio.run(main())
"""
)


async def test_file_is_whole_at_every_moment_whoever_is_killed(
    storage: FileStorage, auth_file: Path, program: "Program"
) -> None:
    await storage.save(login("start"))
    reads = 0
    for run in range(8):
        writer = program(BUSY, str(run))
        writer.stdout.readline()
        seen: set[str] = set()
        while len(seen) < 3 + run:
            tokens = json.loads(auth_file.read_text())["tokens"]
            name = tokens["refresh_token"].removeprefix("rt-")
            assert tokens["access_token"] == f"at-{name}"
            seen.add(name)
            reads += 1
        writer.kill()
        output, _ = writer.communicate(timeout=30)
        acknowledged = [int(line) for line in output.splitlines(keepends=True) if line[-1] == "\n"]
        stored = await storage.load()
        assert stored.problem == ""
        owner, number = (refresh_token(stored.credentials) or "").removeprefix("rt-").split("-")
        # What was acknowledged is there, or the one that was under way.
        last = acknowledged[-1]
        assert (owner, int(number) in (last, last + 1)) == (str(run), True)
    assert reads > 60


FULL = (
    START
    + """
import resource

async def attempt(work):
    try:
        await work
    except StorageError as error:
        print(json.dumps([str(error), error.next_step]))
    else:
        print("null")

async def main():
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
    await attempt(storage.check_writable())
    await attempt(storage.save(login("new")))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await attempt(storage.check_writable())
    await attempt(storage.save(login("new")))

asyncio.run(main())
"""
)


async def test_file_that_may_not_grow_stays_as_it_was(
    storage: FileStorage, auth_file: Path, codex_home: Path, program: "Program"
) -> None:
    await storage.save(login("old"))
    before = auth_file.read_bytes()
    output, errors = program(FULL).communicate(timeout=30)
    assert errors == ""
    sentence = [
        f"{auth_file} cannot be written: the disk is full",
        "Free some space, then try again",
    ]
    assert [json.loads(line) for line in output.splitlines()] == [sentence, sentence, None, None]
    assert auth_file.read_bytes() != before
    assert said(auth_file) == "rt-new"
    assert list(codex_home.glob(f"{TEMPORARY}*")) == []


HUNG = (
    START
    + """
import threading
import services.auth.stores.disk as module

module.DISK_LIMIT = 0.2
os.fsync = lambda _: threading.Event().wait()

async def main():
    for work in (storage.save(login("new")), storage.check_writable()):
        try:
            await work
        except StorageError as error:
            print(str(error), flush=True)

asyncio.run(main())
"""
)


async def test_disk_that_hangs_is_said_and_does_not_keep_the_program_alive(
    auth_file: Path, program: "Program"
) -> None:
    put(auth_file, json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": "sk-old"}))
    process = program(HUNG)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output, errors) == (0, "The disk does not answer\n" * 2, "")
    assert json.loads(auth_file.read_text())["OPENAI_API_KEY"] == "sk-old"
