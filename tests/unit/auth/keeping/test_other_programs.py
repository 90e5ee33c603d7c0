"""What other programs do to the stored login while this one works: E16, E17 and E18."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from services.auth.issuer.refresh_failure import RefreshFailedError
from services.clock import SystemClock
from services.errors import CredentialsError
from services.models.account import AccountMode
from simulator.auth.account import Account
from simulator.script import Status, Usual, Work
from tests.contract.account.conftest import Home, until
from tests.unit.auth.rows import row

RESPONSES = "/backend-api/codex/responses"
REUSED = {"error": {"code": "refresh_token_reused", "message": "used"}}


class WatchedClock(SystemClock):
    """Whoever sleeps gets on at once, and something else happens meanwhile."""

    def __init__(self, while_asleep: Callable[[float], None] = lambda _: None) -> None:
        self.while_asleep = while_asleep

    async def sleep(self, seconds: float) -> None:
        self.while_asleep(seconds)
        await asyncio.sleep(0)


async def spent_by_a_sibling(home: Home) -> tuple[dict[str, object], dict[str, object]]:
    """A login whose refresh token another program spends; as it is, and as that one stores it."""
    mine = home.plant(life=720, spent=730)
    tokens = mine["tokens"]
    async with httpx.AsyncClient(trust_env=False) as sibling:
        answer = await sibling.post(
            f"{home.sim.issuer}/oauth/token",
            json={
                "client_id": tokens["oauth_provenance"]["client_id"],
                "grant_type": "refresh_token",
                "refresh_token": tokens["refresh_token"],
            },
        )
    return mine, {**mine, "tokens": {**tokens, **answer.json()}}


@pytest.mark.parametrize("pause", [0.0, 0.2, 0.5, 1.0], ids="E16 stored within another {} s".format)
async def test_a_sibling_that_was_faster_is_followed_silently(home: Home, pause: float) -> None:
    _, theirs = await spent_by_a_sibling(home)
    home.sim.script("oauth/token", [Status(401, {}, REUSED)])

    def store(seconds: float) -> None:
        if seconds == pause:
            home.write(theirs)

    async with home.open(clock=WatchedClock(store)) as desk:
        assert await desk.ask()
        assert desk.ended() == []
        assert desk.auth.account.notices == ()
    assert len(home.sim.refreshes) == 2, "theirs, and ours that came too late"
    assert home.stored() == theirs


@row("E16 nobody was faster")
async def test_a_spent_token_without_a_newer_one_is_the_end(home: Home) -> None:
    mine, _ = await spent_by_a_sibling(home)
    home.sim.script("oauth/token", [Status(401, {}, REUSED)])
    async with home.open(clock=WatchedClock()) as desk:
        for _ in range(2):
            with pytest.raises(RefreshFailedError) as caught:
                await desk.ask()
            assert (caught.value.is_permanent, caught.value.reason) == (True, "exhausted")
        assert len(set(desk.ended())) == 1
    assert len(home.sim.refreshes) == 2, "theirs, and ours once"
    assert home.stored() == mine


@row("E17 ask to start again")
async def test_another_account_is_not_gone_on_with(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        await desk.ask()
        mine = desk.auth.account
        home.sim.auth.ledger.end_all("revoked")
        theirs = home.plant(account=Account(account_id="other", user_id="user-other"))
        with pytest.raises(CredentialsError) as caught:
            await desk.ask()
        assert desk.auth.account == mine
    assert caught.value.next_step == "Start again to go on as that one"
    assert {call.headers["chatgpt-account-id"] for call in home.sim.sent(RESPONSES)} == {
        mine.account_id
    }
    assert home.sim.refreshes == []
    assert home.stored() == theirs


@row("E18 logout during a refresh")
async def test_after_a_logout_elsewhere_nothing_is_asked_as_nobody(home: Home) -> None:
    home.environ["OPENAI_API_KEY"] = home.sim.api_key or ""
    home.plant(life=720, spent=730)
    gate = home.sim.gate()
    home.sim.script("oauth/token", [Work(), gate, Usual()])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        home.file.unlink()
        gate.open()
        for ask in (asking, desk.ask()):
            with pytest.raises(CredentialsError) as caught:
                await ask
            assert caught.value.code == "signed_out"
        assert desk.auth.account.mode is AccountMode.NONE
        assert set(desk.ended()) == {"Nobody is signed in"}
    assert home.sim.auth.live_families == 0, "what came was ended"
    assert not home.file.exists()
    assert home.sim.sent("/responses") == []
