"""Credentials that the environment holds."""

from dataclasses import replace

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
