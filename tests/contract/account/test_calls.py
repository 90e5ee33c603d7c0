"""Calls that a login signs: their headers, what follows a 401, and where tokens never go."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from services.errors import CredentialsError, LoginError, RefusedError, ServiceError
from services.inference.stream import Retrying, Text
from simulator import events as ev
from simulator.auth.account import Account
from simulator.script import Drop, Status
from tests.contract.account.conftest import Home, until

RESPONSES = "/backend-api/codex/responses"


async def test_a_turn_carries_the_header_set_and_nothing_of_codex(home: Home) -> None:
    login = home.plant()
    async with home.open() as desk:
        assert await desk.ask()
    call = home.sim.sent(RESPONSES)[0]
    assert call.headers["chatgpt-account-id"] == login["tokens"]["account_id"]
    assert call.headers["originator"] == "foredeck"
    assert call.headers["user-agent"] == "foredeck/test"
    assert call.headers["version"]
    assert call.headers["session-id"] == call.headers["thread-id"]
    assert "x-openai-fedramp" not in call.headers
    assert call.body["store"] is False
    assert call.body["instructions"]


async def test_the_list_of_models_names_the_protocol_it_is_for(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        assert await desk.client.models()
    assert home.sim.sent("/codex/models")[0].query["client_version"] == "0.169.0"


async def test_only_cookies_of_the_guard_come_back(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        await desk.ask()
        await desk.ask()
    sent = [call.headers.get("cookie", "") for call in home.sim.sent(RESPONSES)]
    assert all("__cf_bm" in cookie for cookie in sent)
    assert not any("session" in cookie for cookie in sent)


async def test_the_stored_account_is_sent_and_the_claim_where_none_is_stored(home: Home) -> None:
    document = home.sim.issue()
    account = document["tokens"]["account_id"]
    document["tokens"]["account_id"] = None
    home.write(document)
    async with home.open() as desk:
        await desk.ask()
    assert home.sim.sent(RESPONSES)[0].headers["chatgpt-account-id"] == account


async def test_a_fedramp_account_says_so(home: Home) -> None:
    home.plant(account=Account(is_fedramp=True))
    async with home.open() as desk:
        await desk.ask()
    assert home.sim.sent(RESPONSES)[0].headers["x-openai-fedramp"] == "true"


async def test_the_routing_header_follows_the_answer(home: Home) -> None:
    home.plant(account=Account(routing_override="us_cr"))
    async with home.open() as desk:
        await desk.ask()
        await desk.ask()
    calls = home.sim.sent(RESPONSES)
    assert {c.headers["x-openai-account-routing-override"] for c in calls} == {"us_cr"}
    assert len(home.sim.sent("/wham/accounts/check")) == 1


async def test_e28_a_foreign_origin_gets_no_token(home: Home) -> None:
    home.plant(account=Account(backend_origin="https://evil.example"))
    async with home.open() as desk:
        assert await desk.ask()
        assert any("evil.example" in notice for notice in desk.auth.account.notices)
    assert len(home.sim.sent(RESPONSES)) == 1


async def test_an_account_that_no_header_can_hold_is_left_out(home: Home) -> None:
    document = home.sim.issue(account=Account(account_id="ünlesbar"))
    document["tokens"]["account_id"] = None
    home.write(document)
    async with home.open() as desk:
        with pytest.raises(ServiceError):
            await desk.ask()
    assert "chatgpt-account-id" not in home.sim.sent(RESPONSES)[0].headers


async def test_calls_of_the_backend_beside_the_models_name_no_originator(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        await desk.ask()
    assert "originator" not in home.sim.sent("/wham/accounts/check")[0].headers


async def test_a_token_near_its_end_is_renewed_before_the_call(home: Home) -> None:
    before = home.plant(life=720, spent=200)
    async with home.open() as desk:
        await desk.ask()
    after = home.tokens()
    assert [r.outcome for r in home.sim.refreshes] == ["rotated"]
    assert home.sim.refreshes[0].reason == "proactive_expiry"
    assert after["refresh_token"] != before["tokens"]["refresh_token"]
    assert home.stored()["last_refresh"] > before["last_refresh"]
    assert [c.headers["authorization"] for c in home.sim.sent(RESPONSES)] == ["Bearer ***"]


async def test_a_401_is_first_a_reason_to_read_the_file_again(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        await desk.ask()
        home.sim.auth.ledger.end_all("revoked")
        newer = home.plant()
        await desk.ask()
    assert home.sim.refreshes == []
    assert home.tokens() == newer["tokens"]


async def test_after_a_401_the_same_login_is_tried_once_more_then_renewed(home: Home) -> None:
    home.plant()
    for _ in range(2):
        home.sim.script("responses", [Status(401, {}, {"detail": "Unauthorized"})])
    async with home.open() as desk:
        assert await desk.ask()
        assert desk.ended() == []
    assert [r.reason for r in home.sim.refreshes] == ["unauthorized_recovery"]
    assert len(home.sim.sent(RESPONSES)) == 3


async def test_the_third_401_of_one_action_is_the_last(home: Home) -> None:
    home.plant()
    for _ in range(5):
        home.sim.script("responses", [Status(401, {}, {"detail": "Unauthorized"})])
    async with home.open() as desk:
        with pytest.raises(LoginError) as caught:
            await desk.ask()
        assert desk.ended() == ["ChatGPT no longer accepts this login (401)"]
    assert caught.value.next_step == "Sign in again"
    assert len(home.sim.sent(RESPONSES)) == 3
    assert len(home.sim.refreshes) == 1


@pytest.mark.parametrize("code", ["token_invalidated", "token_revoked"])
async def test_a_login_that_was_ended_is_read_again_and_not_renewed(home: Home, code: str) -> None:
    home.plant()
    body = {"error": {"code": code, "message": "Your session has ended."}}
    home.sim.script("responses", [Status(401, {}, body)])
    async with home.open() as desk:
        with pytest.raises(LoginError):
            await desk.ask()
        assert len(desk.ended()) == 1
    assert home.sim.refreshes == []
    assert len(home.sim.sent(RESPONSES)) == 1


async def test_a_401_in_the_middle_of_a_turn_ends_with_the_answer(home: Home) -> None:
    home.plant()
    half = [*ev.text_turn("Half of it")[:5], Drop()]
    home.sim.script("responses", half)
    home.sim.script("responses", [Status(401, {}, {"detail": "Unauthorized"})])
    home.sim.script("responses", [Status(401, {}, {"detail": "Unauthorized"})])
    home.sim.script("responses", ev.text_turn("whole"))
    async with home.open() as desk:
        values = await desk.values()
        assert desk.ended() == []
    assert "".join(v.text for v in values if isinstance(v, Text)).endswith("whole")
    assert len([v for v in values if isinstance(v, Retrying)]) == 1
    assert len(home.sim.refreshes) == 1


async def test_e26_a_storm_of_401_leads_to_one_refresh(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        await desk.ask()
        home.sim.auth.clock.advance(11 * 86_400)
        answers = await asyncio.gather(*(desk.ask() for _ in range(8)))
    assert all(answers)
    assert [r.outcome for r in home.sim.refreshes] == ["rotated"]


async def test_two_runs_share_one_refresh(home: Home) -> None:
    home.plant(life=720, spent=200)
    async with home.open() as one, home.open() as two:
        await asyncio.gather(*(desk.ask() for desk in (one, two, one, two)))
    assert [r.outcome for r in home.sim.refreshes] == ["rotated"]


async def test_e16_a_token_that_codex_spent_a_moment_ago_is_no_end(home: Home) -> None:
    """Codex asks without a lock, and stores its answer while ours is refused."""
    mine = home.plant(life=720, spent=730)
    async with home.open() as desk, httpx.AsyncClient(trust_env=False) as codex:
        tokens = mine["tokens"]
        answer = await codex.post(
            f"{home.sim.issuer}/oauth/token",
            json={
                "client_id": tokens["oauth_provenance"]["client_id"],
                "grant_type": "refresh_token",
                "refresh_token": tokens["refresh_token"],
            },
        )
        reused = {"error": {"code": "refresh_token_reused", "message": "used"}}
        gate = home.sim.gate()
        home.sim.script("oauth/token", [gate, Status(401, {}, reused)])
        asking = asyncio.create_task(desk.ask())
        await until(lambda: len(home.sim.refreshes) == 2)
        home.write({**mine, "tokens": {**tokens, **answer.json()}})
        gate.open()
        assert await asking
        assert desk.ended() == []


@pytest.mark.parametrize(
    "code", ["refresh_token_expired", "refresh_token_invalidated", "app_session_terminated"]
)
async def test_a_login_that_is_over_is_said_once_and_not_asked_again(home: Home, code: str) -> None:
    before = home.plant(life=720, spent=730)
    home.sim.script("oauth/token", [Status(401, {}, {"error": {"code": code, "message": "x"}})])
    async with home.open() as desk:
        for _ in range(3):
            with pytest.raises(ServiceError) as caught:
                await desk.ask()
            assert caught.value.next_step == "Sign in again"
        assert desk.ended()
    assert len(home.sim.refreshes) == 1
    assert home.stored() == before, "what is stored is left alone"


async def test_a_refresh_that_fails_for_a_while_leaves_the_token_in_use(home: Home) -> None:
    home.plant(life=720, spent=200)
    home.sim.script("oauth/token", [Status(503, {}, "busy")])
    async with home.open() as desk:
        assert await desk.ask()
        assert await desk.ask(), "the next try has to wait, the token is good"
        assert desk.ended() == []
    assert len(home.sim.refreshes) == 1


async def test_e17_another_account_on_disk_is_never_mixed_in(home: Home) -> None:
    home.plant()
    async with home.open() as desk:
        await desk.ask()
        home.sim.auth.ledger.end_all("revoked")
        home.plant(account=Account(account_id="other", user_id="user-other"))
        with pytest.raises(CredentialsError) as caught:
            await desk.ask()
    assert caught.value.message == "Another account was signed in meanwhile"
    assert {c.headers["chatgpt-account-id"] for c in home.sim.sent(RESPONSES)} != {"other"}
    assert "other" not in {c.headers["chatgpt-account-id"] for c in home.sim.sent(RESPONSES)}


async def test_e18_a_logout_elsewhere_signs_this_run_out(home: Home) -> None:
    home.plant(life=720, spent=200)
    async with home.open() as desk:
        home.file.unlink()
        with pytest.raises(CredentialsError) as caught:
            await desk.ask()
        assert caught.value.code == "signed_out"
        assert desk.ended() == ["Nobody is signed in"]
    assert home.sim.refreshes == []
    assert not home.file.exists()


async def test_e18_a_logout_during_a_refresh_is_not_undone(home: Home) -> None:
    home.plant(life=720, spent=730)
    gate = home.sim.gate()
    more = home.sim.issue()["tokens"]
    fresh = {name: more[name] for name in ("id_token", "access_token", "refresh_token")}
    home.sim.script("oauth/token", [gate, Status(200, {}, fresh)])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        home.file.unlink()
        gate.open()
        with pytest.raises(CredentialsError):
            await asking
    assert not home.file.exists()
    assert [c.body["token_type_hint"] for c in home.sim.sent("/oauth/revoke")] == ["refresh_token"]


async def test_e10_a_planted_issuer_gets_nothing(home: Home) -> None:
    document = home.sim.issue(life=720, spent=730)
    document["tokens"]["oauth_provenance"]["issuer"] = "https://evil.example"
    home.write(document)
    async with home.open() as desk:
        with pytest.raises(CredentialsError) as caught:
            await desk.ask()
    assert "evil.example" in caught.value.message
    assert home.sim.refreshes == []


async def test_e11_a_redirect_is_not_followed_with_a_token(home: Home) -> None:
    home.plant()
    target = f"{home.sim.issuer}/elsewhere"
    home.sim.script("responses", [Status(307, {"location": target}, "")])
    async with home.open() as desk:
        with pytest.raises(RefusedError) as caught:
            await desk.ask()
    assert "127.0.0.1" in caught.value.message
    assert home.sim.sent("/elsewhere") == []


async def test_a_token_goes_to_no_host_that_nobody_allowed(home: Home) -> None:
    home.plant()
    home.environ["FOREDECK_CHATGPT_BASE_URL"] = "https://proxy.example/backend-api"
    async with home.open() as desk:
        with pytest.raises(CredentialsError) as caught:
            await desk.ask()
    assert caught.value.message == "Tokens of ChatGPT are not sent to proxy.example"
    assert "allow_token_hosts" in caught.value.next_step


async def test_e27_a_403_page_of_the_guard_is_no_end_of_the_login(home: Home) -> None:
    home.plant()
    headers = {"content-type": "text/html", "cf-mitigated": "challenge", "cf-ray": "ray-1"}
    home.sim.script("responses", [Status(403, headers, "<html>Just a moment</html>")])
    async with home.open() as desk:
        with pytest.raises(LoginError) as caught:
            await desk.ask()
        assert desk.ended() == []
    assert "Cloudflare" in caught.value.message
    assert home.sim.refreshes == []


async def test_a_cancelled_call_does_not_lose_the_renewal(home: Home) -> None:
    before = home.plant(life=720, spent=730)
    gate = home.sim.gate()
    more = home.sim.issue()["tokens"]
    fresh = {name: more[name] for name in ("id_token", "access_token", "refresh_token")}
    home.sim.script("oauth/token", [gate, Status(200, {}, fresh)])
    async with home.open() as desk:
        asking = asyncio.create_task(desk.ask())
        await until(lambda: home.sim.refreshes)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        gate.open()
    assert home.tokens()["refresh_token"] == more["refresh_token"]
    assert home.tokens()["account_id"] == before["tokens"]["account_id"]


async def test_an_old_opaque_login_is_renewed_by_its_age(home: Home) -> None:
    old = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 9 * 86_400, UTC)
    home.plant(is_opaque=True, last_refresh=old)
    async with home.open() as desk:
        await desk.ask()
    assert [r.reason for r in home.sim.refreshes] == ["scheduled"]


async def test_unknown_members_of_the_file_survive_a_renewal(home: Home) -> None:
    document = home.sim.issue(life=720, spent=200)
    document["later_codex"] = {"x": [1, None]}
    document["tokens"]["more"] = "kept"
    home.write(document)
    async with home.open() as desk:
        await desk.ask()
    assert home.stored()["later_codex"] == {"x": [1, None]}
    assert home.tokens()["more"] == "kept"


async def test_other_tokens_in_the_answer_than_ours_end_the_login(home: Home) -> None:
    home.plant(life=720, spent=730)
    stranger = home.sim.issue(account=Account(account_id="other", user_id="user-other"))["tokens"]
    fresh = {name: stranger[name] for name in ("id_token", "access_token", "refresh_token")}
    home.sim.script("oauth/token", [Status(200, {}, fresh)])
    async with home.open() as desk:
        with pytest.raises(CredentialsError) as caught:
            await desk.ask()
        assert desk.ended()
    assert caught.value.code == "other_account"
    assert not home.file.exists()
