import pytest

from services.auth.issuer.endpoint import Renewed
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.auth.provider import SignInProvider
from services.models.failure import FailureKind
from services.provider import Secret
from tests.unit.auth.flows.stage import ID_TOKEN, START, TOKENS, Stage, answer, jwt
from tests.unit.auth.rows import row
from tests.unit.transport.raw_server import Drop

TOKEN = Secret("rt_the-token-of-this-test")


async def refreshed(play: Stage) -> Renewed:
    return await play.endpoint.refresh(
        TOKEN, reason="proactive_expiry", issuer=None, client_id=None
    )


async def test_a_refresh_sends_json_with_its_reason(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    assert await refreshed(play) == Renewed(
        id_token=Secret(ID_TOKEN), access_token=Secret("at_opaque"), refresh_token=Secret("rt_one")
    )
    request = play.server.requests[0]
    assert request.headers["content-type"] == "application/json"
    assert request.headers["originator"] == "foredeck"
    assert request.json == {
        "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
        "grant_type": "refresh_token",
        "refresh_reason": "proactive_expiry",
        "refresh_token": TOKEN.reveal(),
    }


async def test_a_refresh_goes_to_the_issuer_and_client_that_the_login_names(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    issuer, play.provider = play.server.url, SignInProvider()
    await play.endpoint.refresh(TOKEN, reason="scheduled", issuer=f"{issuer}/", client_id="app_x")
    assert play.paths == ["/oauth/token"]
    assert play.server.requests[0].json["client_id"] == "app_x"


RENEWED: dict[str, tuple[object, Renewed]] = {
    "3.1 nothing": ({}, Renewed()),
    "3.1 null": (dict.fromkeys(TOKENS), Renewed()),
    "3.1 access token alone": (
        {"access_token": "at_new"},
        Renewed(access_token=Secret("at_new")),
    ),
    "3.6b unparsable id_token": (
        {**TOKENS, "id_token": "no.jwt"},
        Renewed(access_token=Secret("at_opaque"), refresh_token=Secret("rt_one")),
    ),
    "E12 a wrong type beside a new refresh token": (
        {"access_token": 7, "refresh_token": "rt_new"},
        Renewed(refresh_token=Secret("rt_new")),
    ),
    "E12 an empty refresh token": (
        {"access_token": "at_new", "refresh_token": ""},
        Renewed(access_token=Secret("at_new")),
    ),
    "E13 payload array": (
        {"id_token": jwt([]), "access_token": "at_new"},
        Renewed(access_token=Secret("at_new")),
    ),
}


@pytest.mark.parametrize(("body", "expected"), RENEWED.values(), ids=RENEWED)
async def test_each_field_of_an_answer_is_optional(
    play: Stage, body: object, expected: Renewed
) -> None:
    play.server.answer(answer(body=body))
    assert await refreshed(play) == expected


async def failed(play: Stage) -> RefreshFailedError:
    with pytest.raises(RefreshFailedError) as caught:
        await refreshed(play)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", [], {"access_token": 7}, {"id_token": "x"}],
    ids=[f"3.4 200 {name}" for name in ("empty", "HTML", "array", "number", "no JWT")],
)
async def test_an_answer_that_cannot_be_read_is_a_passing_failure(
    play: Stage, body: object
) -> None:
    play.server.answer(answer(body=body))
    error = await failed(play)
    assert (error.is_permanent, error.kind) == (False, FailureKind.BAD_PAYLOAD)


@row("3.4 transport")
async def test_a_connection_that_breaks_is_a_passing_failure_of_one_attempt(play: Stage) -> None:
    play.server.answer(Drop())
    error = await failed(play)
    assert (error.is_permanent, error.kind) == (False, FailureKind.UNREACHABLE)
    assert error.message.startswith("The sign-in could not be renewed: The connection to 127.0.0.1")
    assert len(play.server.requests) == 1


@row("E11 refresh")
async def test_a_redirect_is_a_passing_failure_that_names_its_target(play: Stage) -> None:
    play.server.answer(answer("308 Moved", b"", location="https://evil.example/token"))
    error = await failed(play)
    assert not error.is_permanent
    assert "sends us to evil.example (308)" in error.message


ENDS = {
    "app_session_expired": "The sign-in has expired",
    "app_session_terminated": "The sign-in was ended elsewhere",
    "invalid_refresh_token": "The issuer does not know this sign-in any more",
    "invalid_grant": "The issuer does not accept this sign-in any more",
}


@pytest.mark.parametrize("status", [400, 401], ids="3.4 {}".format)
@pytest.mark.parametrize(("code", "says"), ENDS.items(), ids=ENDS)
async def test_an_end_is_final_at_400_and_at_401(
    play: Stage, status: int, code: str, says: str
) -> None:
    play.server.answer(answer(f"{status} No", {"error": {"code": code, "message": "x"}}))
    error = await failed(play)
    assert (error.is_permanent, error.reason, error.message) == (True, "other", says)


@row("3.4 Retry-After")
async def test_retry_after_is_kept_as_a_time(play: Stage) -> None:
    play.server.answer(answer("503 Busy", {}, retry_after="42"))
    assert (await failed(play)).retry_at == START + 42


async def test_a_token_that_the_server_echoes_is_not_shown(play: Stage) -> None:
    play.server.answer(answer("400 No", {"error_description": f"{TOKEN.reveal()} is odd"}))
    error = await failed(play)
    assert error.message.endswith("(400): [REDACTED] is odd")


@pytest.mark.parametrize(
    "token",
    ["", "  \n", "rt_one\nx", "rt_ü", "rt one"],
    ids=["3.4 nothing stored", "3.4 blanks stored", "E25 newline", "E25 beyond ASCII", "E25 blank"],
)
async def test_a_token_that_cannot_be_sent_is_final_and_not_sent(play: Stage, token: str) -> None:
    with pytest.raises(RefreshFailedError) as caught:
        await play.endpoint.refresh(Secret(token), reason="scheduled", issuer=None, client_id=None)
    assert caught.value.is_permanent
    assert play.server.requests == []


@row("E25 newline at the end")
async def test_a_line_break_at_the_end_of_a_token_is_not_sent(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    await play.endpoint.refresh(
        Secret(f"{TOKEN.reveal()}\r\n"), reason="scheduled", issuer=None, client_id=None
    )
    assert play.server.requests[0].json["refresh_token"] == TOKEN.reveal()
