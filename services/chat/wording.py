"""The calm lines about a turn."""

from services.inference.stream import Retrying
from services.models.failure import FailureKind

EMPTY_ANSWER = "empty answer: the model ended without saying anything"
TOO_MANY_CALLS = "stopped: the model keeps calling tools that were not offered"
REASONING_LEFT_OUT = "the server refused earlier reasoning; asked again without it"

_INCOMPLETE = {
    "max_output_tokens": "the answer was cut: the model's limit of output tokens is reached",
    "length": "the answer was cut: the model's limit of output tokens is reached",
    "content_filter": "the answer was cut by the server's content filter",
}
_CAUSES = {
    FailureKind.UNREACHABLE: "connection lost",
    FailureKind.RATE_LIMITED: "rate limited",
}


def retrying(value: Retrying) -> str:
    """Why it is tried again, and which time."""
    status = value.error.status
    cause = _CAUSES.get(value.error.kind) or (
        f"the server answered {status}" if status else value.error.message
    )
    return f"{cause}, retry {value.attempt} of {value.attempts}"


def incomplete(reason: str) -> str:
    """Why an answer ends before its end."""
    return _INCOMPLETE.get(reason, f"the answer is incomplete: {reason}")
