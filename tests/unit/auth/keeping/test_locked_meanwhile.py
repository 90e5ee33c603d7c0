"""A place that cannot be read any more when the answer of a renewal is there."""

import asyncio

from app.accounts import auth_settings, make_auth
from app.settings import load_settings
from services.auth.stores.opening import open_storage
from services.auth.stores.restricted import RestrictedStorage
from services.auth.stores.storage import Stored
from services.clock import SystemClock
from services.errors import StorageError
from services.transport.http import create_client
from simulator.script import Usual, Work
from tests.contract.account.conftest import Home, until


class Lockable(RestrictedStorage):
    """A storage that can be made unreadable, as a keyring that somebody locks."""

    is_locked = False

    async def load(self) -> Stored:
        if self.is_locked:
            raise StorageError("The keyring is locked", code="keyring_locked")
        return await super().load()


async def test_what_was_renewed_is_saved_although_the_place_cannot_be_read(home: Home) -> None:
    before = home.plant(life=720, spent=200)
    gate = home.sim.gate()
    home.sim.script("oauth/token", [Work(), gate, Usual()])
    how = auth_settings(load_settings({}, home.environ), home.environ)
    storage = Lockable(open_storage(how), how)
    clock = SystemClock()
    http = create_client(environ=home.environ, user_agent="test", clock=clock)
    async with http, make_auth(how, storage, http, clock, None) as auth:
        renewing = asyncio.create_task(auth.renew())
        await until(lambda: home.sim.refreshes)
        storage.is_locked = True
        gate.open()
        await renewing
    assert home.tokens()["refresh_token"] != before["tokens"]["refresh_token"]
    assert home.sim.auth.live_families == 1
