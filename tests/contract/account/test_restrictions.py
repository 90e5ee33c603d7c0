"""Logins that are stored, but not allowed here."""

from pathlib import Path
from typing import Any

import pytest

from app.accounts import auth_settings
from app.settings import load_settings
from app.wiring import open_services
from services.errors import CredentialsError, UsageError
from tests.contract.account.conftest import Home


async def opened(home: Home, flags: dict[str, Any] | None = None) -> None:
    async with open_services(load_settings(flags or {}, home.environ), environ=home.environ):
        pass


@pytest.mark.parametrize(
    ("config", "is_key", "words"),
    [
        ('forced_chatgpt_workspace_id = "another"', False, "of a workspace"),
        ('forced_login_method = "api"', False, "a login with ChatGPT"),
        ('forced_login_method = "chatgpt"', True, "an API key"),
    ],
)
async def test_a_stored_login_that_is_not_allowed_is_not_used(
    home: Home, config: str, is_key: bool, words: str
) -> None:
    key = {"auth_mode": "apikey", "OPENAI_API_KEY": home.sim.api_key}
    before = home.write(key if is_key else home.sim.issue())
    (home.path / "config.toml").write_text(config)
    home.environ["OPENAI_API_KEY"] = home.sim.api_key or ""
    with pytest.raises(CredentialsError) as caught:
        await opened(home)
    assert words in caught.value.message
    assert caught.value.code == "signed_out"
    assert home.stored() == before
    assert home.sim.requests == []


async def test_our_own_restriction_counts_too(home: Home, tmp_path: Path) -> None:
    home.plant()
    file = tmp_path / "config.toml"
    file.write_text('[auth]\nworkspaces = ["another"]\n')
    with pytest.raises(CredentialsError):
        await opened(home, {"config": str(file)})


@pytest.mark.parametrize("profile", [None, "api"])
async def test_a_key_of_the_environment_is_no_way_around(home: Home, profile: str | None) -> None:
    (home.path / "config.toml").write_text('forced_login_method = "chatgpt"')
    home.environ["OPENAI_API_KEY"] = home.sim.api_key or ""
    with pytest.raises(CredentialsError) as caught:
        await opened(home, {"profile": profile})
    assert "forced_login_method" in caught.value.next_step


@pytest.mark.parametrize(
    "config",
    ["forced_chatgpt_workspace_id = 5", 'forced_login_method = "no"',
     'cli_auth_credentials_store = "safe"'],
)  # fmt: skip
async def test_what_is_forced_and_cannot_be_understood_is_an_error(home: Home, config: str) -> None:
    (home.path / "config.toml").write_text(config)
    with pytest.raises(UsageError) as caught:
        auth_settings(load_settings({}, home.environ), home.environ)
    assert config.partition(" ")[0] in caught.value.message


async def test_tokens_that_were_not_accepted_are_ended(home: Home) -> None:
    (home.path / "config.toml").write_text('forced_chatgpt_workspace_id = "another"')
    async with home.open() as desk, desk.auth.device_login() as attempt:
        home.sim.auth.policy.interval = "0"
        home.sim.auth.device.decide(attempt.code.code, "allow")
        grant = await attempt.wait()
        with pytest.raises(CredentialsError):
            await desk.auth.accept(grant)
    assert home.sim.auth.live_families == 0
