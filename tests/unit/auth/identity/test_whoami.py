import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.auth.calls.whoami import PersonalToken, is_personal, whoami
from services.auth.claims import IdClaims
from services.auth.provider import SignInProvider
from services.auth.settings import AuthSettings
from services.errors import (
    BadPayloadError,
    CredentialsError,
    LoginError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from services.provider import Secret
from tests.unit.auth.identity.conftest import FakeClock
from tests.unit.transport.raw_server import RawServer, head, refusal

TOKEN = "at-canary_0123456789"
WHOLE = {
    "chatgpt_user_id": "user-1",
    "chatgpt_account_id": "11111111-2222-3333-4444-555555555555",
    "chatgpt_plan_type": "business",
    "chatgpt_account_is_fedramp": True,
    "email": "ada@example.test",
}


class Asking:
    """The question, put to the server under test."""

    def __init__(self, http: httpx.AsyncClient, server: RawServer, clock: FakeClock) -> None:
        self.http = http
        self.server = server
        self.clock = clock

    async def __call__(self, token: str = TOKEN, *, issuer: str = "") -> PersonalToken:
        provider = SignInProvider(issuer=issuer or self.server.url)
        settings = AuthSettings(home=Path("/nowhere"), provider=provider)
        return await whoami(self.http, Secret(token), settings=settings, clock=self.clock)


@pytest.fixture
def ask(http: httpx.AsyncClient, server: RawServer, clock: FakeClock) -> Asking:
    return Asking(http, server, clock)


async def test_the_issuer_says_whose_it_is(ask: Asking, server: RawServer) -> None:
    server.answer(refusal("200 OK", WHOLE))
    found = await ask(f"  {TOKEN}\n")
    assert found.token == Secret(TOKEN)
    assert found.claims == IdClaims(
        email="ada@example.test",
        account_id="11111111-2222-3333-4444-555555555555",
        user_id="user-1",
        plan="business",
        is_fedramp=True,
    )
    [asked] = server.requests
    assert (asked.method, asked.path) == (
        "GET",
        "/api/accounts/v1/user-auth-credential/whoami",
    )
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert "cookie" not in asked.headers


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"email": None}, {"email": None}),
        ({"email": 5}, {"email": None}),
        ({"email": "a\x1b[2J@b"}, {"email": "a␛[2J@b"}),
        ({"chatgpt_plan_type": None}, {"plan": None}),
        ({"chatgpt_plan_type": 7}, {"plan": None}),
        ({"chatgpt_plan_type": "brand_new"}, {"plan": "brand_new"}),
        ({"chatgpt_account_is_fedramp": False}, {"is_fedramp": False}),
        ({"chatgpt_account_is_fedramp": "true"}, {"is_fedramp": False}),
        ({"chatgpt_account_is_fedramp": None}, {"is_fedramp": False}),
        ({"more": [1, 2]}, {}),
    ],
)
async def test_members_that_only_describe_may_be_anything(
    ask: Asking, server: RawServer, members: dict[str, Any], expected: dict[str, Any]
) -> None:
    server.answer(refusal("200 OK", WHOLE | members))
    claims = (await ask()).claims
    assert {name: getattr(claims, name) for name in expected} == expected
    assert claims.user_id == "user-1"


@pytest.mark.parametrize("name", ["chatgpt_user_id", "chatgpt_account_id"])
@pytest.mark.parametrize("value", [None, "", 5, "a b", "a\r\nx: y", "ä", "a" * 201, ["a"]])
async def test_an_id_that_is_missing_or_cannot_be_sent_is_an_error(
    ask: Asking, server: RawServer, name: str, value: object
) -> None:
    server.answer(refusal("200 OK", WHOLE | {name: value}))
    with pytest.raises(BadPayloadError, match="does not say whose"):
        await ask()


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b"9" * 5000, b"[" * 100_000, b"x" * 1_100_000],
    ids=[
        "E12 empty",
        "E12 HTML",
        "E12 array",
        "E12 null",
        "E12 many digits",
        "E12 deep",
        "E12 more than 1 MiB",
    ],
)
async def test_an_answer_that_cannot_be_read_is_an_error(
    ask: Asking, server: RawServer, body: bytes
) -> None:
    server.answer(head() + body)
    with pytest.raises(BadPayloadError):
        await ask()


@pytest.mark.parametrize(
    "token",
    ["", " ", "at-", "at-a b", "at-a\nb", "at-ä", "at-\x00", "eyJhbGciOi.x.y", "at-" + "a" * 9000],
    ids=lambda token: f"E25 {token!r}"[:24],
)
async def test_a_token_that_cannot_be_sent_is_refused_whole(
    ask: Asking, server: RawServer, token: str
) -> None:
    with pytest.raises(CredentialsError) as caught:
        await ask(token)
    assert "CODEX_ACCESS_TOKEN" in caught.value.message
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("401 Unauthorized", LoginError, "The token in CODEX_ACCESS_TOKEN is not accepted (401)"),
        ("403 Forbidden", LoginError, "The server refused access (403)"),
        ("404 Not Found", NotFoundError, "The issuer knows no personal access tokens (404)"),
        ("400 Bad Request", RefusedError, "The server refused the request (400)"),
    ],
)
async def test_a_refusal_is_said_once_with_a_next_step(
    ask: Asking, server: RawServer, status: str, kind: type[Exception], words: str
) -> None:
    server.answer(refusal(status, {}))
    with pytest.raises(kind) as caught:
        await ask()
    assert isinstance(caught.value, RefusedError)
    assert caught.value.message == words
    assert len(server.requests) == 1


async def test_a_server_in_trouble_is_asked_twice(
    ask: Asking, server: RawServer, clock: FakeClock
) -> None:
    server.answer(refusal("503 Unavailable"))
    with pytest.raises(RefusedError, match="503"):
        await ask()
    assert len(server.requests) == 2
    assert len(clock.slept) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308], ids="E11 {}".format)
async def test_a_redirect_is_not_followed_but_named(
    ask: Asking, server: RawServer, status: int
) -> None:
    server.answer(head(f"{status} Moved", location="https://evil.example/whoami"))
    server.answer(head(f"{status} Moved", location="/elsewhere"))
    with pytest.raises(RefusedError, match=r"evil\.example"):
        await ask()
    with pytest.raises(RefusedError, match="another page"):
        await ask()
    assert len(server.requests) == 2


async def test_the_token_goes_to_no_issuer_that_is_not_allowed(
    ask: Asking, server: RawServer
) -> None:
    with pytest.raises(CredentialsError, match=r"not sent to idp\.example"):
        await ask(issuer="https://idp.example")
    assert server.requests == []


async def test_no_answer_at_all_is_unreachable(ask: Asking) -> None:
    with pytest.raises(UnreachableError):
        await ask(issuer="http://127.0.0.1:1")


async def test_the_token_is_in_no_log_and_no_error(
    ask: Asking, server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "services")
    server.answer(refusal("401 Unauthorized", {"error": {"message": "bad"}}))
    server.answer(refusal("200 OK", WHOLE))
    with pytest.raises(LoginError) as caught:
        await ask()
    assert "canary" not in caplog.text + repr(caught.value) + repr(await ask())


@pytest.mark.parametrize(
    ("token", "is_one"), [("at-x", True), (" at-x\n", True), ("eyJ.x.y", False), ("", False)]
)
def test_a_personal_token_is_known_by_its_beginning(token: str, is_one: bool) -> None:
    assert is_personal(Secret(token)) is is_one
