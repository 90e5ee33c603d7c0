"""Error answers as the real servers give them. Wire format: docs/protocols/simulator.md."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from simulator.script import Status

CLOUDFLARE = """<!DOCTYPE html>
<html lang="en-US"><head><title>Attention Required! | Cloudflare</title></head>
<body><h1>Sorry, you have been blocked</h1>
<p>You are unable to access chatgpt.com</p>
<p>Cloudflare Ray ID: <strong>8f2a6c1d0e5b7a93</strong></p></body></html>
"""

BAD_GATEWAY = """<html>
<head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>cloudflare</center></body>
</html>
"""

LOGIN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>ChatGPT</title></head>
<body><h1>Log in</h1><form method="post"><input name="email"><button>Continue</button></form></body>
</html>
"""


def openai_error(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Status:
    """An error in the shape of api.openai.com."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Status(status, dict(headers or {}), body)


def detail(status: int, text: Any) -> Status:
    """An error in the shape of the ChatGPT backend."""
    return Status(status, {}, {"detail": text})


def usage_limit_reached(seconds: int = 3 * 3600) -> Status:
    """The plan's limit stands in the way until the reset, so many seconds from now."""
    resets_at = int(time.time()) + seconds
    error = {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": "plus",
        "resets_at": resets_at,
        "resets_in_seconds": seconds,
        "eligible_promo": None,
    }
    headers = {
        "x-codex-primary-used-percent": "100",
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": str(resets_at),
        "x-codex-active-limit": "codex",
    }
    return Status(429, headers, {"error": error})


def usage_not_included() -> Status:
    """The plan has no Codex."""
    error = {"type": "usage_not_included", "message": "Usage is not included in your plan"}
    return Status(429, {}, {"error": error | {"plan_type": "free"}})


def rate_limited(retry_after: int | None = 2) -> Status:
    """Too fast; with `retry-after` in seconds unless it is None."""
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return openai_error(
        429,
        "Rate limit reached for requests per min. Please slow down.",
        kind="requests",
        code="rate_limit_exceeded",
        headers=headers,
    )


def insufficient_quota() -> Status:
    """The account has no money left."""
    return openai_error(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        kind="insufficient_quota",
        code="insufficient_quota",
    )


def wrong_key(start: str = "sk-…") -> Status:
    """The key is not ours; `start` names it as the real server does."""
    return openai_error(
        401,
        f"Incorrect API key provided: {start}. "
        "You can find your API key at https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    )


def missing_key() -> Status:
    """No key at all."""
    return openai_error(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization "
        "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    )


def server_error() -> Status:
    """The server broke."""
    message = "The server had an error while processing your request. Sorry about that!"
    return openai_error(500, message, kind="server_error")


def bad_gateway() -> Status:
    """A proxy before the server found nobody."""
    return Status(502, {"server": "cloudflare", "cf-ray": "8f2a6c1d0e5b7a93-FRA"}, BAD_GATEWAY)


def overloaded() -> Status:
    """The model has no capacity."""
    return openai_error(
        503,
        "Our servers are currently overloaded. Please try again later.",
        kind="service_unavailable_error",
        code="server_is_overloaded",
    )


def cloudflare() -> Status:
    """Blocked before the server."""
    headers = {"server": "cloudflare", "cf-ray": "8f2a6c1d0e5b7a93-FRA", "cf-mitigated": "block"}
    return Status(403, headers, CLOUDFLARE)


def context_length_exceeded() -> Status:
    """The history is too long."""
    return openai_error(
        400,
        "Your input exceeds the context window of this model. Please adjust your input.",
        code="context_length_exceeded",
        param="input",
    )


def login_page() -> Status:
    """A page for people in the place of an answer, and nothing that says so but its form."""
    return Status(200, {}, LOGIN_PAGE)


def not_found() -> Status:
    """There is no such thing."""
    return detail(404, "Not Found")


BY_STATUS: Mapping[int, Callable[[], Status]] = {
    400: lambda: openai_error(400, "Invalid request."),
    401: wrong_key,
    402: lambda: openai_error(402, "Payment required.", kind="billing_error"),
    403: cloudflare,
    404: not_found,
    429: rate_limited,
    500: server_error,
    502: bad_gateway,
    503: overloaded,
}

BY_NAME: Mapping[str, Callable[[], Status]] = {
    "usage_limit_reached": usage_limit_reached,
    "usage_not_included": usage_not_included,
    "rate_limit": rate_limited,
    "rate_limit_without_retry_after": lambda: rate_limited(None),
    "insufficient_quota": insufficient_quota,
    "context_length_exceeded": context_length_exceeded,
    "overloaded": overloaded,
    "cloudflare": cloudflare,
    "bad_gateway": bad_gateway,
    "server_error": server_error,
}


def by_status(status: int) -> Status:
    """The usual answer with that status."""
    make = BY_STATUS.get(status)
    if make is not None:
        return make()
    return openai_error(status, f"The simulator answers {status}.", kind="simulated_error")
