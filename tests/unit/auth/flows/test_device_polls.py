"""The table of polls (2.3) as the whole flow goes through it, and intervals of all kinds (E8)."""

import inspect
from typing import Any

import pytest

from services.auth.flows.device import DeviceLogin
from services.auth.service import AuthService
from services.errors import ServiceError
from tests.unit.auth.flows.stage import TOKENS, OwnClock, Stage, answer, stage
from tests.unit.auth.rows import row
from tests.unit.transport.raw_server import Drop, Step

USER_CODE: dict[str, Any] = {"device_auth_id": "deviceauth_1", "user_code": "ABCD-12345"}
GRANTED = answer(body={"authorization_code": "ac_x", "code_verifier": "v"})
POLL = "/api/accounts/deviceauth/token"


def code(status: str, name: str, **headers: str) -> bytes:
    return answer(status, {"error": {"code": name}}, **headers)


async def polled(play: Stage, *steps: Step, **members: Any) -> None:
    """Go through the flow, with `steps` as the answers to the polls."""
    play.server.answer(answer(body={**USER_CODE, **members}))
    for step in steps:
        play.server.answer(step)
    async with play.device() as login:
        await login.wait()


@pytest.mark.parametrize(
    ("members", "nap"),
    [
        pytest.param({}, 5.0, id="E8 absent"),
        pytest.param({"interval": None}, 5.0, id="E8 null"),
        pytest.param({"interval": "0"}, 1.0, id='E8 "0"'),
        pytest.param({"interval": 1e9}, 60.0, id="E8 1e9"),
    ],
)
async def test_an_interval_that_is_missing_is_five_seconds(
    play: Stage, members: dict[str, Any], nap: float
) -> None:
    await polled(play, answer("403 No", {}), GRANTED, answer(body=TOKENS), **members)
    assert play.clock.naps == [nap]


WAITS: dict[str, tuple[Step, float]] = {
    "2.3 404 slow_down": (code("404 No", "slow_down"), 10.0),
    "2.3 401 slow_down": (code("401 No", "slow_down"), 10.0),
    "2.3 503 slow_down": (code("503 No", "slow_down"), 10.0),
    "2.3 401 pending": (code("401 No", "authorization_pending"), 5.0),
    "2.3 410 pending": (code("410 No", "deviceauth_authorization_pending"), 5.0),
    "2.3 429 pending": (code("429 No", "authorization_pending"), 5.0),
    "2.3 502": (answer("502 No", b""), 5.0),
    "2.3 504": (answer("504 No", b""), 5.0),
    "2.3 429 Retry-After": (answer("429 No", {}, retry_after="20"), 20.0),
    "2.3 503 Retry-After": (answer("503 No", {}, retry_after="600"), 60.0),
}


@pytest.mark.parametrize(("step", "nap"), WAITS.values(), ids=WAITS)
async def test_what_is_no_end_is_waited_for(play: Stage, step: Step, nap: float) -> None:
    await polled(play, step, GRANTED, answer(body=TOKENS))
    assert play.clock.naps == [nap]
    assert play.paths.count(POLL) == 2


ENDS: dict[str, bytes] = {
    "2.3 400": answer("400 No", {}),
    "2.3 401": answer("401 No", {}),
    "2.3 410": answer("410 No", {}),
    "2.3 403 deviceauth_expired": code("403 No", "deviceauth_expired"),
    "2.3 404 another code": code("404 No", "deviceauth_unknown"),
    "2.3 404 message says denied": answer("404 No", {"error": {"message": "It was denied"}}),
    "2.3 403 message says expired": answer("403 No", {"error": {"message": "Code expired."}}),
    "2.3 202": answer("202 Accepted", {}),
}


@pytest.mark.parametrize("step", ENDS.values(), ids=ENDS)
async def test_an_end_offers_a_new_code(play: Stage, step: bytes) -> None:
    with pytest.raises(ServiceError) as caught:
        await polled(play, step, GRANTED)
    assert caught.value.next_step == "Ask for a new code, or sign in with the browser"
    assert play.paths.count(POLL) == 1


FOREVER: dict[str, Step] = {
    "E9 pending for ever": code("403 No", "deviceauth_authorization_pending"),
    "E9 slow_down for ever": code("403 No", "slow_down"),
    "E9 429 for ever": answer("429 No", {}),
    "E9 503 for ever": answer("503 No", b""),
    "E9 connection lost for ever": Drop(),
}


@pytest.mark.parametrize("step", FOREVER.values(), ids=FOREVER)
async def test_fifteen_minutes_are_the_end_whatever_is_answered(play: Stage, step: Step) -> None:
    with pytest.raises(ServiceError) as caught:
        await polled(play, step)
    assert caught.value.code == "timeout"
    assert caught.value.next_step == "Ask for a new code"
    assert play.clock.steady == sum(play.clock.naps) == 900.0


@row("E9 wall clock set back")
async def test_a_clock_that_is_set_back_does_not_lengthen_it() -> None:
    class SetBack(OwnClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            self.wall -= 3600.0

    async with stage(SetBack()) as play:
        with pytest.raises(ServiceError, match="has ended"):
            await polled(play, code("403 No", "authorization_pending"))
        assert play.clock.steady == 900.0


@row("E34 no code from outside")
async def test_the_code_that_is_asked_about_is_the_one_that_was_given_here(play: Stage) -> None:
    assert list(inspect.signature(DeviceLogin).parameters) == ["endpoint", "provider", "clock"]
    assert list(inspect.signature(DeviceLogin.wait).parameters) == ["self", "on_trouble"]
    assert list(inspect.signature(AuthService.device_login).parameters) == ["self"]
    await polled(play, answer("403 No", {}), GRANTED, answer(body=TOKENS))
    polls = [request.json for request in play.server.requests if request.path == POLL]
    assert polls == [USER_CODE] * 2
