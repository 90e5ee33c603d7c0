"""The calm lines about a turn."""

from services.errors import RefusedError, ServiceError
from services.inference.stream import Retrying
from services.models.failure import FailureKind

EMPTY_ANSWER = "empty answer: the model ended without saying anything"
TOO_MANY_CALLS = "stopped: the model keeps calling tools that were not offered"
REASONING_LEFT_OUT = "the server refused earlier reasoning; asked again without it"
CHOOSE_MODEL = "Choose one with --model, or set model in the configuration"

_INCOMPLETE = {
    "max_output_tokens": "the answer was cut: the model's limit of output tokens is reached",
    "length": "the answer was cut: the model's limit of output tokens is reached",
    "content_filter": "the answer was cut by the server's content filter",
}
_LOST = {"broken", "ended_early", "lost"}
"""Codes of a connection that stood and is gone."""


def retrying(value: Retrying) -> str:
    """Why it is tried again, and which time."""
    return f"{_cause(value.error)}, retry {value.attempt} of {value.attempts}"


def _cause(error: ServiceError) -> str:
    if error.code in _LOST:
        return "connection lost"
    if error.kind is FailureKind.RATE_LIMITED:
        return "rate limited"
    if error.status and isinstance(error, RefusedError):
        return f"the server answered {error.status}"
    return error.message[:1].lower() + error.message[1:]


def incomplete(reason: str) -> str:
    """Why an answer ends before its end."""
    return _INCOMPLETE.get(reason, f"the answer is incomplete: {reason}")


def for_log(error: ServiceError) -> str:
    """An error without the server's words, which may repeat what the user said."""
    return (
        f"{error.kind.value}, status {error.status}, code {error.code}, "
        f"request id {error.request_id}"
    )
