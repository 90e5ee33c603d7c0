"""Codex's home, what its configuration says, and the look before the first frame."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from services.auth.settings import AuthSettings, StoreMode
from services.auth.stores.home import CodexConfig, find_codex_home, peek, read_codex_config
from services.errors import UsageError
from services.models.account import AccountMode
from tests.unit.auth.storage.conftest import ROOT
from tests.unit.auth.storage.logins import document, put


def test_home_is_the_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    for named in ("real", "./link/../real", str(tmp_path / "link")):
        assert find_codex_home({"CODEX_HOME": named, "HOME": "/nobody"}) == tmp_path / "real"


def test_home_lies_in_the_user_s_own_and_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    for environ in ({}, {"CODEX_HOME": ""}):
        home = find_codex_home({"HOME": str(tmp_path / "link"), **environ})
        assert (home, home.exists()) == (tmp_path / ".codex", False)
    (tmp_path / ".codex").symlink_to(tmp_path / "elsewhere")
    assert find_codex_home({"HOME": str(tmp_path)}) == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing", "cannot be found"), ("file", "is no folder"), ("loop", "cannot be found")],
)
def test_home_that_cannot_be_is_an_error(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UsageError, match=f"CODEX_HOME names .*{name}, which {words}") as caught:
        find_codex_home({"CODEX_HOME": str(tmp_path / name), "HOME": str(tmp_path)})
    assert "unset CODEX_HOME" in caught.value.next_step


def test_name_of_the_home_is_shown_clean() -> None:
    with pytest.raises(UsageError) as caught:
        find_codex_home({"CODEX_HOME": "/\x1b[2J"})
    assert "\x1b" not in caught.value.message
    with pytest.raises(UsageError):
        find_codex_home({"CODEX_HOME": "/\0"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("model = 'x'\n[projects.'/a']\ntrust_level = 'trusted'", {}),
        ("cli_auth_credentials_store = 'auto'", {"store": "auto"}),
        ("\ufeffcli_auth_credentials_store = 'keyring'", {"store": "keyring"}),
        ("forced_login_method = 'api'", {"login_method": "api"}),
        ("forced_login_method = 'chatgpt'", {"login_method": "chatgpt"}),
        ("forced_chatgpt_workspace_id = 'one'", {"workspaces": ("one",)}),
        ("forced_chatgpt_workspace_id = ['one', ' two ']", {"workspaces": ("one", "two")}),
        ("[features]\nsecret_auth_storage = true", {"uses_encrypted_file": True}),
        ("[features]\nsecret_auth_storage = false", {}),
        ("features = 3", {}),
    ],
)
def test_configuration_of_codex_is_read(
    codex_home: Path, text: str, expected: dict[str, Any]
) -> None:
    put(codex_home / "config.toml", text)
    assert read_codex_config(codex_home) == CodexConfig(**expected)


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        ("cli_auth_credentials_store = 'safe'", {}, "cli_auth_credentials_store in "),
        ("cli_auth_credentials_store = ['file']", {}, "must be file or keyring or auto"),
        ("forced_login_method = 'password'", {}, "must be chatgpt or api"),
        (
            "forced_chatgpt_workspace_id = ['one', 2]",
            {"workspaces": ("one",)},
            "must be the id of a workspace",
        ),
        ("forced_chatgpt_workspace_id = ''", {}, "must be the id of a workspace"),
        ("secret = 'sk-one", {}, "is no TOML that can be read"),
        ("a = " + "[" * 5000, {}, "is no TOML that can be read"),
        ("#" * 1024 * 1025, {}, "is no TOML that can be read"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_configuration_that_makes_no_sense_is_said(
    codex_home: Path, text: str, expected: dict[str, Any], words: str
) -> None:
    put(codex_home / "config.toml", text)
    config = read_codex_config(codex_home)
    assert config == CodexConfig(**expected, errors=config.errors, problems=config.problems)
    (problem,) = (*config.errors, *config.problems)
    assert bool(config.problems) == ("TOML" in words)
    assert words in problem
    assert str(codex_home / "config.toml") in problem
    assert "sk-one" not in problem


def test_configuration_may_be_missing_or_out_of_reach(codex_home: Path) -> None:
    assert read_codex_config(codex_home) == CodexConfig()
    (codex_home / "config.toml").mkdir()
    (problem,) = read_codex_config(codex_home).problems
    assert problem == f"{codex_home / 'config.toml'} cannot be read: Is a directory"


CHATGPT, KEY, NONE = AccountMode.CHATGPT, AccountMode.API_KEY, AccountMode.NONE


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        pytest.param(document(), CHATGPT, id="ChatGPT"),
        pytest.param(document(auth_mode=None), CHATGPT, id="older ChatGPT"),
        pytest.param({"OPENAI_API_KEY": "sk-one"}, KEY, id="key"),
        pytest.param(document(auth_mode=None, OPENAI_API_KEY="sk-one"), KEY, id="both"),
        pytest.param({}, NONE, id="empty object"),
        pytest.param({"auth_mode": "chatgpt"}, NONE, id="no tokens"),
        pytest.param({"auth_mode": "magic"}, NONE, id="unknown mode"),
        pytest.param({"personal_access_token": "at-x"}, NONE, id="not ours"),
        pytest.param(None, NONE, id="no file"),
        pytest.param("", None, id="empty"),
        pytest.param("{", None, id="cut off"),
        pytest.param("[]", None, id="array"),
        pytest.param(" " * 1024 * 1025, None, id="too large"),
        pytest.param("[" * 100_000, None, id="nested too deeply"),
        pytest.param("\ufeff" + json.dumps(document()), CHATGPT, id="with a BOM"),
    ],
)
def test_look_says_who_seems_to_be_signed_in(
    codex_home: Path, auth_file: Path, content: object, mode: AccountMode | None
) -> None:
    if content is not None:
        put(auth_file, content)
    assert peek(AuthSettings(home=codex_home)) is mode


@pytest.mark.parametrize(
    ("store", "mode"), [("keyring", None), ("auto", None), ("ephemeral", NONE)]
)
def test_look_does_not_ask_other_places(
    codex_home: Path, auth_file: Path, store: StoreMode, mode: AccountMode | None
) -> None:
    put(auth_file, document())
    assert peek(AuthSettings(home=codex_home, store=store)) is mode


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_look_waits_for_nobody(codex_home: Path, auth_file: Path) -> None:
    os.mkfifo(auth_file)
    assert peek(AuthSettings(home=codex_home)) is None
    auth_file.unlink()
    auth_file.mkdir()
    assert peek(AuthSettings(home=codex_home)) is None


def test_look_takes_less_than_a_millisecond(codex_home: Path, auth_file: Path) -> None:
    put(auth_file, document(tokens={"id_token": "x" * 4000, "access_token": "y" * 4000}))
    settings = AuthSettings(home=codex_home)
    times: list[float] = []
    for _ in range(20):
        before = time.perf_counter()
        assert peek(settings) is CHATGPT
        times.append(time.perf_counter() - before)
    assert sorted(times)[10] < 0.001


def test_look_loads_nothing_slow() -> None:
    code = """
import sys
import services.auth.stores.home
slow = ("httpx", "pydantic", "keyring", "asyncio", "hashlib", "services.auth.claims")
print([name for name in slow if name in sys.modules])
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"
