"""The real Codex CLI signs in with the simulator's issuer, stays signed in, and signs out.

It runs with its own base URLs, issuer and client id; a proxy that ends TLS stands in the place of
the servers behind them. What differs from the specification is a mistake of the simulator.
"""

import json
import re
from collections.abc import Generator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from simulator.script import Usual
from simulator.server import Simulator
from tests.oracle.codex import AppServer, Codex, answered, events, turn

pytestmark = [pytest.mark.oracle, pytest.mark.slow, pytest.mark.timeout(180)]
callback_ports = pytest.mark.xdist_group("callback ports")

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
QUESTION = "How do I retry a request?"
LOGGED_IN = "Logged in using ChatGPT"


@pytest.fixture
def browser() -> Generator[httpx.Client]:
    """A browser that shows nothing."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


def sign_in_by_device(codex: Codex, sim: Simulator) -> str:
    """Sign in with the hidden flags; what it said."""
    flags = ("--experimental_issuer", sim.issuer, "--experimental_client-id", CLIENT_ID)
    result = codex.run("login", "--device-auth", *flags)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


def press(browser: httpx.Client, sim: Simulator, url: str, answer: str) -> httpx.Response:
    """Open the page that a client names, press a button, follow the redirect to the client."""
    asked = urlsplit(url)
    page = f"{sim.issuer}{asked.path}?{asked.query}"
    assert browser.get(page).is_success
    decided = browser.post(page, data={"answer": answer})
    return browser.get(decided.headers["location"])


def authorize_url(text: str) -> str:
    found = re.search(r"https://auth\.openai\.com/oauth/authorize\S+", text)
    return found.group() if found else ""


def test_device_login_is_accepted_and_kept(codex: Codex, sim: Simulator) -> None:
    said = sign_in_by_device(codex, sim)
    assert f"{sim.issuer}/codex/device" in said
    assert re.search(r"[A-Z]{4}-[0-9]{5}", said)
    assert [request.path for request in sim.requests] == [
        "/api/accounts/deviceauth/usercode",
        *["/api/accounts/deviceauth/token"] * 3,
        "/oauth/token",
    ]
    assert not any("user-agent" in request.headers for request in sim.requests)
    exchange = sim.requests[-1]
    assert exchange.headers["content-type"] == "application/x-www-form-urlencoded"
    assert exchange.body["redirect_uri"] == f"{sim.issuer}/deviceauth/callback"
    login = codex.login()
    assert login["auth_mode"] == "chatgpt"
    assert login["OPENAI_API_KEY"] is None
    assert login["tokens"]["account_id"] == sim.account.account_id
    assert login["tokens"]["oauth_provenance"] == {"issuer": sim.issuer, "client_id": CLIENT_ID}
    assert LOGGED_IN in codex.run("login", "status").stderr


def test_device_login_goes_on_after_the_page_allowed_it(
    codex: Codex, sim: Simulator, browser: httpx.Client
) -> None:
    sim.auth.policy.approve_at = None
    sim.auth.policy.interval = "1"
    flags = ("--experimental_issuer", sim.issuer, "--experimental_client-id", CLIENT_ID)
    with codex.beside("login", "--device-auth", *flags) as process:
        assert process.stdout is not None
        said = ""
        while (found := re.search(r"[A-Z]{4}-[0-9]{5}", said)) is None:
            line = process.stdout.readline()
            assert line, said
            said += line
        form = {"user_code": found.group(), "answer": "allow"}
        assert browser.post(f"{sim.issuer}/codex/device", data=form).is_success
        process.wait(60)
    assert process.returncode == 0
    assert codex.login()["tokens"]["account_id"] == sim.account.account_id


def test_server_without_device_login_is_said(codex: Codex, sim: Simulator) -> None:
    sim.fail("deviceauth/usercode:status=404")
    flags = ("--experimental_issuer", sim.issuer, "--experimental_client-id", CLIENT_ID)
    result = codex.run("login", "--device-auth", *flags)
    assert result.returncode != 0
    assert "not enabled" in result.stderr
    assert not codex.auth_file.exists()


@callback_ports
def test_browser_login_is_accepted_and_kept(
    codex: Codex, sim: Simulator, browser: httpx.Client
) -> None:
    with codex.beside("login") as process:
        assert process.stdout is not None
        while not (url := authorize_url(process.stdout.readline())):
            assert process.poll() is None
        back = press(browser, sim, url, "allow")
        assert back.status_code == 302
        assert browser.get(back.headers["location"]).is_success
        process.wait(60)
    assert process.returncode == 0
    asked = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["client_id"] == CLIENT_ID
    assert re.fullmatch(r"http://127\.0\.0\.1:(1455|1457)/auth/callback", asked["redirect_uri"])
    assert (len(asked["state"]), len(asked["code_challenge"])) == (43, 43)
    grants = [request.body["grant_type"] for request in sim.sent("/oauth/token")]
    assert grants == ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"]
    login = codex.login()
    assert login["tokens"]["account_id"] == sim.account.account_id
    assert sim.auth.ledger.is_api_key(login["OPENAI_API_KEY"])
    assert set(codex.front.asked) == {"auth.openai.com"}
    assert LOGGED_IN in codex.run("login", "status").stderr


@callback_ports
@pytest.mark.parametrize(
    ("denial", "said"),
    [
        (("access_denied", "Not today."), "Not today."),
        (("access_denied", "missing_codex_entitlement"), "administrator"),
    ],
)
def test_browser_login_that_is_denied_is_said(
    codex: Codex, sim: Simulator, browser: httpx.Client, denial: tuple[str, str], said: str
) -> None:
    sim.auth.policy.denial = denial
    with codex.beside("login") as process:
        assert process.stdout is not None
        while not (url := authorize_url(process.stdout.readline())):
            assert process.poll() is None
        page = press(browser, sim, url, "deny")
        process.wait(60)
    assert process.returncode == 1
    assert said in page.text
    assert not codex.auth_file.exists()


@callback_ports
def test_editors_sign_in_by_browser_with_an_issuer_of_their_own(
    codex: Codex, sim: Simulator, browser: httpx.Client
) -> None:
    server = AppServer(
        codex,
        CODEX_APP_SERVER_LOGIN_ISSUER=sim.issuer,
        CODEX_APP_SERVER_LOGIN_CLIENT_ID=CLIENT_ID,
    )
    try:
        url = server.ask("account/login/start", type="chatgpt")["authUrl"]
        assert url.startswith(f"{sim.issuer}/oauth/authorize?")
        back = press(browser, sim, url, "allow")
        browser.get(back.headers["location"])
        assert server.wait_for("account/login/completed")["success"] is True
        account = server.ask("account/read")["account"]
        assert (account["email"], account["planType"]) == ("ada@example.test", "plus")
        server.ask("account/logout")
    finally:
        server.close()
    assert not codex.auth_file.exists()
    assert sim.auth.ledger.families()[0].end == "revoked"


def test_editors_sign_in_by_device(codex: Codex, sim: Simulator) -> None:
    server = AppServer(
        codex,
        CODEX_APP_SERVER_LOGIN_ISSUER=sim.issuer,
        CODEX_APP_SERVER_LOGIN_CLIENT_ID=CLIENT_ID,
    )
    try:
        started = server.ask("account/login/start", type="chatgptDeviceCode")
        assert started["verificationUrl"] == f"{sim.issuer}/codex/device"
        assert server.wait_for("account/login/completed")["success"] is True
    finally:
        server.close()
    assert codex.login()["tokens"]["account_id"] == sim.account.account_id


def test_turn_with_the_login_that_it_made(codex: Codex, sim: Simulator) -> None:
    sign_in_by_device(codex, sim)
    result = codex.ask(QUESTION)
    assert answered(result), result.stdout + result.stderr
    (turn,) = [r for r in sim.sent("/codex/responses") if r.method == "POST"]
    assert turn.headers["host"] == "chatgpt.com"
    assert turn.headers["chatgpt-account-id"] == sim.account.account_id
    assert turn.headers["originator"] == "codex_exec"
    assert turn.headers["user-agent"].startswith("codex_exec/")
    assert turn.headers["cookie"] == "__cf_bm=***"
    models = sim.sent("/codex/models")[0]
    assert models.query["client_version"] == models.headers["version"]
    check = sim.sent("/accounts/check")[0]
    assert "originator" not in check.headers
    assert sim.refreshes == []


def test_routing_override_comes_back_as_a_header(codex: Codex, sim: Simulator) -> None:
    sim.account = replace(
        sim.account, backend_origin="https://chatgpt.com", routing_override="us_cr"
    )
    codex.plant(sim.issue())
    assert answered(codex.ask(QUESTION))
    turns = [r for r in sim.sent("/codex/responses") if r.method == "POST"]
    assert turns[0].headers["x-openai-account-routing-override"] == "us_cr"


@pytest.mark.parametrize(
    ("origin", "override", "said"),
    [
        (None, "NO_CONSTRAINT", "missing backend origin"),
        ("http://chatgpt.com", "NO_CONSTRAINT", "must use an HTTPS origin"),
        ("https://chatgpt.com", "mars", "invalid account routing override"),
    ],
    ids=["null", "plain", "unknown override"],
)
def test_routing_that_cannot_be_is_fatal(
    codex: Codex, sim: Simulator, origin: str | None, override: str, said: str
) -> None:
    sim.account = replace(sim.account, backend_origin=origin, routing_override=override)
    codex.plant(sim.issue())
    with codex.beside(*turn(QUESTION)) as process:
        assert process.stdout is not None
        heard = ""
        while said not in heard:
            line = process.stdout.readline()
            assert line, heard
            heard += line
    assert not sim.sent("/codex/responses")


def test_business_plans_ask_for_their_configuration(codex: Codex, sim: Simulator) -> None:
    sim.account = replace(sim.account, plan="business")
    codex.plant(sim.issue())
    assert answered(codex.ask(QUESTION))
    assert sim.sent("/config/bundle")


def test_token_near_its_end_is_renewed_first(codex: Codex, sim: Simulator) -> None:
    before = sim.issue(life=720, spent=480)
    codex.plant(before)
    assert answered(codex.ask(QUESTION))
    after = codex.login()
    assert [(r.outcome, r.reason) for r in sim.refreshes] == [("rotated", "proactive_expiry")]
    assert after["tokens"]["refresh_token"] != before["tokens"]["refresh_token"]
    assert after["last_refresh"] > before["last_refresh"]
    assert sim.requests[0].path == "/oauth/token"
    assert sim.requests[0].headers["content-type"] == "application/json"


def test_token_with_nine_minutes_left_is_used_as_it_is(codex: Codex, sim: Simulator) -> None:
    before = sim.issue(life=720, spent=180)
    codex.plant(before)
    assert answered(codex.ask(QUESTION))
    assert sim.refreshes == []
    assert codex.login() == before


def test_refresh_goes_where_it_is_told(codex: Codex, sim: Simulator) -> None:
    codex.plant(sim.issue(life=720, spent=480, has_provenance=False))
    result = codex.ask(QUESTION, CODEX_REFRESH_TOKEN_URL_OVERRIDE=f"{sim.issuer}/oauth/token")
    assert answered(result)
    (refresh,) = sim.sent("/oauth/token")
    assert refresh.headers["host"] == sim.issuer.removeprefix("http://")


def test_answer_without_optional_tokens_keeps_the_stored(codex: Codex, sim: Simulator) -> None:
    before = sim.issue(life=720, spent=480)
    codex.plant(before)
    sim.script("oauth/token", [Usual(without=("id_token",))])
    assert answered(codex.ask(QUESTION))
    after = codex.login()["tokens"]
    assert after["id_token"] == before["tokens"]["id_token"]
    assert after["refresh_token"] != before["tokens"]["refresh_token"]


def test_dead_access_token_is_recovered(codex: Codex, sim: Simulator) -> None:
    login = sim.issue()
    codex.plant(login)
    sim.auth.ledger.revoke(login["tokens"]["access_token"])
    assert answered(codex.ask(QUESTION))
    assert [(r.outcome, r.reason) for r in sim.refreshes] == [("rotated", "unauthorized_recovery")]


def test_refresh_token_that_another_used_ends_the_session(
    codex: Codex, sim: Simulator, browser: httpx.Client
) -> None:
    login = sim.issue(life=720, spent=480)
    codex.plant(login)
    body = {
        "client_id": CLIENT_ID,
        "grant_type": "refresh_token",
        "refresh_token": login["tokens"]["refresh_token"],
    }
    assert browser.post(f"{sim.issuer}/oauth/token", json=body).is_success
    result = codex.ask(QUESTION)
    assert not answered(result)
    assert "refresh token was already used" in json.dumps(events(result)[-1])
    assert sim.auth.reuses > 0
    assert sim.auth.live_families == 0


def test_personal_token_asks_who_it_is(codex: Codex, sim: Simulator) -> None:
    token = sim.auth.ledger.add_personal_token(sim.account)
    assert answered(codex.ask(QUESTION, CODEX_ACCESS_TOKEN=token))
    assert sim.sent("/whoami")
    assert not codex.auth_file.exists()


def test_logout_deletes_and_revokes(codex: Codex, sim: Simulator) -> None:
    sign_in_by_device(codex, sim)
    assert codex.run("logout").returncode == 0
    assert not codex.auth_file.exists()
    (revoked,) = sim.sent("/oauth/revoke")
    assert revoked.body["token_type_hint"] == "refresh_token"
    assert revoked.body["client_id"] == CLIENT_ID
    assert sim.auth.ledger.families()[0].end == "revoked"


def test_new_login_revokes_the_one_before(codex: Codex, sim: Simulator) -> None:
    codex.plant(sim.issue())
    sign_in_by_device(codex, sim)
    assert [family.end for family in sim.auth.ledger.families()] == ["revoked", "alive"]
