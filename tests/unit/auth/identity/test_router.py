import asyncio
from pathlib import Path

import httpx
import pytest

from services.auth.calls.origins import require_origin
from services.auth.calls.routing import AGAIN, FRESH, NO_ROUTE, SOON, Route, Router
from services.auth.provider import SignInProvider
from services.auth.settings import AuthSettings
from services.errors import CredentialsError, RefusedError, ServiceError, UnreachableError
from services.transport.failures import Identity
from services.transport.signing import Signed
from tests.unit.auth.identity.conftest import FakeClock
from tests.unit.auth.identity.workspaces import ME, accounts, entry
from tests.unit.auth.rows import row
from tests.unit.transport.raw_server import Gate, RawServer, head, refusal


class FakeSigner:
    """Signs with a word, and after a 401 with another one, as often as it is told."""

    def __init__(self, recoveries: int = 0, refusal: ServiceError | None = None) -> None:
        self.identity = Identity(has_key=True)
        self.recoveries = recoveries
        self.refusal = refusal
        self.made = 0
        self.statuses: list[int] = []
        self.signed = asyncio.Event()

    def __call__(self) -> "FakeSigner":
        self.made += 1
        return self

    async def sign(self, url: httpx.URL) -> Signed:
        if self.refusal is not None:
            raise self.refusal
        self.signed.set()
        headers = {"authorization": f"Bearer t{len(self.statuses)}", "chatgpt-account-id": ME}
        return Signed(url=url, headers=headers)

    async def recover(self, error: ServiceError) -> bool:
        self.recoveries -= 1
        return error.status == 401 and self.recoveries >= 0

    def received(self, response: httpx.Response) -> None:
        self.statuses.append(response.status_code)


def at(base_url: str) -> SignInProvider:
    return SignInProvider(chatgpt_base_url=base_url)


@pytest.fixture
def signer() -> FakeSigner:
    return FakeSigner()


@pytest.fixture
def router(http: httpx.AsyncClient, server: RawServer, clock: FakeClock) -> Router:
    return Router(http, at(f"{server.url}/backend-api"), clock)


US = refusal("200 OK", accounts(entry(override="us")))


async def test_the_question_is_asked_once_and_signed(
    router: Router, server: RawServer, signer: FakeSigner, clock: FakeClock
) -> None:
    server.answer(US)
    assert await router.route(ME, signer) == Route(override="us")
    clock.at += FRESH - 1
    assert await router.route(ME, signer) == Route(override="us")
    [asked] = server.requests
    assert (asked.method, asked.path) == ("GET", "/backend-api/wham/accounts/check")
    assert asked.headers["authorization"] == "Bearer t0"
    assert asked.headers["chatgpt-account-id"] == ME
    assert asked.headers["user-agent"] == "foredeck/test"
    assert "originator" not in asked.headers
    assert signer.statuses == [200]


async def test_after_an_hour_it_is_asked_again(
    router: Router, server: RawServer, signer: FakeSigner, clock: FakeClock
) -> None:
    server.answer(US)
    server.answer(refusal("200 OK", accounts(entry())))
    await router.route(ME, signer)
    clock.at += FRESH
    assert await router.route(ME, signer) == NO_ROUTE
    assert len(server.requests) == 2


async def test_a_sign_in_asks_anew(router: Router, server: RawServer, signer: FakeSigner) -> None:
    server.answer(US)
    await router.route(ME, signer)
    router.forget()
    await router.route(ME, signer)
    assert len(server.requests) == 2


async def test_each_account_has_its_own_answer(
    router: Router, server: RawServer, signer: FakeSigner
) -> None:
    server.answer(US)
    assert (await router.route(ME, signer)).override == "us"
    assert (await router.route("another", signer)).override is None
    assert (await router.route(ME, signer)).override == "us"
    assert len(server.requests) == 2


async def test_without_an_account_nothing_is_asked(router: Router, signer: FakeSigner) -> None:
    assert await router.route(None, signer) == NO_ROUTE
    assert signer.made == 0


async def test_many_at_once_ask_once(router: Router, server: RawServer, signer: FakeSigner) -> None:
    gate = Gate()
    server.answer(gate, US)
    waiting = [asyncio.create_task(router.route(ME, signer)) for _ in range(20)]
    gate.opened.set()
    assert set(await asyncio.gather(*waiting)) == {Route(override="us")}
    assert len(server.requests) == 1


async def test_whoever_gives_up_takes_nobody_along(
    router: Router, server: RawServer, signer: FakeSigner
) -> None:
    gate = Gate()
    server.answer(gate, US)
    first = asyncio.create_task(router.route(ME, signer))
    second = asyncio.create_task(router.route(ME, signer))
    await signer.signed.wait()
    first.cancel()
    gate.opened.set()
    assert await second == Route(override="us")
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_failure_is_a_warning_and_asked_again_after_some_minutes(
    router: Router, server: RawServer, signer: FakeSigner, clock: FakeClock
) -> None:
    server.answer(refusal("432 Unavailable", {"error": {"message": "routing unavailable"}}))
    server.answer(US)
    route = await router.route(ME, signer)
    assert not route.is_constrained
    assert "routing unavailable" in route.warning
    clock.at += AGAIN - 1
    assert await router.route(ME, signer) == route
    assert len(server.requests) == 1
    clock.at += 1
    assert await router.route(ME, signer) == Route(override="us")


async def test_without_a_network_it_is_asked_again_soon(
    http: httpx.AsyncClient, server: RawServer, signer: FakeSigner, clock: FakeClock
) -> None:
    router = Router(http, at("http://127.0.0.1:1/backend-api"), clock)
    route = await router.route(ME, signer)
    assert "Nothing answers at 127.0.0.1:1" in route.warning
    clock.at += SOON - 1
    await router.route(ME, signer)
    assert signer.made == 1
    clock.at += 1
    await router.route(ME, signer)
    assert signer.made == 2


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"accounts": 1}', b"x" * 1_100_000])
async def test_an_answer_that_cannot_be_read_is_a_warning(
    router: Router, server: RawServer, signer: FakeSigner, body: bytes
) -> None:
    server.answer(head() + body)
    assert (await router.route(ME, signer)).warning


async def test_the_last_route_outlives_a_failure(
    router: Router, server: RawServer, signer: FakeSigner, clock: FakeClock
) -> None:
    server.answer(US)
    server.answer(refusal("500 Oops"))
    await router.route(ME, signer)
    clock.at += FRESH
    for _ in range(2):
        clock.at += AGAIN
        route = await router.route(ME, signer, is_constrained=True)
        assert route.override == "us"
        assert "500" in route.warning
    assert len(server.requests) == 3


async def test_an_account_that_needs_a_route_does_not_go_without_an_answer(
    router: Router, server: RawServer, signer: FakeSigner
) -> None:
    server.answer(refusal("403 Forbidden", {"error": {"message": "no"}}))
    server.answer(US)
    with pytest.raises(RefusedError) as caught:
        await router.route(ME, signer, is_constrained=True)
    assert caught.value.message.startswith("This workspace needs a route of its own")
    assert caught.value.status == 403
    assert (await router.route(ME, signer, is_constrained=True)).override == "us"


async def test_an_account_that_needs_a_route_says_when_nothing_is_reached(
    http: httpx.AsyncClient, signer: FakeSigner, clock: FakeClock
) -> None:
    router = Router(http, at("http://127.0.0.1:1"), clock)
    with pytest.raises(UnreachableError, match="needs a route of its own"):
        await router.route(ME, signer, is_constrained=True)


async def test_an_account_that_needs_a_route_may_be_told_that_it_needs_none(
    router: Router, server: RawServer, signer: FakeSigner
) -> None:
    server.answer(refusal("200 OK", accounts(entry())))
    assert await router.route(ME, signer, is_constrained=True) == NO_ROUTE


async def test_a_401_is_answered_with_another_signature(router: Router, server: RawServer) -> None:
    signer = FakeSigner(recoveries=1)
    server.answer(refusal("401 Unauthorized"))
    server.answer(US)
    assert (await router.route(ME, signer)).override == "us"
    assert [each.headers["authorization"] for each in server.requests] == [
        "Bearer t0",
        "Bearer t1",
    ]


async def test_a_401_that_stays_is_a_warning(router: Router, server: RawServer) -> None:
    signer = FakeSigner(recoveries=2)
    server.answer(refusal("401 Unauthorized"))
    assert "401" in (await router.route(ME, signer)).warning
    assert signer.statuses == [401, 401, 401]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308], ids="E11 {}".format)
async def test_a_redirect_is_not_followed(
    router: Router, server: RawServer, signer: FakeSigner, status: int
) -> None:
    server.answer(head(f"{status} Moved", location=f"{server.url}/elsewhere"))
    route = await router.route(ME, signer)
    assert f"127.0.0.1:{server.port}" in route.warning
    assert len(server.requests) == 1


@row("E27 Cloudflare")
async def test_a_block_by_the_guard_neither_ends_nor_renews_the_login(
    router: Router, server: RawServer
) -> None:
    signer = FakeSigner(recoveries=5)
    server.answer(head("403 Forbidden", cf_ray="8c0", cf_mitigated="challenge") + b"<html>")
    assert "Cloudflare" in (await router.route(ME, signer)).warning
    assert signer.statuses == [403]


@row("E28 unlisted server")
async def test_no_token_reaches_a_foreign_server(
    http: httpx.AsyncClient, server: RawServer, clock: FakeClock
) -> None:
    class Careful(FakeSigner):
        async def sign(self, url: httpx.URL) -> Signed:
            require_origin(url, kind="chatgpt", settings=AuthSettings(home=Path("/nowhere")))
            return await super().sign(url)

    router = Router(http, at(f"{server.url}/backend-api"), clock)
    with pytest.raises(CredentialsError) as caught:
        await router.route(ME, Careful())
    assert caught.value.message == f"Tokens of ChatGPT are not sent to 127.0.0.1:{server.port}"
    assert server.requests == []


async def test_what_cannot_be_signed_is_told_and_not_remembered(
    router: Router, server: RawServer, signer: FakeSigner
) -> None:
    nobody = FakeSigner(refusal=CredentialsError("Nobody is signed in"))
    with pytest.raises(CredentialsError, match="Nobody is signed in"):
        await router.route(ME, nobody)
    assert server.requests == []
    server.answer(US)
    assert (await router.route(ME, signer)).override == "us"
