"""The secrets of one sign-in. Lengths and methods: docs/protocols/auth.md."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from services.provider import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkce:
    """What one attempt to sign in is tied to."""

    verifier: Secret
    """86 characters, known to nobody but us until the exchange."""
    challenge: str
    """43 characters: base64url of the verifier's SHA-256."""
    state: Secret
    """43 characters that the redirect must bring back."""


def new_pkce() -> Pkce:
    """Fresh secrets for one attempt."""
    verifier = _base64url(secrets.token_bytes(64))
    return Pkce(
        verifier=Secret(verifier),
        challenge=challenge_of(verifier),
        state=Secret(_base64url(secrets.token_bytes(32))),
    )


def challenge_of(verifier: str) -> str:
    """The S256 challenge that belongs to a verifier."""
    return _base64url(hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest())


def is_same(given: str, expected: Secret) -> bool:
    """Whether two texts are equal, in a time that does not tell how far they are."""
    return hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.reveal().encode("utf-8", "surrogatepass")
    )


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
