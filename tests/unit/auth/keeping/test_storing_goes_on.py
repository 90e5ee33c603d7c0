"""Whoever asked for a login to be stored goes away before it is."""

import asyncio
import time

import pytest

from services.auth.keeping.lasting import to_its_end
from services.auth.stores.locks import CODEX, hold
from services.clock import SystemClock
from tests.contract.account.conftest import Home, until
from tests.contract.account.test_signing_in_and_out import granted, revoked


async def test_a_run_that_ends_stores_the_login_first_however_impatient_it_is(home: Home) -> None:
    grant = granted(home.sim)
    closing = asyncio.Event()

    async def run() -> None:
        async with home.open() as desk:
            desk.auth.accepting(grant)
            closing.set()

    async with hold([home.path / CODEX], 1.0, SystemClock()):
        running = asyncio.create_task(run())
        await closing.wait()
        for _ in range(3):
            running.cancel()
            await asyncio.sleep(0)
        assert not home.file.exists()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert home.tokens()["refresh_token"] == grant.refresh_token.reveal()
    assert revoked(home) == []


async def test_who_is_cancelled_before_the_login_is_written_keeps_the_old_one(home: Home) -> None:
    before = home.plant()
    async with home.open() as desk:
        async with hold([home.path / CODEX], 1.0, SystemClock()):
            accepting = asyncio.create_task(desk.auth.accept(granted(home.sim)))
            await until((home.path / "foredeck-auth.lock").exists)
            accepting.cancel()
            begun = time.monotonic()
            with pytest.raises(asyncio.CancelledError):
                await accepting
            assert time.monotonic() - begun < 2
        assert await desk.ask()
    assert home.stored() == before
    assert revoked(home) == ["refresh_token"], "of the login that nobody has"


async def test_work_that_has_failed_says_so_to_who_still_waits() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await to_its_end(fail())
