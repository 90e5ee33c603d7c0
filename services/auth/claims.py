"""What tokens say about themselves. Facts: docs/protocols/auth.md.

They are read without a check of their signature: they come from the issuer over TLS, and what is
read here decides nothing but what is shown and when a token is renewed.
"""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from services.clean import clean_line
from services.errors import BadPayloadError
from services.provider import Secret

AUTH: Final = "https://api.openai.com/auth"
PROFILE: Final = "https://api.openai.com/profile"
TOKEN_LIMIT: Final = 64 * 1024
"""Characters of a token that are looked at."""
_LATEST: Final = 4_102_444_800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IdClaims:
    """What an id_token says of its owner; each None where it is missing or of the wrong type."""

    email: str | None = None
    account_id: str | None = None
    user_id: str | None = None
    plan: str | None = None
    is_fedramp: bool = False


def decode(token: Secret) -> Mapping[str, Any]:
    """The payload of a JWT.

    Raises:
        BadPayloadError: It is no JWT; the token is not in the message.
    """
    parts = token.reveal().split(".", 3)
    if len(parts) < 3 or not all(parts[:3]) or len(token.reveal()) > TOKEN_LIMIT:
        raise BadPayloadError("The token is no JWT", code="jwt")
    payload = parts[1]
    if not payload.isascii() or "=" in payload:
        raise BadPayloadError("The token's payload is not base64url", code="jwt")
    try:
        raw = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
        value: object = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        # Chained, the cause would carry the token's text into a traceback.
        raise BadPayloadError("The token's payload cannot be read", code="jwt") from None
    if not isinstance(value, dict):
        raise BadPayloadError("The token's payload is no object", code="jwt")
    return cast("Mapping[str, Any]", value)


def read_id_token(token: Secret) -> IdClaims:
    """Who owns an id_token.

    Raises:
        BadPayloadError: It is no JWT.
    """
    payload = decode(token)
    auth = _object(payload.get(AUTH))
    profile = _object(payload.get(PROFILE))
    return IdClaims(
        email=_text(payload.get("email")) or _text(profile.get("email")),
        account_id=_text(auth.get("chatgpt_account_id")),
        user_id=_text(auth.get("chatgpt_user_id")) or _text(auth.get("user_id")),
        plan=_text(auth.get("chatgpt_plan_type")),
        is_fedramp=auth.get("chatgpt_account_is_fedramp") is True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """When a token was made and when it ends, in Unix seconds; None where it does not say."""

    begins_at: float | None = None
    ends_at: float | None = None


def read_life(token: Secret) -> Life:
    """The life of an access token; an opaque one says nothing, and a nonsense time counts as none.

    `exp` must be a whole number, as the real client has it.
    """
    try:
        payload = decode(token)
    except BadPayloadError:
        return Life()
    return Life(begins_at=_time(payload.get("iat")), ends_at=_time(payload.get("exp")))


def _time(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return float(value) if 0 < value < _LATEST and math.isfinite(value) else None


def _object(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return (clean_line(value, 200) or None) if isinstance(value, str) else None
