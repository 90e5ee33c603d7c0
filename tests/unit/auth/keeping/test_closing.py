"""The end of a run while its login is being renewed."""

import asyncio
import os
import time
from pathlib import Path

from services.auth.stores.locks import REFRESH, hold
from services.clock import SystemClock
from simulator.script import Usual, Work
from tests.contract.account.conftest import Home, until
from tests.unit.auth.rows import row


async def test_a_run_that_waits_for_the_lock_ends_at_once(home: Home) -> None:
    before = home.plant(life=720, spent=730)
    async with hold([home.path / REFRESH], 1.0, SystemClock()) as is_held:
        assert is_held
        async with home.open() as desk:
            asking = asyncio.create_task(desk.ask())
            await until(lambda: desk.auth.is_renewing)
            asking.cancel()
            begun = time.monotonic()
        assert time.monotonic() - begun < 2
    assert home.sim.refreshes == []
    assert home.stored() == before


async def test_a_run_whose_token_is_spent_waits_for_the_answer(home: Home) -> None:
    before = home.plant(life=720, spent=730)
    gate = home.sim.gate()
    home.sim.script("oauth/token", [Work(), gate, Usual()])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        asking.cancel()
        asyncio.get_running_loop().call_later(0.2, gate.open)
    assert home.tokens()["refresh_token"] != before["tokens"]["refresh_token"]


@row("E19 saved at the end")
async def test_a_login_that_is_only_in_memory_is_stored_at_the_end(home: Home) -> None:
    before = home.plant(life=720, spent=730)
    link: Path = home.path / "second-name"
    gate = home.sim.gate()
    home.sim.script("oauth/token", [Work(), gate, Usual()])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        os.link(home.file, link)
        gate.open()
        assert await asking
        assert "in memory only" in desk.auth.account.notices[-1]
        assert home.stored() == before
        os.unlink(link)  # noqa: PTH108 an async test
    assert home.tokens()["refresh_token"] != before["tokens"]["refresh_token"]
