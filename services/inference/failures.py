"""Errors that come inside a stream. Codes: docs/protocols/errors.md."""

from typing import Final

from services.errors import RateLimitedError, RefusedError, ServiceError, UnreachableError
from services.transport.failures import Identity, from_response, limited
from services.wire.errors import ErrorBody, read_error_object
from services.wire.reading import JsonObject, as_number, as_object

_LIMIT_CODES: Final = frozenset(
    {
        "usage_limit_reached",
        "rate_limit_exceeded",
        "insufficient_quota",
        "organization_spend_limit_exceeded",
        "budget_reached",
    }
)
_MESSAGES: Final = {
    "context_length_exceeded": "The chat has become too long for this model",
    "server_error": "The server has trouble",
    "server_is_overloaded": "The model is at capacity",
    "policy_capacity_unavailable": "The model is at capacity",
    "slow_down": "The server asks us to slow down",
    "usage_not_included": "The plan does not include this",
    "content_filter": "The server's filter stopped the answer",
    "invalid_prompt": "The server refused the prompt",
}
_RECONNECT: Final = frozenset({"previous_response_not_found", "websocket_connection_limit_reached"})


def from_error(members: JsonObject, *, now: float, request_id: str | None) -> ServiceError:
    """Say what the `error` object of a failed response, or of an error event, means.

    Args:
        members: The object; may be empty.
        now: Unix seconds.
        request_id: Of the answer that this came in.
    """
    said = read_error_object(members) if members else ErrorBody()
    code = said.code
    if code in _LIMIT_CODES or said.type == "usage_limit_reached":
        return limited(said, status=None, support=request_id, now=now)
    if code in _RECONNECT:
        return UnreachableError(
            "The server ended the connection",
            next_step="Try again",
            request_id=request_id,
            code=code,
        )
    message = _MESSAGES.get(code or "")
    if message is not None:
        reason = f": {said.message.rstrip('.')}" if said.message else ""
        kind = RateLimitedError if code == "slow_down" else RefusedError
        return kind(
            message + reason,
            next_step=_NEXT_STEPS.get(code or "", "Try again"),
            request_id=request_id,
            code=code,
        )
    if not said.message:
        return RefusedError(
            "The server could not finish the answer",
            next_step="Try again",
            request_id=request_id,
            code=code,
        )
    return RefusedError(
        f"The server could not finish the answer: {said.message.rstrip('.')}",
        next_step="Try again",
        request_id=request_id,
        code=code,
    )


_NEXT_STEPS: Final = {
    "context_length_exceeded": "Start a new chat",
    "usage_not_included": "Choose a plan that includes it, or use an API key",
    "content_filter": "Put it in other words",
    "invalid_prompt": "Put it in other words",
}


def from_error_event(
    members: JsonObject, *, identity: Identity, now: float, request_id: str | None
) -> ServiceError:
    """Say what a terminal `error` event means: like an HTTP status, if it names one."""
    status = as_number(members.get("status")) or as_number(members.get("status_code"))
    if status is None or not 400 <= status < 600:
        return from_error(members, now=now, request_id=request_id)
    headers = {
        name.lower(): str(value)
        for name, value in as_object(members.get("headers")).items()
        if isinstance(value, str | int | float | bool)
    }
    if request_id:
        headers.setdefault("x-request-id", request_id)
    return from_response(
        int(status), headers, read_error_object(members), identity=identity, now=now
    )


def ended_early(request_id: str | None) -> ServiceError:
    """The stream ended before its last event."""
    return UnreachableError(
        "The connection was lost before the answer was whole",
        next_step="Try again",
        request_id=request_id,
        code="ended_early",
    )
