"""The real Codex CLI reads how much is left: from the simulator's stories, and from payloads.

What Codex makes of a payload is what `usage_payloads.py` says of it, so that our client can be
held against the same.
"""

import time
from collections.abc import Generator, Mapping
from typing import Any

import pytest

from simulator.limits.stories import LIMITS
from simulator.script import Status
from simulator.server import Simulator
from tests.oracle.codex import AppServer, Codex
from tests.oracle.usage_payloads import UsagePayload, usage_payloads

pytestmark = [pytest.mark.oracle, pytest.mark.slow, pytest.mark.timeout(180)]

READ = "account/rateLimits/read"
REDEEM = "account/rateLimitResetCredit/consume"

UNREADABLE = {"limits-odd"}
"""Stories of which Codex takes nothing."""


class Server(AppServer):
    """`codex app-server` with its errors."""

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method; the whole answer."""
        self._number += 1
        self._write({"method": method, "id": self._number, "params": params})
        while (line := self._read()).get("id") != self._number:
            pass
        return line


@pytest.fixture
def server(codex: Codex, sim: Simulator) -> Generator[Server]:
    """Signed in."""
    codex.plant(sim.issue())
    server = Server(codex)
    yield server
    server.close()


def buckets_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The windows of an answer by bucket, in the words of Codex."""
    found = {"codex": windows_of(body.get("rate_limit"))}
    for bucket in body.get("additional_rate_limits") or ():
        found[bucket["metered_feature"]] = windows_of(bucket["rate_limit"])
    return found


def windows_of(details: Mapping[str, Any] | None) -> list[Any]:
    slots = ("primary_window", "secondary_window")
    return [window_of((details or {}).get(slot)) for slot in slots]


def window_of(window: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if window is None:
        return None
    seconds = window["limit_window_seconds"]
    return {
        "usedPercent": window["used_percent"],
        "windowDurationMins": -(-seconds // 60) if seconds > 0 else None,
        "resetsAt": window["reset_at"],
    }


def read_buckets(result: Mapping[str, Any]) -> dict[str, Any]:
    said = result["rateLimitsByLimitId"]
    return {name: [bucket["primary"], bucket["secondary"]] for name, bucket in said.items()}


def test_every_story_is_read_and_agrees(server: Server, sim: Simulator) -> None:
    for name in LIMITS.keys() - UNREADABLE:
        sim.limits.set(story=name)
        result = server.ask(READ)
        standing = sim.limits.standing()
        said = {
            bucket.id: [
                window and (int(window.used), round(window.resets_at))
                for window in (bucket.primary, bucket.secondary)
            ]
            for bucket in (standing.main, *standing.additional)
        }
        read = {
            bucket: [window and (window["usedPercent"], window["resetsAt"]) for window in windows]
            for bucket, windows in read_buckets(result).items()
        }
        assert read == said, name
        assert result["ordinaryUsageAllowed"] is standing.main.is_allowed, name
        assert result["rateLimits"]["planType"] == standing.plan, name


def test_payloads_are_taken_as_they_say(server: Server, sim: Simulator) -> None:
    payloads = usage_payloads(int(time.time()))
    for name, payload in payloads.items():
        if payload.rejected is not None or payload.body is None:
            continue
        answer = ask(server, sim, payload)
        assert "error" not in answer, (name, answer)
        assert read_buckets(answer["result"]) == buckets_of(payload.body), name


def test_payloads_are_rejected_for_the_reason_that_they_name(
    server: Server, sim: Simulator
) -> None:
    for name, payload in usage_payloads(int(time.time())).items():
        if payload.rejected is None:
            continue
        answer = ask(server, sim, payload)
        assert payload.rejected in answer.get("error", {}).get("message", ""), (name, answer)


def test_what_is_no_window_is_read_too(server: Server, sim: Simulator) -> None:
    payloads = usage_payloads(int(time.time()))

    def read(name: str) -> dict[str, Any]:
        return ask(server, sim, payloads[name])["result"]

    assert read("unknown-plan")["rateLimits"]["planType"] == "unknown"
    assert read("old-plan")["rateLimits"]["planType"] == "edu"
    assert read("unknown-reached")["rateLimits"]["rateLimitReachedType"] is None
    assert read("exhausted")["rateLimits"]["rateLimitReachedType"] == "rate_limit_reached"
    assert read("blocked")["ordinaryUsageAllowed"] is False
    assert read("other-account")["ordinaryUsageAllowed"] is None
    assert read("least")["rateLimits"]["credits"] is None
    assert read("spend-reached")["rateLimits"]["spendControlReached"] is True
    assert read("spend-control")["rateLimits"]["individualLimit"]["remainingPercent"] == 18
    assert read("mark")["rateLimits"]["primary"]["usedPercent"] == 38


def test_a_reset_credit_is_redeemed_once(server: Server, sim: Simulator) -> None:
    sim.limits.set(story="limits-exhausted")
    assert server.ask(READ)["rateLimitResetCredits"]["availableCount"] == 1
    said = [server.ask(REDEEM, idempotencyKey=key)["outcome"] for key in ("a", "a", "b")]
    assert said == ["reset", "alreadyRedeemed", "noCredit"]
    after = server.ask(READ)
    assert after["rateLimits"]["primary"]["usedPercent"] == 0
    assert after["rateLimitResetCredits"]["availableCount"] == 0


def ask(server: Server, sim: Simulator, payload: UsagePayload) -> dict[str, Any]:
    sim.script("wham/usage", [Status(200, {"content-type": "application/json"}, payload.raw)])
    return server.call(READ)
