"""Questions about usage and resets: how they are asked, answered, and repeated."""

from typing import Any

import pytest

from services.errors import (
    BadPayloadError,
    CredentialsError,
    LoginError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServiceError,
)
from services.limits.client import READ_TIMEOUT
from services.limits.ports import UsageSource
from services.models.limits import ResetCredit, ResetCredits
from tests.unit.inference.conftest import FakeClock
from tests.unit.limits.usage.conftest import GUARD, FakeSigner, asked
from tests.unit.transport.raw_server import (
    Drop,
    RawServer,
    head,
    refusal,
)

USAGE = {
    "plan_type": "pro",
    "rate_limit": {
        "allowed": True,
        "limit_reached": False,
        "primary_window": {"used_percent": 42, "limit_window_seconds": 18000, "reset_at": 1},
    },
}
QUESTION = ("GET", "/backend-api/wham/usage")
RESETS: dict[str, Any] = {
    "available_count": 2,
    "total_earned_count": 5,
    "credits": [
        {
            "id": "rc_1",
            "reset_type": "codex_rate_limits",
            "status": "available",
            "granted_at": "2026-11-01T10:00:00.5Z",
            "expires_at": None,
            "title": "A gift\x1b",
            "description": "For\u202eyou",
        },
        {"id": "rc_2", "status": "redeemed", "granted_at": 1_700_000_000},
        {"id": "rc_1", "status": "redeeming", "granted_at": "soon", "expires_at": []},
        {"id": "bad\x00id", "status": "available"},
        {"status": "available"},
        7,
    ],
}
RESETS_QUESTION = ("GET", "/backend-api/wham/rate-limit-reset-credits")


async def test_usage_is_asked_for_as_the_real_client_does(
    client: UsageSource, server: RawServer, clock: FakeClock
) -> None:
    server.answer(refusal("200 OK", USAGE))
    reading = await client.usage()
    assert (reading.plan, reading.as_of) == ("pro", clock.now())
    assert [window.id for window in reading.limits[0].windows] == ["codex/18000"]
    (request,) = server.requests
    assert (request.method, request.path, request.body) == (*QUESTION, b"")
    sent = {name: value for name, value in request.headers.items() if name != "host"}
    assert sent == {
        "accept": "*/*",
        "accept-encoding": "identity",
        "authorization": "Bearer t0",
        "connection": "keep-alive",
        "user-agent": "foredeck/test",
    }


async def test_a_mark_of_byte_order_and_any_2xx_are_no_reason_to_refuse(
    client: UsageSource, server: RawServer
) -> None:
    server.answer(head("203 Odd", content_type="text/plain"), b'\xef\xbb\xbf{"plan_type":"pro"}')
    assert (await client.usage()).plan == "pro"


@pytest.mark.parametrize(
    "trouble",
    [
        refusal("500 Oops", {}),
        refusal("502 No", "<html>Bad gateway</html>"),
        refusal("503 No", {"error": {"code": "server_is_overloaded"}}),
        refusal("429 Slow", {"detail": "slow"}, retry_after="1"),
        Drop(),
    ],
    ids=["500", "502", "503", "429", "reset"],
)
async def test_a_question_about_use_is_never_repeated(
    client: UsageSource, server: RawServer, clock: FakeClock, trouble: Any
) -> None:
    server.answer(trouble)
    server.answer(refusal("200 OK", USAGE))
    with pytest.raises(ServiceError):
        await client.usage()
    assert (asked(server), clock.slept) == ([QUESTION], [])


@pytest.mark.parametrize(
    "trouble",
    [refusal("500 Oops", {}), refusal("502 No", "<html>Bad gateway</html>"), Drop()],
    ids=["500", "502", "reset"],
)
async def test_a_question_about_resets_is_repeated_twice_with_growing_waits(
    client: UsageSource, server: RawServer, clock: FakeClock, trouble: Any
) -> None:
    server.answer(trouble)
    server.answer(trouble)
    server.answer(refusal("200 OK", RESETS))
    assert (await client.reset_credits()).available == 2
    first, second = clock.slept
    assert 0.18 <= first <= 0.22
    assert 0.36 <= second <= 0.44


async def test_after_two_repeats_the_trouble_is_told(
    client: UsageSource, server: RawServer
) -> None:
    server.answer(refusal("500 Oops", {"detail": "no"}))
    with pytest.raises(RefusedError) as caught:
        await client.reset_credits()
    assert caught.value.message == "The server has trouble (500): no"
    assert asked(server) == [RESETS_QUESTION] * 3


async def test_a_wait_that_the_server_names_is_waited_for(
    client: UsageSource, server: RawServer, clock: FakeClock
) -> None:
    server.answer(refusal("429 Slow", {"detail": "slow"}, retry_after="9"))
    server.answer(refusal("200 OK", RESETS))
    assert (await client.reset_credits()).available == 2
    assert clock.slept == [9.0]


@pytest.mark.parametrize("wait", ["15", "3600"])
async def test_a_wait_that_is_too_long_is_told_instead(
    client: UsageSource, server: RawServer, clock: FakeClock, wait: str
) -> None:
    server.answer(refusal("429 Slow", {"detail": "slow"}, retry_after=wait))
    with pytest.raises(RateLimitedError) as caught:
        await client.reset_credits()
    assert caught.value.retry_at == clock.now() + int(wait)
    assert (len(server.requests), clock.slept) == (1, [])


async def test_a_server_that_is_overloaded_is_given_some_seconds(
    client: UsageSource, server: RawServer, clock: FakeClock
) -> None:
    server.answer(refusal("503 No", {"error": {"code": "server_is_overloaded"}}))
    server.answer(refusal("200 OK", RESETS))
    assert (await client.reset_credits()).available == 2
    (wait,) = clock.slept
    assert 5.0 <= wait <= 10.0


async def test_all_tries_together_have_one_limit_of_time(
    client: UsageSource, server: RawServer, clock: FakeClock
) -> None:
    server.answer(refusal("503 No", {}, retry_after="8"))
    begun = clock.now()
    with pytest.raises(RefusedError):
        await client.reset_credits()
    assert clock.now() - begun < READ_TIMEOUT
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        refusal("429 Slow", {"detail": "slow"}),
        refusal("400 Bad", {"detail": "bad"}),
        refusal("403 No", {"detail": "The right is missing"}),
        head("302 Found", location="https://evil.example/login"),
        refusal("403 No", GUARD, cf_ray="8f2-FRA"),
        refusal("503 No", GUARD, cf_mitigated="challenge"),
        refusal("200 OK", GUARD),
        head("204 Nothing"),
        refusal("200 OK", []),
    ],
    ids=["429", "400", "403", "302", "guard 403", "guard 503", "page", "204", "list"],
)
async def test_what_would_come_again_is_not_asked_for_again(
    client: UsageSource, server: RawServer, clock: FakeClock, answer: bytes
) -> None:
    for ask, question in ((client.usage, QUESTION), (client.reset_credits, RESETS_QUESTION)):
        server.requests.clear()
        server.answer(answer)
        with pytest.raises(ServiceError) as caught:
            await ask()
        assert (asked(server), clock.slept) == ([question], [])
        assert "<" not in caught.value.message + caught.value.next_step


@pytest.mark.parametrize("status", [403, 503])
async def test_the_guard_is_named_with_its_ray_and_its_page_is_not_shown(
    client: UsageSource, server: RawServer, status: int
) -> None:
    server.answer(refusal(f"{status} No", GUARD, x_request_id="r1", cf_ray="8f2-FRA"))
    with pytest.raises(RefusedError) as caught:
        await client.usage()
    assert caught.value.message == f"The server's guard blocked us ({status}, Cloudflare)"
    assert (caught.value.request_id, caught.value.code) == ("8f2-FRA", "cloudflare")


async def test_a_right_that_is_missing_is_told_in_the_servers_words(
    client: UsageSource, server: RawServer
) -> None:
    server.answer(refusal("403 No", {"detail": "No Codex in this workspace\x1b[2J"}))
    with pytest.raises(LoginError) as caught:
        await client.usage()
    assert caught.value.message == (
        "The server refused access (403): No Codex in this workspace\u241b[2J"
    )


async def test_what_the_server_does_not_know_is_told_in_words_of_limits(
    client: UsageSource, server: RawServer
) -> None:
    server.answer(refusal("404 No", {"detail": "Not Found"}))
    with pytest.raises(NotFoundError) as caught:
        await client.usage()
    assert caught.value.message == "The server tells this account nothing about limits (404)"


@pytest.mark.parametrize("body", [GUARD, "", "{", '{"items": []}'])
async def test_a_2xx_that_is_no_usage_is_a_bad_payload(
    client: UsageSource, server: RawServer, body: str
) -> None:
    server.answer(refusal("200 OK", body))
    with pytest.raises(BadPayloadError):
        await client.usage()


async def test_after_a_401_the_same_question_is_signed_anew(
    client: UsageSource, server: RawServer, signer: FakeSigner
) -> None:
    signer.recoveries = 1
    server.answer(refusal("401 No", {"detail": "expired"}))
    server.answer(refusal("200 OK", USAGE))
    assert (await client.usage()).plan == "pro"
    assert [each.headers["authorization"] for each in server.requests] == ["Bearer t0", "Bearer t1"]
    assert signer.made == 1


async def test_without_credentials_nothing_is_sent(
    client: UsageSource, server: RawServer, signer: FakeSigner
) -> None:
    signer.refusal = CredentialsError("Nobody is signed in", code="signed_out")
    for call in (client.usage(), client.reset_credits(), client.redeem("r", None)):
        with pytest.raises(CredentialsError):
            await call
    assert server.requests == []


async def test_resets_are_read_one_by_one(client: UsageSource, server: RawServer) -> None:
    server.answer(refusal("200 OK", RESETS))
    assert await client.reset_credits() == ResetCredits(
        available=2,
        credits=(
            ResetCredit(id="rc_1", status="redeeming"),
            ResetCredit(id="rc_2", status="redeemed", granted_at=1_700_000_000.0),
        ),
    )
    assert asked(server) == [RESETS_QUESTION]


async def test_texts_and_times_of_a_reset_are_read(client: UsageSource, server: RawServer) -> None:
    server.answer(refusal("200 OK", {"credits": RESETS["credits"][:1]}))
    assert await client.reset_credits() == ResetCredits(
        available=1,
        credits=(
            ResetCredit(
                id="rc_1",
                status="available",
                granted_at=1_793_527_200.5,
                title="A gift\u241b",
                description="For\ufffdyou",
            ),
        ),
    )


@pytest.mark.parametrize("document", [{}, [], {"credits": None}, {"available_count": "x"}])
async def test_what_says_nothing_about_resets_is_a_bad_payload(
    client: UsageSource, server: RawServer, document: Any
) -> None:
    server.answer(refusal("200 OK", document))
    with pytest.raises(BadPayloadError):
        await client.reset_credits()
