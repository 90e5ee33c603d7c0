"""A login is written while whoever asked for it goes away."""

import asyncio
import threading

import pytest

from services.auth.credentials import Credentials
from services.auth.stores.file_store import FileStorage
from services.auth.stores.limited import IsWanted
from services.auth.stores.stored import Stored
from tests.contract.account.conftest import Home
from tests.contract.account.test_signing_in_and_out import granted


async def test_who_is_cancelled_while_it_is_written_has_a_login_that_works(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.plant()
    grant, save = granted(home.sim), FileStorage._save
    writing, goes_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def held(storage: FileStorage, credentials: Credentials, is_wanted: IsWanted) -> Stored:
        loop.call_soon_threadsafe(writing.set)
        goes_on.wait(10)
        return save(storage, credentials, is_wanted)

    monkeypatch.setattr(FileStorage, "_save", held)
    async with home.open() as desk:
        accepting = asyncio.create_task(desk.auth.accept(grant))
        await writing.wait()
        accepting.cancel()
        await asyncio.sleep(0)
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await accepting
        assert await desk.ask()
    assert home.tokens()["refresh_token"] == grant.refresh_token.reveal()
    families = home.sim.auth.as_json()["families"]
    assert (families["alive"], families["revoked"]) == (1, 1), "the one that was replaced is ended"
