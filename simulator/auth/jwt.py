"""Tokens that look signed: a header that says RS256, claims, and bytes that sign nothing."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.auth.account import AUTH_CLAIM, PROFILE_CLAIM, Account

ID_TOKEN_LIFE = 3600

SIGNATURE_BYTES = 256
"""As long as an RSA signature with a key of 2048 bits."""

SCOPES = (
    "openid",
    "profile",
    "email",
    "offline_access",
    "api.connectors.read",
    "api.connectors.invoke",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What all tokens of one answer have in common."""

    issuer: str
    client_id: str
    session: str
    at: float
    """`iat`, Unix seconds."""
    life: float
    """Seconds from `iat` to `exp` of the access token."""

    @property
    def ends_at(self) -> int:
        """`exp` of the access token, whole Unix seconds."""
        return int(self.at + self.life)


def encode(claims: Mapping[str, Any]) -> str:
    """A JWT with these claims, unique and signed with junk."""
    header = {"alg": "RS256", "kid": "sim-0000000000", "typ": "JWT"}
    body = {**claims, "jti": secrets.token_hex(16)}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, body)]
    return ".".join(base64url(part) for part in (*parts, secrets.token_bytes(SIGNATURE_BYTES)))


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def access_token(account: Account, issue: Issue) -> str:
    """The token for the backend."""
    claims = _common(account, issue) | {
        "aud": ["https://api.openai.com/v1"],
        "client_id": issue.client_id,
        "exp": issue.ends_at,
        "nbf": int(issue.at),
        "scp": list(SCOPES),
        "session_id": issue.session,
    }
    if account.email is not None:
        claims[PROFILE_CLAIM] = {"email": account.email, "email_verified": True}
    return encode(claims)


def id_token(account: Account, issue: Issue) -> str:
    """The token about the user."""
    claims = _common(account, issue) | {
        "aud": [issue.client_id],
        "auth_provider": "password",
        "auth_time": int(issue.at),
        "exp": int(issue.at) + ID_TOKEN_LIFE,
        "sid": issue.session,
    }
    if account.email is not None:
        claims |= {"email": account.email, "email_verified": True}
    return encode(claims)


def _common(account: Account, issue: Issue) -> dict[str, Any]:
    subject = account.user_id or "user-unknown"
    claims: dict[str, Any] = {"iss": issue.issuer, "iat": int(issue.at), "sub": f"auth0|{subject}"}
    if account.has_claims:
        claims[AUTH_CLAIM] = account.claims()
    return claims
