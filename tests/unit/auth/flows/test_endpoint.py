import asyncio
import gzip
import json
import tracemalloc
from dataclasses import replace
from typing import Any

import httpx
import pytest

from services.auth.grant import Grant
from services.auth.issuer.endpoint import TokenEndpoint
from services.auth.issuer.posting import Post
from services.auth.issuer.refresh_failure import RefreshFailedError
from services.auth.provider import SignInProvider
from services.clock import SystemClock
from services.errors import (
    BadPayloadError,
    LoginError,
    RateLimitedError,
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
    Stage,
    answer,
    cancelled,
    jwt,
    sent_form,
)
from tests.unit.auth.rows import row
from tests.unit.transport.raw_server import Drop, Gate, Hold, head, raw_server

CODE = Secret("ac_the-code-of-this-test")
VERIFIER = Secret("verifier-of-this-test-x")
REDIRECT = "http://127.0.0.1:1455/auth/callback"
TOKEN = Secret("rt_the-token-of-this-test")


async def exchanged(play: Stage) -> Grant:
    return await play.endpoint.exchange_code(CODE, VERIFIER, REDIRECT)


async def refused(play: Stage) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await exchanged(play)
    return caught.value


async def test_a_code_is_exchanged_as_a_form_and_only_three_members_of_the_answer_count(
    play: Stage,
) -> None:
    play.server.answer(answer(body={**TOKENS, "expires_in": "soon", "scope": None}))
    assert await exchanged(play) == Grant(
        id_token=Secret(ID_TOKEN), access_token=Secret("at_opaque"), refresh_token=Secret("rt_one")
    )
    request = play.server.requests[0]
    assert (request.method, request.path) == ("POST", "/oauth/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert not {"authorization", "cookie", "originator"} & request.headers.keys()
    assert sent_form(play.server) == {
        "grant_type": "authorization_code",
        "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
        "code": CODE.reveal(),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER.reveal(),
    }


async def test_the_encoding_of_an_exchange_is_the_provider_records(play: Stage) -> None:
    play.server.answer(answer(body=TOKENS))
    play.provider = replace(play.provider, exchange_encoding="json")
    await exchanged(play)
    assert play.server.requests[0].headers["content-type"] == "application/json"
    assert play.server.requests[0].json["code"] == CODE.reveal()


REFUSALS: dict[str, tuple[str, object, str]] = {
    "1.4 error_description first": (
        "400 Bad Request",
        {"error": {"message": "second", "code": "c"}, "error_description": "first"},
        "(400): first",
    ),
    "1.4 a blank error_description is passed over": (
        "400 Bad Request",
        {"error": {"message": "second", "code": "c"}, "error_description": "  "},
        "(400): second",
    ),
    "1.4 error as a string": ("400 Bad Request", {"error": "bad_grant"}, "(400): bad_grant"),
    "1.4 error.code": ("403 Forbidden", {"error": {"code": "no_access"}}, "(403): no_access"),
    "1.4 raw body": ("400 Bad Request", b"  plain words \n", "(400): plain words"),
    "1.4 nothing": ("502 Bad Gateway", b"", "(502): unknown error"),
    "1.4 wrong types": ("400 Bad Request", {"error_description": 7, "error": [1]}, "(400): {"),
    "E5 escapes": (
        "400 Bad Request",
        {"error_description": "a\x1b]0;x\x07b\r\nc"},
        "(400): a␛]0;x␇b c",
    ),
    "E27 web page": (
        "403 Forbidden",
        b"<html><head><title>Sorry</title></head><body>Not here</body></html>",
        "(403): Sorry: Not here",
    ),
    "1.4 the code inside the words": (
        "400 Bad Request",
        {"error_description": f"code {CODE.reveal()} of {VERIFIER.reveal()} is bad"},
        "(400): code [REDACTED] of [REDACTED] is bad",
    ),
}


@pytest.mark.parametrize(("status", "body", "ending"), REFUSALS.values(), ids=REFUSALS)
async def test_a_refusal_says_status_and_reason(
    play: Stage, status: str, body: object, ending: str
) -> None:
    play.server.answer(answer(status, body))
    error = await refused(play)
    assert isinstance(error, RefusedError)
    assert ending in error.message
    assert error.message.isprintable()


@row("E5 1 MB")
async def test_long_words_of_a_server_are_cut_to_300_characters(play: Stage) -> None:
    play.server.answer(answer("400 Bad Request", {"error_description": "x" * 1_000_000}))
    error = await refused(play)
    assert error.message.endswith("(400): " + "x" * 299 + "…")


async def test_a_code_that_is_broken_up_by_invisible_characters_is_still_taken_out(
    play: Stage,
) -> None:
    hidden = "\u200b".join(CODE.reveal())
    play.server.answer(answer("400 Bad Request", {"error_description": f"bad {hidden}!"}))
    assert (await refused(play)).message.endswith("(400): bad [REDACTED]!")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("401 Unauthorized", LoginError),
        ("403 Forbidden", LoginError),
        ("429 Too Many Requests", RateLimitedError),
        ("500 Oops", RefusedError),
    ],
)
async def test_a_refusal_has_the_kind_of_its_status(
    play: Stage, status: str, kind: type[ServiceError]
) -> None:
    play.server.answer(answer(status, {"error": "no"}, retry_after="7"))
    error = await refused(play)
    assert type(error) is kind
    assert error.retry_at == START + 7


@row("E27 Cloudflare")
async def test_the_guard_in_front_of_the_issuer_is_named_with_its_ray(play: Stage) -> None:
    page = b"<html><body>Attention Required! Cloudflare</body></html>"
    play.server.answer(answer("403 Forbidden", page, cf_ray="8f2-FRA"))
    error = await refused(play)
    assert "blocked us (403, Cloudflare, ray 8f2-FRA)" in error.message
    assert error.request_id == "8f2-FRA"


@row("E27 region")
async def test_a_region_without_sign_in_is_named(play: Stage) -> None:
    code = "unsupported_country_region_territory"
    play.server.answer(answer("403 Forbidden", {"error": {"code": code, "message": "no"}}))
    error = await refused(play)
    assert (error.code, error.next_step) == (
        code,
        "Signing in is not offered from this country or network",
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308], ids="E11 {}".format)
async def test_a_redirect_is_reported_with_its_target_and_never_followed(
    play: Stage, status: int
) -> None:
    async with raw_server() as other:
        other.answer(answer(body=TOKENS))
        play.server.answer(answer(f"{status} Elsewhere", b"", location=f"{other.url}/oauth/token"))
        error = await refused(play)
        assert f"sends us to 127.0.0.1:{other.port} ({status})" in error.message
        assert other.requests == []
    assert len(play.server.requests) == 1


@row("E11 same origin")
async def test_a_redirect_on_the_same_origin_is_not_followed_either(play: Stage) -> None:
    play.server.answer(answer("307 Elsewhere", b"", location="/oauth/token2"))
    error = await refused(play)
    assert error.code == "redirect"
    assert play.paths == ["/oauth/token"]


NOT_TOKENS: dict[str, object] = {
    "E12 no JSON": b"<html>hello</html>",
    "E12 empty": b"",
    "E12 array": [TOKENS],
    "E12 id_token missing": {k: v for k, v in TOKENS.items() if k != "id_token"},
    "E12 access_token missing": {k: v for k, v in TOKENS.items() if k != "access_token"},
    "E12 refresh_token missing": {k: v for k, v in TOKENS.items() if k != "refresh_token"},
    "E12 null": {**TOKENS, "refresh_token": None},
    "E12 empty string": {**TOKENS, "access_token": ""},
    "E12 number": {**TOKENS, "access_token": 7},
    "E12 object": {**TOKENS, "refresh_token": {"a": 1}},
    "E25 line break in a token": {**TOKENS, "access_token": "at_one\r\nx: y"},
    "E25 beyond ASCII": {**TOKENS, "refresh_token": "rt_ü"},
    "E13 two parts": {**TOKENS, "id_token": "eyJh.eyJh"},
    "E13 padding": {**TOKENS, "id_token": "eyJh.e30=.sig"},
    "E13 payload array": {**TOKENS, "id_token": jwt([1])},
    "E12 nested deeply": b'{"a":' * 5000 + b"1" + b"}" * 5000,
}


@pytest.mark.parametrize("body", NOT_TOKENS.values(), ids=NOT_TOKENS)
async def test_an_answer_without_valid_tokens_is_no_login(play: Stage, body: object) -> None:
    play.server.answer(answer(body=body))
    error = await refused(play)
    assert isinstance(error, BadPayloadError)
    assert "at_" not in error.message
    assert "eyJ" not in error.message


@row("E13 five parts")
async def test_an_id_token_of_five_parts_is_read_from_its_first_three(play: Stage) -> None:
    play.server.answer(answer(body={**TOKENS, "id_token": f"{ID_TOKEN}.four.five"}))
    assert (await exchanged(play)).id_token == Secret(f"{ID_TOKEN}.four.five")


@row("E12 more than 1 MiB")
async def test_more_than_a_mebibyte_is_not_read(play: Stage) -> None:
    play.server.answer(answer(body=json.dumps({**TOKENS, "x": "y" * 1024 * 1024}).encode()))
    assert (await refused(play)).code == "too_large"


@row("E12 gzip bomb")
async def test_a_gzip_bomb_is_stopped_at_a_mebibyte(play: Stage) -> None:
    bomb = gzip.compress(b" " * 200_000_000, compresslevel=9)
    play.server.answer(answer(body=bomb, content_encoding="gzip"))
    tracemalloc.start()
    try:
        assert (await refused(play)).code == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


async def test_one_attempt_is_all_a_code_gets(play: Stage) -> None:
    play.server.answer(Drop())
    assert isinstance(await refused(play), UnreachableError)
    assert len(play.server.requests) == 1


@row("E33 drips")
async def test_an_endpoint_that_drips_is_left_after_the_time_for_all_of_it(
    play: Stage,
) -> None:
    play.server.answer(head(), Gate())
    post = Post(play.http, SystemClock())
    with pytest.raises(UnreachableError, match="was silent"):
        await post(f"{play.server.url}/x", {}, encoding="json", total=0.2)


@row("E33 cancelled")
async def test_a_call_that_hangs_can_be_cancelled_at_once(play: Stage) -> None:
    play.server.answer(Hold())
    task = asyncio.create_task(exchanged(play))
    await play.called()
    await cancelled(task)


@row("E33 time limits")
async def test_connecting_has_ten_seconds_and_the_whole_call_thirty() -> None:
    limits: list[Any] = []

    def note(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"])
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(TOKENS).encode()))

    async with httpx.AsyncClient(transport=httpx.MockTransport(note)) as http:
        endpoint = TokenEndpoint(http, SignInProvider(), SystemClock())
        await endpoint.exchange_code(CODE, VERIFIER, REDIRECT)
        await endpoint.revoke(TOKEN, hint="refresh_token", issuer=None)
    assert [(each["connect"], each["read"]) for each in limits] == [(10, 30), (10, 10)]


@pytest.mark.parametrize(
    "issuer",
    ["http://auth.example.com", "ftp://127.0.0.1", "https://me:pw@x.test", "x", "", "https://"],
)
async def test_nothing_is_sent_to_an_issuer_that_is_neither_https_nor_local(
    play: Stage, issuer: str
) -> None:
    play.provider = replace(play.provider, issuer=issuer or "about:blank")
    with pytest.raises(UsageError):
        await exchanged(play)
    with pytest.raises(UsageError):
        await play.endpoint.revoke(TOKEN, hint="refresh_token", issuer=issuer or "about:blank")
    with pytest.raises(RefreshFailedError) as caught:
        await play.endpoint.refresh(TOKEN, reason="scheduled", issuer=issuer or " ", client_id=None)
    assert caught.value.is_permanent
    assert play.server.requests == []


async def test_an_api_key_is_asked_for_with_the_id_token(play: Stage) -> None:
    play.server.answer(answer(body={"access_token": "sk-made-for-this-test"}))
    key = await play.endpoint.exchange_api_key(Secret(ID_TOKEN))
    assert key == Secret("sk-made-for-this-test")
    assert sent_form(play.server) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
        "requested_token": "openai-api-key",
        "subject_token": ID_TOKEN,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    }


@pytest.mark.parametrize("step", [answer("401 No", {}), answer(body={}), answer(body=b"x"), Drop()])
async def test_an_api_key_that_is_not_given_is_no_error(play: Stage, step: bytes | Drop) -> None:
    play.server.answer(step)
    assert await play.endpoint.exchange_api_key(Secret(ID_TOKEN)) is None


async def test_a_refresh_token_is_revoked_with_its_client_id(play: Stage) -> None:
    play.server.answer(answer(body=b""))
    await play.endpoint.revoke(TOKEN, hint="refresh_token", issuer=None)
    request = play.server.requests[0]
    assert (request.path, request.headers["originator"]) == ("/oauth/revoke", "foredeck")
    assert request.json == {
        "token": TOKEN.reveal(),
        "token_type_hint": "refresh_token",
        "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
    }


async def test_an_access_token_is_revoked_without_a_client_id(play: Stage) -> None:
    play.server.answer(answer(body=b""))
    await play.endpoint.revoke(Secret("at_x"), hint="access_token", issuer=None)
    assert play.server.requests[0].json == {"token": "at_x", "token_type_hint": "access_token"}


async def test_what_could_not_be_revoked_is_said_without_the_token(play: Stage) -> None:
    play.server.answer(answer("500 Oops", {"error": f"cannot revoke {TOKEN.reveal()}"}))
    with pytest.raises(RefusedError, match=r"\(500\): cannot revoke \[REDACTED\]"):
        await play.endpoint.revoke(TOKEN, hint="refresh_token", issuer=None)


async def test_a_revocation_that_hangs_ends_in_time(play: Stage) -> None:
    play.server.answer(Hold())
    with pytest.raises(UnreachableError, match="was silent"):
        await play.endpoint.revoke(TOKEN, hint="refresh_token", issuer=None, timeout=0.2)
