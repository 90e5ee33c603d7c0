"""`wham/usage` and reset credits: who may ask, what breaks, what tests can say and see."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from simulator.limits.stories import LIMITS
from simulator.script import Drop, Status, Work
from simulator.server import Simulator
from tests.contract.sim.reading_limits import Reader, used
from tests.contract.sim.test_command import post, run, running

CREDITS = "/wham/rate-limit-reset-credits"


@pytest.fixture
def reader(sim: Simulator, client: httpx.Client) -> Reader:
    return Reader(sim, client)


@pytest.mark.parametrize("path", ["/wham/usage", CREDITS])
def test_the_caller_has_to_be_signed_in(reader: Reader, path: str) -> None:
    assert reader.get(path).status_code == 200
    assert reader.get(path, authorization="Bearer somebody").status_code == 401
    assert reader.get(path, **{"chatgpt-account-id": "another"}).status_code == 403
    reader.sim.auth.ledger.end_all("revoked")
    refused = reader.get(path)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "token_revoked")
    assert reader.redeem("a").status_code == 401


def test_the_account_has_to_be_named(reader: Reader) -> None:
    del reader.headers["chatgpt-account-id"]
    assert reader.get().status_code == 400


def test_the_use_is_told_below_other_base_urls_too(reader: Reader) -> None:
    url = f"{reader.sim.issuer}/api/codex"
    usage = reader.client.get(f"{url}/usage", headers=reader.headers).json()
    assert used(usage) == 38
    said = reader.client.get(f"{url}/rate-limit-reset-credits", headers=reader.headers)
    assert said.json()["available_count"] == 1


def test_the_use_is_that_of_the_account(reader: Reader) -> None:
    sim = reader.sim
    bob = replace(sim.account, account_id="bobs", user_id="user-bob", email=None, plan="pro")
    other = Reader(sim, reader.client, bob)
    for _ in range(5):
        reader.turn()
    assert (used(reader.usage()), used(other.usage())) == (44, 38)
    usage = other.usage()
    assert (usage["account_id"], usage["user_id"], usage["email"]) == ("bobs", "user-bob", None)
    assert usage["plan_type"] == "pro"
    sim.limits.set(account="bobs", windows=[{"used_percent": 5}])
    assert (used(reader.usage()), used(other.usage())) == (44, 5)


@pytest.mark.parametrize(
    ("fault", "status", "content"),
    [
        ("wham/usage:status=503", 503, "overloaded"),
        ("wham/usage:garbage", 200, "not json"),
        ("wham/usage:html", 200, "<h1>Log in</h1>"),
        ("wham/usage:error=cloudflare", 403, "Cloudflare"),
        ("wham/usage:slow=0.01", 200, "plan_type"),
    ],
)
def test_polls_meet_faults(reader: Reader, fault: str, status: int, content: str) -> None:
    reader.sim.fail(f"{fault}:times=1")
    met = reader.get()
    assert met.status_code == status
    assert content in met.text
    assert reader.get(CREDITS).status_code == 200
    assert used(reader.usage()) == 38


def test_polls_are_scripted_and_recorded(reader: Reader) -> None:
    odd = {"plan_type": 7}
    reader.sim.script("wham/usage", [Status(200, {}, odd)])
    assert reader.usage() == odd
    assert used(reader.usage()) == 38
    assert [request.path for request in reader.sim.sent("/wham/usage")] == [
        "/backend-api/wham/usage"
    ] * 2


def test_polls_are_counted_whatever_comes_of_them(reader: Reader) -> None:
    reader.sim.fail("wham/usage:drop:times=1")
    with pytest.raises(httpx.RemoteProtocolError):
        reader.get()
    reader.usage()
    reader.sim.limits.advance(60)
    reader.usage()
    polls = reader.sim.limits.polls
    assert [poll.account for poll in polls] == [reader.sim.account.account_id] * 3
    assert 60 <= polls[2].at - polls[1].at < 80


def test_a_reset_credit_is_spent_once_for_an_id(reader: Reader) -> None:
    key = str(uuid.uuid4())
    assert reader.redeem(key).json() == {"code": "reset", "windows_reset": 2}
    assert used(reader.usage()) == 0
    reader.turn()
    assert reader.redeem(key).json() == {"code": "already_redeemed", "windows_reset": 0}
    assert reader.redeem("other").json()["code"] == "no_credit"
    (credit,) = reader.get(CREDITS).json()["credits"]
    assert (credit["status"], credit["reset_type"]) == ("redeemed", "codex_rate_limits")


def test_an_answer_that_is_lost_has_spent_the_credit(reader: Reader) -> None:
    route = "wham/rate-limit-reset-credits/consume"
    reader.sim.script(route, [Work(), Drop()])
    with pytest.raises(httpx.RemoteProtocolError):
        reader.redeem("a")
    assert reader.redeem("a").json()["code"] == "already_redeemed"
    assert reader.get(CREDITS).json()["available_count"] == 0


def test_a_named_credit_is_spent_and_no_other(reader: Reader) -> None:
    reader.sim.limits.set(reset_credits=2)
    first, second = reader.get(CREDITS).json()["credits"]
    assert first["expires_at"] is not None
    assert second["expires_at"] is None
    assert reader.redeem("a", credit_id="nobody's").json()["code"] == "no_credit"
    assert reader.redeem("b", credit_id=second["id"]).json()["code"] == "reset"
    left = reader.get(CREDITS).json()
    assert [credit["status"] for credit in left["credits"]] == ["available", "redeemed"]
    assert (left["available_count"], left["total_earned_count"]) == (1, 2)


def test_nothing_is_spent_where_nothing_was_used(reader: Reader) -> None:
    reader.sim.limits.set(story="limits-unused", reset_credits=1)
    assert reader.redeem("a").json()["code"] == "nothing_to_reset"
    assert reader.usage()["rate_limit_reset_credits"] == {
        "available_count": 1,
        "applicable_available_count": 0,
    }
    reader.turn()
    assert reader.redeem("a").json()["code"] == "reset"


@pytest.mark.parametrize("request_id", [None, "", 7])
def test_a_redemption_without_an_id_is_refused(reader: Reader, request_id: object) -> None:
    assert reader.redeem(request_id).status_code == 400
    assert reader.get(CREDITS).json()["available_count"] == 1


def test_one_id_at_once_spends_one_credit(reader: Reader) -> None:
    reader.sim.limits.set(reset_credits=5)
    with ThreadPoolExecutor(8) as pool:
        codes = [answer.json()["code"] for answer in pool.map(reader.redeem, ["a"] * 8)]
    assert sorted(codes) == ["already_redeemed"] * 7 + ["reset"]
    assert reader.get(CREDITS).json()["available_count"] == 4


def test_tests_say_how_an_account_stands(reader: Reader) -> None:
    sim = reader.sim
    sim.limits.set(
        plan="prolite",
        windows=[
            {"used_percent": 100, "resets_in": 60},
            {"slot": "secondary", "gone": True},
            {"bucket": "codex_fox", "used_percent": 12, "seconds": 3600},
        ],
        buckets=[{"id": "codex_fox", "name": "Fox"}],
        credits={"balance": "18"},
        spend_control={"limit": 100, "used": 40},
    )
    usage = reader.usage()
    assert (usage["plan_type"], used(usage), usage["credits"]["balance"]) == ("prolite", 100, "18")
    assert usage["rate_limit"]["secondary_window"] is None
    assert usage["additional_rate_limits"][0]["limit_name"] == "Fox"
    assert usage["spend_control"]["individual_limit"]["used_percent"] == 40
    assert reader.turn().status_code == 429
    sim.limits.advance(61)
    assert reader.turn().status_code == 200
    sim.limits.set(refuses=True)
    assert reader.turn().status_code == 429
    sim.limits.set(usage=["anything"])
    assert reader.get().json() == ["anything"]


def test_other_processes_say_and_see_it_too(reader: Reader) -> None:
    url = f"{reader.sim.issuer}/_sim/limits"
    reader.usage()
    said = reader.client.post(url, json={"windows": [{"used_percent": 90}], "advance": 30})
    assert said.status_code == 200
    assert used(reader.usage()) == 90
    told = reader.client.get(url).json()
    assert [poll["account"] for poll in told["polls"]] == [reader.sim.account.account_id] * 2
    assert told["polls"][1]["at"] - told["polls"][0]["at"] >= 30
    assert 90 <= told["accounts"][0]["windows"][0]["used_percent"] < 91


def test_limit_stories_are_listed_and_told(client: httpx.Client) -> None:
    assert set(LIMITS) <= {line.split()[0] for line in run("--story", "list").stdout.splitlines()}
    with running("--story", "limits-exhausted", "--speed", "inf") as (_, line):
        assert line["story"] == "limits-exhausted"
        assert post(line).status_code == 429
        client.post(f"{line['issuer']}/_sim/limits", json={"advance": 900}).raise_for_status()
        assert "Hello!" in post(line).text.replace('"delta":"', "")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ([], "a JSON object is wanted"),
        ({"moon": 1}, "'moon'"),
        ({"windows": [{"percent": 1}]}, "'percent'"),
        ({"windows": [{"slot": "third"}]}, "no slot 'third'"),
        ({"windows": [{"used_percent": "38"}]}, "'used_percent' is a number"),
        ({"story": "limits-nowhere"}, "limits-day"),
        ({"account": "nobody"}, "no account 'nobody'"),
        ({"plan": 7}, "'plan'"),
    ],
)
def test_what_means_nothing_is_said(reader: Reader, change: object, reason: str) -> None:
    answer = reader.client.post(f"{reader.sim.issuer}/_sim/limits", json=change)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]
