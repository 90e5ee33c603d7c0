"""Answers to a renewal that are of no use: the stored login stays as it is, and nobody asks on."""

import gzip
import json
from typing import Any

import pytest

from services.auth.issuer.refresh_failure import RefreshFailedError
from services.errors import ServiceError
from simulator.script import Status
from tests.contract.account.conftest import Home, LeapingClock
from tests.unit.auth.rows import row

JSON = {"content-type": "application/json"}
LARGE = json.dumps({"access_token": "at_new", "x": "y" * 2**20}).encode()
USELESS: dict[str, Status] = {
    "E12 not JSON": Status(200, {"content-type": "text/html"}, "<html>hello</html>"),
    "E12 empty": Status(200, {}, ""),
    "E12 array": Status(200, {}, [{"access_token": "at_new"}]),
    "E12 more than 1 MiB": Status(200, JSON, LARGE),
    "E12 gzip bomb": Status(
        200, {**JSON, "content-encoding": "gzip"}, gzip.compress(b" " * 50_000_000)
    ),
    "E12 wrong types": Status(
        200, {}, {"id_token": [1], "access_token": 7, "refresh_token": {"a": 1}}
    ),
    "E12 empty strings": Status(200, {}, {"id_token": "", "access_token": "", "refresh_token": ""}),
    "E12 missing fields": Status(200, {}, {"expires_in": 3600}),
    "E12 nulls": Status(200, {}, {"id_token": None, "access_token": None, "refresh_token": None}),
    "E25 newline in a token": Status(200, {}, {"access_token": "at_new\r\nx: y"}),
    "E25 token beyond Latin-1": Status(200, {}, {"access_token": "at_ſ"}),
    "E15 {}": Status(200, {}, {}),
}


@pytest.mark.parametrize("answer", USELESS.values(), ids=USELESS)
async def test_an_answer_that_is_of_no_use_changes_nothing(home: Home, answer: Status) -> None:
    before = home.plant(life=720, spent=200)
    home.sim.script("oauth/token", [answer])
    async with home.open() as desk:
        with pytest.raises(RefreshFailedError) as caught:
            await desk.auth.renew()
        assert not caught.value.is_permanent
        assert "at_" not in caught.value.message
        assert await desk.ask(), "the token at hand is good still"
        assert desk.ended() == []
    assert home.stored() == before
    assert len(home.sim.refreshes) == 1


KEPT: dict[str, dict[str, Any]] = {
    "E12 3.6b id_token no JWT": {"id_token": "no.jwt"},
    "E12 3.6b id_token a number": {"id_token": 7},
    "E12 3.6b id_token missing": {"id_token": None},
}


@pytest.mark.parametrize("odd", KEPT.values(), ids=KEPT)
async def test_tokens_beside_an_odd_id_token_are_kept(home: Home, odd: dict[str, Any]) -> None:
    before = home.plant(life=720, spent=730)
    fresh = home.sim.issue()["tokens"]
    names = ("access_token", "refresh_token")
    home.sim.script("oauth/token", [Status(200, {}, {name: fresh[name] for name in names} | odd)])
    async with home.open() as desk:
        assert await desk.ask()
    kept = {name: fresh[name] for name in names}
    assert home.tokens() == {**before["tokens"], **kept}


@row("3.4 permanent for one snapshot")
async def test_a_final_failure_is_remembered_until_another_login_is_stored(home: Home) -> None:
    before = home.plant(life=720, spent=730)
    over = {"error": {"code": "refresh_token_expired", "message": "x"}}
    home.sim.script("oauth/token", [Status(401, {}, over)])
    async with home.open() as desk:
        for _ in range(3):
            with pytest.raises(RefreshFailedError) as caught:
                await desk.ask()
            assert (caught.value.is_permanent, caught.value.reason) == (True, "expired")
        assert home.stored() == before, "what is stored is left alone"
        home.plant()
        assert await desk.ask()
        home.plant(life=720, spent=730)
        await desk.auth.reload()
        assert await desk.ask()
    assert [refresh.outcome for refresh in home.sim.refreshes] == ["unserved", "rotated"]


@row("E15 expired token")
async def test_an_issuer_that_gives_dead_tokens_is_not_asked_without_end(home: Home) -> None:
    home.plant(life=720, spent=730)
    clock = LeapingClock()
    began = clock.monotonic()
    for _ in range(40):
        dead = home.sim.issue(life=720, spent=730)["tokens"]
        fresh = {name: dead[name] for name in ("id_token", "access_token", "refresh_token")}
        home.sim.script("oauth/token", [Status(200, {}, fresh)])
    async with home.open(clock=clock) as desk:
        for _ in range(50):
            with pytest.raises(ServiceError):
                await desk.auth.renew()
        assert len(home.sim.refreshes) == 1
        with pytest.raises(ServiceError):
            await desk.ask()
        assert desk.ended() == []
    # What a call waits for is at least half a minute, then twice that, and so on.
    tries = len(home.sim.refreshes)
    assert 1 < tries < 10
    assert clock.monotonic() - began > 30 * (2 ** (tries - 1) - 1)
