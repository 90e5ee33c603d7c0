"""Every way in which HTTP fails, as errors with a cause and a next step.

Source of the rules: docs/protocols/errors.md.
"""

import errno
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

import httpx

from services.clean import clean_line
from services.errors import (
    BadPayloadError,
    LoginError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    ServiceError,
    UnreachableError,
)
from services.transport.retry import parse_retry_after, parse_try_again
from services.wire.errors import ErrorBody, read_error_body, read_error_header

LATEST: Final = 4_102_444_800.0
"""Unix seconds, the year 2100: later times of a server are nonsense."""
_NO_ROUTE: Final = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
)
_CHAIN_LIMIT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom a request speaks for, as far as messages need it."""

    has_key: bool = False
    key_source: str = ""
    """Where the key came from (`OPENAI_API_KEY`)."""
    is_account: bool = False
    """A login with ChatGPT instead of a key."""


def place(url: httpx.URL) -> str:
    """Host and port of a URL, for messages: without path, query or credentials."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return clean_line(f"{host}:{url.port}" if url.port else host, 100)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it came from, groups included."""
    waiting: list[BaseException] = [error]
    for _ in range(_CHAIN_LIMIT):
        if not waiting:
            return
        current = waiting.pop(0)
        yield current
        if isinstance(current, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", current)
            waiting.extend(group.exceptions)
        waiting.extend(
            cause for cause in (current.__cause__, current.__context__) if cause is not None
        )


def from_exception(error: Exception, url: httpx.URL, *, limit: float = 0.0) -> ServiceError:
    """Say what a failure of httpx or of the network below it means.

    Args:
        error: What was raised.
        url: Where the request went.
        limit: Seconds that an answer may be silent, for the message.
    """
    where = place(url)
    causes = list(_causes(error))
    if found := _tls(causes, where):
        return found
    if isinstance(error, httpx.ProxyError):
        return UnreachableError(
            f"The proxy on the way to {where} refused or does not answer",
            next_step="Check HTTPS_PROXY and NO_PROXY",
            code="proxy",
        )
    if isinstance(error, httpx.ConnectTimeout):
        return UnreachableError(
            f"{where} did not answer in time",
            next_step="Check the network and the address",
            code="connect_timeout",
        )
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        silence = f" for {limit:.0f} s" if limit >= 1 else ""
        return UnreachableError(
            f"{where} was silent{silence}", next_step="Try again", code="idle_timeout"
        )
    if isinstance(error, httpx.ConnectError):
        return _not_connected(causes, where)
    if isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError):
        return UnreachableError(
            f"The connection to {where} broke off", next_step="Try again", code="broken"
        )
    if isinstance(error, httpx.NetworkError | OSError):
        return UnreachableError(
            f"The connection to {where} was lost", next_step="Try again", code="lost"
        )
    return UnreachableError(
        f"The request to {where} could not be made", next_step="Check the address", code="request"
    )


def _tls(causes: list[BaseException], where: str) -> ServiceError | None:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = clean_line(cause.verify_message, 100)
            return UnreachableError(
                f"The certificate of {where} is not trusted ({reason})",
                next_step="Check the address, or name your CA file in SSL_CERT_FILE",
                code="tls_certificate",
            )
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return UnreachableError(
            f"{where} does not speak TLS as expected",
            next_step="Check whether the address should begin with http or https",
            code="tls",
        )
    return None


def _not_connected(causes: list[BaseException], where: str) -> ServiceError:
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return UnreachableError(
            f"{where} cannot be found: no network, or a wrong name",
            next_step="Check the network and the address",
            code="dns",
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return UnreachableError(
            f"Nothing answers at {where}",
            next_step="Check that the server runs and the address is right",
            code="refused_port",
        )
    if any(isinstance(cause, OSError) and cause.errno in _NO_ROUTE for cause in causes):
        return UnreachableError(
            f"No network to {where}", next_step="Check the network", code="no_network"
        )
    return UnreachableError(
        f"{where} cannot be reached",
        next_step="Check the network and the address",
        code="connect",
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    """The id under which support finds an answer."""
    for name in ("x-request-id", "x-oai-request-id", "cf-ray"):
        if found := clean_line(headers.get(name, ""), 100):
            return found
    return None


def clamp_time(at: float | None) -> float | None:
    """A server's time if it is one that can be shown: after 1970 and before `LATEST`."""
    return at if at is not None and 0 < at < LATEST else None


def from_response(
    status: int, headers: Mapping[str, str], said: ErrorBody, *, identity: Identity, now: float
) -> RefusedError:
    """Say what an answer means that is not 2xx.

    Args:
        status: HTTP status.
        headers: Names in lower case, or a mapping that ignores case.
        said: What its body says.
        identity: Whom the request spoke for.
        now: Unix seconds.
    """
    error = _meaning(status, headers, said, identity, now)
    names = ((name.lower(), value) for name, value in headers.items())
    error.headers = {name: value for name, value in names if name.startswith("x-")}
    return error


def _meaning(
    status: int, headers: Mapping[str, str], said: ErrorBody, identity: Identity, now: float
) -> RefusedError:
    code = said.code or read_error_header(headers.get("x-error-json"))
    support = request_id(headers)
    if 300 <= status < 400:
        return RefusedError(
            f"The server sends us to {redirect_host(headers)} ({status}), which is not followed",
            next_step="Check the base URL",
            status=status,
            request_id=support,
            code="redirect",
        )
    is_page = said.is_html and ("cf-ray" in headers or "cloudflare" in said.message.lower())
    if status in {403, 503} and (is_page or "cf-mitigated" in headers):
        kind = LoginError if status == 403 else RefusedError
        return kind(
            f"The server's guard blocked us ({status}, Cloudflare)",
            next_step="Check your network, proxy and region",
            status=status,
            request_id=clean_line(headers.get("cf-ray", ""), 100) or support,
            code="cloudflare",
        )
    if status in {401, 403}:
        return _login(status, headers, said, identity, code=code, support=support)
    if status == 404:
        return NotFoundError(
            f"The server does not know this (404){_reason(said)}",
            next_step="Check the model and the base URL",
            status=status,
            request_id=support,
            code=code,
        )
    if status == 429 or code in {"usage_limit_reached", "rate_limit_exceeded"}:
        return limited(
            said, status=status, support=support, now=now, retry_after=headers.get("retry-after")
        )
    retry_at = parse_retry_after(headers.get("retry-after"), now)
    if status >= 500:
        cause = "is overloaded" if code in {"server_is_overloaded", "slow_down"} else "has trouble"
        return RefusedError(
            f"The server {cause} ({status}){_reason(said)}",
            next_step="Try again later",
            status=status,
            request_id=support,
            retry_at=retry_at,
            code=code,
        )
    return refused(said, status=status, support=support, code=code, retry_at=retry_at)


def redirect_host(headers: Mapping[str, str]) -> str:
    """Where a redirect points, as far as a message needs it: its host."""
    try:
        url = httpx.URL(headers.get("location", ""))
    except httpx.InvalidURL:
        return "elsewhere"
    return place(url) if url.host else "another page"


def refused(
    said: ErrorBody,
    *,
    status: int | None,
    support: str | None,
    code: str | None,
    retry_at: float | None = None,
) -> RefusedError:
    """A refusal that says in its own words why."""
    number = f" ({status})" if status is not None else ""
    return RefusedError(
        f"The server refused the request{number}{_reason(said)}",
        next_step=_NEXT_STEPS.get(code or "", ""),
        status=status,
        request_id=support,
        retry_at=retry_at,
        code=code,
    )


_NEXT_STEPS: Final[Mapping[str, str]] = {
    "context_length_exceeded": "Start a new chat, or shorten this one",
    "model_not_found": "Choose another model",
    "usage_not_included": "Choose a plan that includes it, or use an API key",
}


def _reason(said: ErrorBody) -> str:
    return f": {said.message.rstrip('.')}" if said.message else ""


def _login(
    status: int,
    headers: Mapping[str, str],
    said: ErrorBody,
    identity: Identity,
    *,
    code: str | None,
    support: str | None,
) -> LoginError:
    if status == 403 and code == "unsupported_country_region_territory":
        message = "The service is not offered where this connection comes out (403)"
        step = "Check your network, proxy and region"
    elif status == 403 and identity.is_account:
        message = f"The server refused access (403){'' if said.is_html else _reason(said)}"
        step = "Check what the plan and the workspace of this account include"
    elif status == 403:
        message = f"The server refused access (403){'' if said.is_html else _reason(said)}"
        step = f"Check what {identity.key_source or 'the key'} may do"
    elif identity.is_account:
        message = "ChatGPT no longer accepts this login (401)"
        step = "Sign in again"
    elif identity.has_key:
        message = "The server refused the key (401)"
        step = f"Check {identity.key_source or 'the key'}"
    else:
        message = "The server wants a key (401)"
        step = f"Set {identity.key_source or 'a key for this provider'}"
    return LoginError(message, next_step=step, status=status, request_id=support, code=code)


_QUOTA_CODES: Final[Mapping[str, str]] = {
    "insufficient_quota": "The quota of this key is used up",
    "organization_spend_limit_exceeded": "The organization's spend limit is reached",
    "budget_reached": "The budget is used up",
    "usage_not_included": "The plan does not include this",
}


def limited(
    said: ErrorBody,
    *,
    status: int | None,
    support: str | None,
    now: float,
    retry_after: str | None = None,
) -> RateLimitedError:
    """A limit stands in the way: which, and when it is gone."""
    number = f" ({status})" if status is not None else ""
    if said.code == "usage_limit_reached" or said.type == "usage_limit_reached":
        resets_at = said.resets_at
        if resets_at is None and said.resets_in is not None:
            resets_at = now + said.resets_in
        return RateLimitedError(
            f"The usage limit is reached{number}{_reason(said)}",
            next_step=_PLAN_STEPS.get((said.plan or "").lower(), "Wait for the reset"),
            status=status,
            request_id=support,
            retry_at=clamp_time(resets_at) if resets_at is None or resets_at > now else None,
            code="usage_limit_reached",
        )
    if said.code in _QUOTA_CODES:
        return RateLimitedError(
            f"{_QUOTA_CODES[said.code]}{number}{_reason(said)}",
            next_step="Check the plan and billing of this account",
            status=status,
            request_id=support,
            code=said.code,
        )
    retry_at = parse_retry_after(retry_after, now)
    if retry_at is None and (wait := parse_try_again(said.message)) is not None:
        retry_at = now + wait
    return RateLimitedError(
        f"Too many requests{number}{_reason(said)}",
        next_step="Wait a little, then try again",
        status=status,
        request_id=support,
        retry_at=clamp_time(retry_at),
        code=said.code or "rate_limit_exceeded",
    )


_PLAN_STEPS: Final[Mapping[str, str]] = {
    "free": "Upgrade to Plus, or wait for the reset",
    "go": "Upgrade to Plus, or wait for the reset",
    "plus": "Upgrade to Pro, buy credits, or wait for the reset",
    "pro": "Buy credits, or wait for the reset",
    "team": "Ask the admin of your workspace, or wait for the reset",
    "business": "Ask the admin of your workspace, or wait for the reset",
}


def not_a_stream(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float
) -> ServiceError:
    """A 2xx answer that is no event stream: an error in JSON is final, the rest is not."""
    said = read_error_body(body)
    support = request_id(headers)
    if said.is_json and said.message:
        if said.code in {"usage_limit_reached", "rate_limit_exceeded", *_QUOTA_CODES}:
            return limited(said, status=None, support=support, now=now)
        return RefusedError(
            f"The server refused the request{_reason(said)}",
            status=status,
            request_id=support,
            code=said.code,
        )
    kind = clean_line(headers.get("content-type", ""), 60) or "nothing"
    words = f"without a stream ({kind})" if body.strip() else "and then said nothing"
    return UnreachableError(
        f"The server answered {status} {words}",
        next_step="Check the base URL and which API the server speaks",
        status=status,
        request_id=support,
        code="no_stream",
    )


def refused_encoding(name: str) -> BadPayloadError:
    """The answer is packed in a way that we did not offer."""
    return BadPayloadError(
        f"The answer is encoded as {clean_line(name, 40)}, which was not asked for",
        next_step="Check the proxy in between",
        code="encoding",
    )
