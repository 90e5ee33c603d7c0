import json
import socket
import ssl
from typing import Any

import httpx
import pytest

from services.errors import LoginError, NotFoundError, RateLimitedError, RefusedError
from services.models.failure import FailureKind
from services.transport.failures import Identity, from_exception, from_response
from services.wire.errors import read_error_body

NOW = 1_800_000_000.0
URL = httpx.URL("https://user:pass@api.example.com/v1/responses?key=secret")
KEY = Identity(has_key=True, key_source="OPENAI_API_KEY")


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def not_trusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "verify failed")
    error.verify_message = "self-signed certificate"
    return error


EXCEPTIONS = {
    "no network": (
        caused(httpx.ConnectError("x"), OSError(101, "unreachable")),
        "No network to api.example.com",
    ),
    "refused port": (
        caused(httpx.ConnectError("x"), ConnectionRefusedError(111, "no")),
        "Nothing answers at api.example.com",
    ),
    "refused on both families": (
        caused(
            httpx.ConnectError("x"),
            ExceptionGroup("all", [ConnectionRefusedError(111, "a"), ConnectionRefusedError()]),
        ),
        "Nothing answers at api.example.com",
    ),
    "DNS": (
        caused(httpx.ConnectError("x"), socket.gaierror(-3, "again")),
        "api.example.com cannot be found: no network, or a wrong name",
    ),
    "a certificate that is not trusted": (
        caused(httpx.ConnectError("x"), not_trusted()),
        "The certificate of api.example.com is not trusted (self-signed certificate)",
    ),
    "TLS to a plain port": (
        caused(httpx.ConnectError("x"), ssl.SSLError(1, "wrong version number")),
        "api.example.com does not speak TLS as expected",
    ),
    "proxy down": (
        httpx.ProxyError("x"),
        "The proxy on the way to api.example.com refused or does not answer",
    ),
    "connect timeout": (httpx.ConnectTimeout(""), "api.example.com did not answer in time"),
    "read timeout": (httpx.ReadTimeout(""), "api.example.com was silent for 300 s"),
    "our own timeout": (TimeoutError(), "api.example.com was silent for 300 s"),
    "broken off": (
        httpx.RemoteProtocolError("peer closed"),
        "The connection to api.example.com broke off",
    ),
    "reset": (httpx.ReadError(""), "The connection to api.example.com was lost"),
    "anything else": (
        httpx.UnsupportedProtocol("x"),
        "The request to api.example.com could not be made",
    ),
}


@pytest.mark.parametrize(("error", "message"), EXCEPTIONS.values(), ids=EXCEPTIONS.keys())
def test_a_failure_of_the_network_is_named_with_a_next_step(error: Exception, message: str) -> None:
    found = from_exception(error, URL, limit=300)
    assert found.failure.kind is FailureKind.UNREACHABLE
    assert found.message == message
    assert found.next_step
    assert "secret" not in repr(found.failure)
    assert "pass" not in repr(found.failure)


def answered(
    status: int, body: object = None, identity: Identity = KEY, **headers: str
) -> RefusedError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    found = from_response(status, names, read_error_body(raw), identity=identity, now=NOW)
    assert isinstance(found, RefusedError)
    return found


def test_401_names_the_key() -> None:
    error = answered(401, {"error": {"message": "Incorrect API key: sk-123"}}, x_request_id="r1")
    assert isinstance(error, LoginError)
    assert (error.message, error.next_step, error.request_id) == (
        "The server refused the key (401)",
        "Check OPENAI_API_KEY",
        "r1",
    )


def test_401_without_a_key_asks_for_one() -> None:
    error = answered(401, None, Identity())
    assert error.message == "The server wants a key (401)"
    assert error.next_step == "Set a key for this provider"


def test_403_from_cloudflare_says_who_blocked() -> None:
    page = b"<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title>blocked</html>"
    error = answered(403, page, cf_ray="abc-FRA")
    assert isinstance(error, LoginError)
    assert (error.message, error.request_id) == (
        "The server's guard blocked us (403, Cloudflare)",
        "abc-FRA",
    )


def test_403_as_another_page_shows_none_of_its_html() -> None:
    error = answered(403, b"<html><body onload=x><h1>Forbidden</h1></body></html>")
    assert error.message == "The server refused access (403)"


def test_404_is_not_found() -> None:
    error = answered(404, {"error": {"message": "The model 'x' does not exist."}})
    assert isinstance(error, NotFoundError)
    assert error.message == "The server does not know this (404): The model 'x' does not exist"


def test_502_with_a_page_shows_its_words_only() -> None:
    page = b"<html><head><title>502 Bad Gateway</title><style>p{}</style></head><h1>nginx</h1>"
    error = answered(502, page)
    assert error.message == "The server has trouble (502): 502 Bad Gateway: nginx"


def test_429_with_retry_after_says_when() -> None:
    error = answered(429, {"error": {"message": "slow"}}, retry_after="9")
    assert isinstance(error, RateLimitedError)
    assert error.retry_at == NOW + 9


LIMITS: dict[str, tuple[dict[str, Any], float | None, str]] = {
    "resets_at": (
        {"resets_at": NOW + 60, "plan_type": "plus"},
        NOW + 60,
        "Upgrade to Pro, buy credits, or wait for the reset",
    ),
    "resets_in_seconds": ({"resets_in_seconds": 90}, NOW + 90, "Wait for the reset"),
    "a time that has passed": ({"resets_at": 5}, None, "Wait for the reset"),
    "the year 9999": ({"resets_at": 253_370_764_800}, None, "Wait for the reset"),
    "no number": ({"resets_at": "soon"}, None, "Wait for the reset"),
    "an admin": (
        {"plan_type": "team"},
        None,
        "Ask the admin of your workspace, or wait for the reset",
    ),
}


@pytest.mark.parametrize(("members", "at", "step"), LIMITS.values(), ids=LIMITS.keys())
def test_a_used_up_limit_says_when_it_is_whole_again(
    members: dict[str, Any], at: float | None, step: str
) -> None:
    error = answered(429, {"error": {"type": "usage_limit_reached", "message": "m", **members}})
    assert isinstance(error, RateLimitedError)
    assert (error.retry_at, error.next_step, error.code) == (at, step, "usage_limit_reached")


BODIES = {
    "error.message": ({"error": {"message": "why"}}, "why"),
    "error as text": ({"error": "why"}, "why"),
    "detail": ({"detail": "why"}, "why"),
    "detail.message": ({"detail": {"message": "why"}}, "why"),
    "detail as a list": ({"detail": [{"msg": "why"}]}, "why"),
    "message": ({"message": "why"}, "why"),
    "plain text": (b"why", "why"),
    "a JSON string": ("why", "why"),
    "nothing": (b"", ""),
    "control characters": ({"error": {"message": "wh\x1b[31my"}}, "wh\u241b[31my"),
    "HTML inside": ({"error": {"message": "<!doctype html><p>why</p><script>x</script>"}}, "why"),
    "truncated JSON": (b'{"error": {"mess', '{"error": {"mess'),
    "a JSON bomb": (b"[" * 60_000, None),
    "lines": (b"a\r\nb\nc", "a b c"),
}


@pytest.mark.parametrize(("body", "text"), BODIES.values(), ids=BODIES.keys())
def test_the_reason_is_found_in_a_body_of_the_form(body: Any, text: str | None) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = read_error_body(raw).message
    assert len(found) <= 1000
    if text is not None:
        assert found == text


def test_a_long_reason_is_cut() -> None:
    assert len(read_error_body(json.dumps({"detail": "x" * 5000}).encode()).message) == 1000


def test_the_code_may_come_in_a_header() -> None:
    error = answered(400, b"", x_error_json="eyJlcnJvciI6IHsiY29kZSI6ICJjeWJlcl9wb2xpY3kifX0=")
    assert error.code == "cyber_policy"


def test_a_header_that_is_no_json_is_no_code() -> None:
    assert answered(400, b"", x_error_json="%%%").code is None


def test_an_error_that_comes_as_the_event_of_a_stream_is_read() -> None:
    body = b'data: {"error": {"message": "no such deployment", "code": "500"}}\n\ndata: [DONE]\n\n'
    read = read_error_body(body)
    assert (read.message, read.code) == ("no such deployment", "500")


@pytest.mark.parametrize("body", [b"{}", b" [] ", b'""', b"null"])
def test_a_body_that_says_nothing_gives_no_reason(body: bytes) -> None:
    assert read_error_body(body).message == ""
