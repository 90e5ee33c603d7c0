"""A stored login as everybody may see it, without its secrets."""

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from services.auth.credentials import Tokens
from services.auth.provider import SignInProvider
from services.auth.settings import AuthSettings
from services.auth.stores.storage import Stored
from services.clean import clean_line
from services.models.account import Account, AccountMode, StoragePlace
from services.provider import Secret

SHOWN: Final = 13
"""Characters that a key must exceed for parts of it to be shown."""


def account_of_stored(stored: Stored, settings: AuthSettings, *, is_shared: bool) -> Account:
    """Who is signed in, and where that lies.

    Args:
        stored: What a storage holds.
        settings: Of sign-in.
        is_shared: Whether Codex uses that storage too.
    """
    credentials = stored.credentials
    # They are about a place that a variable of the environment comes before.
    said = settings.notices if stored.storage is not StoragePlace.ENVIRONMENT else ()
    base = Account(
        storage=stored.storage,
        place=stored.place,
        shared_with_codex=is_shared and stored.storage is not None,
        is_read_only=settings.mode == "read_only",
        notices=(*said, *stored.notices, *((stored.problem,) if stored.problem else ())),
    )
    if credentials is None:
        return base
    if credentials.mode is AccountMode.API_KEY:
        key = credentials.api_key
        return replace(
            base, mode=AccountMode.API_KEY, key_hint=hint(key) if key is not None else ""
        )
    tokens = credentials.tokens
    assert tokens is not None
    claims = tokens.claims
    return replace(
        base,
        mode=AccountMode.CHATGPT,
        email=claims.email,
        plan=claims.plan,
        account_id=tokens.workspace,
        user_id=claims.user_id,
        expires_at=tokens.life.ends_at,
        refreshed_at=credentials.last_refresh,
        issuer=_foreign_issuer(tokens, settings.provider),
    )


def hint(key: Secret) -> str:
    """Start and end of a key, by which its owner knows it; `***` for a short one."""
    text = key.reveal()
    return f"{text[:8]}***{text[-5:]}" if len(text) > SHOWN else "***"


def _foreign_issuer(tokens: Tokens, provider: SignInProvider) -> str:
    """Host of an issuer that is not the usual one."""
    if tokens.issuer is None or tokens.issuer == provider.own_issuer:
        return ""
    try:
        return clean_line(urlsplit(tokens.issuer).netloc.rpartition("@")[2], 100)
    except ValueError:
        return "unreadable"
