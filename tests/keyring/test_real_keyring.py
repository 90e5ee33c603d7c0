"""Credentials in a real keyring of the operating system."""

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.keyring.conftest import Storage
    from tests.keyring.private_bus import Bus

BOTH = pytest.mark.parametrize("store", ["keyring", "auto"])


@BOTH
def test_login_is_kept_read_replaced_and_deleted(
    store: str, storage: "Storage", keyring: "Bus"
) -> None:
    commands = ["check", "load", "save:rt-one", "load", "save:rt-two", "load", "delete", "load"]
    check, nothing, saved, first, _, second, deleted, gone = storage(
        store, *commands, "delete", environ=keyring.environ
    )[:8]
    assert "error" not in check
    assert (nothing["mode"], nothing["storage"]) == (None, None)
    assert (saved["storage"], saved["notices"]) == ("keyring", [])
    assert (first["refresh"], first["storage"]) == ("rt-one", "keyring")
    assert second["refresh"] == "rt-two"
    assert deleted["deleted"] is True
    assert gone["mode"] is None
    assert not storage.file.exists()


@BOTH
def test_another_process_reads_it(store: str, storage: "Storage", keyring: "Bus") -> None:
    storage(store, "save:key-one", environ=keyring.environ)
    (found,) = storage(store, "load", environ=keyring.environ)
    assert (found["mode"], found["key"]) == ("api_key", "sk-key-one-" + "f" * 20)
    (deleted,) = storage(store, "delete", environ=keyring.environ)
    (again,) = storage(store, "delete", environ=keyring.environ)
    assert (deleted["deleted"], again["deleted"]) == (True, False)


@BOTH
def test_saving_takes_the_login_out_of_the_file(
    store: str, storage: "Storage", keyring: "Bus"
) -> None:
    storage("file", "save:rt-old", environ={})
    assert storage.file.exists()
    storage(store, "save:rt-new", environ=keyring.environ)
    assert not storage.file.exists()
    (found,) = storage(store, "load", environ=keyring.environ)
    assert found["refresh"] == "rt-new"


def test_keyring_mode_does_not_read_the_file(storage: "Storage", keyring: "Bus") -> None:
    storage("file", "save:rt-old", environ={})
    (found,) = storage("keyring", "load", environ=keyring.environ)
    assert found["mode"] is None


def test_auto_mode_reads_the_file_where_the_keyring_is_empty(
    storage: "Storage", keyring: "Bus"
) -> None:
    storage("file", "save:rt-old", environ={})
    found, deleted, gone = storage("auto", "load", "delete", "load", environ=keyring.environ)
    assert (found["refresh"], found["storage"]) == ("rt-old", "file")
    assert (deleted["deleted"], gone["mode"]) == (True, None)
    assert not storage.file.exists()


def test_long_tokens_are_kept_whole(storage: "Storage", keyring: "Bus") -> None:
    long = "rt-" + "x" * 8000
    _, found = storage("keyring", f"save:{long}", "load", environ=keyring.environ)
    assert found["refresh"] == long


def test_entry_that_another_library_made_is_replaced_and_not_doubled(
    storage: "Storage", keyring: "Bus"
) -> None:
    storage("keyring", "save:rt-one", environ=keyring.environ)
    (item,) = keyring.items()
    names = {name: item.attributes[name] for name in ("service", "username")}
    keyring.make_item(names, item.secret.replace("rt-one", "rt-stale"))
    found, _ = storage("keyring", "load", "save:rt-two", environ=keyring.environ)
    assert found["refresh"] == "rt-one"
    (left,) = keyring.items()
    assert json.loads(left.secret)["tokens"]["refresh_token"] == "rt-two"
