"""Who answers, by what is signed in and what the environment holds."""

from pathlib import Path
from typing import Any

import pytest

from app import main
from app.accounts import auth_settings, expected_mode, overrides
from app.providers import CODEX_BASE_URL, choose_provider, overridden_host
from app.settings import load_settings
from services.auth.provider import DEFAULT_ISSUER
from services.errors import CredentialsError, UsageError
from services.models.account import AccountMode

KEY = {"OPENAI_API_KEY": "sk-1"}
CHATGPT, API_KEY, NONE = AccountMode.CHATGPT, AccountMode.API_KEY, AccountMode.NONE


@pytest.mark.parametrize(
    ("flags", "environ", "login", "chosen"),
    [
        ({}, {}, NONE, None),
        ({}, KEY, NONE, ("openai", False, True)),
        ({}, {}, CHATGPT, ("chatgpt", True, False)),
        ({}, KEY, CHATGPT, ("chatgpt", True, False)),
        ({}, KEY, None, ("chatgpt", True, False)),
        ({}, {}, API_KEY, ("openai", True, False)),
        ({}, KEY, API_KEY, ("openai", True, False)),
        ({"profile": "api"}, KEY, CHATGPT, ("openai", False, True)),
        ({"profile": "api"}, KEY, API_KEY, ("openai", False, True)),
        ({"provider": "openai"}, KEY, CHATGPT, ("openai", False, True)),
        ({"provider": "chatgpt"}, KEY, CHATGPT, ("chatgpt", True, False)),
        ({"provider": "ollama"}, KEY, CHATGPT, ("ollama", False, False)),
    ],
)
def test_a_login_comes_before_a_key_unless_the_key_is_asked_for(
    flags: dict[str, Any],
    environ: dict[str, str],
    login: AccountMode | None,
    chosen: tuple[str, bool, bool] | None,
) -> None:
    provider = choose_provider(load_settings(flags, environ), environ, login)
    found = provider and (provider.id, provider.wants_login, provider.key is not None)
    assert found == chosen


@pytest.mark.parametrize(
    ("flags", "environ", "login"),
    [({"provider": "chatgpt"}, KEY, NONE), ({"profile": "api"}, {}, CHATGPT)],
)
def test_what_was_asked_for_and_is_not_there_is_said(
    flags: dict[str, Any], environ: dict[str, str], login: AccountMode
) -> None:
    with pytest.raises(CredentialsError):
        choose_provider(load_settings(flags, environ), environ, login)


def test_a_local_server_does_not_take_the_place_of_a_login() -> None:
    environ = {"FOREDECK_OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    provider = choose_provider(load_settings({}, environ), environ, CHATGPT)
    assert provider is not None
    assert provider.base_url == CODEX_BASE_URL
    assert overridden_host(provider) == ""


def test_another_backend_is_named() -> None:
    environ = {"FOREDECK_CHATGPT_BASE_URL": "https://proxy.example/backend-api/"}
    provider = choose_provider(load_settings({}, environ), environ, CHATGPT)
    assert provider is not None
    assert provider.base_url == "https://proxy.example/backend-api/codex"
    assert overridden_host(provider) == "proxy.example"
    assert overrides(load_settings({}, environ)) == (
        "FOREDECK_CHATGPT_BASE_URL names proxy.example",
    )


@pytest.mark.parametrize("name", ["FOREDECK_ISSUER", "FOREDECK_CHATGPT_BASE_URL"])
def test_an_override_must_be_https_or_this_machine(name: str, tmp_path: Path) -> None:
    environ = {name: "http://elsewhere.example", "CODEX_HOME": str(tmp_path)}
    with pytest.raises(UsageError) as caught:
        auth_settings(load_settings({}, environ), environ)
    assert "elsewhere.example" in caught.value.message


def test_an_unusable_variable_is_an_error_and_nothing_else_is_tried(tmp_path: Path) -> None:
    environ = {"CODEX_ACCESS_TOKEN": "eyJ.a.b", "CODEX_HOME": str(tmp_path), **KEY}
    with pytest.raises(CredentialsError) as caught:
        expected_mode(load_settings({}, environ), environ)
    assert "CODEX_ACCESS_TOKEN" in caught.value.message
    assert "eyJ" not in str(caught.value)


@pytest.mark.parametrize(("is_interactive", "mode"), [(True, NONE), (False, API_KEY)])
def test_codex_api_key_is_for_scripts(
    is_interactive: bool, mode: AccountMode, tmp_path: Path
) -> None:
    environ = {"CODEX_API_KEY": "sk-2", "CODEX_HOME": str(tmp_path)}
    settings = load_settings({}, environ)
    assert expected_mode(settings, environ, is_interactive=is_interactive) is mode


def test_the_configuration_of_codex_counts_where_ours_is_silent(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'cli_auth_credentials_store = "auto"\nforced_chatgpt_workspace_id = ["a", "b"]\n'
    )
    environ = {"CODEX_HOME": str(tmp_path)}
    how = auth_settings(load_settings({}, environ), environ)
    assert (how.store, how.provider.workspaces) == ("auto", ("a", "b"))
    how = auth_settings(load_settings({"auth_store": "file"}, environ), environ)
    assert how.store == "file"


def test_a_login_that_is_wanted_and_missing_opens_the_app_to_sign_in() -> None:
    opener, host = main._opener(load_settings({"provider": "chatgpt"}, {}), None, {})
    assert opener is not None
    assert host == ""


def test_e29_nothing_of_the_current_folder_names_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for name in (".env", "config.toml", "foredeck.toml", ".codex/config.toml"):
        file = project / name
        file.parent.mkdir(exist_ok=True)
        file.write_text('issuer = "https://evil.example"\nFOREDECK_ISSUER=https://evil.example\n')
    monkeypatch.chdir(project)
    environ = {"CODEX_HOME": str(tmp_path), "FOREDECK_HOME": str(tmp_path / "own")}
    how = auth_settings(load_settings({}, environ), environ)
    assert how.provider.issuer == DEFAULT_ISSUER
