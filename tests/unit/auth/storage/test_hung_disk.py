"""Locks on a disk that does not answer: a network drive whose server is gone."""

import asyncio
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from services.auth.stores import disk
from services.auth.stores.file_store import FileStorage
from services.errors import StorageError
from tests.unit.auth.storage.free import is_free

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
NAMES = ["auth.lock", "auth.json.lock"]


class Hang:
    """Makes calls of `os.open` for one file wait in their thread until they may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.begun = threading.Event()
        self.over = threading.Event()
        self.opened: list[int] = []
        self.ended = threading.Event()
        self._open = os.open
        self._close = os.close
        self._name = name
        monkeypatch.setattr(os, "open", self.open)
        monkeypatch.setattr(os, "close", self.close)

    def open(self, path: Any, *flags: Any, **options: Any) -> int:
        if not str(path).endswith(self._name):
            return self._open(path, *flags, **options)
        self.begun.set()
        assert self.over.wait(20), "nobody could go on meanwhile"
        self.opened.append(self._open(path, *flags, **options))
        return self.opened[-1]

    def close(self, descriptor: int) -> None:
        self._close(descriptor)
        if descriptor in self.opened:
            self.ended.set()


async def reached(event: threading.Event) -> bool:
    return await asyncio.to_thread(event.wait, 10)


@pytest.mark.parametrize("name", ["foredeck-auth.lock", *NAMES])
async def test_disk_that_hangs_stops_nobody_else(
    storage: FileStorage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    hang = Hang(monkeypatch, f"/{name}")

    async def take() -> bool:
        async with storage.refresh_lock(1) as first, storage.commit_lock(1) as second:
            return first and second

    taking = asyncio.create_task(take())
    assert await reached(hang.begun)
    assert not hang.over.is_set()
    hang.over.set()
    assert await taking


async def test_lock_that_nobody_waits_for_any_more_is_let_go_when_the_disk_answers(
    storage: FileStorage, codex_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang = Hang(monkeypatch, "/auth.json.lock")

    async def take() -> None:
        async with storage.commit_lock(1):
            raise AssertionError

    taking = asyncio.create_task(take())
    assert await reached(hang.begun)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert is_free(codex_home / "auth.lock")
    hang.over.set()
    assert await reached(hang.ended)
    assert is_free(codex_home / "auth.json.lock")


async def test_disk_that_hangs_for_good_is_said(
    storage: FileStorage, codex_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hang = Hang(monkeypatch, "/auth.json.lock")
    monkeypatch.setattr(disk, "DISK_LIMIT", 0.05)
    with pytest.raises(StorageError, match="The disk does not answer"):
        async with storage.commit_lock(1):
            raise AssertionError
    monkeypatch.undo()
    assert is_free(codex_home / "auth.lock")
    hang.over.set()
