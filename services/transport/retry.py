"""Whether, how often and how soon a failed request is sent again. Pure.

Budgets and codes: docs/protocols/errors.md.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from services.errors import (
    BadPayloadError,
    RefusedError,
    ServiceError,
    UnreachableError,
)

MAX_RETRIES: Final = 100
"""Cap of a configured budget."""
LONGEST_WAIT: Final = 60.0
"""Seconds. A server that asks for more is waited for this long, or not at all after a 429."""

FATAL_CODES: Final = frozenset(
    {
        "access_program_not_enabled",
        "bio_policy",
        "budget_reached",
        "content_filter",
        "content_policy_violation",
        "context_length_exceeded",
        "cyber_policy",
        "inference_hook_denied",
        "insufficient_quota",
        "invalid_prompt",
        "misalignment_policy_violation",
        "model_not_found",
        "organization_spend_limit_exceeded",
        "policy_capacity_unavailable",
        "tls_certificate",
        "unsupported_access_program",
        "usage_limit_reached",
        "usage_not_included",
    }
)
"""Codes after which the same request would only fail again."""
_ONCE_CODES: Final = frozenset({"server_is_overloaded"})
_OVERLOAD_WAIT: Final = 5.0

_TRY_AGAIN = re.compile(r"(?i)try again in\s*(\d+(?:\.\d+)?)\s*(ms|seconds?|s)")
_WHOLE = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many retries each level has left to give."""

    request: int
    """Per try of the stream: nothing of an answer had come."""
    stream: int

    @classmethod
    def of(cls, request: int, stream: int) -> "Budget":
        """A budget within the cap."""
        return cls(
            request=min(max(request, 0), MAX_RETRIES), stream=min(max(stream, 0), MAX_RETRIES)
        )


def backoff(attempt: int, jitter: Callable[[], float] = random.random) -> float:
    """Seconds before retry `attempt` (1, 2, …): 0.2 s, doubled each time, ± 10 %."""
    return min(LONGEST_WAIT, 0.2 * 2 ** min(attempt - 1, 16) * (0.9 + 0.2 * jitter()))


def delay(
    error: ServiceError, attempt: int, now: float, jitter: Callable[[], float] = random.random
) -> float:
    """Seconds before retry `attempt`: what the server asked for, within the cap, else backoff."""
    if error.retry_at is not None:
        return min(max(error.retry_at - now, 0.0), LONGEST_WAIT)
    if error.code in _ONCE_CODES:
        return _OVERLOAD_WAIT * (1.0 + jitter())
    return backoff(attempt, jitter)


def is_request_retryable(error: ServiceError) -> bool:
    """Whether the request level sends it again: no answer, or 5xx. Never a 429."""
    if error.code in FATAL_CODES or error.code in _ONCE_CODES:
        return False
    if isinstance(error, UnreachableError):
        return True
    return (
        isinstance(error, RefusedError) and error.status is not None and 500 <= error.status < 600
    )


def is_stream_retryable(error: ServiceError, attempt: int, now: float) -> bool:
    """Whether the stream level tries again, for the `attempt`-th time (1, 2, …)."""
    if error.code in FATAL_CODES or isinstance(error, BadPayloadError):
        return False
    if error.code in _ONCE_CODES:
        return attempt == 1
    if isinstance(error, UnreachableError):
        return True
    if not isinstance(error, RefusedError):
        return False
    if error.status == 429:
        return error.retry_at is not None and error.retry_at - now <= LONGEST_WAIT
    if error.status is None:
        return error.code is None or not _is_fatal_image(error.code)
    return error.status in {408, 409} or 500 <= error.status < 600


def _is_fatal_image(code: str) -> bool:
    return "image" in code


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Unix seconds that a `retry-after` header names; None for what is no such header.

    Whole seconds or an HTTP date; a negative or fractional number counts as absent.
    """
    if value is None:
        return None
    text = value.strip()
    if _WHOLE.fullmatch(text):
        return now + int(text)
    if text[:1].isalpha():
        try:
            return max(now, parsedate_to_datetime(text).timestamp())
        except (ValueError, OverflowError, TypeError):
            return None
    return None


def parse_try_again(message: str) -> float | None:
    """Seconds of the first "try again in 1.5s" (ms, s, seconds) in a server's message."""
    found = _TRY_AGAIN.search(message[:4000])
    if found is None:
        return None
    try:
        amount = float(found[1])
    except ValueError:
        return None
    return int(amount) / 1000 if found[2].lower() == "ms" else amount
