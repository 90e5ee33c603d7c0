"""Another provider of sign-in is another value: the route that auth.md calls the other one."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.accounts import make_auth
from services.auth.calls.origins import may_see_tokens
from services.auth.provider import SignInProvider
from services.auth.service import AuthService
from services.auth.settings import AuthSettings
from services.auth.stores.opening import open_storage
from services.clock import SystemClock
from services.models.account import AccountMode
from tests.unit.auth.flows.stage import Stage, answer, jwt, sent_form, state_of

OTHER = SignInProvider(
    id="openai",
    name="OpenAI",
    client_id="issued-to-this-host",
    scope="openid profile email offline_access resource.invoke chatgpt.tokens.use.direct",
    authorize_path="/api/accounts/authorize",
    token_path="/api/accounts/oauth/token",
    authorize_extra=(("resource", "https://api.openai.com/v1"),),
    token_extra=(("resource", "https://api.openai.com/v1"),),
    refresh_encoding="form",
    callback_ports=(0,),
    chatgpt_base_url="https://api.openai.com/v1",
    inference_path="",
    routes_path="",
    token_hosts=("api.openai.com",),
)
"""As far as it is known (docs/decisions/0005-sign-in.md)."""


def tokens(number: int) -> dict[str, str]:
    claims = {
        "exp": 4_000_000_000 + number,
        "https://api.openai.com/auth": {"chatgpt_account_id": "acc", "chatgpt_user_id": "user"},
    }
    return {
        "id_token": jwt({**claims, "email": "ada@example.test"}),
        "access_token": jwt(claims),
        "refresh_token": f"rt_{number}",
    }


@pytest.fixture
async def auth(play: Stage, tmp_path: Path) -> AsyncIterator[AuthService]:
    provider = replace(OTHER, issuer=play.server.url, chatgpt_base_url=f"{play.server.url}/v1")
    how = AuthSettings(home=tmp_path, provider=provider)
    async with make_auth(how, open_storage(how), play.http, SystemClock(), None) as service:
        yield service


async def test_another_provider_signs_in_calls_and_renews_as_its_record_says(
    play: Stage, auth: AuthService
) -> None:
    for body in (tokens(1), {}, tokens(2)):
        play.server.answer(answer(body=body))

    async with auth.browser_login() as login:
        asked = urlsplit(login.url)
        assert asked.path == "/api/accounts/authorize"
        query = parse_qs(asked.query)
        assert query["client_id"] == ["issued-to-this-host"]
        assert query["scope"] == [OTHER.scope]
        assert query["resource"] == ["https://api.openai.com/v1"]
        assert "codex_cli_simplified_flow" not in query
        login.paste(f"http://127.0.0.1:{login.port}/auth/callback?code=c&state={state_of(login)}")
        account = await auth.accept(await login.wait())
    assert account.mode is AccountMode.CHATGPT
    assert play.paths == ["/api/accounts/oauth/token"]
    assert sent_form(play.server)["resource"] == "https://api.openai.com/v1"

    signed = await auth.signer().sign(httpx.URL(f"{play.server.url}/v1/responses"))
    await play.http.get(signed.url, headers=signed.headers)
    assert play.paths[1:] == ["/v1/responses"], "nobody is asked for the way to a workspace"
    assert play.server.requests[1].headers["authorization"] == f"Bearer {tokens(1)['access_token']}"

    await auth.renew()
    assert play.paths[2:] == ["/api/accounts/oauth/token"]
    sent = sent_form(play.server)
    assert sent["grant_type"] == "refresh_token"
    assert sent["refresh_token"] == "rt_1"
    assert sent["client_id"] == "issued-to-this-host"
    assert sent["resource"] == "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("url", "is_sent"),
    [
        ("https://api.openai.com/v1/responses", True),
        ("https://chatgpt.com/backend-api/codex/responses", False),
        ("https://gov.api.openai.com/v1/responses", False),
        ("https://api.openai.com.example/v1", False),
        ("https://x.api.openai.com/v1", False),
        ("http://api.openai.com/v1", False),
        ("https://api.openai.com:8443/v1", False),
    ],
)
def test_its_tokens_go_to_the_hosts_of_its_record_alone(url: str, *, is_sent: bool) -> None:
    how = AuthSettings(home=Path("/nowhere"), provider=OTHER)
    assert may_see_tokens(httpx.URL(url), kind="chatgpt", settings=how) is is_sent


@pytest.mark.parametrize(
    ("issuer", "is_sent"),
    [("https://login.example.com", True), ("https://auth.openai.com", False)],
)
def test_its_own_issuer_needs_nobodys_leave(issuer: str, *, is_sent: bool) -> None:
    how = AuthSettings(
        home=Path("/nowhere"),
        provider=replace(
            OTHER, own_issuer="https://login.example.com", issuer="https://login.example.com"
        ),
    )
    assert may_see_tokens(httpx.URL(issuer), kind="issuer", settings=how) is is_sent
