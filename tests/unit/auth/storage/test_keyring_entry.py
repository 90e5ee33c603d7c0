"""One entry of a keyring: names, time limits, and keyrings that keep no secret."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from services.auth.stores.keyring_entry import (
    PAUSE,
    Item,
    KeyringEntry,
    account_name,
    find_item,
)
from services.errors import StorageError
from tests.unit.auth.storage.drawers import Drawer, Keyring

if TYPE_CHECKING:
    from tests.unit.auth.storage.conftest import Program, StillClock

LIMIT = 0.05


class Stuck:
    """A keyring that answers when the test lets it."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.left = threading.Event()

    def find(self, service: str, account: str) -> Item:
        self.entered.set()
        self.gate.wait()
        self.left.set()
        return self.keyring.find(service, account)


@pytest.fixture
def keyring() -> Keyring:
    return Keyring()


@pytest.fixture
def stuck(keyring: Keyring) -> Iterator[Stuck]:
    stuck = Stuck(keyring)
    yield stuck
    stuck.gate.set()


def entry_in(find: Callable[[str, str], Item], clock: "StillClock") -> KeyringEntry:
    return KeyringEntry("Codex Auth", "cli|0", LIMIT, clock, find)


def test_account_is_the_one_codex_uses() -> None:
    assert account_name(Path("/home/demo/.codex")) == "cli|d27e0eefa0b6e7f9"
    strange = Path("/tmp/\udcff")
    assert account_name(strange) == account_name(Path("/tmp/\ufffd"))


async def test_secret_is_kept_read_and_deleted(keyring: Keyring, clock: "StillClock") -> None:
    entry = entry_in(keyring.find, clock)
    assert await entry.read() is None
    await entry.write("secret")
    assert await entry.read() == "secret"
    assert keyring.secrets == {("Codex Auth", "cli|0"): "secret"}
    assert (await entry.delete(), await entry.delete()) == (True, False)
    assert entry.place == "keyring, Codex Auth, cli|0"


async def test_probe_leaves_nothing_and_touches_nothing(
    keyring: Keyring, clock: "StillClock"
) -> None:
    entry = entry_in(keyring.find, clock)
    await entry.write("secret")
    await entry.probe()
    assert keyring.secrets == {("Codex Auth", "cli|0"): "secret"}
    written = [name for name in keyring.written if name[0] == "foredeck"]
    assert [account[:6] for _, account in written] == ["probe "]


async def test_keyring_that_keeps_nothing_is_found_out(
    keyring: Keyring, clock: "StillClock"
) -> None:
    keyring.is_forgetful = True
    entry = entry_in(keyring.find, clock)
    for call in (entry.probe, lambda: entry.write("secret")):
        with pytest.raises(StorageError, match="The keyring did not keep the login"):
            await call()


async def test_keyring_that_hangs_is_said_in_time_and_left_in_peace_for_a_while(
    stuck: Stuck, clock: "StillClock"
) -> None:
    entry = entry_in(stuck.find, clock)
    for call in (entry.read, entry.delete, entry.probe, lambda: entry.write("secret")):
        with pytest.raises(StorageError) as caught:
            await call()
        assert caught.value.message == "The keyring did not answer within 0.05 seconds"
        assert 'auth.store = "file"' in caught.value.next_step
    assert sum(thread.name == "credentials" for thread in threading.enumerate()) == 1
    stuck.gate.set()
    with pytest.raises(StorageError):
        await entry.read()
    clock.time += PAUSE
    assert await entry.read() is None


async def test_write_that_nobody_waits_for_any_more_does_not_happen(
    stuck: Stuck, keyring: Keyring, clock: "StillClock"
) -> None:
    entry = entry_in(stuck.find, clock)
    with pytest.raises(StorageError):
        await entry.write("late")
    stuck.gate.set()
    for thread in threading.enumerate():
        if thread.name == "credentials":
            thread.join(5)
    assert (stuck.left.is_set(), keyring.written) == (True, [])


async def test_cancelled_write_ends_before_the_caller_does(
    stuck: Stuck, keyring: Keyring, clock: "StillClock"
) -> None:
    entry = KeyringEntry("Codex Auth", "cli|0", 30, clock, stuck.find)
    writing = asyncio.create_task(entry.write("whole"))
    while not stuck.entered.is_set():  # noqa: ASYNC110 a thread has no event of the loop
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.sleep(0)
    assert not writing.done()
    stuck.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert keyring.secrets == {("Codex Auth", "cli|0"): "whole"}


async def test_cancelled_read_ends_at_once(stuck: Stuck, clock: "StillClock") -> None:
    entry = KeyringEntry("Codex Auth", "cli|0", 30, clock, stuck.find)
    reading = asyncio.create_task(entry.read())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not stuck.left.is_set()


async def test_error_of_any_kind_becomes_a_sentence(clock: "StillClock") -> None:
    def find(_service: str, _account: str) -> Item:
        message = "secret"
        raise RuntimeError(message)

    with pytest.raises(StorageError) as caught:
        await entry_in(find, clock).read()
    assert caught.value.message == "The keyring failed (RuntimeError)"


async def test_copy_of_what_cannot_be_read_has_a_name_of_its_own(
    keyring: Keyring, clock: "StillClock"
) -> None:
    entry = entry_in(keyring.find, clock)
    assert (
        await entry.set_aside("{", "20300101-000000")
        == "keyring, foredeck, cli|0 broken 20300101-000000"
    )
    assert keyring.secrets == {("foredeck", "cli|0 broken 20300101-000000"): "{"}


HUNG = """
import asyncio, sys, threading
from services.auth.stores.keyring_entry import KeyringEntry
from services.clock import SystemClock
from services.errors import StorageError

def find(service, account):
    threading.Event().wait()

async def main():
    try:
        await KeyringEntry("s", "a", 0.1, SystemClock(), find).read()
    except StorageError as error:
        print(error)

asyncio.run(main())
"""


def test_keyring_that_hangs_does_not_keep_the_program_alive(program: "Program") -> None:
    process = program(HUNG)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert output == "The keyring did not answer within 0.1 seconds\n"


CHOSEN = """
from services.auth.stores.keyring_entry import find_item
from services.errors import StorageError

try:
    print(type(find_item("s", "a")).__name__)
except StorageError as error:
    print(error.code, error)
"""


def chosen(program: "Program", monkeypatch: pytest.MonkeyPatch, backend: str) -> str:
    if backend:
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    else:
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    output, errors = program(CHOSEN).communicate(timeout=20)
    assert errors == ""
    return output.strip()


def test_machine_without_a_keyring_is_said(
    program: "Program", monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = chosen(program, monkeypatch, "keyring.backends.fail.Keyring")
    assert answer == "keyring_missing There is no keyring on this machine"


@pytest.mark.parametrize(
    "backend",
    ["keyring.backends.null.Keyring", "tests.unit.auth.storage.drawers.PlaintextKeyring"],
)
def test_keyring_that_keeps_no_secret_is_refused(
    program: "Program", monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    assert chosen(program, monkeypatch, backend) == (
        f"keyring_unsafe The keyring {backend} is not one that keeps secrets safe"
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the Secret Service is of Linux")
def test_keyring_of_linux_is_the_one_codex_speaks_to(
    program: "Program", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert type(find_item("s", "a", {"HOME": str(tmp_path)})).__name__ == "SecretServiceItem"
    chain = "tests.unit.auth.storage.drawers.Chain"
    assert chosen(program, monkeypatch, chain) == "SecretServiceItem"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    config = tmp_path / "python_keyring" / "keyringrc.cfg"
    config.parent.mkdir()
    config.write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    assert chosen(program, monkeypatch, "").startswith("keyring_unsafe")


def test_item_of_another_system_speaks_for_its_backend() -> None:
    drawer = Drawer()
    item = drawer.item("s", "a")
    assert (item.read(), item.delete()) == (None, False)
    item.write("secret")
    assert (item.read(), drawer.secrets) == ("secret", {("s", "a"): "secret"})
    assert (item.delete(), drawer.secrets) == (True, {})
    for failure, code in (("locked", "keyring_locked"), ("refused", "keyring_failed")):
        drawer.failure = failure
        with pytest.raises(StorageError) as caught:
            item.read()
        assert (caught.value.code, "secret" in caught.value.message) == (code, False)
