"""Which place the settings name, and the places that are no file of ours."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.auth.settings import AuthSettings, StoreMode
from services.auth.stores.opening import open_storage
from services.auth.stores.storage import CredentialStorage
from services.errors import StorageError
from services.models.account import StoragePlace
from tests.unit.auth.storage.logins import document, login, put, refresh_token

if TYPE_CHECKING:
    from tests.unit.auth.storage.conftest import StillClock


def kind(storage: CredentialStorage) -> str:
    return type(storage).__name__


@pytest.mark.parametrize(
    ("changes", "name", "is_shared"),
    [
        ({}, "FileStorage", True),
        ({"mode": "own"}, "FileStorage", False),
        ({"mode": "read_only"}, "ReadOnlyStorage", True),
        ({"store": "keyring"}, "KeyringStorage", True),
        ({"store": "keyring", "mode": "own"}, "KeyringStorage", False),
        ({"store": "auto"}, "AutoStorage", True),
        ({"store": "auto", "uses_encrypted_file": True}, "KeyringStorage", False),
        ({"store": "auto", "mode": "read_only"}, "ReadOnlyStorage", True),
        ({"store": "ephemeral"}, "MemoryStorage", False),
        ({"store": "ephemeral", "mode": "read_only"}, "MemoryStorage", False),
    ],
    ids=str,
)
def test_settings_name_a_place(
    tmp_path: Path, changes: dict[str, Any], name: str, is_shared: bool
) -> None:
    home = tmp_path / "codex"
    storage = open_storage(replace(AuthSettings(home=home), **changes))
    assert (kind(storage), storage.is_shared) == (name, is_shared)
    assert not home.exists()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, "keyring, Codex Auth, "),
        ({"mode": "own"}, "keyring, foredeck, "),
        ({"uses_encrypted_file": True}, "keyring, foredeck, "),
    ],
    ids=str,
)
def test_entry_is_codex_s_only_where_codex_uses_it(
    codex_home: Path, changes: dict[str, Any], place: str
) -> None:
    storage: Any = open_storage(replace(AuthSettings(home=codex_home, store="keyring"), **changes))
    assert storage._entry.place.startswith(place)


async def test_login_in_memory_ends_with_the_process(codex_home: Path, clock: "StillClock") -> None:
    settings = AuthSettings(home=codex_home, store="ephemeral")
    storage = open_storage(settings, clock)
    assert (await storage.load()).storage is None
    await storage.check_writable()
    async with storage.refresh_lock(0) as first, storage.commit_lock(0) as second:
        saved = await storage.save(login())
    assert (first, second, saved.storage) == (True, True, StoragePlace.MEMORY)
    assert refresh_token((await storage.load()).credentials) == "rt-one"
    # Another run of this process has it still, another process has not.
    again = await open_storage(settings, clock).load()
    assert refresh_token(again.credentials) == "rt-one"
    elsewhere = AuthSettings(home=codex_home, store="ephemeral")
    assert (await open_storage(elsewhere, clock).load()).storage is None
    assert (await storage.set_aside(), await storage.delete()) == ("", True)
    assert ((await storage.load()).storage, await storage.delete()) == (None, False)
    assert list(codex_home.iterdir()) == []  # noqa: ASYNC240


@pytest.mark.parametrize("store", ["file", "auto"])
async def test_read_only_login_is_used_and_never_touched(
    codex_home: Path,
    auth_file: Path,
    clock: "StillClock",
    monkeypatch: pytest.MonkeyPatch,
    store: StoreMode,
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    put(auth_file, document(), 0o644)
    before = auth_file.stat()  # noqa: ASYNC240
    storage = open_storage(AuthSettings(home=codex_home, mode="read_only", store=store), clock)
    stored = await storage.load()
    assert refresh_token(stored.credentials) == "rt-one"
    for call in (storage.check_writable, storage.delete, lambda: storage.save(login("two"))):
        with pytest.raises(StorageError, match="Codex's login is not changed") as caught:
            await call()
        assert "auth.mode" in caught.value.next_step
    async with storage.refresh_lock(0) as first, storage.commit_lock(0) as second:
        assert (first, second) == (True, True)
    put(auth_file, "{", 0o644)
    assert await storage.set_aside() == ""
    put(auth_file, json.dumps(document()), 0o644)
    assert (auth_file.stat().st_mode, list(codex_home.iterdir())) == (  # noqa: ASYNC240
        before.st_mode,
        [auth_file],
    )
