"""Credentials that the environment holds."""

from dataclasses import replace

import pytest

from services.errors import CredentialsError
from tests.contract.account.conftest import Home


async def test_a_personal_access_token_is_asked_for_its_owner_once(home: Home) -> None:
    account = replace(home.sim.account, plan="pro")
    token = home.sim.auth.ledger.add_personal_token(account)
    home.environ["CODEX_ACCESS_TOKEN"] = token
    async with home.open() as desk:
        await desk.ask()
        await desk.ask()
        assert desk.auth.account.plan == "pro"
    assert len(home.sim.sent("/whoami")) == 1
    call = home.sim.sent("/codex/responses")[0]
    assert call.headers["chatgpt-account-id"] == account.account_id


async def test_its_owner_may_be_known_elsewhere(home: Home) -> None:
    home.environ["CODEX_ACCESS_TOKEN"] = home.sim.auth.ledger.add_personal_token(home.sim.account)
    home.environ["CODEX_AUTHAPI_BASE_URL"] = f"{home.sim.issuer}/api/accounts"
    home.environ["FOREDECK_ISSUER"] = "http://127.0.0.1:9"
    async with home.open() as desk:
        assert await desk.ask()


async def test_a_personal_token_goes_to_no_host_that_nobody_allowed(home: Home) -> None:
    home.environ["CODEX_ACCESS_TOKEN"] = home.sim.auth.ledger.add_personal_token(home.sim.account)
    home.environ["CODEX_AUTHAPI_BASE_URL"] = "https://elsewhere.example/api"
    async with home.open() as desk:
        with pytest.raises(CredentialsError) as caught:
            await desk.ask()
    assert "elsewhere.example" in caught.value.message
    assert home.sim.requests == []
