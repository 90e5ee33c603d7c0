"""What an issuer can answer wrongly while somebody signs in: a row each, named by its table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from services.auth.flows.device import read_interval
from services.auth.flows.device_poll import Denied, Granted, Pending, Trouble
from services.auth.flows.gate import Gate
from services.auth.flows.pkce import challenge_of
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.errors import LoginError, RefusedError, ServiceError
from services.provider import Secret
from services.wire.reading import loads
from tests.unit.auth.flows.stage import Stage, answer, stage
from tests.unit.transport.raw_server import Drop, Step

STATE = "s-1"
NOT_ENABLED = "Codex is not enabled for this workspace"
REFUSED = "The issuer refused to sign you in"

TABLE_1_5: dict[str, tuple[str, str, str]] = {
    "1.5 not enabled": (
        "error=access_denied&error_description=missing_codex_entitlement",
        NOT_ENABLED,
        "missing_codex_entitlement",
    ),
    "1.5 not enabled, inside a longer text in capitals": (
        "error=access_denied&error_description=Sorry:+Missing_Codex_Entitlement+(x)",
        NOT_ENABLED,
        "missing_codex_entitlement",
    ),
    "1.5 the same words with another error": (
        "error=server_error&error_description=missing_codex_entitlement",
        f"{REFUSED}: missing_codex_entitlement",
        "server_error",
    ),
    "1.5 description": (
        "error=access_denied&error_description=You+said+no.",
        f"{REFUSED}: You said no",
        "access_denied",
    ),
    "1.5 blank description": (
        "error=access_denied&error_description=++",
        f"{REFUSED}: access_denied",
        "access_denied",
    ),
    "1.5 no description": ("error=login_required", f"{REFUSED}: login_required", "login_required"),
    "1.5 empty error": ("error=", REFUSED, "error"),
    "1.5 error beside a code": (
        "code=ac_0123456789&error=access_denied",
        f"{REFUSED}: access_denied",
        "access_denied",
    ),
    "1.5 no code": ("x=y", "The issuer sent no code along", "missing_authorization_code"),
    "1.5 empty code": ("code=", "The issuer sent no code along", "missing_authorization_code"),
    "E5 HTML": (
        "error=x&error_description=%3Cb%3Ehi%3C/b%3E",
        f"{REFUSED}: <b>hi</b>",
        "x",
    ),
    "E5 escape sequences": (
        "error=x%1b&error_description=%1b]52;c;eA%07+%9b2J%0d%0aend",
        f"{REFUSED}: ␛]52;c;eA␇ �2J end",
        "x␛",
    ),
    "E5 the code in the words": (
        "code=c-0123456789&error=x&error_description=no+c-0123456789",
        f"{REFUSED}: no [REDACTED]",
        "x",
    ),
    "E5 a long text": (
        f"error=x&error_description={'y' * 15_000}",
        f"{REFUSED}: {'y' * 299}…",
        "x",
    ),
}


@pytest.mark.parametrize(("query", "says", "code"), TABLE_1_5.values(), ids=TABLE_1_5)
async def test_a_callback_that_says_no_becomes_a_clear_sentence(
    query: str, says: str, code: str
) -> None:
    gate = Gate(Secret(STATE))
    gate.take(f"{query}&state={STATE}")
    error = await gate.arrival()
    assert isinstance(error, LoginError | RefusedError)
    assert (error.message, error.code) == (says, code)
    assert error.message.isprintable()
    assert error.next_step


TABLE_E8: dict[str, tuple[str, float]] = {
    'E8 "5"': ('"5"', 5.0),
    "E8 5": ("5", 5.0),
    "E8 5.0": ("5.0", 5.0),
    'E8 " 5 "': ('" 5 "', 5.0),
    'E8 "0"': ('"0"', 1.0),
    "E8 0": ("0", 1.0),
    "E8 -1": ("-1", 5.0),
    'E8 "-1"': ('"-1"', 5.0),
    "E8 null": ("null", 5.0),
    'E8 "x"': ('"x"', 5.0),
    'E8 ""': ('""', 5.0),
    'E8 "2s"': ('"2s"', 5.0),
    'E8 "1.5"': ('"1.5"', 1.5),
    "E8 true": ("true", 5.0),
    "E8 1e9": ("1e9", 60.0),
    "E8 1e999": ("1e999", 5.0),
    'E8 "1e999"': ('"1e999"', 5.0),
    "E8 NaN": ("NaN", 5.0),
    'E8 "NaN"': ('"NaN"', 5.0),
    'E8 "Infinity"': ('"Infinity"', 5.0),
    'E8 "1_0"': ('"1_0"', 5.0),
    "E8 [5]": ("[5]", 5.0),
    "E8 67": ("67", 60.0),
    "E8 0.01": ("0.01", 1.0),
}


@pytest.mark.parametrize(("sent", "seconds"), TABLE_E8.values(), ids=TABLE_E8)
async def test_an_interval_is_always_within_a_second_and_a_minute(
    sent: str, seconds: float
) -> None:
    assert read_interval(loads(sent)) == seconds


@pytest.mark.parametrize(("sent", "seconds"), TABLE_E8.values(), ids=TABLE_E8)
async def test_the_interval_of_the_issuer_is_what_is_slept(sent: str, seconds: float) -> None:
    body = f'{{"device_auth_id": "d-1", "user_code": "A-1", "interval": {sent}}}'
    async with stage() as play:
        play.server.answer(answer(body=body.encode()))
        play.server.answer(answer("403 No", {}))
        play.server.answer(answer("410 Gone", {}))
        async with play.device() as login:
            with pytest.raises(LoginError):
                await login.wait()
        assert play.clock.naps == [seconds]


def _code(code: str, message: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@dataclass(frozen=True)
class Poll:
    """One answer to a poll, and what it means."""

    step: Step
    means: type[Granted | Pending | Trouble | Denied]
    says: str = ""
    is_too_fast: bool = False


VERIFIER = "the-verifier-of-the-server"
FULL = {"authorization_code": "ac_x", "code_verifier": VERIFIER}
HTML = b"<html><body>Sign in here, or your session has expired</body></html>"
PENDING = "deviceauth_authorization_pending"
EXPIRED = "The code has expired"
DECLINED = "The sign-in was declined"


def _row(status: str, body: object, means: type[Any], says: str = "", **headers: str) -> Poll:
    return Poll(answer(status, body, **headers), means, says)


TABLE_2_3: dict[str, Poll] = {
    "2.3 200 without a challenge": _row("200 OK", FULL, Granted),
    "2.3 200 with its challenge": _row(
        "200 OK", {**FULL, "code_challenge": challenge_of(VERIFIER)}, Granted
    ),
    "2.3 201": _row("201 Created", FULL, Granted),
    "2.3 200 with another challenge": _row(
        "200 OK", {**FULL, "code_challenge": "x" * 43}, Denied, "that is not its verifier's"
    ),
    "2.3 200 with a challenge that is a number": _row(
        "200 OK", {**FULL, "code_challenge": 7}, Denied, "that is not its verifier's"
    ),
    "2.3 200 without a verifier": _row(
        "200 OK", {"authorization_code": "ac_x"}, Denied, "without a code"
    ),
    "2.3 200 with an empty code": _row(
        "200 OK", {**FULL, "authorization_code": ""}, Denied, "without a code"
    ),
    "2.3 200 {}": _row("200 OK", {}, Denied, "without a code"),
    "2.3 200 pending": _row("200 OK", _code(PENDING), Denied, "without a code"),
    "2.3 202": _row("202 Accepted", {}, Denied, "without a code"),
    "2.3 204": _row("204 No Content", b"", Denied, "no JSON object"),
    "2.3 200 HTML": _row("200 OK", HTML, Denied, "no JSON object"),
    "2.3 403 pending": _row("403 No", _code(PENDING), Pending),
    "2.3 404 pending": _row("404 No", _code(PENDING), Pending),
    "2.3 403 pending as a string": _row("403 No", {"error": "authorization_pending"}, Pending),
    "2.3 403 pending in capitals": _row("403 No", {"error": "AUTHORIZATION_PENDING"}, Pending),
    "2.3 403 {}": _row("403 No", {}, Pending),
    "2.3 404 empty": _row("404 No", b"", Pending),
    "2.3 403 HTML": _row("403 No", HTML, Pending),
    "2.3 403 wrong types": _row("403 No", {"error": {"code": 7, "message": [1]}}, Pending),
    "2.3 403 an array": _row("403 No", ["x"], Pending),
    "2.3 403 a message without a code": _row("403 No", {"error": {"message": "wait"}}, Pending),
    "2.3 403 slow_down": Poll(answer("403 No", _code("slow_down")), Pending, is_too_fast=True),
    "2.3 400 slow_down": Poll(answer("400 No", _code("slow_down")), Pending, is_too_fast=True),
    "2.3 429 slow_down": Poll(answer("429 No", _code("slow_down")), Pending, is_too_fast=True),
    "2.3 400 pending": _row("400 No", _code("authorization_pending"), Pending),
    "2.3 428 pending": _row("428 No", _code(PENDING), Pending),
    "2.3 500 pending": _row("500 No", _code(PENDING), Pending),
    "2.3 403 another code": _row(
        "403 No", _code("deviceauth_unknown", "no such code"), Denied, "(403): no such code"
    ),
    "2.3 403 expired code": _row("403 No", _code("deviceauth_expired"), Denied, EXPIRED),
    "2.3 404 expired_token": _row("404 No", {"error": "expired_token"}, Denied, EXPIRED),
    "2.3 403 access_denied": _row("403 No", _code("access_denied"), Denied, DECLINED),
    "2.3 403 message says expired": _row(
        "403 No", {"error": {"message": "This code has expired"}}, Denied, EXPIRED
    ),
    "2.3 403 message says denied": _row(
        "403 No", {"error_description": "Denied by the user"}, Denied, DECLINED
    ),
    "2.3 400": _row("400 No", {}, Denied, "(400)"),
    "2.3 400 expired_token": _row("400 No", {"error": "expired_token"}, Denied, EXPIRED),
    "2.3 401": _row("401 No", {}, Denied, "(401)"),
    "2.3 410": _row("410 Gone", {"error": {"message": "It is gone."}}, Denied, "(410): It is gone"),
    "2.3 418": _row("418 Teapot", {}, Denied, "(418)"),
    "2.3 408": _row("408 Slow", {}, Trouble),
    "2.3 429": _row("429 Many", {}, Trouble),
    "2.3 500": _row("500 Oops", {}, Trouble),
    "2.3 503 HTML": _row("503 Oops", HTML, Trouble),
    "2.3 connection lost": Poll(Drop(), Trouble),
    "2.3 301": _row("301 Moved", b"", Denied, "sends us to", location="/other"),
    "2.3 307": _row("307 Moved", b"", Denied, "sends us to", location="/other"),
    "2.3 302 nowhere": _row("302 Moved", b"", Denied, "sends us to"),
    "E27 Cloudflare": _row("403 No", HTML, Trouble, cf_ray="8f2-FRA"),
    "E12 2 MiB": _row("200 OK", b'{"a":"' + b"x" * 2_000_000 + b'"}', Denied, "larger than 1 MiB"),
    "E12 packed": _row("200 OK", b"x", Denied, "encoded as br", content_encoding="br"),
}  # fmt: skip


@pytest.mark.parametrize("row", TABLE_2_3.values(), ids=TABLE_2_3)
async def test_each_answer_to_a_poll_means_one_thing(row: Poll) -> None:
    async with stage() as play:
        play.server.answer(answer(body={"device_auth_id": "d-1", "user_code": "A-1"}))
        play.server.answer(row.step)
        play.server.answer(answer("410 Gone", {"error": "the end of the test"}))
        troubles: list[str] = []
        async with play.device() as login:
            with pytest.raises(ServiceError) as caught:
                await login.wait(troubles.append)
        polls = play.paths.count("/api/accounts/deviceauth/token")
        exchanges = play.paths.count("/oauth/token")
        goes_on = row.means in {Pending, Trouble}
        assert (polls, exchanges) == (2 if goes_on else 1, int(row.means is Granted))
        assert bool(troubles) == (row.means is Trouble)
        assert play.clock.naps == ([10.0 if row.is_too_fast else 5.0] if goes_on else [])
        assert (row.says if row.means is Denied else "the end of the test") in caught.value.message


EXPIRED_LOGIN = "The sign-in has expired"
TABLE_3_4: dict[str, tuple[str, object, str | None]] = {
    **{
        f"3.4 {status} {code}": (status, body, reason)
        for status in ("400 No", "401 No", "403 No", "429 No", "500 No")
        for code, reason in (
            ("refresh_token_expired", "expired"),
            ("refresh_token_reused", "exhausted"),
            ("refresh_token_invalidated", "revoked"),
        )
        for body in ({"error": {"code": code}},)
    },
    "3.4 code as error": ("400 No", {"error": "refresh_token_reused"}, "exhausted"),
    "3.4 code on top": ("400 No", {"code": "refresh_token_expired"}, "expired"),
    "3.4 code in capitals": ("400 No", {"code": "Refresh_Token_Invalidated"}, "revoked"),
    "3.4 error.code before a code on top": (
        "400 No",
        {"error": {"code": "refresh_token_reused"}, "code": "x"},
        "exhausted",
    ),
    "3.4 401 {}": ("401 No", {}, "other"),
    "3.4 401 empty": ("401 No", b"", "other"),
    "3.4 401 HTML": ("401 No", HTML, "other"),
    "3.4 401 another code": ("401 No", _code("token_revoked"), "other"),
    "3.4 400 invalid_grant": ("400 No", {"error": "invalid_grant"}, "other"),
    "3.4 400 app_session_expired": ("400 No", _code("app_session_expired"), "other"),
    "3.4 401 app_session_terminated": ("401 No", _code("app_session_terminated"), "other"),
    "3.4 400 app_session_terminated": ("400 No", _code("app_session_terminated"), "other"),
    "3.4 400 invalid_refresh_token": ("400 No", _code("invalid_refresh_token"), "other"),
    "3.4 403 invalid_grant": ("403 No", {"error": "invalid_grant"}, None),
    "3.4 500 app_session_expired": ("500 No", _code("app_session_expired"), None),
    "3.4 400 invalid_client": ("400 No", _code("invalid_client"), None),
    "3.4 400 {}": ("400 No", {}, None),
    "3.4 400 no JSON": ("400 No", b"refresh_token_reused", None),
    "3.4 403": ("403 No", {}, None),
    "3.4 404": ("404 No", {}, None),
    "3.4 429": ("429 No", {}, None),
    "3.4 503": ("503 No", {}, None),
    "E27 Cloudflare": ("403 No", HTML, None),
    "E27 region": ("403 No", _code("unsupported_country_region_territory"), None),
    "E27 usage limit": ("429 No", {"error": {"type": "usage_limit_reached"}}, None),
    "3.4 code of another type": ("400 No", {"error": {"code": ["refresh_token_reused"]}}, None),
}


@pytest.mark.parametrize(("status", "body", "reason"), TABLE_3_4.values(), ids=TABLE_3_4)
async def test_a_refused_refresh_is_final_or_passing(
    status: str, body: object, reason: str | None
) -> None:
    async with stage() as play:
        play.server.answer(answer(status, body))
        error = await _refused(play)
        assert (error.is_permanent, error.reason) == (reason is not None, reason or "other")
        assert error.status == int(status[:3])
        assert (error.next_step == "Sign in again") == error.is_permanent
        assert len(play.server.requests) == 1


async def _refused(play: Stage) -> RefreshFailedError:
    with pytest.raises(RefreshFailedError) as caught:
        await play.endpoint.refresh(
            Secret("rt_0123456789"), reason="scheduled", issuer=None, client_id=None
        )
    return caught.value


SENTENCES: Mapping[str, str] = {
    "refresh_token_expired": EXPIRED_LOGIN,
    "refresh_token_reused": "The sign-in was renewed elsewhere, and this copy of it is spent",
    "refresh_token_invalidated": "The sign-in was ended elsewhere",
    "app_session_expired": EXPIRED_LOGIN,
    "app_session_terminated": "The sign-in was ended elsewhere",
    "something_new": "127.0.0.1:{port} refused (401): because",
}


@pytest.mark.parametrize(("code", "says"), SENTENCES.items(), ids=SENTENCES)
async def test_a_sign_in_that_is_over_is_told_in_words(code: str, says: str) -> None:
    async with stage() as play:
        play.server.answer(answer("401 No", _code(code, "because")))
        assert (await _refused(play)).message == says.format(port=play.server.port)
