"""What one answer to the question "have they signed in?" means. Table: docs/protocols/auth.md."""

import re
from dataclasses import dataclass
from typing import Final

from services.auth.flows.pkce import challenge_of
from services.auth.issuer.posting import Answer
from services.auth.issuer.refusal import code_of, is_blocked, refusal, retry_at
from services.errors import BadPayloadError, LoginError, ServiceError, UnreachableError
from services.provider import Secret
from services.transport.failures import request_id
from services.transport.retry import FATAL_CODES
from services.wire.errors import read_error_body
from services.wire.reading import as_text

_PENDING_CODES: Final = frozenset({"deviceauth_authorization_pending", "authorization_pending"})
_TOO_FAST: Final = "slow_down"
_EXPIRED: Final = re.compile(r"(?i)expired")
_DECLINED: Final = re.compile(r"(?i)denied|declined|rejected")
_NEW_CODE: Final = "Ask for a new code, or sign in with the browser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """They have: this can be exchanged."""

    code: Secret
    verifier: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Not yet."""

    is_too_fast: bool = False
    """The server wants to be asked less often."""
    retry_at: float | None = None
    """Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Nobody knows: asked again later."""

    error: ServiceError
    retry_at: float | None = None
    """Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """They will not, or cannot any more."""

    error: ServiceError


def read_poll(
    answer: Answer, now: float, secrets: tuple[Secret, ...]
) -> Granted | Pending | Trouble | Denied:
    """Read an answer of the poll endpoint.

    Args:
        answer: Any status but 3xx.
        now: Unix seconds.
        secrets: What was sent, and may come back in the answer's words.
    """
    if answer.is_success:
        return _granted(answer)
    later = retry_at(answer, now)
    code = code_of(answer, is_top_level_read=False)
    if code in _PENDING_CODES:
        return Pending(retry_at=later)
    if code == _TOO_FAST:
        return Pending(is_too_fast=True, retry_at=later)
    error = refusal(answer, now, secrets)
    if answer.status in {408, 429} or answer.status >= 500 or is_blocked(answer):
        return Trouble(error=error, retry_at=later)
    words = f"{code} {_json_message(answer)}"
    if answer.status in {403, 404} and not code and not _is_final(words):
        return Pending(retry_at=later)
    return Denied(error=_final(error, words))


def read_trouble(error: ServiceError) -> Trouble | Denied:
    """Say whether a poll without an answer is worth another one."""
    if isinstance(error, UnreachableError) and error.code not in FATAL_CODES:
        return Trouble(error=error)
    return Denied(error=error)


def _granted(answer: Answer) -> Granted | Denied:
    try:
        document = answer.document()
    except BadPayloadError as error:
        return Denied(error=error)
    code = as_text(document.get("authorization_code"))
    verifier = as_text(document.get("code_verifier"))
    challenge = document.get("code_challenge")
    if not code or not verifier:
        return Denied(error=_nonsense(answer, "without a code to exchange"))
    if challenge is not None and challenge != challenge_of(verifier):
        return Denied(error=_nonsense(answer, "with a challenge that is not its verifier's"))
    return Granted(code=Secret(code), verifier=Secret(verifier))


def _nonsense(answer: Answer, how: str) -> BadPayloadError:
    return BadPayloadError(
        f"{answer.host} answered {how} ({answer.status})",
        next_step=_NEW_CODE,
        status=answer.status,
        request_id=request_id(answer.headers),
        code="device_answer",
    )


def _json_message(answer: Answer) -> str:
    """The words of a JSON body; those of a web page mean nothing."""
    try:
        description = as_text(answer.document().get("error_description")) or ""
    except BadPayloadError:
        return ""
    return f"{description} {read_error_body(answer.body).message}"


def _is_final(words: str) -> bool:
    return bool(_EXPIRED.search(words) or _DECLINED.search(words))


def _final(error: ServiceError, words: str) -> ServiceError:
    if _EXPIRED.search(words):
        message = "The code has expired"
    elif _DECLINED.search(words):
        message = "The sign-in was declined"
    else:
        message = error.message
    return LoginError(
        message,
        next_step=_NEW_CODE,
        status=error.status,
        request_id=error.request_id,
        code=error.code,
    )
