"""A stored login that somebody has edited: who gave it (E10), and whose it is (E23)."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.auth.grant import Grant
from services.errors import CredentialsError, LoginError
from services.models.account import AccountMode
from services.provider import Secret
from simulator.auth.account import Account
from simulator.script import Status
from tests.contract.account.conftest import Home, LeapingClock
from tests.unit.auth.rows import row
from tests.unit.transport.raw_server import RawServer, head, raw_server

RESPONSES = "/backend-api/codex/responses"
STORED = "22222222-2222-4333-8444-555555555555"
ATTACKER = pytest.mark.parametrize(
    "scheme", ["https", "http"], ids=["E10 attacker with https", "E10 attacker on this machine"]
)


def planted(home: Home, issuer: str, **more: Any) -> dict[str, Any]:
    """A login in the file whose issuer is another."""
    document = home.sim.issue(**more)
    document["tokens"]["oauth_provenance"]["issuer"] = issuer
    return home.write(document)


@asynccontextmanager
async def untouched() -> AsyncGenerator[RawServer]:
    """A server to which nobody may even connect."""
    async with raw_server() as attacker:
        attacker.answer(head("400 Bad Request"))
        yield attacker
        assert attacker.requests == []
        assert not attacker.closed.is_set()


def address_of(server: RawServer, scheme: str) -> str:
    return f"{scheme}://127.0.0.1:{server.port}"


@ATTACKER
async def test_a_planted_issuer_is_not_asked_for_a_renewal(home: Home, scheme: str) -> None:
    async with untouched() as attacker:
        before = planted(home, address_of(attacker, scheme), life=720, spent=730)
        async with home.open(clock=LeapingClock()) as desk:
            for _ in range(2):
                with pytest.raises(CredentialsError) as caught:
                    await desk.ask()
                assert f"127.0.0.1:{attacker.port}" in caught.value.message
            assert desk.ended(), "as if nobody were signed in"
    assert (home.sim.refreshes, home.sim.sent(RESPONSES)) == ([], [])
    assert home.stored() == before


@ATTACKER
async def test_a_planted_issuer_is_not_asked_after_a_401(home: Home, scheme: str) -> None:
    async with untouched() as attacker:
        planted(home, address_of(attacker, scheme))
        for _ in range(2):
            home.sim.script("responses", [Status(401, {}, {"detail": "Unauthorized"})])
        async with home.open(clock=LeapingClock()) as desk:
            with pytest.raises(CredentialsError) as caught:
                await desk.ask()
            assert f"127.0.0.1:{attacker.port}" in caught.value.message
            assert desk.ended(), "as if nobody were signed in"
    assert home.sim.refreshes == []


@ATTACKER
async def test_a_planted_issuer_hears_of_no_logout(home: Home, scheme: str) -> None:
    async with untouched() as attacker:
        planted(home, address_of(attacker, scheme))
        async with home.open(clock=LeapingClock()) as desk:
            result = await desk.auth.logout()
    assert (result.was_signed_in, result.is_revoked) == (True, False)
    assert f"127.0.0.1:{attacker.port}" in result.problem
    assert not home.file.exists()
    assert home.sim.sent("/oauth/revoke") == []


@ATTACKER
async def test_a_planted_issuer_hears_of_no_login_that_replaces_it(home: Home, scheme: str) -> None:
    async with untouched() as attacker:
        planted(home, address_of(attacker, scheme))
        tokens = home.sim.issue()["tokens"]
        async with home.open(clock=LeapingClock()) as desk:
            await desk.auth.accept(
                Grant(
                    id_token=Secret(tokens["id_token"]),
                    access_token=Secret(tokens["access_token"]),
                    refresh_token=Secret(tokens["refresh_token"]),
                )
            )
    assert home.tokens()["oauth_provenance"]["issuer"] == home.sim.issuer


@row("E10 issuer of the configuration")
async def test_the_configured_issuer_is_asked(home: Home) -> None:
    planted(home, f"{home.sim.issuer}/", life=720, spent=730)
    async with home.open() as desk:
        assert await desk.ask()
        assert (await desk.auth.logout()).is_revoked is True
    assert [refresh.outcome for refresh in home.sim.refreshes] == ["rotated"]


def with_account(home: Home, stored: str, **more: Any) -> dict[str, Any]:
    """A login in the file whose account is not the one of its id_token."""
    document = home.sim.issue(**more)
    document["tokens"]["account_id"] = stored
    return home.write(document)


@row("E23 calls and warning")
async def test_calls_are_made_for_the_stored_account(home: Home) -> None:
    with_account(home, STORED)
    async with home.open() as desk:
        # The issuer of this test checks it against the token, and says so.
        with pytest.raises(LoginError, match="not one of the token's"):
            await desk.ask()
        assert desk.auth.account.account_id == STORED
        warning = "auth.json names another account than its id_token; the stored one is used"
        assert warning in desk.auth.account.notices
    assert [call.headers["chatgpt-account-id"] for call in home.sim.sent(RESPONSES)] == [STORED]


@row("E23 refresh")
async def test_a_renewal_for_another_than_the_stored_account_ends_the_login(home: Home) -> None:
    with_account(home, STORED, life=720, spent=730)
    async with home.open() as desk:
        with pytest.raises(CredentialsError) as caught:
            await desk.ask()
        assert caught.value.code == "other_account"
        assert desk.auth.account.mode is AccountMode.NONE
        assert desk.ended()
    assert not home.file.exists()
    assert home.sim.sent(RESPONSES) == []
    assert home.sim.auth.live_families == 0, "nobody goes on with what came"


@row("E23 refresh for the stored account")
async def test_a_renewal_for_the_stored_account_is_kept(home: Home) -> None:
    with_account(home, STORED, life=720, spent=730)
    fitting = home.sim.issue(Account(account_id=STORED))["tokens"]
    fresh = {name: fitting[name] for name in ("id_token", "access_token", "refresh_token")}
    home.sim.script("oauth/token", [Status(200, {}, fresh)])
    async with home.open() as desk:
        assert await desk.ask()
        assert desk.auth.account.notices == ()
    assert home.tokens()["refresh_token"] == fresh["refresh_token"]
