"""Whose login this is, where our configuration and Codex's name places for it."""

from pathlib import Path
from typing import Any

import pytest

from app.accounts import auth_settings
from app.settings import load_settings
from services.auth.settings import AuthSettings
from services.auth.stores.opening import open_storage


def chosen(folder: Path, codex: str, **ours: Any) -> AuthSettings:
    """Settings of sign-in beside a Codex that is configured so."""
    home = folder / "codex"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(codex)
    environ = {"CODEX_HOME": str(home), "FOREDECK_HOME": str(folder / "foredeck")}
    return auth_settings(load_settings(ours, environ), environ)


def store(name: str) -> str:
    return f'cli_auth_credentials_store = "{name}"\n'


@pytest.mark.parametrize(
    ("codex", "ours", "kept"),
    [
        ("", None, "file"),
        ("", "file", "file"),
        (store("file"), "file", "file"),
        (store("keyring"), None, "keyring"),
        (store("keyring"), "keyring", "keyring"),
        (store("auto"), None, "auto"),
        (store("auto"), "auto", "auto"),
    ],
)
def test_a_login_is_shared_where_both_name_the_same_place(
    tmp_path: Path, codex: str, ours: str | None, kept: str
) -> None:
    how = chosen(tmp_path, codex, auth_store=ours)
    assert (how.mode, how.store, how.home) == ("shared", kept, tmp_path / "codex")
    assert open_storage(how).is_shared
    assert how.notices == ()


@pytest.mark.parametrize(
    ("codex", "ours", "words"),
    [
        ("", "keyring", "auth.store is keyring, and Codex keeps its login in a file"),
        ("", "auto", "auth.store is auto, and Codex keeps its login in a file"),
        (store("keyring"), "file", "auth.store is file, and Codex keeps its login in the keyring"),
        (store("keyring"), "auto", "auth.store is auto, and Codex keeps its login in the keyring"),
        (
            store("auto"),
            "keyring",
            "auth.store is keyring, and Codex keeps its login in the keyring, else in a file",
        ),
        (store("ephemeral"), "file", "auth.store is file, and Codex keeps its login in memory"),
    ],
)
def test_a_login_is_our_own_where_they_name_different_places(
    tmp_path: Path, codex: str, ours: str, words: str
) -> None:
    how = chosen(tmp_path, codex, auth_store=ours)
    assert (how.mode, how.store) == ("own", ours)
    assert how.home == tmp_path / "foredeck" / "data" / "login"
    assert not open_storage(how).is_shared
    assert how.notices == (f"{words}: this login is our own, and Codex's is left alone",)


def test_the_encrypted_file_of_codex_is_of_no_concern_to_a_login_of_our_own(
    tmp_path: Path,
) -> None:
    how = chosen(tmp_path, f"{store('auto')}[features]\nsecret_auth_storage = true\n")
    assert (how.mode, how.uses_encrypted_file) == ("shared", True)
    for codex in (store("keyring"), ""):
        text = f"{codex}[features]\nsecret_auth_storage = true\n"
        how = chosen(tmp_path, text, auth_store="auto")
        assert (how.mode, how.uses_encrypted_file) == ("own", False)
        assert type(open_storage(how)).__name__ == "AutoStorage"


def test_what_codex_allows_counts_for_a_login_of_our_own_beside_it(tmp_path: Path) -> None:
    codex = 'forced_login_method = "chatgpt"\nforced_chatgpt_workspace_id = "acct-1"\n'
    how = chosen(tmp_path, codex, auth_store="keyring")
    assert (how.mode, how.only_method, how.provider.workspaces) == ("own", "chatgpt", ("acct-1",))


@pytest.mark.parametrize("codex", ["", store("keyring")])
def test_a_login_in_memory_is_never_shared_and_needs_no_word(tmp_path: Path, codex: str) -> None:
    how = chosen(tmp_path, codex, auth_store="ephemeral")
    assert (how.store, how.notices, open_storage(how).is_shared) == ("ephemeral", (), False)


@pytest.mark.parametrize(
    ("codex", "ours", "kept", "words"),
    [
        ("", "keyring", "file", "auth.store is keyring, but"),
        (store("keyring"), "file", "keyring", "auth.store is file, but"),
        ("", "ephemeral", "file", "auth.store is ephemeral, but"),
        (store("auto"), "auto", "auto", ""),
        (store("auto"), None, "auto", ""),
    ],
)
def test_a_login_that_is_only_read_lies_where_codex_keeps_it(
    tmp_path: Path, codex: str, ours: str | None, kept: str, words: str
) -> None:
    how = chosen(tmp_path, codex, auth_mode="read_only", auth_store=ours)
    assert (how.mode, how.store, how.home) == ("read_only", kept, tmp_path / "codex")
    assert len(how.notices) == bool(words)
    assert all(notice.startswith(words) for notice in how.notices)


def test_a_login_of_our_own_lies_in_a_file_whatever_codex_does(tmp_path: Path) -> None:
    how = chosen(tmp_path, store("keyring"), auth_mode="own")
    assert (how.store, how.notices) == ("file", ())
    how = chosen(tmp_path, store("file"), auth_mode="own", auth_store="keyring")
    assert (how.store, how.notices) == ("keyring", ())
