"""What a refusal of the issuer says, in words that may be shown.

Order of the sources and the codes: docs/protocols/auth.md.
"""

from collections.abc import Sequence
from typing import Final

from services.auth.issuer.posting import Answer
from services.clean import clean_line
from services.errors import BadPayloadError, LoginError, RateLimitedError, RefusedError
from services.provider import Secret
from services.redact import redact
from services.transport.failures import clamp_time, request_id
from services.transport.retry import parse_retry_after
from services.wire.errors import read_error_body
from services.wire.reading import JsonObject, as_object, as_text

SHOWN: Final = 300
"""Characters of a server's words that are shown."""
_LOOKED_AT: Final = 64 * 1024
REGION_CODES: Final = frozenset({"unsupported_country_region_territory", "unsupported_region"})


def shown(text: str, secrets: Sequence[Secret] = ()) -> str:
    """A server's words: clean, on one line, without the secrets that it may echo, and short."""
    known = [secret.reveal() for secret in secrets]
    # Before cleaning as it came, and after it as it would be shown.
    text = redact(text[:_LOOKED_AT], known)
    return clean_line(redact(clean_line(text, _LOOKED_AT), known), SHOWN).rstrip(".")


def said_by(answer: Answer, secrets: Sequence[Secret] = ()) -> str:
    """Why the issuer refused: the first of its texts that says something."""
    document = _members(answer)
    error = document.get("error")
    inner = as_object(error)
    for candidate in (
        document.get("error_description"),
        inner.get("message"),
        error,
        inner.get("code"),
    ):
        if (text := as_text(candidate)) and (words := shown(text, secrets)):
            return words
    said = read_error_body(answer.body[:_LOOKED_AT])
    raw = said.message if said.is_html else answer.body[:_LOOKED_AT].decode("utf-8", "replace")
    return shown(raw, secrets) or "unknown error"


def code_of(answer: Answer, *, is_top_level_read: bool = True) -> str:
    """The code of a refusal in lower case, empty where it has none.

    Args:
        answer: Any answer.
        is_top_level_read: Whether a `code` beside `error` counts too.
    """
    document = _members(answer)
    error = document.get("error")
    code = as_text(as_object(error).get("code")) or as_text(error)
    if not code and is_top_level_read:
        code = as_text(document.get("code"))
    return clean_line(code or "", 100).lower()


def retry_at(answer: Answer, now: float) -> float | None:
    """When the issuer wants to be asked again, in Unix seconds."""
    return clamp_time(parse_retry_after(answer.headers.get("retry-after"), now))


def is_blocked(answer: Answer) -> bool:
    """Whether the guard in front of the issuer answered, and not the issuer."""
    if answer.status != 403:
        return False
    if "cf-mitigated" in answer.headers:
        return True
    said = read_error_body(answer.body[:_LOOKED_AT])
    return said.is_html and ("cf-ray" in answer.headers or "cloudflare" in said.message.lower())


def refusal(answer: Answer, now: float, secrets: Sequence[Secret] = ()) -> RefusedError:
    """The error for an answer that is not 2xx.

    Args:
        answer: The refusal.
        now: Unix seconds.
        secrets: What was sent, and may come back in the answer's words.
    """
    code = code_of(answer)
    if is_blocked(answer):
        ray = clean_line(answer.headers.get("cf-ray", "unknown"), 60)
        error = LoginError(
            f"The guard of {answer.host} blocked us (403, Cloudflare, ray {ray})",
            next_step="Check the network, the proxy and the region, and try again later",
            code="blocked",
        )
    elif answer.status == 429:
        error = RateLimitedError(
            f"{answer.host} has had too many requests (429): {said_by(answer, secrets)}",
            next_step="Wait a little, then try again",
            code=code or "rate_limit_exceeded",
        )
    else:
        kind = LoginError if answer.status in {401, 403} else RefusedError
        error = kind(
            f"{answer.host} refused ({answer.status}): {said_by(answer, secrets)}",
            next_step=_next_step(answer.status, code),
            code=code or None,
        )
    error.status = answer.status
    error.request_id = request_id(answer.headers)
    error.retry_at = retry_at(answer, now)
    return error


def _next_step(status: int, code: str) -> str:
    if code in REGION_CODES:
        return "Signing in is not offered from this country or network"
    return "Try again later" if status >= 500 else "Sign in again"


def _members(answer: Answer) -> JsonObject:
    try:
        return answer.document()
    except BadPayloadError:
        return {}
