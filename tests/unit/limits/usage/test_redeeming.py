"""Redeeming a reset: once, and honest about what is not known."""

import asyncio
from typing import Any

import pytest

from services.errors import (
    LoginError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServiceError,
    UnreachableError,
)
from services.limits.client import UsageClient
from services.limits.ports import UsageSource
from services.models.limits import Redeemed
from services.transport.http import create_client
from tests.unit.inference.conftest import FakeClock
from tests.unit.limits.usage.conftest import GUARD, FakeSigner, asked
from tests.unit.transport.raw_server import (
    Drop,
    Hold,
    RawServer,
    head,
    raw_server,
    refusal,
)


@pytest.mark.parametrize("credit_id", [None, "rc_1"])
async def test_a_reset_is_redeemed_under_the_id_of_the_wish(
    client: UsageSource, server: RawServer, credit_id: str | None
) -> None:
    server.answer(refusal("201 Made", {"code": "reset", "windows_reset": "2", "more": 1}))
    redeemed = await client.redeem("wish-1", credit_id)
    assert redeemed == Redeemed(code="reset", windows_reset=2)
    (request,) = server.requests
    assert asked(server) == [("POST", "/backend-api/wham/rate-limit-reset-credits/consume")]
    assert request.headers["content-type"] == "application/json"
    expected = {"redeem_request_id": "wish-1"}
    assert request.json == expected | ({"credit_id": credit_id} if credit_id else {})


@pytest.mark.parametrize("code", ["nothing_to_reset", "no_credit", "already_redeemed"])
async def test_what_came_of_it_is_told(client: UsageSource, server: RawServer, code: str) -> None:
    server.answer(refusal("200 OK", {"code": code}))
    assert (await client.redeem("wish-1", None)).code == code


@pytest.mark.parametrize(
    "steps",
    [
        (Drop(),),
        (head("200 OK", content_length="99"), b'{"code"', Drop()),
        (refusal("500 Oops", {"detail": "x"}),),
        (refusal("502 No", GUARD, cf_ray="8f2-FRA"),),
        (refusal("503 No", {"error": {"code": "server_is_overloaded"}}, retry_after="1"),),
        (refusal("504 Late", ""),),
        (refusal("408 Late", ""),),
        (refusal("200 OK", GUARD),),
        (head("204 Nothing"),),
        (refusal("200 OK", {"code": "of_tomorrow"}),),
        (refusal("200 OK", ["reset"]),),
    ],
    ids=["reset", "cut", "500", "502", "503", "504", "408", "page", "204", "new code", "list"],
)
async def test_where_it_may_have_happened_that_is_said_and_nothing_is_repeated(
    client: UsageSource, server: RawServer, clock: FakeClock, steps: Any
) -> None:
    server.answer(*steps)
    with pytest.raises(UnreachableError) as caught:
        await client.redeem("wish-1", None)
    assert caught.value.code == "outcome_unknown"
    assert caught.value.message.startswith("It is not known whether the reset was redeemed: ")
    assert (len(server.requests), clock.slept) == (1, [])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal("400 Bad", {"detail": "bad"}), RefusedError),
        (refusal("401 No", {"detail": "who"}), LoginError),
        (refusal("404 No", {"detail": "Not Found"}), NotFoundError),
        (refusal("429 Slow", {"detail": "slow"}, retry_after="1"), RateLimitedError),
        (refusal("503 No", GUARD, cf_mitigated="challenge"), RefusedError),
    ],
    ids=["400", "401", "404", "429", "guard"],
)
async def test_where_it_was_refused_nothing_happened_and_nothing_is_repeated(
    client: UsageSource,
    server: RawServer,
    clock: FakeClock,
    answer: bytes,
    kind: type[ServiceError],
) -> None:
    server.answer(answer)
    with pytest.raises(kind) as caught:
        await client.redeem("wish-1", None)
    assert caught.value.code != "outcome_unknown"
    assert (len(server.requests), clock.slept) == (1, [])


async def test_a_server_that_was_never_reached_has_redeemed_nothing(
    server: RawServer, clock: FakeClock, signer: FakeSigner
) -> None:
    async with raw_server() as gone:
        url = gone.url
    async with create_client(environ={}, user_agent="foredeck/test") as http:
        client = UsageClient(http, url, clock, signer)
        with pytest.raises(UnreachableError) as caught:
            await client.redeem("wish-1", None)
    assert caught.value.code == "refused_port"


async def test_whoever_gives_up_waiting_leaves_no_connection(
    client: UsageSource, server: RawServer
) -> None:
    server.answer(Hold())
    task = asyncio.get_running_loop().create_task(client.redeem("wish-1", None))
    async with asyncio.timeout(5):
        while not server.requests:  # noqa: ASYNC110 the server tells nobody
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await server.closed.wait()
