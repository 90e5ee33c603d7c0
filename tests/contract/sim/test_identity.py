"""Who calls: what the backend asks for, where accounts are routed, what `/_sim/auth` tells."""

import json
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from simulator.auth.account import Account
from simulator.server import Simulator
from tests.contract.sim import signing_in as by

WHOAMI = "/api/accounts/v1/user-auth-credential/whoami"
CHECK = "/backend-api/wham/accounts/check"


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"authorization": ""}, 401, "Unauthorized"),
        ({"authorization": "Basic x"}, 401, "Unauthorized"),
        ({"authorization": "Bearer x.y.z"}, 401, "Could not validate"),
        ({"chatgpt_account_id": ""}, 400, "ChatGPT-Account-ID"),
        ({"chatgpt_account_id": "acct-other"}, 403, "account"),
        ({"originator": ""}, 400, "originator"),
    ],
    ids=["no bearer", "basic", "unknown", "no account", "other account", "no originator"],
)
def test_backend_wants_the_whole_set_of_headers(
    sim: Simulator, client: httpx.Client, change: dict[str, str], status: int, said: str
) -> None:
    access = sim.issue()["tokens"]["access_token"]
    assert by.call(client, sim, access).is_success
    response = by.call(client, sim, access, **change)
    assert response.status_code == status
    assert said in response.json()["detail"]
    assert response.headers["x-request-id"]


def test_call_without_a_user_agent_is_refused(sim: Simulator, client: httpx.Client) -> None:
    headers = sim.backend_headers()
    del headers["user-agent"], client.headers["user-agent"]
    response = client.get(f"{sim.codex_base_url}/models?client_version=1", headers=headers)
    assert (response.status_code, "User-Agent" in response.text) == (400, True)


def test_models_want_the_version_of_the_client(sim: Simulator, client: httpx.Client) -> None:
    response = client.get(f"{sim.codex_base_url}/models", headers=sim.backend_headers())
    assert (response.status_code, "client_version" in response.text) == (400, True)


def test_token_ends_when_its_life_does(sim: Simulator, client: httpx.Client) -> None:
    access = sim.issue(life=60, spent=20)["tokens"]["access_token"]
    assert by.call(client, sim, access).is_success
    sim.auth.clock.advance(41)
    response = by.call(client, sim, access)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "token_expired")
    assert response.headers["x-openai-authorization-error"] == "token_expired"


def test_opaque_token_is_taken_too(sim: Simulator, client: httpx.Client) -> None:
    access = sim.issue(is_opaque=True)["tokens"]["access_token"]
    assert "." not in access
    assert by.call(client, sim, access).is_success


def test_refused_call_leaves_the_script(sim: Simulator, client: httpx.Client) -> None:
    sim.script("models", [{"never": "played"}])
    assert by.call(client, sim, "dead").status_code == 401
    assert sim.stage.waiting("models") == 1


def test_backend_sets_cookies_and_names_those_that_come_back(
    sim: Simulator, client: httpx.Client
) -> None:
    response = by.call(client, sim, sim.issue()["tokens"]["access_token"])
    names = [each.partition("=")[0] for each in response.headers.get_list("set-cookie")]
    assert names == ["__cf_bm", "session"]
    headers = {"authorization": f"Bearer {sim.api_key}", "cookie": "__cf_bm=secret; session=s"}
    with httpx.Client(trust_env=False) as other:
        plain = other.get(f"{sim.openai_base_url}/models", headers=headers)
    assert "set-cookie" not in plain.headers
    assert sim.requests[-1].headers["cookie"] == "__cf_bm=***; session=***"


def test_login_is_planted_in_the_form_of_the_file(sim: Simulator, client: httpx.Client) -> None:
    login = sim.issue(Account(account_id="acct-1"), has_provenance=False)
    assert list(login) == ["auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"]
    assert login["tokens"]["account_id"] == "acct-1"
    assert "oauth_provenance" not in login["tokens"]
    assert login["last_refresh"].endswith("Z")
    assert sim.issue()["tokens"]["oauth_provenance"]["issuer"] == sim.issuer
    assert by.refresh(client, sim, login["tokens"]["refresh_token"]).is_success


def test_personal_token_is_asked_who_it_is(sim: Simulator, client: httpx.Client) -> None:
    token = sim.auth.ledger.add_personal_token(Account(account_id="acct-2", email=None))
    headers = {"authorization": f"Bearer {token}"}
    assert token.startswith("at-")
    assert client.get(sim.issuer + WHOAMI, headers=headers).json() == {
        "chatgpt_user_id": sim.account.user_id,
        "chatgpt_account_id": "acct-2",
        "chatgpt_plan_type": "plus",
        "chatgpt_account_is_fedramp": False,
        "email": None,
    }
    assert by.call(client, sim, token, chatgpt_account_id="acct-2").is_success
    access = sim.issue()["tokens"]["access_token"]
    for wrong in (access, "at-unknown"):
        headers = {"authorization": f"Bearer {wrong}"}
        assert client.get(sim.issuer + WHOAMI, headers=headers).status_code == 401


def test_routing_names_the_account_and_where_it_lives(sim: Simulator, client: httpx.Client) -> None:
    headers = sim.backend_headers()
    del headers["originator"]
    body = client.get(sim.issuer + CHECK, headers=headers).json()
    (entry,) = body["accounts"]
    assert entry["id"] == body["default_account_id"] == sim.account.account_id
    assert entry["workspace_backend_origin"] == "NO_CONSTRAINT"
    assert entry["account_routing_override"] == "NO_CONSTRAINT"
    moved = Account(backend_origin="https://gov.chatgpt.com", routing_override="us")
    headers = sim.backend_headers(sim.issue(moved))
    (entry,) = client.get(sim.issuer + CHECK, headers=headers).json()["accounts"]
    assert entry["workspace_backend_origin"] == "https://gov.chatgpt.com"
    assert entry["account_routing_override"] == "us"
    assert client.get(sim.issuer + CHECK).status_code == 401


def test_other_processes_see_and_say_the_same(sim: Simulator, client: httpx.Client) -> None:
    desk = f"{sim.issuer}/_sim/auth"
    login = client.post(f"{desk}/issue", json={"life": 60, "account": {"plan": "pro"}}).json()
    assert by.claims(login["tokens"]["access_token"])[by.AUTH]["chatgpt_plan_type"] == "pro"
    token = login["tokens"]["refresh_token"]
    by.refresh(client, sim, token)
    by.refresh(client, sim, token, refresh_reason="scheduled")
    seen = client.get(desk).json()
    assert [(r["outcome"], r["reason"]) for r in seen["refreshes"]] == [
        ("rotated", "proactive_expiry"),
        ("reused", "scheduled"),
    ]
    assert len({r["token"] for r in seen["refreshes"]}) == 1
    assert token not in json.dumps(seen)
    assert seen["reuses"] == 1
    assert seen["families"]["dead"] == seen["families"]["reused"] == 1
    change = {
        "account": {"email": "eve@example.test"},
        "authorizing": "deny",
        "denial": ["access_denied", ""],
        "interval": 1,
        "approve_at": None,
        "token_life": 720,
        "token_spent": 180,
        "advance": 5,
    }
    assert client.post(desk, json=change).is_success
    assert sim.account.email == "eve@example.test"
    assert sim.account.plan == "plus"
    assert "error_description" not in by.location(client.get(by.authorize_url(sim))).query
    issued = by.claims(sim.issue()["tokens"]["access_token"])
    assert issued["exp"] - issued["iat"] == 720
    assert client.post(desk, json={"end": "revoked"}).json()["families"]["alive"] == 0
    for wrong in ('{"nothing": 1}', '{"account": {"age": 3}}', '{"allow": "X"}', "[]", "{"):
        assert client.post(desk, content=wrong).status_code == 400
    assert client.post(f"{desk}/issue", json={"color": "red"}).status_code == 400


def test_what_is_recorded_holds_no_credential(sim: Simulator, client: httpx.Client) -> None:
    tokens = by.sign_in(client, sim)
    by.refresh(client, sim, tokens["refresh_token"])
    by.revoke(client, sim, tokens["refresh_token"], "refresh_token")
    by.call(client, sim, tokens["access_token"])
    device = client.post(
        f"{sim.issuer}/api/accounts/deviceauth/usercode", json={"client_id": by.CLIENT_ID}
    ).json()
    body = {name: device[name] for name in ("device_auth_id", "user_code")}
    client.post(f"{sim.issuer}/api/accounts/deviceauth/token", json=body)
    form = {"user_code": device["user_code"], "answer": "allow"}
    client.post(f"{sim.issuer}/codex/device", data=form)
    seen = client.get(f"{sim.issuer}/_sim/requests").text + repr(sim.requests)
    for secret in (*tokens.values(), *body.values(), by.VERIFIER):
        if isinstance(secret, str) and secret not in {"Bearer", by.SCOPE}:
            assert secret not in seen


def test_issuer_says_what_time_it_is(sim: Simulator, client: httpx.Client) -> None:
    sim.auth.clock.advance(3600)
    headers = sim.backend_headers()
    for url in (f"{sim.issuer}{CHECK}", f"{sim.codex_base_url}/models"):
        date = parsedate_to_datetime(client.get(url, headers=headers).headers["date"])
        assert 3590 < date.timestamp() - time.time() <= 3600
