"""What a finished login brings, and what it may be shown as while it is under way."""

from dataclasses import dataclass

from services.provider import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Tokens fresh from the issuer, not stored yet."""

    id_token: Secret
    access_token: Secret
    refresh_token: Secret
    api_key: Secret | None = None
    """Where the provider record asked for one and the issuer gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """A code that a person types on a page of the issuer."""

    code: str
    """Clean, at most 64 characters."""
    page: str
    """Always our own constant below the issuer, never an address that the server sent."""
    ends_at: float
    """Unix seconds."""
