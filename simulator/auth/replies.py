"""Refusals of the issuer and of the backend's guard. Source: docs/protocols/simulator.md."""

import base64
import json

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
