"""The two ways in, as their pages and endpoints answer."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from simulator.script import Status, Usual
from simulator.server import Simulator
from tests.contract.sim import signing_in as by

USERCODE = "/api/accounts/deviceauth/usercode"
POLL = "/api/accounts/deviceauth/token"


def begin(client: httpx.Client, sim: Simulator) -> dict[str, Any]:
    response = client.post(sim.issuer + USERCODE, json={"client_id": by.CLIENT_ID})
    assert response.is_success, response.text
    return response.json()


def poll(client: httpx.Client, sim: Simulator, device: dict[str, Any]) -> httpx.Response:
    body = {name: device[name] for name in ("device_auth_id", "user_code")}
    return client.post(sim.issuer + POLL, json=body)


def code_of(response: httpx.Response) -> str:
    return response.json()["error"]["code"]


def test_page_is_static_with_one_form_and_two_buttons(sim: Simulator, client: httpx.Client) -> None:
    response = client.get(by.authorize_url(sim))
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in response.text
    assert response.text.count("<form") == 1
    assert re.findall(r'value="(\w+)"', response.text) == ["allow", "deny"]
    assert "ada@example.test" in response.text
    action = re.findall(r'action="([^"]+)"', response.text)[0].replace("&amp;", "&")
    allowed = client.post(sim.issuer + action, data={"answer": "allow"})
    assert allowed.headers["location"].startswith(f"{by.CALLBACK}?code=ac_")


def test_denial_goes_back_as_an_error(sim: Simulator, client: httpx.Client) -> None:
    denied = by.answer(client, sim, "deny")
    assert (denied["error"], denied["state"]) == ("access_denied", "s" * 43)
    assert "code" not in denied


@pytest.mark.parametrize(
    "change",
    [
        {"response_type": "token"},
        {"client_id": "app_other"},
        {"client_id": ""},
        {"redirect_uri": ""},
        {"redirect_uri": "http://127.0.0.1:1455/auth/callback/"},
        {"redirect_uri": "http://127.0.0.1:1455/other"},
        {"redirect_uri": "http://127.0.0.1/auth/callback"},
        {"redirect_uri": "http://127.0.0.1:99999/auth/callback"},
        {"redirect_uri": "http://127.0.0.1:1455/auth/callback?x=1"},
        {"redirect_uri": "http://user@127.0.0.1:1455/auth/callback"},
        {"redirect_uri": "https://127.0.0.1:1455/auth/callback"},
        {"redirect_uri": "http://evil.test:1455/auth/callback"},
        {"redirect_uri": "http://[::1]:1455/auth/callback"},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"scope": ""},
        {"scope": "openid"},
        {"state": ""},
    ],
    ids=lambda change: "=".join(next(iter(change.items()))),
)
def test_request_that_is_not_right_never_goes_back(
    sim: Simulator, client: httpx.Client, change: dict[str, str]
) -> None:
    for response in (
        client.get(by.authorize_url(sim, **change)),
        client.post(by.authorize_url(sim, **change), data={"answer": "allow"}),
    ):
        assert response.status_code == 400
        assert "location" not in response.headers


@pytest.mark.parametrize("port", [1455, 1457, 40123])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_any_port_of_loopback_is_registered(
    sim: Simulator, client: httpx.Client, host: str, port: int
) -> None:
    uri = f"http://{host}:{port}/auth/callback"
    code = by.answer(client, sim, "allow", redirect_uri=uri)["code"]
    assert by.exchange(client, sim, code, redirect_uri=uri).is_success


def test_page_may_answer_at_once(sim: Simulator, client: httpx.Client) -> None:
    sim.auth.policy.authorizing = "allow"
    response = client.get(by.authorize_url(sim))
    code = parse_qs(urlsplit(response.headers["location"]).query)["code"][0]
    assert by.exchange(client, sim, code).is_success
    sim.auth.policy.authorizing = "deny"
    sim.auth.policy.denial = ("access_denied", "missing_codex_entitlement")
    query = parse_qs(urlsplit(client.get(by.authorize_url(sim)).headers["location"]).query)
    assert query["error"] == ["access_denied"]
    assert query["error_description"] == ["missing_codex_entitlement"]


def test_device_without_a_visitor_is_allowed_at_the_third_poll(
    sim: Simulator, client: httpx.Client
) -> None:
    device = begin(client, sim)
    assert re.fullmatch(r"[A-Z]{4}-[0-9]{5}", device["user_code"])
    assert device["interval"] == "5"
    for _ in range(2):
        pending = poll(client, sim, device)
        assert (pending.status_code, code_of(pending)) == (403, "deviceauth_authorization_pending")
    allowed = poll(client, sim, device).json()
    assert allowed == poll(client, sim, device).json()
    assert allowed["code_challenge"] == by.challenge(allowed["code_verifier"])
    response = by.exchange(
        client,
        sim,
        allowed["authorization_code"],
        code_verifier=allowed["code_verifier"],
        redirect_uri=f"{sim.issuer}/deviceauth/callback",
    )
    assert by.call(client, sim, response.json()["access_token"]).is_success


def test_visitor_decides(sim: Simulator, client: httpx.Client) -> None:
    page = f"{sim.issuer}/codex/device"
    text = client.get(page).text
    assert text.count("<form") == 1
    assert 'name="user_code"' in text
    assert "<script" not in text
    first, second = begin(client, sim), begin(client, sim)
    for _ in range(5):
        assert code_of(poll(client, sim, first)) == "deviceauth_authorization_pending"
    assert client.post(page, data={"user_code": "XXXX-00000", "answer": "allow"}).status_code == 404
    typed = f" {first['user_code'].lower()} "
    assert "signed in" in client.post(page, data={"user_code": typed, "answer": "allow"}).text
    assert poll(client, sim, first).is_success
    client.post(page, data={"user_code": second["user_code"], "answer": "deny"})
    denied = poll(client, sim, second)
    assert (denied.status_code, code_of(denied)) == (403, "deviceauth_denied")


def test_device_code_is_good_for_fifteen_minutes(sim: Simulator, client: httpx.Client) -> None:
    device = begin(client, sim)
    sim.auth.clock.advance(901)
    assert code_of(poll(client, sim, device)) == "deviceauth_expired"


def test_device_that_is_not_known_is_refused(sim: Simulator, client: httpx.Client) -> None:
    device = begin(client, sim)
    for wrong in ({"device_auth_id": "deviceauth_x"}, {"user_code": "XXXX-00000"}):
        response = poll(client, sim, device | wrong)
        assert (response.status_code, code_of(response)) == (404, "deviceauth_not_found")
    for path in (USERCODE, POLL):
        assert client.post(sim.issuer + path, data={"client_id": by.CLIENT_ID}).status_code == 400
    assert client.post(sim.issuer + USERCODE, json={"client_id": "app_other"}).status_code == 401


@pytest.mark.parametrize("interval", [5, 5.0, " 5 ", "x", None, True, -1])
def test_interval_is_whatever_a_test_wants(
    sim: Simulator, client: httpx.Client, interval: object
) -> None:
    sim.auth.policy.interval = interval
    assert begin(client, sim)["interval"] == interval
    sim.script("deviceauth/usercode", [Usual(without=("interval",), changes={"usercode": "A"})])
    edited = begin(client, sim)
    assert "interval" not in edited
    assert edited["usercode"] == "A"


@pytest.mark.parametrize("status", [200, 202, 204, 301, 307, 400, 401, 404, 408, 410, 429, 503])
@pytest.mark.parametrize("body", ["", "<html></html>", {"error": {"code": "slow_down"}}])
def test_every_answer_to_a_poll_can_be_scripted(
    sim: Simulator, client: httpx.Client, status: int, body: object
) -> None:
    device = begin(client, sim)
    step = Status(status, {"location": "/elsewhere", "retry-after": "7"}, body)
    sim.script("deviceauth/token", [step])
    response = poll(client, sim, device)
    assert response.status_code == status
    assert response.headers["location"] == "/elsewhere"
    if isinstance(body, dict) and status != 204:
        assert response.json() == body
    assert code_of(poll(client, sim, device)) == "deviceauth_authorization_pending"


@pytest.mark.parametrize(
    "spec",
    [
        "oauth/authorize:status=503",
        "deviceauth/usercode:status=404",
        "deviceauth/token:error=rate_limit",
        "oauth/revoke:status=500",
        "accounts/check:status=502",
        "whoami:status=503",
    ],
)
def test_every_endpoint_fails_as_told(sim: Simulator, client: httpx.Client, spec: str) -> None:
    paths = {
        "oauth/authorize": "/oauth/authorize",
        "deviceauth/usercode": USERCODE,
        "deviceauth/token": POLL,
        "oauth/revoke": "/oauth/revoke",
        "accounts/check": "/backend-api/wham/accounts/check",
        "whoami": "/api/accounts/v1/user-auth-credential/whoami",
    }
    sim.fail(f"{spec}:times=1")
    route = spec.partition(":")[0]
    method = "GET" if route in {"oauth/authorize", "accounts/check", "whoami"} else "POST"
    response = client.request(method, sim.issuer + paths[route])
    wanted = spec.rpartition("=")[2]
    assert response.status_code == (429 if wanted == "rate_limit" else int(wanted))
    assert client.request(method, sim.issuer + paths[route]).status_code in {400, 401, 404}
