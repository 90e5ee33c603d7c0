"""One login in the keyring, written by the real Codex and by us in turn."""

import os
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.keyring.conftest import find_codex

if TYPE_CHECKING:
    from tests.keyring.conftest import Storage
    from tests.keyring.private_bus import Bus

pytestmark = [pytest.mark.oracle, pytest.mark.slow]

Codex = Callable[..., str]
KEY = "sk-codex-" + "c" * 20


@pytest.fixture(params=["keyring", "auto"])
def store(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def codex(store: str, storage: "Storage", keyring: "Bus") -> Codex:
    """Runs Codex with our home and bus; returns what it says."""
    program = find_codex()

    def run(*arguments: str, stdin: str = "") -> str:
        ended = subprocess.run(
            [program, *arguments, "-c", f'cli_auth_credentials_store="{store}"'],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(storage.home),
                "CODEX_HOME": str(storage.home),
                **keyring.environ,
            },
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ended.stdout + ended.stderr

    return run


def test_we_read_what_codex_stored(
    codex: Codex, store: str, storage: "Storage", keyring: "Bus"
) -> None:
    codex("login", "--with-api-key", stdin=KEY)
    (found,) = storage(store, "load", environ=keyring.environ)
    assert (found["mode"], found["key"], found["storage"]) == ("api_key", KEY, "keyring")


@pytest.mark.parametrize(
    ("login", "said"), [("rt-one", "using ChatGPT"), ("key-one", "sk-key-o***fffff")]
)
def test_codex_reads_what_we_stored(
    login: str, said: str, codex: Codex, store: str, storage: "Storage", keyring: "Bus"
) -> None:
    storage(store, f"save:{login}", environ=keyring.environ)
    assert said in codex("login", "status")


def test_each_replaces_what_the_other_stored(
    codex: Codex, store: str, storage: "Storage", keyring: "Bus"
) -> None:
    storage(store, "save:rt-one", environ=keyring.environ)
    codex("login", "--with-api-key", stdin=KEY)
    found, _ = storage(store, "load", "save:rt-two", environ=keyring.environ)
    assert found["key"] == KEY
    assert "using ChatGPT" in codex("login", "status")
    (item,) = keyring.items()
    assert "rt-two" in item.secret


def test_a_logout_of_either_is_one_of_both(
    codex: Codex, store: str, storage: "Storage", keyring: "Bus"
) -> None:
    storage(store, "save:key-one", environ=keyring.environ)
    codex("logout")
    (found,) = storage(store, "load", environ=keyring.environ)
    assert found["mode"] is None
    codex("login", "--with-api-key", stdin=KEY)
    storage(store, "delete", environ=keyring.environ)
    assert "Not logged in" in codex("login", "status")


def test_login_that_codex_encrypts_is_left_alone_and_said(
    codex: Codex, store: str, storage: "Storage", keyring: "Bus"
) -> None:
    config = storage.home / "config.toml"
    config.write_text("[features]\nsecret_auth_storage = true\n")
    codex("login", "--with-api-key", stdin=KEY)
    (encrypted,) = (storage.home / "secrets").iterdir()
    before = encrypted.read_bytes()
    found, saved, again = storage(store, "load", "save:rt-own", "load", environ=keyring.environ)
    assert found["key"] is None
    assert any("Codex" in notice for notice in saved["notices"])
    assert again["refresh"] == "rt-own"
    assert encrypted.read_bytes() == before
    assert "sk-codex***ccccc" in codex("login", "status")
