"""Credentials as they are held in memory. Format on disk: docs/protocols/auth.md."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import Final

from services.auth.claims import IdClaims, Life, read_id_token, read_life
from services.errors import BadPayloadError
from services.models.account import AccountMode
from services.provider import Secret

_HEADER: Final = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a login with ChatGPT brought."""

    id_token: Secret
    access_token: Secret
    refresh_token: Secret
    """Good for one refresh; may be empty in a file that somebody edited."""
    account_id: str | None = None
    """As stored; the claim of the id_token stands in where this is None."""
    issuer: str | None = None
    """Who gave them (`oauth_provenance`); None in older files."""
    client_id: str | None = None
    login_owner_id: str | None = None
    identity: IdClaims | None = None
    """Who the owner is where the issuer was asked, since there is no id_token."""

    @property
    def claims(self) -> IdClaims:
        """What the id_token says; nothing where it cannot be read."""
        if self.identity is not None:
            return self.identity
        try:
            return read_id_token(self.id_token)
        except BadPayloadError:
            return IdClaims()

    @property
    def life(self) -> Life:
        """From when to when the access token is good."""
        return read_life(self.access_token)

    @property
    def workspace(self) -> str | None:
        """The account that calls are made for; None where none is named that a header can hold."""
        named = self.account_id or self.claims.account_id
        return named if named is not None and _HEADER.fullmatch(named) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One login, whole: a value that is replaced, never changed."""

    mode: AccountMode
    """CHATGPT or API_KEY."""
    tokens: Tokens | None = None
    """Always there in mode CHATGPT."""
    api_key: Secret | None = None
    """Always there in mode API_KEY; may stand beside tokens and is then not used."""
    last_refresh: float | None = None
    """Unix seconds."""
    raw: Secret = field(default_factory=lambda: Secret("{}"))
    """The document they were read from, as JSON; its unknown members are written back."""

    @property
    def snapshot(self) -> str:
        """Names this state of the secrets, without telling them."""
        parts = [self.mode.value]
        if self.tokens is not None:
            tokens = self.tokens
            parts += [tokens.access_token.reveal(), tokens.refresh_token.reveal()]
        if self.api_key is not None:
            parts.append(self.api_key.reveal())
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def renewed(self, tokens: Tokens, at: float) -> "Credentials":
        """The same login with other tokens."""
        return replace(self, tokens=tokens, last_refresh=at)
