"""Refusals of the issuer and of the backend's guard. Source: docs/protocols/simulator.md."""

import base64
import json
from collections.abc import Callable, Mapping

from simulator.replies import openai_error
from simulator.script import Status

REFRESH_MESSAGES = {
    "refresh_token_expired": (
        "Could not validate your refresh token. Please try signing in again."
    ),
    "refresh_token_reused": (
        "Your refresh token has already been used to generate a new access token. "
        "Please try signing in again."
    ),
    "refresh_token_invalidated": (
        "Your refresh token has been invalidated. Please try signing in again."
    ),
    "app_session_expired": "Your session has expired. Please try signing in again.",
    "app_session_terminated": "Your session has ended. Please try signing in again.",
    "invalid_refresh_token": "Invalid refresh token.",
}

BACKEND_MESSAGES = {
    "token_expired": "Provided authentication token is expired. Please try signing in again.",
    "token_revoked": "Encountered invalidated oauth token for user, failing request",
    "token_invalidated": (
        "Your authentication token has been invalidated. Please try signing in again."
    ),
}

AT_400 = frozenset({"app_session_expired", "app_session_terminated", "invalid_refresh_token"})


def refresh_refused(code: str) -> Status:
    """The refresh token is no good."""
    status = 400 if code in AT_400 else 401
    return openai_error(status, REFRESH_MESSAGES[code], code=code)


def token_refused(code: str) -> Status:
    """The access token is no good any more."""
    message = BACKEND_MESSAGES[code]
    error = {"message": message, "type": "invalid_request_error", "code": code, "param": None}
    packed = base64.b64encode(json.dumps({"error": {"code": code}}).encode()).decode("ascii")
    headers = {"x-openai-authorization-error": code, "x-error-json": packed}
    return Status(401, headers, {"error": error, "status": 401})


def oauth_error(code: str, description: str, status: int = 400) -> Status:
    """An error in the shape of OAuth 2."""
    return Status(
        status,
        {"cache-control": "no-store"},
        {"error": code, "error_description": description},
    )


def device_error(code: str, message: str, status: int = 403) -> Status:
    """An answer to a poll that is not the code."""
    return openai_error(status, message, code=code)


def unsupported_country() -> Status:
    """Where the user is, nobody may sign in."""
    return openai_error(
        403,
        "Country, region, or territory not supported",
        kind="request_forbidden",
        code="unsupported_country_region_territory",
    )


BY_NAME: Mapping[str, Callable[[], Status]] = {
    **{code: lambda code=code: refresh_refused(code) for code in REFRESH_MESSAGES},
    **{code: lambda code=code: token_refused(code) for code in BACKEND_MESSAGES},
    "authorization_pending": lambda: device_error(
        "deviceauth_authorization_pending", "Not allowed yet."
    ),
    "slow_down": lambda: device_error("slow_down", "Too many polls."),
    "device_denied": lambda: device_error("deviceauth_denied", "The request was denied."),
    "device_expired": lambda: device_error("deviceauth_expired", "The code has expired."),
    "invalid_grant": lambda: oauth_error("invalid_grant", "The grant is not good."),
    "unsupported_country": unsupported_country,
}
"""For `--fail ROUTE:error=NAME`."""
