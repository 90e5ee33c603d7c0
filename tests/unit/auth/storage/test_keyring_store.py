# ruff: noqa: ASYNC240
"""A login in the keyring, in the file, or in either: which one counts, and what is left behind."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from services.auth.stores.file_store import FileStorage
from services.auth.stores.files import NAME
from services.auth.stores.keyring_entry import KeyringEntry
from services.auth.stores.keyring_store import AutoStorage, KeyringStorage
from services.auth.stores.storage import Stored
from services.errors import StorageError
from services.models.account import StoragePlace
from tests.unit.auth.storage.drawers import Keyring
from tests.unit.auth.storage.logins import (
    OLD,
    document,
    key_login,
    login,
    put,
    refresh_token,
)

if TYPE_CHECKING:
    from tests.unit.auth.storage.conftest import StillClock

FILE, KEYRING = StoragePlace.FILE, StoragePlace.KEYRING
ENTRY = ("Codex Auth", "cli|0")
PLACE = "keyring, Codex Auth, cli|0"
FAILURES = ["keyring_missing", "keyring_locked", "keyring_mute"]


@pytest.fixture
def machine() -> Keyring:
    return Keyring()


@pytest.fixture
def entry(machine: Keyring, clock: "StillClock") -> KeyringEntry:
    return KeyringEntry(*ENTRY, 5.0, clock, machine.find)


@pytest.fixture
def keyring(entry: KeyringEntry, storage: FileStorage, clock: "StillClock") -> KeyringStorage:
    return KeyringStorage(entry, storage, clock)


@pytest.fixture
def auto(keyring: KeyringStorage, storage: FileStorage) -> AutoStorage:
    return AutoStorage(keyring, storage)


def seen(stored: Stored) -> tuple[str | None, StoragePlace | None]:
    return refresh_token(stored.credentials), stored.storage


async def test_login_is_written_as_codex_does(keyring: KeyringStorage, machine: Keyring) -> None:
    assert seen(await keyring.load()) == (None, None)
    saved = await keyring.save(login())
    assert (saved, saved.place) == (await keyring.load(), PLACE)
    assert seen(saved) == ("rt-one", KEYRING)
    text = machine.secrets[ENTRY]
    assert text == json.dumps(json.loads(text), separators=(",", ":"))
    assert list(json.loads(text)) == ["auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"]


async def test_members_of_others_stay_in_the_entry(
    keyring: KeyringStorage, machine: Keyring
) -> None:
    machine.secrets[ENTRY] = json.dumps(document(theirs=1))
    await keyring.save(login("two"))
    assert json.loads(machine.secrets[ENTRY])["theirs"] == 1


async def test_saving_takes_the_login_out_of_the_file(
    keyring: KeyringStorage, auth_file: Path
) -> None:
    put(auth_file, document())
    assert seen(await keyring.load()) == (None, None)
    assert (await keyring.save(login())).notices == ()
    assert not auth_file.exists()


async def test_file_that_cannot_be_removed_is_said(
    keyring: KeyringStorage, auth_file: Path
) -> None:
    auth_file.mkdir()
    saved = await keyring.save(login())
    assert seen(saved) == ("rt-one", KEYRING)
    assert saved.notices == (
        f"{auth_file} cannot be deleted: Is a directory, though the login is in the keyring now",
    )


async def test_both_are_deleted(keyring: KeyringStorage, auth_file: Path, machine: Keyring) -> None:
    await keyring.save(login())
    put(auth_file, document())
    assert await keyring.delete()
    assert (machine.secrets, auth_file.exists()) == ({}, False)
    assert not await keyring.delete()


async def test_file_goes_even_where_the_keyring_fails(
    keyring: KeyringStorage, auth_file: Path, machine: Keyring
) -> None:
    put(auth_file, document())
    machine.failure = "keyring_locked"
    with pytest.raises(StorageError, match="The keyring says no"):
        await keyring.delete()
    assert not auth_file.exists()


async def test_entry_that_cannot_be_read_is_left_alone_and_copied(
    keyring: KeyringStorage, machine: Keyring
) -> None:
    machine.secrets[ENTRY] = "{broken"
    stored = await keyring.load()
    assert (stored.storage, stored.problem) == (
        KEYRING,
        "The keyring entry is no JSON that can be read",
    )
    aside = await keyring.set_aside()
    assert aside == "keyring, foredeck, cli|0 broken 20300317-174640"
    assert machine.secrets == {
        ENTRY: "{broken",
        ("foredeck", "cli|0 broken 20300317-174640"): "{broken",
    }
    await keyring.save(login())
    assert await keyring.set_aside() == ""


async def test_entry_of_our_own_touches_nothing_of_codex(
    entry: KeyringEntry,
    storage: FileStorage,
    clock: "StillClock",
    auth_file: Path,
    codex_home: Path,
) -> None:
    put(auth_file, document())
    ours = KeyringStorage(entry, storage, clock, is_ours=True)
    notice = "Codex's login is in an encrypted file, which is left alone: this one is our own"
    assert not ours.is_shared
    assert (await ours.load()).notices == (notice,)
    async with ours.refresh_lock(1) as first, ours.commit_lock(1) as second:
        assert (first, second) == (True, True)
        assert (await ours.save(login("two"))).notices == (notice,)
    assert await ours.delete()
    assert json.loads(auth_file.read_text()) == document()
    assert sorted(path.name for path in codex_home.iterdir()) == [NAME, "foredeck-auth.lock"]


async def test_locks_are_those_of_the_home(keyring: KeyringStorage, codex_home: Path) -> None:
    async with keyring.refresh_lock(1) as first, keyring.commit_lock(1) as second:
        assert (first, second) == (True, True)
        async with keyring.commit_lock(0) as third:
            assert not third
    assert sorted(path.name for path in codex_home.iterdir()) == [
        "auth.json.lock",
        "auth.lock",
        "foredeck-auth.lock",
    ]


@pytest.mark.parametrize(
    ("in_keyring", "in_file", "expected"),
    [
        pytest.param(None, None, (None, None), id="nothing anywhere"),
        pytest.param("one", None, ("rt-one", KEYRING), id="keyring alone"),
        pytest.param(None, "two", ("rt-two", FILE), id="file alone"),
        pytest.param("one", "two", ("rt-one", KEYRING), id="both of the same age"),
        pytest.param("{", "two", ("rt-two", FILE), id="broken entry"),
        pytest.param("{", None, (None, KEYRING), id="broken entry alone"),
        pytest.param("one", "{", ("rt-one", KEYRING), id="broken file"),
    ],
)
async def test_keyring_counts_before_the_file(
    auto: AutoStorage,
    machine: Keyring,
    auth_file: Path,
    in_keyring: str | None,
    in_file: str | None,
    expected: tuple[Any, Any],
) -> None:
    def text(name: str) -> str:
        tokens = {"access_token": f"at-{name}", "refresh_token": f"rt-{name}"}
        return name if name == "{" else json.dumps(document(tokens=tokens))

    if in_keyring:
        machine.secrets[ENTRY] = text(in_keyring)
    if in_file:
        put(auth_file, text(in_file))
    stored = await auto.load()
    assert seen(stored) == expected
    if in_keyring == "{":
        said = (*stored.notices, stored.problem)
        assert "The keyring entry is no JSON that can be read" in said


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param(login("two", at=OLD + 1), ("rt-two", FILE), id="renewed later"),
        pytest.param(login("two", at=OLD - 1), ("rt-one", KEYRING), id="renewed earlier"),
        pytest.param(login("two", at=None), ("rt-one", KEYRING), id="without a time"),
        pytest.param(
            login("two", at=OLD + 1, account="acct-2"), ("rt-one", KEYRING), id="another account"
        ),
        pytest.param(key_login(), ("rt-one", KEYRING), id="a key"),
    ],
)
async def test_file_that_was_renewed_while_the_keyring_failed_counts(
    auto: AutoStorage, keyring: KeyringStorage, storage: FileStorage, file: Any, expected: Any
) -> None:
    await keyring.save(login("one"))
    await storage.save(file)
    assert seen(await auto.load()) == expected


@pytest.mark.parametrize("failure", FAILURES)
async def test_file_stands_in_for_a_keyring_that_fails(
    auto: AutoStorage, machine: Keyring, auth_file: Path, failure: str
) -> None:
    machine.failure = failure
    await auto.check_writable()
    saved = await auto.save(login())
    assert (seen(saved), saved.place) == (("rt-one", FILE), str(auth_file))
    assert saved.notices == (f"The keyring says no; the login is kept in {auth_file}",)
    stored = await auto.load()
    assert (seen(stored), stored.notices) == (
        ("rt-one", FILE),
        ("The keyring says no; the file is used",),
    )
    # Signed out, though nobody can look into the keyring.
    assert await auto.delete()
    assert not auth_file.exists()


@pytest.mark.parametrize("failure", FAILURES)
async def test_keyring_that_gave_the_login_is_not_empty_because_it_fails(
    auto: AutoStorage, machine: Keyring, failure: str
) -> None:
    machine.secrets[ENTRY] = json.dumps(document())
    assert seen(await auto.load()) == ("rt-one", KEYRING)
    machine.failure = failure
    with pytest.raises(StorageError, match="The keyring says no") as caught:
        await auto.load()
    assert caught.value.code == failure
    machine.failure = ""
    assert seen(await auto.load()) == ("rt-one", KEYRING)


async def test_keyring_that_took_the_login_is_not_empty_because_it_fails(
    auto: AutoStorage, machine: Keyring
) -> None:
    await auto.save(login())
    machine.failure = "keyring_locked"
    with pytest.raises(StorageError, match="The keyring says no"):
        await auto.load()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param(login("two", at=OLD + 1), ("rt-two", FILE), id="renewed later"),
        pytest.param(login("one"), ("rt-one", FILE), id="the same"),
        pytest.param(login("two", at=OLD - 1), None, id="renewed earlier, so spent"),
        pytest.param(login("two", at=OLD + 1, account="acct-2"), None, id="another account"),
        pytest.param(key_login(), None, id="a key"),
        pytest.param(None, None, id="none"),
    ],
)
async def test_only_what_is_no_older_stands_in_for_the_login_of_a_keyring_that_fails(
    auto: AutoStorage, storage: FileStorage, machine: Keyring, file: Any, expected: Any
) -> None:
    await auto.save(login("one"))
    if file is not None:
        await storage.save(file)
    machine.failure = "keyring_locked"
    if expected is None:
        with pytest.raises(StorageError, match="The keyring says no"):
            await auto.load()
    else:
        assert seen(await auto.load()) == expected


async def test_login_that_went_into_the_file_may_end_there(
    auto: AutoStorage, machine: Keyring, auth_file: Path
) -> None:
    await auto.save(login("one"))
    machine.failure = "keyring_locked"
    await auto.save(login("two", at=OLD + 60))
    assert seen(await auto.load()) == ("rt-two", FILE)
    auth_file.unlink()
    assert seen(await auto.load()) == (None, None)


async def test_file_that_counted_before_the_keyring_failed_may_end(
    auto: AutoStorage, keyring: KeyringStorage, storage: FileStorage, machine: Keyring
) -> None:
    await keyring.save(login("one"))
    await storage.save(login("two", at=OLD + 60))
    assert seen(await auto.load()) == ("rt-two", FILE)
    await storage.delete()
    machine.failure = "keyring_locked"
    assert seen(await auto.load()) == (None, None)


@pytest.mark.parametrize("failure", FAILURES)
async def test_keyring_that_took_the_login_keeps_it_where_a_logout_cannot_reach_it(
    auto: AutoStorage, machine: Keyring, auth_file: Path, failure: str
) -> None:
    await auto.save(login())
    put(auth_file, document())
    machine.failure = failure
    for _ in range(2):
        with pytest.raises(StorageError, match="The keyring says no"):
            await auto.delete()
    assert not auth_file.exists()
    machine.failure = ""
    assert await auto.delete()
    machine.failure = failure
    assert seen(await auto.load()) == (None, None)


async def test_keyring_that_works_again_takes_the_login_back(
    auto: AutoStorage, machine: Keyring, auth_file: Path
) -> None:
    await auto.save(login("one"))
    machine.failure = "keyring_locked"
    await auto.save(login("two", at=OLD + 60))
    machine.failure = ""
    assert seen(await auto.load()) == ("rt-two", FILE)
    saved = await auto.save(login("three", at=OLD + 120))
    assert (seen(saved), saved.notices) == (("rt-three", KEYRING), ())
    assert not auth_file.exists()


async def test_neither_place_can_be_written(
    auto: AutoStorage, machine: Keyring, auth_file: Path
) -> None:
    machine.failure = "keyring_missing"
    auth_file.mkdir()
    for call in (auto.check_writable, lambda: auto.save(login())):
        with pytest.raises(StorageError, match="is no plain file"):
            await call()


async def test_file_that_cannot_be_read_does_not_hide_the_keyring(
    auto: AutoStorage, machine: Keyring, auth_file: Path
) -> None:
    auth_file.mkdir()
    with pytest.raises(StorageError, match="is no plain file"):
        await auto.load()
    machine.secrets[ENTRY] = json.dumps(document())
    assert seen(await auto.load()) == ("rt-one", KEYRING)
    with pytest.raises(StorageError, match="cannot be deleted"):
        await auto.delete()
    assert machine.secrets == {}


@pytest.mark.parametrize(
    ("failure", "is_refused"),
    [("keyring_missing", False), ("keyring_unsafe", False), ("keyring_locked", True)],
)
async def test_keyring_that_may_still_hold_a_login_is_said_at_logout(
    auto: AutoStorage, machine: Keyring, failure: str, is_refused: bool
) -> None:
    machine.failure = failure
    if is_refused:
        with pytest.raises(StorageError, match="The keyring says no"):
            await auto.delete()
    else:
        assert not await auto.delete()


async def test_both_are_emptied_at_logout(
    auto: AutoStorage, machine: Keyring, auth_file: Path
) -> None:
    await auto.save(login())
    put(auth_file, document())
    assert await auto.delete()
    assert (machine.secrets, auth_file.exists()) == ({}, False)


async def test_whichever_is_broken_is_copied(
    auto: AutoStorage, machine: Keyring, auth_file: Path
) -> None:
    assert await auto.set_aside() == ""
    put(auth_file, "{")
    aside = await auto.set_aside()
    assert aside == f"{auth_file}.broken-20300317-174640"
    machine.failure = "keyring_locked"
    assert await auto.set_aside() == f"{aside}-2"
    machine.failure = ""
    machine.secrets[ENTRY] = "{"
    assert (await auto.set_aside()).startswith("keyring, foredeck, cli|0 broken")
