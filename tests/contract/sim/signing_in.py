"""A client that signs in by the book: what the tests of the issuer start from."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from simulator.server import Simulator

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
SCOPE = "openid profile email offline_access api.connectors.read api.connectors.invoke"
VERIFIER = "v" * 86
CALLBACK = "http://127.0.0.1:1455/auth/callback"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
AUTH = "https://api.openai.com/auth"


def challenge(verifier: str = VERIFIER) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def authorize_query(**changes: str) -> dict[str, str]:
    """A whole query; a change to the empty text leaves the parameter out."""
    query = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        "id_token_add_organizations": "true",
        "codex_cli_simplified_flow": "true",
        "state": "s" * 43,
        "originator": "test",
    } | changes
    return {name: value for name, value in query.items() if value}


def authorize_url(sim: Simulator, **changes: str) -> str:
    return f"{sim.issuer}/oauth/authorize?{urlencode(authorize_query(**changes))}"


def answer(client: httpx.Client, sim: Simulator, decision: str, **changes: str) -> dict[str, str]:
    """Press a button of the authorize page; the query that goes to the client."""
    response = client.post(authorize_url(sim, **changes), data={"answer": decision})
    assert response.status_code == 302, response.text
    return {name: values[-1] for name, values in parse_qs(location(response).query).items()}


def location(response: httpx.Response) -> Any:
    return urlsplit(response.headers["location"])


def exchange(client: httpx.Client, sim: Simulator, code: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    } | changes
    return client.post(f"{sim.issuer}/oauth/token", data=form)


def sign_in(client: httpx.Client, sim: Simulator) -> dict[str, Any]:
    response = exchange(client, sim, answer(client, sim, "allow")["code"])
    assert response.is_success, response.text
    return response.json()


def refresh(client: httpx.Client, sim: Simulator, token: str, **changes: Any) -> httpx.Response:
    body = {
        "client_id": CLIENT_ID,
        "grant_type": "refresh_token",
        "refresh_reason": "proactive_expiry",
        "refresh_token": token,
    } | changes
    return client.post(f"{sim.issuer}/oauth/token", json=body)


def revoke(client: httpx.Client, sim: Simulator, token: str, hint: str) -> httpx.Response:
    body = {"token": token, "token_type_hint": hint}
    if hint == "refresh_token":
        body["client_id"] = CLIENT_ID
    return client.post(f"{sim.issuer}/oauth/revoke", json=body)


def call(client: httpx.Client, sim: Simulator, access: str, **changes: str) -> httpx.Response:
    """Ask the backend for its models; a change to the empty text leaves the header out."""
    headers = {
        "authorization": f"Bearer {access}",
        "chatgpt-account-id": sim.account.account_id or "",
        "originator": "test",
        "user-agent": "test/1.0",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {name: value for name, value in headers.items() if value}
    return client.get(f"{sim.codex_base_url}/models?client_version=1.0", headers=headers)


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
