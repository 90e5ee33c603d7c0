import asyncio
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any

import pytest

from services.auth.flows.device import shown_code
from services.auth.flows.pkce import challenge_of
from services.auth.grant import Grant
from services.errors import (
    BadPayloadError,
    LoginError,
    NotFoundError,
    RefusedError,
    ServiceError,
    UnreachableError,
    UsageError,
)
from services.provider import Secret
from tests.unit.auth.flows.stage import (
    ID_TOKEN,
    START,
    TOKENS,
    OwnClock,
    Stage,
    StoppedClock,
    answer,
    cancelled,
    sent_form,
    stage,
)
from tests.unit.auth.rows import row
from tests.unit.transport.raw_server import Drop, Gate, Hold, head

USER_CODE = {"device_auth_id": "deviceauth_1", "user_code": "ABCD-12345", "interval": "5"}
PENDING = answer("403 No", {"error": {"code": "deviceauth_authorization_pending"}})
VERIFIER = "the-verifier-of-the-server"
GRANTED: dict[str, Any] = {
    "authorization_code": "ac_device",
    "code_verifier": VERIFIER,
    "code_challenge": challenge_of(VERIFIER),
}


async def signed_in(play: Stage, *steps: Any, troubles: list[str] | None = None) -> Grant:
    """Go through the whole flow, with `steps` as the answers to the polls."""
    play.server.answer(answer(body=USER_CODE))
    for step in steps:
        play.server.answer(step)
    async with play.device() as login:
        return await login.wait((troubles if troubles is not None else list[str]()).append)


async def test_the_flow_is_a_code_some_polls_and_one_exchange(play: Stage) -> None:
    grant = await signed_in(play, PENDING, PENDING, answer(body=GRANTED), answer(body=TOKENS))
    assert grant == Grant(
        id_token=Secret(ID_TOKEN), access_token=Secret("at_opaque"), refresh_token=Secret("rt_one")
    )
    poll = "/api/accounts/deviceauth/token"
    assert play.paths == ["/api/accounts/deviceauth/usercode", poll, poll, poll, "/oauth/token"]
    assert play.server.requests[0].json == {"client_id": "app_EMoamEEZ73f0CkXaXp7hrann"}
    for request in play.server.requests[1:4]:
        assert request.headers["content-type"] == "application/json"
        assert request.json == {"device_auth_id": "deviceauth_1", "user_code": "ABCD-12345"}
    assert sent_form(play.server) == {
        "grant_type": "authorization_code",
        "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
        "code": "ac_device",
        "redirect_uri": f"{play.server.url}/deviceauth/callback",
        "code_verifier": VERIFIER,
    }
    assert play.clock.naps == [5.0, 5.0]


async def test_what_is_shown_is_the_code_our_own_page_and_fifteen_minutes(play: Stage) -> None:
    body = {**USER_CODE, "verification_uri": "https://evil.example/device"}
    play.server.answer(answer(body=body))
    async with play.device() as login:
        assert login.code.code == "ABCD-12345"
        assert login.code.page == f"{play.server.url}/codex/device"
        assert login.code.ends_at == START + 900


async def test_there_is_no_code_before_the_beginning(play: Stage) -> None:
    with pytest.raises(UsageError, match="has not begun"):
        _ = play.device().code


CODES: dict[str, tuple[dict[str, object], str]] = {
    "2.1 the other spelling": ({"user_code": None, "usercode": "WXYZ-1"}, "WXYZ-1"),
    "2.1 both spellings": ({"usercode": "OTHER"}, "ABCD-12345"),
    "2.1 escape sequences": (
        {"user_code": "\x1b[31mAB\x1b]52;c;eA==\x07CD\x1b[0m\r\n-1\x00\x9b2J"},
        "ABCD-1",
    ),
    "2.1 direction marks": ({"user_code": "AB\u202eCD\u200b"}, "ABCD"),
    "2.1 64 characters": ({"user_code": "A" * 64}, "A" * 64),
}


@pytest.mark.parametrize(("changes", "shown"), CODES.values(), ids=CODES)
async def test_a_code_is_shown_clean_and_sent_as_it_came(
    play: Stage, changes: dict[str, object], shown: str
) -> None:
    body = {**USER_CODE, **changes}
    play.server.answer(answer(body=body))
    play.server.answer(answer("400 No", {}))
    async with play.device() as login:
        assert login.code.code == shown
        with pytest.raises(LoginError):
            await login.wait()
    sent = play.server.requests[1].json["user_code"]
    assert sent == (body["user_code"] or body["usercode"])


NO_CODES: dict[str, object] = {
    "2.1 no code": {**USER_CODE, "user_code": None},
    "2.1 an empty code": {**USER_CODE, "user_code": ""},
    "2.1 a code of controls": {**USER_CODE, "user_code": "\x1b[31m\r\n"},
    "2.1 a code of 65 characters": {**USER_CODE, "user_code": "A" * 65},
    "2.1 a code that is a number": {**USER_CODE, "user_code": 12345},
    "2.1 no id": {**USER_CODE, "device_auth_id": ""},
    "2.1 an id that is a number": {**USER_CODE, "device_auth_id": 7},
    "2.1 no JSON": b"<html>",
    "2.1 an array": [USER_CODE],
}


@pytest.mark.parametrize("body", NO_CODES.values(), ids=NO_CODES)
async def test_an_answer_without_a_code_that_can_be_used_ends_it(play: Stage, body: object) -> None:
    play.server.answer(answer(body=body))
    with pytest.raises(BadPayloadError):
        async with play.device():
            pass


async def test_an_issuer_without_device_codes_is_named_with_where_to_enable_them(
    play: Stage,
) -> None:
    play.server.answer(answer("404 Not Found", {}))
    with pytest.raises(NotFoundError, match="Device codes are not enabled at 127") as caught:
        async with play.device():
            pass
    assert "security settings of ChatGPT" in caught.value.next_step
    assert "browser" in caught.value.next_step


async def test_any_other_refusal_of_a_code_is_told_with_its_status(play: Stage) -> None:
    play.server.answer(answer("500 Oops", {"error": "broken"}))
    with pytest.raises(RefusedError, match=r"\(500\): broken"):
        async with play.device():
            pass
    assert len(play.server.requests) == 1


def test_a_code_is_cleaned_quickly_however_it_is_made() -> None:
    assert shown_code("\x1b]" * 2000) == ""
    assert shown_code("A" * 5000) == ""


@row("E9 pending for ever")
async def test_the_last_poll_is_at_the_deadline(play: Stage) -> None:
    play.server.answer(answer(body={**USER_CODE, "interval": 60}))
    play.server.answer(PENDING)
    async with play.device() as login:
        with pytest.raises(ServiceError, match="has ended before anybody signed in") as caught:
            await login.wait()
    assert caught.value.code == "timeout"
    assert play.clock.naps == [60.0] * 15
    assert len(play.server.requests) == 1 + 16


@row("2.3 15 minutes passed")
async def test_the_last_sleep_is_shortened(play: Stage) -> None:
    play.server.answer(answer(body={**USER_CODE, "interval": 59}))
    play.server.answer(PENDING)
    async with play.device() as login:
        with pytest.raises(ServiceError, match="has ended"):
            await login.wait()
    assert play.clock.naps == [59.0] * 15 + [15.0]


@pytest.mark.parametrize(
    ("expires_at", "date", "life"),
    [
        pytest.param("2030-03-17T17:51:40+00:00", None, 300.0, id="2.3 expires_at earlier"),
        pytest.param("2030-03-17T17:51:40.123456789Z", None, 300.123456, id="2.3 expires_at in ns"),
        pytest.param("2030-03-17T19:51:40+02:00", None, 300.0, id="2.3 expires_at another offset"),
        pytest.param("2030-03-17T20:00:00Z", None, 900.0, id="2.3 expires_at later"),
        pytest.param("soon", None, 900.0, id="2.3 expires_at nonsense"),
        pytest.param(1900000300, None, 900.0, id="2.3 expires_at a number"),
        pytest.param(None, None, 900.0, id="2.3 expires_at null"),
        pytest.param("2030-03-17T10:00:00Z", None, 900.0, id="E14 over before it began"),
        pytest.param("2030-03-17T10:05:00Z", "10:00:00", 300.0, id="E14 our clock is ahead"),
    ],
)
async def test_a_code_lives_for_15_minutes_or_less(
    play: Stage, expires_at: object, date: str | None, life: float
) -> None:
    headers = {"date": f"Sun, 17 Mar 2030 {date} GMT"} if date else {}
    play.server.answer(answer(body={**USER_CODE, "expires_at": expires_at}, **headers))
    async with play.device() as login:
        assert abs(login.code.ends_at - START - life) < 0.01


@row("2.3 expires_at passed")
async def test_the_code_ends_when_the_server_says_so(play: Stage) -> None:
    play.server.answer(answer(body={**USER_CODE, "expires_at": "2030-03-17T17:46:52Z"}))
    play.server.answer(PENDING)
    async with play.device() as login:
        with pytest.raises(ServiceError, match="has ended"):
            await login.wait()
    assert play.clock.naps == [5.0, 5.0, 2.0]


@row("E9 laptop sleep")
async def test_after_a_laptop_slept_there_is_one_poll_and_then_the_end(play: Stage) -> None:
    class Laptop(OwnClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            # The steady clock stands still while the lid is closed.
            self.wall += 3600.0

    play.clock = Laptop()
    with pytest.raises(ServiceError, match="has ended before anybody signed in"):
        await signed_in(play, PENDING)
    assert play.clock.naps == [5.0]
    assert len(play.server.requests) == 3


@row("E9 used during the sleep")
async def test_a_code_used_while_the_laptop_slept_still_signs_in(play: Stage) -> None:
    class Laptop(OwnClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            self.wall += 3600.0

    play.clock = Laptop()
    assert await signed_in(play, PENDING, answer(body=GRANTED), answer(body=TOKENS))


@row("2.3 another challenge")
async def test_a_challenge_that_is_not_of_the_verifier_is_refused(play: Stage) -> None:
    odd = {**GRANTED, "code_challenge": challenge_of("another")}
    with pytest.raises(ServiceError):
        await signed_in(play, answer(body=odd), answer(body=TOKENS))
    assert [request.path for request in play.server.requests][-1] != "/oauth/token"


@row("2.3 slow_down")
async def test_slow_down_adds_five_seconds_each_time(play: Stage) -> None:
    slow = answer("400 No", {"error": "slow_down"})
    await signed_in(play, slow, PENDING, slow, PENDING, answer(body=GRANTED), answer(body=TOKENS))
    assert play.clock.naps == [10.0, 10.0, 15.0, 15.0]


@row("E9 5xx and connections lost")
async def test_troubles_double_the_wait_up_to_thirty_seconds(play: Stage) -> None:
    bad = answer("502 Bad Gateway", b"")
    troubles: list[str] = []
    await signed_in(
        play, bad, Drop(), bad, bad, PENDING, bad, answer(body=GRANTED), answer(body=TOKENS),
        troubles=troubles,
    )  # fmt: skip
    assert play.clock.naps == [5.0, 10.0, 20.0, 30.0, 5.0, 5.0]
    host = f"127.0.0.1:{play.server.port}"
    assert troubles == [
        f"{host} refused (502): unknown error; asked again in 5 s",
        f"The connection to {host} broke off; asked again in 10 s",
        f"{host} refused (502): unknown error; asked again in 20 s",
        f"{host} refused (502): unknown error; asked again in 30 s",
        "",
        f"{host} refused (502): unknown error; asked again in 5 s",
    ]


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        pytest.param("20", 20.0, id="2.3 Retry-After seconds"),
        pytest.param(formatdate(START + 17, usegmt=True), 17.0, id="2.3 Retry-After date"),
        pytest.param("7200", 60.0, id="2.3 Retry-After two hours"),
        pytest.param(formatdate(START + 7200, usegmt=True), 60.0, id="2.3 Retry-After late date"),
        pytest.param("0", 5.0, id="2.3 Retry-After sooner than the interval"),
        pytest.param("-1", 5.0, id="2.3 Retry-After negative"),
        pytest.param("never", 5.0, id="2.3 Retry-After nonsense"),
    ],
)
async def test_retry_after_is_honoured(play: Stage, value: str, wait: float) -> None:
    busy = answer("429 Too Many Requests", {}, retry_after=value)
    await signed_in(play, busy, answer(body=GRANTED), answer(body=TOKENS))
    assert play.clock.naps == [wait]


@row("E9 network away")
async def test_a_network_that_stays_away_is_named_in_the_end(play: Stage) -> None:
    with pytest.raises(
        ServiceError, match="has ended, and the issuer could not be asked: The conn"
    ):
        await signed_in(play, Drop())
    assert play.clock.steady == 900.0


async def test_an_exchange_that_fails_is_not_repeated(play: Stage) -> None:
    with pytest.raises(RefusedError, match=r"\(500\): broken"):
        await signed_in(play, answer(body=GRANTED), answer("500 Oops", {"error": "broken"}))
    assert play.paths.count("/oauth/token") == 1


@row("E11 poll")
async def test_a_redirect_of_the_poll_is_final(play: Stage) -> None:
    with pytest.raises(RefusedError, match=r"sends us to evil.example \(302\)"):
        await signed_in(play, answer("302 Found", b"", location="https://evil.example/x"))
    assert len(play.server.requests) == 2


@pytest.fixture
async def stopped() -> AsyncIterator[Stage]:
    async with stage(StoppedClock()) as running:
        yield running


async def test_cancelling_between_two_polls_takes_less_than_200_ms(stopped: Stage) -> None:
    clock = stopped.clock
    assert isinstance(clock, StoppedClock)
    task = asyncio.create_task(signed_in(stopped, PENDING))
    await clock.asleep.wait()
    await cancelled(task)


@pytest.mark.parametrize("steps", [[Hold()], [head(), Gate()]], ids=["silent", "half an answer"])
async def test_cancelling_during_a_poll_takes_less_than_200_ms(
    stopped: Stage, steps: list[Any]
) -> None:
    stopped.server.answer(answer(body=USER_CODE))
    stopped.server.answer(*steps)
    async with stopped.device() as login:
        task = asyncio.create_task(login.wait())
        await stopped.called(2)
        await cancelled(task)


async def test_cancelling_while_the_code_is_asked_for_takes_less_than_200_ms(
    stopped: Stage,
) -> None:
    stopped.server.answer(Hold())
    task = asyncio.create_task(stopped.device().__aenter__())
    await stopped.called()
    await cancelled(task)


async def test_the_code_is_not_in_words_that_the_server_echoes(play: Stage) -> None:
    odd = "AB\u200bCD-12345"
    echo = {"error": f"no deviceauth_1 and {odd}"}
    play.server.answer(answer(body={**USER_CODE, "user_code": odd}))
    for step in (answer("500 Oops", echo), answer("400 No", echo)):
        play.server.answer(step)
    troubles: list[str] = []
    async with play.device() as login:
        with pytest.raises(LoginError, match=r"no \[REDACTED\] and \[REDACTED\]$"):
            await login.wait(troubles.append)
    assert "no [REDACTED] and [REDACTED];" in troubles[0]


async def test_an_issuer_that_cannot_be_reached_is_named_at_once(play: Stage) -> None:
    play.server.answer(Drop())
    with pytest.raises(UnreachableError):
        async with play.device():
            pass
