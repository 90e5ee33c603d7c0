"""Codes, tokens and families: what is issued, once, and what ends it."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from simulator.auth.account import Account
from simulator.script import Drop, Status, Usual, Work
from simulator.server import Simulator
from tests.contract.sim import signing_in as by


def test_code_becomes_tokens_that_the_backend_takes(sim: Simulator, client: httpx.Client) -> None:
    answered = by.answer(client, sim, "allow")
    assert answered["state"] == "s" * 43
    tokens = by.exchange(client, sim, answered["code"]).json()
    assert by.call(client, sim, tokens["access_token"]).is_success
    assert sim.auth.ledger.codes_exchanged == 1
    assert sim.auth.live_families == 1


def test_tokens_carry_every_claim(sim: Simulator, client: httpx.Client) -> None:
    sim.account = Account(email="eve@example.test", plan="pro", account_id="acct", is_fedramp=True)
    tokens = by.sign_in(client, sim)
    identity, access = by.claims(tokens["id_token"]), by.claims(tokens["access_token"])
    assert identity["email"] == "eve@example.test"
    assert identity["aud"] == [by.CLIENT_ID]
    assert identity["iss"] == sim.issuer
    assert access["https://api.openai.com/profile"]["email"] == "eve@example.test"
    assert access["exp"] - access["iat"] == 10 * 86400
    for found in (identity[by.AUTH], access[by.AUTH]):
        assert found["chatgpt_account_id"] == "acct"
        assert found["chatgpt_user_id"] == found["user_id"] == sim.account.user_id
        assert found["chatgpt_plan_type"] == "pro"
        assert found["chatgpt_account_is_fedramp"] is True
        assert found["organizations"][0]["id"] == found["organization_id"]
        assert found["completed_platform_onboarding"] is True
        assert found["is_org_owner"] is True
        assert found["project_id"]
    assert len(tokens["access_token"].split(".")) == 3
    assert "=" not in tokens["access_token"]


def test_account_without_claims_signs_in_all_the_same(sim: Simulator, client: httpx.Client) -> None:
    sim.account = Account(has_claims=False, account_id=None, email=None)
    tokens = by.sign_in(client, sim)
    assert by.AUTH not in by.claims(tokens["id_token"])
    assert "email" not in by.claims(tokens["id_token"])
    assert by.call(client, sim, tokens["access_token"]).is_success


def test_tokens_live_as_long_as_told_and_may_be_part_spent(client: httpx.Client) -> None:
    with Simulator(token_life=720, token_spent=180) as sim:
        before = time.time()
        access = by.claims(by.sign_in(client, sim)["access_token"])
        assert access["exp"] - access["iat"] in {720, 721}
        assert 539 <= access["exp"] - before <= 545


@pytest.mark.parametrize(
    "change",
    [
        {"code": "ac_unknown"},
        {"code_verifier": "w" * 86},
        {"redirect_uri": "http://localhost:1455/auth/callback"},
        {"client_id": "app_other"},
        {"grant_type": "password"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_exchange_that_does_not_match_is_refused(
    sim: Simulator, client: httpx.Client, change: dict[str, str]
) -> None:
    code = by.answer(client, sim, "allow")["code"]
    response = by.exchange(client, sim, **({"code": code} | change))
    assert response.status_code in {400, 401}
    assert response.json()["error_description"]
    assert sim.auth.live_families == 0


def test_code_is_good_once_and_for_five_minutes(sim: Simulator, client: httpx.Client) -> None:
    code = by.answer(client, sim, "allow")["code"]
    assert by.exchange(client, sim, code).is_success
    assert by.exchange(client, sim, code).json()["error"] == "invalid_grant"
    old = by.answer(client, sim, "allow")["code"]
    sim.auth.clock.advance(301)
    assert by.exchange(client, sim, old).json()["error"] == "invalid_grant"


def test_refresh_rotates_and_older_access_tokens_live_on(
    sim: Simulator, client: httpx.Client
) -> None:
    first = by.sign_in(client, sim)
    second = by.refresh(client, sim, first["refresh_token"]).json()
    assert first["refresh_token"] != second["refresh_token"]
    assert first["access_token"] != second["access_token"]
    for tokens in (first, second):
        assert by.call(client, sim, tokens["access_token"]).is_success
    assert by.refresh(client, sim, second["refresh_token"]).is_success
    assert [entry.outcome for entry in sim.refreshes] == ["rotated", "rotated"]
    assert [entry.reason for entry in sim.refreshes] == ["proactive_expiry"] * 2


def test_used_refresh_token_kills_its_family_and_no_other(
    sim: Simulator, client: httpx.Client
) -> None:
    other = by.sign_in(client, sim)
    first = by.sign_in(client, sim)
    second = by.refresh(client, sim, first["refresh_token"]).json()
    reused = by.refresh(client, sim, first["refresh_token"])
    assert (reused.status_code, reused.json()["error"]["code"]) == (401, "refresh_token_reused")
    late = by.refresh(client, sim, second["refresh_token"])
    assert (late.status_code, late.json()["error"]["code"]) == (401, "refresh_token_invalidated")
    for tokens in (first, second):
        dead = by.call(client, sim, tokens["access_token"])
        assert (dead.status_code, dead.json()["error"]["code"]) == (401, "token_invalidated")
        assert dead.headers["x-request-id"]
    assert by.call(client, sim, other["access_token"]).is_success
    assert [entry.outcome for entry in sim.refreshes] == ["rotated", "reused", "invalidated"]
    assert (sim.auth.reuses, sim.auth.live_families) == (1, 1)


@pytest.mark.parametrize(
    ("end", "code"),
    [("revoked", "refresh_token_invalidated"), ("expired", "refresh_token_expired")],
)
def test_ended_session_refuses_its_refresh_token(
    sim: Simulator, client: httpx.Client, end: str, code: str
) -> None:
    token = by.sign_in(client, sim)["refresh_token"]
    assert sim.auth.ledger.end_all(end) == 1  # pyright: ignore[reportArgumentType]
    response = by.refresh(client, sim, token)
    assert (response.status_code, response.json()["error"]["code"]) == (401, code)


@pytest.mark.parametrize(("token", "code"), [("rt_unknown", "invalid_refresh_token"), ("", None)])
def test_refresh_token_that_is_none_of_ours_is_refused(
    sim: Simulator, client: httpx.Client, token: str, code: str | None
) -> None:
    response = by.refresh(client, sim, token)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == (code or "empty_string")


def test_each_grant_has_its_own_encoding(sim: Simulator, client: httpx.Client) -> None:
    tokens = by.sign_in(client, sim)
    url = f"{sim.issuer}/oauth/token"
    form = {
        "grant_type": "refresh_token",
        "client_id": by.CLIENT_ID,
        "refresh_token": tokens["refresh_token"],
    }
    assert client.post(url, data=form).json()["error"] == "invalid_request"
    code = by.answer(client, sim, "allow")["code"]
    body = {
        "grant_type": "authorization_code",
        "client_id": by.CLIENT_ID,
        "code": code,
        "redirect_uri": by.CALLBACK,
        "code_verifier": by.VERIFIER,
    }
    assert client.post(url, json=body).json()["error"] == "invalid_request"
    assert by.refresh(client, sim, tokens["refresh_token"]).is_success
    assert by.exchange(client, sim, code).is_success
    assert [entry.outcome for entry in sim.refreshes] == ["refused", "rotated"]


def test_id_token_becomes_a_key_for_openai(sim: Simulator, client: httpx.Client) -> None:
    form = {
        "grant_type": by.EXCHANGE,
        "client_id": by.CLIENT_ID,
        "requested_token": "openai-api-key",
        "subject_token": by.sign_in(client, sim)["id_token"],
        "subject_token_type": by.ID_TOKEN,
    }
    url = f"{sim.issuer}/oauth/token"
    key = client.post(url, data=form).json()["access_token"]
    headers = {"authorization": f"Bearer {key}"}
    assert client.get(f"{sim.openai_base_url}/models", headers=headers).is_success
    assert client.post(url, data=form | {"subject_token": "x.y.z"}).status_code == 400
    assert client.post(url, data=form | {"requested_token": "x"}).status_code == 400
    sim.account = Account(organization_id=None)
    poor = form | {"subject_token": by.sign_in(client, sim)["id_token"]}
    assert client.post(url, data=poor).json()["error"]["code"] == "invalid_subject_token"


def test_revoked_refresh_token_ends_the_session(sim: Simulator, client: httpx.Client) -> None:
    tokens = by.sign_in(client, sim)
    assert by.revoke(client, sim, tokens["refresh_token"], "refresh_token").is_success
    refused = by.refresh(client, sim, tokens["refresh_token"])
    assert refused.json()["error"]["code"] == "refresh_token_invalidated"
    dead = by.call(client, sim, tokens["access_token"])
    assert (dead.status_code, dead.json()["error"]["code"]) == (401, "token_revoked")
    assert sim.auth.live_families == 0


def test_revoked_access_token_leaves_the_session(sim: Simulator, client: httpx.Client) -> None:
    tokens = by.sign_in(client, sim)
    assert by.revoke(client, sim, tokens["access_token"], "access_token").is_success
    assert by.call(client, sim, tokens["access_token"]).status_code == 401
    renewed = by.refresh(client, sim, tokens["refresh_token"]).json()
    assert by.call(client, sim, renewed["access_token"]).is_success


def test_revocation_takes_json_and_knows_its_client(sim: Simulator, client: httpx.Client) -> None:
    url = f"{sim.issuer}/oauth/revoke"
    body = {"token": "rt_x", "token_type_hint": "refresh_token", "client_id": by.CLIENT_ID}
    assert client.post(url, json=body).status_code == 200
    assert client.post(url, data=body).status_code == 400
    assert client.post(url, json=body | {"client_id": "app_other"}).status_code == 401
    assert client.post(url, json=body | {"token": ""}).status_code == 400
    assert client.post(url, json=body | {"token_type_hint": "x"}).status_code == 400


def test_scripts_leave_out_change_hold_and_lose_answers(
    sim: Simulator, client: httpx.Client
) -> None:
    token = by.sign_in(client, sim)["refresh_token"]
    sim.script("oauth/token", [Usual(without=("id_token",), changes={"expires_in": 1})])
    body = by.refresh(client, sim, token).json()
    assert "id_token" not in body
    assert body["expires_in"] == 1
    gate = sim.gate()
    sim.script("oauth/token", [Work(), gate, Usual()])
    gate.open()
    token = by.refresh(client, sim, body["refresh_token"]).json()["refresh_token"]
    sim.script("oauth/token", [Work(), Drop()])
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        by.refresh(client, sim, token)
    assert by.refresh(client, sim, token).json()["error"]["code"] == "refresh_token_reused"


def test_other_processes_script_the_issuer_too(sim: Simulator, client: httpx.Client) -> None:
    token = by.sign_in(client, sim)["refresh_token"]
    steps = [
        {"work": True},
        {"mark": "rotated"},
        {"usual": {"without": ["refresh_token"], "with": {"id_token": "x"}}},
    ]
    body = {"route": "oauth/token", "steps": steps}
    assert client.post(f"{sim.issuer}/_sim/script", json=body).status_code == 204
    answered = by.refresh(client, sim, token).json()
    assert answered["id_token"] == "x"
    assert "refresh_token" not in answered
    assert [mark.name for mark in sim.marks] == ["rotated"]
    body = {"route": "oauth/token", "steps": [{"usual": True}]}
    assert client.post(f"{sim.issuer}/_sim/script", json=body).status_code == 204
    assert by.refresh(client, sim, token).status_code == 401


def test_refreshes_of_many_clients_at_once_each_count_once(sim: Simulator) -> None:
    def keep_renewing(_number: int) -> None:
        with httpx.Client(trust_env=False, timeout=20) as own:
            token = sim.issue()["tokens"]["refresh_token"]
            for _ in range(25):
                token = by.refresh(own, sim, token).json()["refresh_token"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(keep_renewing, range(4)))
    assert [entry.outcome for entry in sim.refreshes] == ["rotated"] * 100
    assert len({entry.token for entry in sim.refreshes}) == 100
    assert (sim.auth.reuses, sim.auth.live_families) == (0, 4)


def test_answers_do_not_wait_to_be_acknowledged(sim: Simulator, client: httpx.Client) -> None:
    by.sign_in(client, sim)
    assert sim._server is not None
    (connection,) = sim._server.server_state.connections
    accepted: socket.socket = connection.transport.get_extra_info("socket")
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_script_wins_over_every_check(sim: Simulator, client: httpx.Client) -> None:
    sim.script("oauth/token", [Status(429, {"retry-after": "7"}, {"error": "slow"})])
    response = client.post(f"{sim.issuer}/oauth/token", content=b"nonsense")
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


def test_fault_strikes_before_the_token_is_spent(sim: Simulator, client: httpx.Client) -> None:
    token = by.sign_in(client, sim)["refresh_token"]
    sim.fail("oauth/token:status=500:times=1")
    assert by.refresh(client, sim, token).status_code == 500
    assert by.refresh(client, sim, token).is_success
    assert [entry.outcome for entry in sim.refreshes] == ["unserved", "rotated"]
    assert len({entry.token for entry in sim.refreshes}) == 1
