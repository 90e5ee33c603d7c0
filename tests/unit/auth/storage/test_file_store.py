# ruff: noqa: ASYNC240
"""`auth.json` in a home: what is read, written and left alone."""

import asyncio
import json
import os
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.auth.stores.file_store import FileStorage
from services.auth.stores.files import STALE_AGE, TEMPORARY
from services.errors import StorageError
from services.models.account import StoragePlace
from tests.unit.auth.rows import row
from tests.unit.auth.storage.logins import document, key_login, login, put, refresh_token

if TYPE_CHECKING:
    from tests.unit.auth.storage.conftest import StillClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights and links of POSIX")


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(TEMPORARY)]


async def test_nothing_is_stored_in_a_new_home(tmp_path: Path, clock: "StillClock") -> None:
    home = tmp_path / "none" / "yet"
    storage = FileStorage(home, clock, is_shared=True)
    stored = await storage.load()
    assert (stored.credentials, stored.storage, stored.problem) == (None, None, "")
    assert not await storage.delete()
    assert await storage.set_aside() == ""
    assert not home.parent.exists()


async def test_login_is_saved_read_and_deleted(tmp_path: Path, clock: "StillClock") -> None:
    home = tmp_path / "none" / "yet"
    storage = FileStorage(home, clock, is_shared=True)
    saved = await storage.save(login())
    stored = await storage.load()
    assert stored == saved
    assert (refresh_token(stored.credentials), stored.storage) == ("rt-one", StoragePlace.FILE)
    assert (stored.place, stored.notices) == (str(home / "auth.json"), ())
    assert [rights(path) for path in (home.parent, home, home / "auth.json")] == [
        0o700,
        0o700,
        0o600,
    ]
    assert await storage.delete()
    assert (await storage.load()).storage is None
    assert not await storage.delete()


async def test_rights_do_not_depend_on_the_umask(storage: FileStorage, auth_file: Path) -> None:
    before = os.umask(0o777)
    try:
        await storage.save(login())
    finally:
        os.umask(before)
    assert rights(auth_file) == 0o600


async def test_home_that_is_there_keeps_its_rights(storage: FileStorage, codex_home: Path) -> None:
    codex_home.chmod(0o755)
    await storage.save(login())
    assert rights(codex_home) == 0o755


async def test_members_of_others_stay(storage: FileStorage, auth_file: Path) -> None:
    put(auth_file, document(theirs={"x": 1}, tokens={"session": "s"}))
    stored = await storage.load()
    assert stored.credentials is not None
    put(auth_file, document(theirs={"x": 2}, tokens={"session": "s"}))
    tokens = login("two").tokens
    assert tokens is not None
    await storage.save(stored.credentials.renewed(tokens, 1_893_456_000.0))
    expected = document(theirs={"x": 2}, tokens={"session": "s"})
    expected["tokens"] |= {"access_token": "at-two", "refresh_token": "rt-two"}
    expected["last_refresh"] = "2030-01-01T00:00:00.000000Z"
    assert json.loads(auth_file.read_text()) == expected


@row("E20 world-readable")
async def test_file_that_others_can_read_is_tightened_and_said(
    storage: FileStorage, auth_file: Path
) -> None:
    put(auth_file, document(), 0o644)
    first, second = await storage.load(), await storage.load()
    assert first.notices == (
        f"{auth_file} could be read by other users; its rights were tightened",
    )
    assert (rights(auth_file), second.notices) == (0o600, ())
    put(auth_file, document(), 0o660)
    assert (await storage.save(login())).notices == first.notices


@row("E20 world-readable, read_only")
async def test_file_is_not_tightened_where_nothing_may_be_written(
    codex_home: Path, auth_file: Path, clock: "StillClock"
) -> None:
    put(auth_file, document(), 0o644)
    storage = FileStorage(codex_home, clock, is_shared=True, may_write=False)
    assert (await storage.load()).notices == (f"{auth_file} could be read by other users",)
    assert rights(auth_file) == 0o644


@row("E21 whole after 100 ms")
async def test_file_that_is_being_written_is_read_again(
    storage: FileStorage, auth_file: Path, clock: "StillClock"
) -> None:
    put(auth_file, json.dumps(document())[:40])
    clock.while_asleep = lambda: put(auth_file, document())
    stored = await storage.load()
    assert (refresh_token(stored.credentials), stored.problem) == ("rt-one", "")
    assert clock.slept == [0.1]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"auth_mode": "chatg'], ids=["E21 empty", "E21 array", "E21 cut off"]
)
async def test_file_that_stays_broken_is_left_alone_and_said(
    storage: FileStorage, auth_file: Path, clock: "StillClock", content: str
) -> None:
    put(auth_file, content)
    stored = await storage.load()
    assert (stored.credentials, stored.storage) == (None, StoragePlace.FILE)
    assert stored.problem.startswith("auth.json ")
    assert (clock.slept, auth_file.read_text()) == ([0.1], content)


async def test_file_that_means_something_else_is_not_read_again(
    storage: FileStorage, auth_file: Path, clock: "StillClock"
) -> None:
    put(auth_file, {"personal_access_token": "at-x"})
    assert (await storage.load()).problem
    assert clock.slept == []


async def test_broken_file_is_copied_with_a_date_before_it_is_replaced(
    storage: FileStorage, auth_file: Path, codex_home: Path
) -> None:
    copies: list[str] = []
    for content in ("{", "{{"):
        put(auth_file, content)
        copies.append(await storage.set_aside())
        await storage.save(login())
    name = "auth.json.broken-20300317-174640"
    assert sorted(path.name for path in codex_home.glob("*broken*")) == [name, f"{name}-2"]
    assert [(Path(copy).read_text(), rights(Path(copy))) for copy in copies] == [
        ("{", 0o600),
        ("{{", 0o600),
    ]
    assert refresh_token((await storage.load()).credentials) == "rt-one"


@pytest.mark.parametrize("content", [document(), {}, ""])
async def test_only_what_cannot_be_read_is_copied(
    storage: FileStorage, auth_file: Path, codex_home: Path, content: object
) -> None:
    put(auth_file, content)
    assert await storage.set_aside() == ""
    assert list(codex_home.iterdir()) == [auth_file]


async def test_large_broken_file_is_copied_whole(storage: FileStorage, auth_file: Path) -> None:
    content = "x" * 3_000_000
    put(auth_file, content)
    assert Path(await storage.set_aside()).read_text() == content


@row("E19 symlink")
async def test_link_to_a_file_of_ours_is_kept(
    storage: FileStorage, auth_file: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    middle = tmp_path / "middle"
    auth_file.symlink_to(middle)
    middle.symlink_to(elsewhere / "login.json")
    await storage.check_writable()
    await storage.save(login())
    await storage.save(login("two"))
    assert (auth_file.is_symlink(), middle.is_symlink()) == (True, True)
    assert json.loads((elsewhere / "login.json").read_text())["tokens"]["refresh_token"] == "rt-two"
    assert rights(elsewhere / "login.json") == 0o600
    assert refresh_token((await storage.load()).credentials) == "rt-two"
    assert leftovers(elsewhere) == []
    # The secret goes, wherever it lies.
    assert await storage.delete()
    assert (auth_file.is_symlink(), list(elsewhere.glob("login.json"))) == (True, [])
    assert (await storage.load()).storage is None
    assert not await storage.delete()


async def test_home_that_is_a_file_is_said(tmp_path: Path, clock: "StillClock") -> None:
    (tmp_path / "home.txt").touch()
    storage = FileStorage(tmp_path / "home.txt", clock, is_shared=True)
    for call in (storage.load, storage.check_writable, lambda: storage.save(login())):
        with pytest.raises(StorageError, match="Not a directory"):
            await call()


async def test_what_killed_writers_left_is_removed_after_a_day(
    storage: FileStorage, codex_home: Path, clock: "StillClock"
) -> None:
    ages = {"old": STALE_AGE + 1, "young": STALE_AGE - 1, "newest": 1.0}
    for name, age in ages.items():
        path = codex_home / f"{TEMPORARY}{name}.tmp"
        put(path, document())
        os.utime(path, (clock.time - age, clock.time - age))
    other = codex_home / "somebody's.tmp"
    put(other, "")
    os.utime(other, (0, 0))
    await storage.save(login())
    assert sorted(leftovers(codex_home)) == [f"{TEMPORARY}newest.tmp", f"{TEMPORARY}young.tmp"]
    # Signing out leaves no secret, but in a file that may just be written.
    await storage.delete()
    assert leftovers(codex_home) == [f"{TEMPORARY}newest.tmp"]
    assert other.exists()


async def test_look_before_a_token_is_spent_changes_nothing(
    storage: FileStorage, auth_file: Path, codex_home: Path
) -> None:
    put(auth_file, document())
    before = auth_file.stat()
    await storage.check_writable()
    assert auth_file.stat() == before
    assert sorted(path.name for path in codex_home.iterdir()) == [
        "auth.json",
        "auth.json.lock",
        "auth.lock",
        "foredeck-auth.lock",
    ]


@pytest.mark.parametrize("name", ["auth.lock", "auth.json.lock", "foredeck-auth.lock"])
async def test_lock_that_could_not_be_taken_is_found_before_a_token_is_spent(
    storage: FileStorage, codex_home: Path, name: str
) -> None:
    (codex_home / name).symlink_to("/etc/passwd")
    with pytest.raises(StorageError, match=f"{name} cannot be locked: a link stands in its place"):
        await storage.check_writable()


async def test_login_that_would_not_be_read_again_replaces_nothing(
    storage: FileStorage, auth_file: Path
) -> None:
    put(auth_file, document())
    before = auth_file.read_text()
    for bad in (login("two\nX: y"), login("two "), key_login("ſ")):
        with pytest.raises(StorageError) as caught:
            await storage.save(bad)
        assert "two" not in caught.value.message
    assert auth_file.read_text() == before


async def test_file_that_somebody_replaced_at_the_same_moment_is_said(
    storage: FileStorage, auth_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def and_then_another(*names: Any) -> None:
        replace(*names)
        put(auth_file, document())

    monkeypatch.setattr(os, "replace", and_then_another)
    with pytest.raises(StorageError, match="written by another program at the same moment"):
        await storage.save(login("two"))


async def test_cancelled_save_ends_before_the_caller_does(
    storage: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entered = threading.Event(), threading.Event()

    def wait(_descriptor: int) -> None:
        entered.set()
        gate.wait()

    monkeypatch.setattr(os, "fsync", wait)

    async def save_under_the_lock() -> None:
        async with storage.commit_lock(0):
            await storage.save(login())

    saving = asyncio.create_task(save_under_the_lock())
    while not entered.is_set():  # noqa: ASYNC110 a thread has no event of the loop
        await asyncio.sleep(0)
    for _ in range(3):
        saving.cancel()
        await asyncio.sleep(0)
    async with storage.commit_lock(0) as is_held:
        assert (saving.done(), is_held) == (False, False)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert refresh_token((await storage.load()).credentials) == "rt-one"
    async with storage.commit_lock(0) as is_held:
        assert is_held
