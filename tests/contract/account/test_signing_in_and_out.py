"""What a login stores, what it replaces, and what a logout leaves."""

import os

import pytest

from services.auth.grant import Grant
from services.errors import CredentialsError, LoginError, StorageError
from services.models.account import AccountMode, StoragePlace
from services.provider import Secret
from simulator.auth.account import Account
from simulator.script import Status
from simulator.server import Simulator
from tests.contract.account.conftest import Home


def granted(sim: Simulator, account: Account | None = None) -> Grant:
    tokens = sim.issue(account)["tokens"]
    return Grant(
        id_token=Secret(tokens["id_token"]),
        access_token=Secret(tokens["access_token"]),
        refresh_token=Secret(tokens["refresh_token"]),
    )


def revoked(home: Home) -> list[str]:
    return [call.body["token_type_hint"] for call in home.sim.sent("/oauth/revoke")]


async def test_a_login_is_stored_as_codex_stores_it(home: Home) -> None:
    async with home.open() as desk:
        account = await desk.auth.accept(granted(home.sim))
        assert await desk.ask()
    stored = home.stored()
    assert list(stored) == ["auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"]
    assert stored["auth_mode"] == "chatgpt"
    assert stored["OPENAI_API_KEY"] is None
    assert stored["tokens"]["oauth_provenance"]["issuer"] == home.sim.issuer
    assert len(stored["tokens"]["login_owner_id"]) == 43
    assert home.file.stat().st_mode & 0o777 == 0o600
    assert account.mode is AccountMode.CHATGPT
    assert account.email == home.sim.account.email
    assert account.shared_with_codex
    assert account.storage is StoragePlace.FILE


async def test_a_new_login_ends_the_one_it_replaces(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        await desk.auth.accept(granted(home.sim))
    assert revoked(home) == ["refresh_token"]
    assert home.sim.auth.live_families == 1


async def test_nobody_waits_for_the_end_of_an_older_login(home: Home) -> None:
    home.plant()
    gate = home.sim.gate()
    home.sim.script("oauth/revoke", [gate, Status(200, {}, {})])
    async with home.open() as desk:
        await desk.auth.accept(granted(home.sim))
        assert await desk.ask()
        gate.open()
    assert revoked(home) == ["refresh_token"]


async def test_the_old_account_stays_until_the_new_one_is_stored(home: Home) -> None:
    before = home.plant()
    os.link(home.file, home.path / "hard-link")
    async with home.open() as desk:
        with pytest.raises(StorageError):
            await desk.auth.accept(granted(home.sim))
        assert await desk.ask(), "the old login still works"
    assert home.stored() == before
    assert home.sim.auth.live_families == 1, "that of nobody was ended"


async def test_a_workspace_that_is_not_allowed_is_not_stored(home: Home) -> None:
    (home.path / "config.toml").write_text('forced_chatgpt_workspace_id = "only-this"\n')
    async with home.open() as desk:
        with pytest.raises(CredentialsError) as caught:
            await desk.auth.accept(granted(home.sim))
    assert "only-this" in caught.value.next_step
    assert not home.file.exists()


@pytest.mark.parametrize(("method", "is_key"), [("api", False), ("chatgpt", True)])
async def test_codex_may_allow_only_one_way_in(home: Home, method: str, is_key: bool) -> None:
    (home.path / "config.toml").write_text(f'forced_login_method = "{method}"\n')
    async with home.open() as desk:
        key, grant = Secret(home.sim.api_key or ""), granted(home.sim)
        signing_in = desk.auth.use_api_key(key) if is_key else desk.auth.accept(grant)
        with pytest.raises(CredentialsError) as caught:
            await signing_in
    assert "forced_login_method" in caught.value.next_step
    assert not home.file.exists()


async def test_a_key_is_tried_once_and_then_stored(home: Home) -> None:
    async with home.open() as desk:
        account = await desk.auth.use_api_key(Secret(f" {home.sim.api_key}\n"))
    assert account.mode is AccountMode.API_KEY
    assert (home.sim.api_key or "") not in account.key_hint
    assert home.stored() == {"auth_mode": "apikey", "OPENAI_API_KEY": home.sim.api_key}
    assert len(home.sim.requests) == 1


async def test_a_key_that_is_refused_is_not_stored(home: Home) -> None:
    before = home.plant()
    async with home.open() as desk:
        with pytest.raises(LoginError):
            await desk.auth.use_api_key(Secret("sk-wrong"))
    assert home.stored() == before


@pytest.mark.parametrize("key", ["", "  ", "sk-a b", "sk-a\nb", "sk-ü"])
async def test_e25_what_is_no_key_is_not_even_sent(home: Home, key: str) -> None:
    async with home.open() as desk:
        with pytest.raises(CredentialsError):
            await desk.auth.use_api_key(Secret(key))
    assert home.sim.requests == []


async def test_a_logout_deletes_and_then_revokes(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        result = await desk.auth.logout()
        assert desk.auth.account.mode is AccountMode.NONE
    assert (result.was_signed_in, result.is_revoked, result.problem) == (True, True, "")
    assert not home.file.exists()
    assert revoked(home) == ["refresh_token"]
    assert home.sim.auth.live_families == 0


async def test_a_logout_may_leave_the_tokens_alive(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        result = await desk.auth.logout(keep_remote=True)
    assert result.is_revoked is None
    assert not home.file.exists()
    assert home.sim.auth.live_families == 1


async def test_a_logout_says_what_could_not_be_revoked(home: Home) -> None:
    home.plant()
    home.sim.script("oauth/revoke", [Status(500, {}, "oops")])
    async with home.open() as desk:
        result = await desk.auth.logout()
    assert result.is_revoked is False
    assert result.problem.startswith("The tokens could not be revoked")
    assert not home.file.exists()


async def test_a_logout_of_nobody_is_no_error(home: Home) -> None:
    async with home.open() as desk:
        result = await desk.auth.logout()
    assert not result.was_signed_in
    assert home.sim.requests == []


async def test_a_file_that_cannot_be_read_is_kept_beside_the_new_login(home: Home) -> None:
    home.file.write_text('{"auth_mode": "chatgpt", "tok')
    async with home.open() as desk:
        assert desk.auth.problem
        account = await desk.auth.accept(granted(home.sim))
    asides = [p for p in home.path.iterdir() if p.name.startswith("auth.json.broken-")]
    assert [p.read_text() for p in asides] == ['{"auth_mode": "chatgpt", "tok']
    assert asides[0].stat().st_mode & 0o777 == 0o600
    assert asides[0].name in account.notices[-1]


async def test_a_login_of_our_own_does_not_touch_codex(home: Home) -> None:
    before = home.plant()
    async with home.open({"auth_mode": "own"}) as desk:
        assert desk.auth.account.mode is AccountMode.NONE
        account = await desk.auth.accept(granted(home.sim))
        assert not account.shared_with_codex
    assert home.stored() == before
    assert sorted(p.name for p in home.path.iterdir()) == ["auth.json"]


async def test_a_read_only_login_is_used_but_never_renewed_or_ended(home: Home) -> None:
    before = home.plant(life=720, spent=500)
    async with home.open({"auth_mode": "read_only"}) as desk:
        assert await desk.ask()
        with pytest.raises(StorageError):
            await desk.auth.logout()
    assert home.stored() == before
    assert home.sim.refreshes == []
    assert sorted(p.name for p in home.path.iterdir()) == ["auth.json"]


async def test_what_codex_renews_is_adopted_in_read_only_mode(home: Home) -> None:
    home.plant(life=720, spent=500)
    async with home.open({"auth_mode": "read_only"}) as desk:
        await desk.ask()
        newer = home.plant()
        await desk.ask()
        assert desk.auth.account.expires_at is not None
    assert home.stored() == newer
    assert home.sim.refreshes == []


async def test_a_token_of_the_environment_comes_first_and_is_not_stored(home: Home) -> None:
    home.plant()
    home.environ["CODEX_ACCESS_TOKEN"] = home.sim.auth.ledger.add_personal_token(Account())
    async with home.open() as desk:
        assert desk.auth.account.storage is StoragePlace.ENVIRONMENT
        with pytest.raises(StorageError) as caught:
            await desk.auth.accept(granted(home.sim))
    assert "CODEX_ACCESS_TOKEN" in caught.value.message


async def test_an_issuer_that_nobody_allowed_is_not_signed_in_to(home: Home) -> None:
    home.environ["FOREDECK_ISSUER"] = "https://login.example"
    async with home.open() as desk:
        for begin in (desk.auth.browser_login, desk.auth.device_login):
            with pytest.raises(CredentialsError) as caught:
                begin()
            assert "allow_token_hosts" in caught.value.next_step
