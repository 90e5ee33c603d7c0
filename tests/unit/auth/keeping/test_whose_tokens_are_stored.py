"""What a renewal may write over, and which token its failure stands for."""

import asyncio

from simulator.script import Status
from tests.contract.account.conftest import Home, until
from tests.unit.auth.rows import row


async def test_the_pause_after_a_failure_is_of_the_token_that_was_sent(home: Home) -> None:
    home.plant(life=720, spent=200)
    home.sim.script("oauth/token", [Status(503, {}, "busy")])
    async with home.open() as desk:
        home.plant(life=720, spent=200)
        assert await desk.ask()
        assert await desk.ask(), "the next try has to wait, the token is good"
    assert len(home.sim.refreshes) == 1


async def test_a_new_login_that_came_during_a_refresh_is_not_overwritten(home: Home) -> None:
    home.plant(life=720, spent=200)
    gate = home.sim.gate()
    late = home.sim.issue()["tokens"]
    fresh = {name: late[name] for name in ("id_token", "access_token", "refresh_token")}
    home.sim.script("oauth/token", [gate, Status(200, {}, fresh)])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        newer = home.plant()
        gate.open()
        assert await asking
        assert desk.ended() == []
    assert home.stored() == newer
    assert home.sim.sent("/oauth/revoke") == []


async def test_a_new_login_that_came_while_the_disk_refused_is_not_overwritten(
    home: Home,
) -> None:
    home.plant(life=720, spent=200)
    gate = home.sim.gate()
    kept = home.sim.issue(life=720, spent=130)["tokens"]
    fresh = {name: kept[name] for name in ("id_token", "access_token", "refresh_token")}
    home.sim.script("oauth/token", [gate, Status(200, {}, fresh)])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        home.file.chmod(0o400)
        gate.open()
        assert await asking
        assert any("in memory only" in notice for notice in desk.auth.account.notices)
        home.file.chmod(0o600)
        newer = home.plant()
        assert await desk.ask()
        assert desk.ended() == []
        assert not any("in memory only" in notice for notice in desk.auth.account.notices)
    assert home.stored() == newer


@row("E19 saved again")
async def test_a_login_that_the_disk_refused_is_stored_once_the_disk_takes_it(home: Home) -> None:
    home.plant(life=720, spent=200)
    gate = home.sim.gate()
    kept = home.sim.issue(life=720, spent=0)["tokens"]
    fresh = {name: kept[name] for name in ("id_token", "access_token", "refresh_token")}
    home.sim.script("oauth/token", [gate, Status(200, {}, fresh)])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        home.file.chmod(0o400)
        gate.open()
        assert await asking
        home.file.chmod(0o600)
        assert await desk.ask()
    assert home.tokens()["refresh_token"] == kept["refresh_token"]
    assert len(home.sim.refreshes) == 1
