"""Renewals that bring nothing, too little, or somebody else's; and locks that are not let go."""

import asyncio
import os
import time
from collections.abc import Callable

import pytest

from services.auth.grant import Grant
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.auth.keeping.held import busy
from services.auth.stores.locks import REFRESH, hold
from services.clock import SystemClock
from services.errors import CredentialsError, ServiceError, StorageError
from services.provider import Secret
from simulator.auth.account import Account
from simulator.script import Status, Usual, Work
from tests.contract.account.conftest import Home, until
from tests.unit.auth.rows import row

OTHER = Account(account_id="other", user_id="user-other")


@row("E14 our clock is ahead")
async def test_a_token_that_is_dead_by_our_clock_is_renewed_once(home: Home) -> None:
    home.sim.auth.ledger.life = 3600
    home.sim.auth.clock.advance(-7200)
    home.plant()
    async with home.open() as desk:
        for _ in range(4):
            with pytest.raises(RefreshFailedError):
                await desk.auth.renew()
    assert len(home.sim.refreshes) == 1


@pytest.mark.parametrize("answer", ["nothing", "the old token"], ids="E15 {}".format)
async def test_an_answer_without_a_new_token_is_a_failure(home: Home, answer: str) -> None:
    before = home.plant(life=720, spent=200)
    old = {"access_token": before["tokens"]["access_token"]}
    home.sim.script("oauth/token", [Status(200, {}, {} if answer == "nothing" else old)])
    async with home.open() as desk:
        with pytest.raises(RefreshFailedError) as caught:
            await desk.auth.renew()
        assert not caught.value.is_permanent
        with pytest.raises(RefreshFailedError):
            await desk.auth.renew()
    assert home.stored() == before, "nothing new, so nothing is written"
    assert len(home.sim.refreshes) == 1


async def test_a_refresh_token_that_came_alone_is_kept(home: Home) -> None:
    before = home.plant(life=720, spent=200)
    home.sim.script("oauth/token", [Status(200, {}, {"refresh_token": "rt_alone"})])
    async with home.open() as desk:
        with pytest.raises(RefreshFailedError):
            await desk.auth.renew()
    assert home.tokens() == {**before["tokens"], "refresh_token": "rt_alone"}


async def test_one_failure_does_not_grow_with_those_who_meet_it(home: Home) -> None:
    home.plant(life=720, spent=730)
    ended = {"error": {"code": "refresh_token_expired", "message": "x"}}
    home.sim.script("oauth/token", [Status(401, {}, ended)])
    depths: list[int] = []
    async with home.open() as desk:
        for _ in range(6):
            with pytest.raises(ServiceError) as caught:
                await desk.ask()
            depths.append(len(caught.traceback))
    assert depths[-1] <= depths[1]


async def test_a_strangers_answer_leaves_a_newer_login_alone(home: Home) -> None:
    home.plant(life=720, spent=730)
    gate = home.sim.gate()
    stranger = home.sim.issue(account=OTHER)["tokens"]
    fresh = {name: stranger[name] for name in ("id_token", "access_token", "refresh_token")}
    home.sim.script("oauth/token", [gate, Status(200, {}, fresh)])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        newer = home.plant()
        gate.open()
        with pytest.raises(CredentialsError):
            await asking
    assert home.stored() == newer
    revoked = [call.body for call in home.sim.sent("/oauth/revoke")]
    assert [body["token_type_hint"] for body in revoked] == ["refresh_token"]
    assert home.sim.auth.live_families == 2, "the stranger's was ended"


async def test_another_user_of_the_same_workspace_is_not_adopted(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        await desk.ask()
        home.sim.auth.ledger.end_all("revoked")
        home.plant(account=Account(user_id="user-mallory", email="mallory@example.test"))
        with pytest.raises(CredentialsError) as caught:
            await desk.ask()
    assert caught.value.code == "account_changed"


async def test_another_kind_of_login_that_was_stored_meanwhile_is_left_alone(home: Home) -> None:
    home.plant(life=720, spent=730)
    gate = home.sim.gate()
    home.sim.script("oauth/token", [Work(), gate, Usual()])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        theirs = home.write({"personal_access_token": "at-theirs"})
        gate.open()
        with pytest.raises(CredentialsError) as caught:
            await asking
    assert caught.value.code == "account_changed"
    assert home.stored() == theirs
    assert home.sim.auth.live_families == 0


async def test_a_file_that_broke_meanwhile_is_copied_before_it_is_replaced(home: Home) -> None:
    home.plant(life=720, spent=730)
    gate = home.sim.gate()
    home.sim.script("oauth/token", [Work(), gate, Usual()])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        home.file.write_text('{"auth_mode": "chatgpt", a typo')
        gate.open()
        assert await asking
    kept = [p.read_text() for p in home.path.iterdir() if "broken" in p.name]
    assert kept == ['{"auth_mode": "chatgpt", a typo']
    assert home.tokens()["refresh_token"]


async def test_a_stopped_program_with_the_lock_keeps_nobody_waiting(home: Home) -> None:
    home.plant(life=720, spent=200)
    async with hold([home.path / REFRESH], 1.0, SystemClock()) as is_held, home.open() as desk:
        assert is_held
        begun = time.monotonic()
        assert await desk.ask()
        first = time.monotonic() - begun
        assert await desk.ask()
        assert time.monotonic() - begun - first < 1, "it is not waited for again"
        with pytest.raises(StorageError) as caught:
            await desk.auth.check("chatgpt")
        assert caught.value.message == busy().message
        assert (await desk.auth.logout()).was_signed_in
    assert not home.file.exists()
    assert home.sim.refreshes == []


async def test_the_question_for_the_route_renews_nothing(home: Home) -> None:
    home.plant()
    for _ in range(6):
        home.sim.script("accounts/check", [Status(401, {}, {"detail": "Unauthorized"})])
        home.sim.script("responses", [Status(401, {}, {"detail": "Unauthorized"})])
    async with home.open() as desk:
        with pytest.raises(ServiceError):
            await desk.ask()
        assert len(desk.ended()) == 1
    assert len(home.sim.refreshes) == 1


@row("E17 during a refresh")
async def test_another_account_that_was_stored_during_the_request_stays(home: Home) -> None:
    home.plant(life=720, spent=730)
    gate = home.sim.gate()
    home.sim.script("oauth/token", [Work(), gate, Usual()])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        theirs = home.plant(account=OTHER)
        gate.open()
        with pytest.raises(CredentialsError) as caught:
            await asking
    assert caught.value.code == "account_changed"
    assert home.stored() == theirs
    assert home.sim.auth.live_families == 1, "what came for the one before was ended"


def second_name(home: Home) -> None:
    os.link(home.file, home.path / "second")


def symlink_to_nowhere(home: Home) -> None:
    home.file.unlink()
    home.file.symlink_to(home.path / "nowhere" / "auth.json")


UNWRITABLE: dict[str, Callable[[Home], None]] = {
    "E19 hard link": second_name,
    "E19 read-only file": lambda home: home.file.chmod(0o400),
    "E19 symlink to nowhere": symlink_to_nowhere,
    "E20 foreign owner": lambda home: os.chown(home.file, 12345, 12345),
}


@pytest.mark.parametrize("harm", UNWRITABLE.values(), ids=UNWRITABLE)
async def test_a_file_that_could_not_be_written_costs_no_token(
    home: Home, harm: Callable[[Home], None]
) -> None:
    home.plant(life=720, spent=730)
    async with home.open() as desk:
        harm(home)
        with pytest.raises(StorageError) as caught:
            await desk.ask()
        assert str(home.file) in caught.value.message
    assert home.sim.refreshes == []


def granted(home: Home) -> Grant:
    tokens = home.sim.issue()["tokens"]
    return Grant(
        id_token=Secret(tokens["id_token"]),
        access_token=Secret(tokens["access_token"]),
        refresh_token=Secret(tokens["refresh_token"]),
    )


@row("E31 the save fails")
async def test_a_login_that_cannot_be_stored_is_ended(home: Home) -> None:
    before = home.plant()
    grant = granted(home)
    async with home.open() as desk:
        second_name(home)
        with pytest.raises(StorageError):
            await desk.auth.accept(grant)
    (revoked,) = home.sim.sent("/oauth/revoke")
    assert revoked.body["token_type_hint"] == "refresh_token"
    assert home.sim.auth.live_families == 1, "the old one"
    assert home.stored() == before


@row("E31 cancelled before the save")
async def test_a_login_that_is_cancelled_before_it_is_stored_is_ended(home: Home) -> None:
    grant = granted(home)
    async with home.open() as desk, hold([home.path / REFRESH], 1.0, SystemClock()):
        storing = asyncio.create_task(desk.auth.accept(grant))
        await asyncio.sleep(0)
        storing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await storing
    assert home.sim.auth.live_families == 0
    assert not home.file.exists()


async def test_a_login_that_may_not_be_used_is_ended_when_it_is_replaced(home: Home) -> None:
    (home.path / "config.toml").write_text('forced_login_method = "api"')
    home.plant()
    async with home.open() as desk:
        await desk.auth.use_api_key(Secret(home.sim.api_key or ""))
    assert home.sim.auth.live_families == 0


async def test_a_login_that_may_not_be_used_is_ended_by_a_logout(home: Home) -> None:
    (home.path / "config.toml").write_text('forced_login_method = "api"')
    home.plant()
    async with home.open() as desk:
        assert (await desk.auth.logout()).is_revoked is True
    assert home.sim.auth.live_families == 0
