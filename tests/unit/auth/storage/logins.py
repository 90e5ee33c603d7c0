"""Logins and documents for tests of where they lie."""

import base64
import json
from pathlib import Path
from typing import Any

from services.auth.credentials import Credentials, Tokens
from services.models.account import AccountMode
from services.provider import Secret

AUTH = "https://api.openai.com/auth"
OLD = 1_900_000_000.0


def jwt(claims: dict[str, Any]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{payload}.c2ln"


ID_TOKEN = jwt(
    {
        "email": "ada@example.test",
        AUTH: {"chatgpt_account_id": "acct-1", "chatgpt_plan_type": "plus"},
    }
)


def login(
    name: str = "one", *, at: float | None = OLD, account: str | None = "acct-1", **rest: Any
):
    tokens = Tokens(
        id_token=Secret(ID_TOKEN),
        access_token=Secret(f"at-{name}"),
        refresh_token=Secret(f"rt-{name}"),
        account_id=account,
    )
    return Credentials(mode=AccountMode.CHATGPT, tokens=tokens, last_refresh=at, **rest)


def key_login(name: str = "one") -> Credentials:
    return Credentials(mode=AccountMode.API_KEY, api_key=Secret(f"sk-{name}"))


def document(**changes: Any) -> dict[str, Any]:
    """A document as Codex writes it; `tokens` changes members of the tokens, None drops one."""
    tokens: dict[str, Any] = {
        "id_token": ID_TOKEN,
        "access_token": "at-one",
        "refresh_token": "rt-one",
        "account_id": "acct-1",
    } | changes.pop("tokens", {})
    return {
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": tokens,
        "last_refresh": "2030-01-01T00:00:00Z",
    } | changes


def refresh_token(credentials: Credentials | None) -> str | None:
    """What tells one login of a test from another."""
    if credentials is None or credentials.tokens is None:
        return None
    return credentials.tokens.refresh_token.reveal()


def put(path: Path, content: object, mode: int = 0o600) -> None:
    """Write a file in place, as an older Codex does: a document, or any text."""
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
