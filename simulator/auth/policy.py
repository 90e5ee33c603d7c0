"""What the issuer does unless a test says otherwise."""

from dataclasses import dataclass, field
from typing import Literal

from simulator.auth.account import Account

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"

Authorizing = Literal["page", "allow", "deny"]

NOT_ENTITLED = ("access_denied", "missing_codex_entitlement")


@dataclass(slots=True)
class Policy:
    """Settings that tests change while it runs; each is read afresh by every call."""

    account: Account = field(default_factory=Account)
    """Who signs in from now on."""
    client_ids: set[str] = field(default_factory=lambda: {CLIENT_ID})
    authorizing: Authorizing = "page"
    """Whether the authorize page asks, or answers at once."""
    denial: tuple[str, str] = ("access_denied", "The user denied the request.")
    """`error` and `error_description` of a denial; no description if that is empty."""
    interval: object = "5"
    """Of the device answer, whatever JSON value it is."""
    approve_at: int | None = 3
    """The poll that approves a device without a visitor; None for never."""
