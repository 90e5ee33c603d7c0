"""Renewals that fail for a while are waited for, and never taken for the end of a login."""

import pytest

from services.inference.stream import Retrying, Text
from simulator.script import Status
from tests.contract.account.conftest import Home, LeapingClock


@pytest.mark.parametrize("status", [503, 429, 400])
async def test_a_call_waits_for_a_renewal_that_fails_for_a_while(home: Home, status: int) -> None:
    home.plant(life=720, spent=730)
    home.sim.script("oauth/token", [Status(status, {}, "busy")])
    clock = LeapingClock()
    async with home.open(clock=clock) as desk:
        values = await desk.values()
        assert desk.ended() == []
    told = [value for value in values if isinstance(value, Retrying)]
    assert [retry.error.code for retry in told] == ["refresh"]
    assert 29 < told[0].delay < 40
    assert any(isinstance(value, Text) for value in values)
    assert [r.outcome for r in home.sim.refreshes] == ["unserved", "rotated"]


async def test_after_a_401_too(home: Home) -> None:
    home.plant()
    for _ in range(3):
        home.sim.script("responses", [Status(401, {}, {"detail": "Unauthorized"})])
    home.sim.script("oauth/token", [Status(503, {}, "busy")])
    async with home.open(clock=LeapingClock()) as desk:
        assert await desk.ask()
        assert desk.ended() == []
    assert [r.outcome for r in home.sim.refreshes] == ["unserved", "rotated"]
