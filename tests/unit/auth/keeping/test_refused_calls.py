"""Calls that are refused: what renews the login, what ends it, and what is neither."""

import asyncio

import pytest

from services.errors import LoginError, RateLimitedError, ServiceError
from simulator import replies
from simulator.script import Status
from tests.contract.account.conftest import Home, until
from tests.unit.auth.rows import row

RESPONSES = "/backend-api/codex/responses"
HTML = {"content-type": "text/html", "cf-mitigated": "challenge"}
REGION = {"error": {"code": "unsupported_country_region_territory", "message": "Not here"}}

TABLE_E27: dict[str, tuple[Status, type[ServiceError], str, str]] = {
    "E27 Cloudflare": (
        Status(403, HTML, replies.CLOUDFLARE),
        LoginError,
        "The server's guard blocked us (403, Cloudflare)",
        "Check your network, proxy and region",
    ),
    "E27 region": (
        Status(403, {}, REGION),
        LoginError,
        "The service is not offered where this connection comes out (403)",
        "Check your network, proxy and region",
    ),
    "E27 usage limit": (
        replies.usage_limit_reached(),
        RateLimitedError,
        "The usage limit is reached (429)",
        "Upgrade to Pro",
    ),
}


@pytest.mark.parametrize(("step", "kind", "says", "next_step"), TABLE_E27.values(), ids=TABLE_E27)
async def test_what_is_no_401_neither_renews_nor_ends_the_login(
    home: Home, step: Status, kind: type[ServiceError], says: str, next_step: str
) -> None:
    before = home.plant()
    home.sim.script("responses", [step])
    async with home.open() as desk:
        with pytest.raises(kind) as caught:
            await desk.ask()
        assert desk.ended() == []
        assert await desk.ask(), "the same login goes on"
    assert caught.value.message.startswith(says)
    assert caught.value.next_step.startswith(next_step)
    assert home.sim.refreshes == []
    assert home.sim.sent("/oauth/revoke") == []
    assert home.stored() == before


@row("E26 all are renewed")
async def test_a_storm_of_401_spends_one_token(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        await desk.ask()
        home.sim.auth.clock.advance(11 * 86_400)
        assert all(await asyncio.gather(*(desk.ask() for _ in range(12))))
        assert desk.ended() == []
    assert [refresh.outcome for refresh in home.sim.refreshes] == ["rotated"]


@row("E26 all hear the failure")
async def test_a_storm_of_401_hears_of_one_failure(home: Home) -> None:
    home.plant()
    gate = home.sim.gate()
    over = {"error": {"code": "refresh_token_invalidated", "message": "x"}}
    home.sim.script("oauth/token", [gate, Status(401, {}, over)])
    async with home.open() as desk:
        await desk.ask()
        home.sim.auth.clock.advance(11 * 86_400)
        storm = [asyncio.create_task(desk.ask()) for _ in range(12)]
        # Each asks twice before it turns to the refresh token.
        await until(lambda: len(home.sim.sent(RESPONSES)) == 1 + 2 * 12)
        gate.open()
        heard = await asyncio.gather(*storm, return_exceptions=True)
    assert {str(error) for error in heard} == {"The sign-in was ended elsewhere"}
    assert len(home.sim.refreshes) == 1


@pytest.mark.parametrize("hours", [3, -3], ids="E14 recovery, server {:+} h".format)
async def test_a_401_is_recovered_from_by_whatever_clock(home: Home, hours: int) -> None:
    home.sim.auth.ledger.life = 24 * 3600
    home.sim.auth.clock.advance(hours * 3600)
    home.plant()
    for _ in range(2):
        home.sim.script("responses", [Status(401, {}, {"detail": "Unauthorized"})])
    async with home.open() as desk:
        assert await desk.ask()
        assert await desk.ask()
        assert desk.ended() == []
    assert [refresh.reason for refresh in home.sim.refreshes] == ["unauthorized_recovery"]


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        pytest.param(360, ["6 minutes behind"], id="E14 more than 5 minutes behind"),
        pytest.param(-360, ["6 minutes ahead of"], id="E14 more than 5 minutes ahead"),
        pytest.param(270, [], id="E14 less than 5 minutes behind"),
        pytest.param(-270, [], id="E14 less than 5 minutes ahead"),
    ],
)
async def test_a_clock_is_called_wrong_from_five_minutes_on(
    home: Home, ahead: int, words: list[str]
) -> None:
    home.plant()
    home.sim.auth.clock.advance(ahead)
    async with home.open() as desk:
        assert await desk.ask()
        notices = desk.auth.account.notices
    assert len(notices) == len(words)
    assert all(word in notice for word, notice in zip(words, notices, strict=True))
