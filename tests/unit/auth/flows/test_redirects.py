"""Redirects of any endpoint that codes, tokens or secrets go to: E11."""

from collections.abc import Awaitable, Callable

import pytest

from services.errors import ServiceError
from services.provider import Secret
from tests.unit.auth.flows.stage import ID_TOKEN, Stage, answer
from tests.unit.transport.raw_server import raw_server

USER_CODE = answer(body={"device_auth_id": "d-1", "user_code": "A-1"})


async def exchange(play: Stage) -> object:
    return await play.endpoint.exchange_code(Secret("ac_x"), Secret("v"), "http://127.0.0.1:1/x")


async def exchange_api_key(play: Stage) -> object:
    return await play.endpoint.exchange_api_key(Secret(ID_TOKEN))


async def refresh(play: Stage) -> object:
    return await play.endpoint.refresh(
        Secret("rt_x"), reason="scheduled", issuer=None, client_id=None
    )


async def revoke(play: Stage) -> object:
    return await play.endpoint.revoke(Secret("rt_x"), hint="refresh_token", issuer=None)


async def ask_for_a_code(play: Stage) -> object:
    return await play.device().__aenter__()


async def poll(play: Stage) -> object:
    play.server.scripts.insert(0, (USER_CODE,))
    async with play.device() as login:
        return await login.wait()


Call = Callable[[Stage], Awaitable[object]]
STATUSES = (301, 302, 303, 307, 308)


@pytest.mark.parametrize(
    ("call", "status"),
    [
        pytest.param(call, status, id=f"E11 {call.__name__.replace('_', ' ')} {status}")
        for call in (exchange, refresh, revoke, ask_for_a_code, poll)
        for status in STATUSES
    ],
)
async def test_nothing_follows_a_redirect_and_its_target_is_named(
    play: Stage, call: Call, status: int
) -> None:
    async with raw_server() as other:
        other.answer(USER_CODE)
        play.server.answer(answer(f"{status} Elsewhere", b"", location=f"{other.url}/x"))
        with pytest.raises(ServiceError) as caught:
            await call(play)
        assert f"sends us to 127.0.0.1:{other.port} ({status})" in caught.value.message
        assert other.requests == []
    assert len(play.server.requests) == (2 if call is poll else 1)


@pytest.mark.parametrize("status", STATUSES, ids="E11 exchange for a key {}".format)
async def test_a_redirect_brings_no_api_key(play: Stage, status: int) -> None:
    async with raw_server() as other:
        other.answer(answer(body={"access_token": "sk-of-somebody"}))
        play.server.answer(answer(f"{status} Elsewhere", b"", location=f"{other.url}/x"))
        assert await exchange_api_key(play) is None
        assert other.requests == []
