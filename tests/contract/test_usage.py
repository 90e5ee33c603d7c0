"""Usage and resets as the simulator tells them, with a login, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.clock import SystemClock
from services.errors import (
    BadPayloadError,
    CredentialsError,
    RateLimitedError,
    ServiceError,
    UnreachableError,
)
from services.inference.stream import LimitReported
from services.limits.client import UsageClient
from services.models.limits import LimitReading, LimitSource, Redeemed, UsageReading
from simulator.limits.stories import LIMITS
from simulator.script import Drop, Status, Work
from simulator.server import Simulator
from tests.contract.account.conftest import Desk, Home, opened, request
from tests.oracle.usage_payloads import DAY, HOUR, NOW, UsagePayload, usage_payloads

CONSUME = "wham/rate-limit-reset-credits/consume"
BOTH = {"codex/18000": (38.0, 8040), "codex/604800": (61.0, 4 * DAY)}
EMPTY = {"codex/18000": (0.0, 5 * HOUR), "codex/604800": (0.0, 7 * DAY)}
WEEK_ONLY = {"codex/604800": (61.0, 4 * DAY)}
WINDOWS = {
    **dict.fromkeys(usage_payloads(), BOTH),
    "week-first": {"codex/604800": (35.0, 4 * DAY)},
    "month-first": {"codex/2592000": (57.0, 12 * DAY)},
    "year": {"codex/18000": (38.0, 8040), "codex/31536000": (3.0, 300 * DAY)},
    "short-lengths": {"codex/18000": (42.0, 900), "codex/604800": (61.0, DAY)},
    "exhausted": {"codex/18000": (100.0, 900), "codex/604800": (74.0, 4 * DAY)},
    "blocked": {},
    "nothing": {},
    "least": {},
    "unused": EMPTY,
    "lapsed": EMPTY,
    "many-buckets": BOTH
    | {
        "codex_bengalfox/18000": (81.0, 3 * HOUR),
        "codex_bengalfox/604800": (27.0, 2 * DAY),
        "codex_secondary/18000": (9.0, 8040),
    },
    "code-review": BOTH | {"code_review/604800": (14.0, 5 * DAY)},
    "same-bucket-twice": BOTH | {"codex_fox/18000": (20.0, 8040)},
    "beyond": {"codex/18000": (0.0, 8040), "codex/604800": (104.0, 4 * DAY)},
    "past-reset": {"codex/18000": (50.0, -HOUR), "codex/604800": (50.0, 4 * DAY)},
    "no-length": {"codex/primary": (12.0, HOUR), "codex/secondary": (7.0, HOUR)},
    "float-percent": BOTH | {"codex/18000": (41.5, 8040)},
    "float-times": BOTH | {"codex/18000": (38.0, 900)},
    "milliseconds": BOTH | {"codex/18000": (38.0, 900)},
    "null-percent": WEEK_ONLY,
    "not-a-number": WEEK_ONLY,
    "no-window-length": WEEK_ONLY | {"codex/primary": (38.0, 8040)},
}
"""Percent and seconds to the reset, by window, for each payload that can be read."""
UNREADABLE = {"page", "empty", "list"}
NOT_WHOLE = {"null-percent", "not-a-number", "bad-bucket"}


class HastyClock(SystemClock):
    """Real time, but nobody waits for long."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.02))


class Then(SystemClock):
    """The moment at which the payloads are told."""

    def now(self) -> float:
        return float(NOW)


@dataclass
class Asking:
    """Somebody who is signed in and asks."""

    sim: Simulator
    desk: Desk
    usage: UsageClient

    async def turn(self) -> tuple[list[UsageReading], ServiceError | None]:
        """What a turn says of limits, and how it ends."""
        readings: list[UsageReading] = []
        try:
            async for value in self.desk.client.run(request("hello")):
                if isinstance(value, LimitReported):
                    readings.append(value.reading)  # noqa: PERF401 what came before an error counts
        except ServiceError as error:
            return readings, error
        return readings, None


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Asking]:
    path = tmp_path / "codex"
    path.mkdir(mode=0o700)
    async with Simulator(story="day") as sim:
        home = Home(
            sim,
            path,
            {
                "HOME": str(tmp_path / "home"),
                "FOREDECK_HOME": str(tmp_path / "foredeck"),
                "CODEX_HOME": str(path),
                "FOREDECK_ISSUER": sim.issuer,
                "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
                "FOREDECK_OPENAI_BASE_URL": sim.openai_base_url,
            },
        )
        home.plant()
        async with opened(home, {}, SystemClock()) as desk:
            yield Asking(sim, desk, asker(desk, HastyClock()))


def asker(desk: Desk, clock: SystemClock) -> UsageClient:
    return UsageClient(desk.http, desk.auth.provider.chatgpt_base_url, clock, desk.auth.signer)


def windows_of(limits: Iterable[LimitReading]) -> dict[str, tuple[float, float | None]]:
    return {
        window.id: (window.used_percent, window.resets_at)
        for limit in limits
        for window in limit.windows
    }


async def test_usage_is_asked_for_with_the_login_and_without_an_originator(asking: Asking) -> None:
    reading = await asking.usage.usage()
    assert reading.account_id == asking.sim.account.account_id
    (asked,) = asking.sim.sent("/wham/usage")
    assert set(asked.headers) <= {
        "host",
        "connection",
        "accept",
        "accept-encoding",
        "authorization",
        "chatgpt-account-id",
        "cookie",
        "user-agent",
    }
    assert asked.headers["accept"] == "*/*"
    assert asked.headers["chatgpt-account-id"] == asking.sim.account.account_id


async def test_payloads_are_read_also_where_the_real_client_takes_nothing(asking: Asking) -> None:
    client = asker(asking.desk, Then())

    async def read(payload: UsagePayload) -> UsageReading:
        step = Status(200, {"content-type": "application/json"}, payload.raw)
        asking.sim.script("wham/usage", [step])
        return await client.usage()

    for name, payload in usage_payloads().items():
        if name in UNREADABLE:
            with pytest.raises(BadPayloadError):
                await read(payload)
            continue
        reading = await read(payload)
        found = {
            window_id: (used, None if resets_at is None else resets_at - NOW)
            for window_id, (used, resets_at) in windows_of(reading.limits).items()
        }
        assert found == WINDOWS[name], name
        assert reading.is_whole is (name not in NOT_WHOLE), name


@pytest.mark.parametrize("story", sorted(LIMITS.keys() - {"limits-odd", "limits-disagree"}))
async def test_polls_headers_and_refusals_name_the_same_windows(asking: Asking, story: str) -> None:
    asking.sim.limits.set(story=story)
    poll = await asking.usage.usage()
    # Answers of the model say nothing of code reviews.
    polled = windows_of(limit for limit in poll.limits if limit.limit_id != "code_review")
    readings, error = await asking.turn()
    if polled or error is not None:
        said = windows_of(readings[0].limits)
        assert said.keys() == polled.keys()
        for window_id, (used, resets_at) in said.items():
            known, due = polled[window_id]
            assert used == known
            # A window that nobody has begun moves along with the clock.
            assert abs((resets_at or 0) - (due or 0)) <= 2
        assert readings[0].is_success is (error is None)
    if error is None:
        assert windows_of(readings[-1].limits).keys() == polled.keys()
        return
    (reading,) = readings
    refusal = reading.refusal
    assert isinstance(error, RateLimitedError)
    assert refusal is not None
    assert reading.source is LimitSource.ERROR
    assert (refusal.limit_id, refusal.resets_at) == ("codex", error.retry_at)


async def test_a_refusal_outranks_what_the_poll_says(asking: Asking) -> None:
    asking.sim.limits.set(story="limits-disagree")
    poll = await asking.usage.usage()
    assert [limit.allowed for limit in poll.limits] == [True]
    (reading,), error = await asking.turn()
    assert isinstance(error, RateLimitedError)
    assert reading.limits[0].windows[0].used_percent == 100.0
    assert reading.refusal is not None
    assert reading.refusal.resets_at == poll.limits[0].windows[0].resets_at


async def test_what_a_member_may_spend_is_refused_at_no_window(asking: Asking) -> None:
    asking.sim.limits.set(story="limits-team", spend_control={"limit": 200, "used": 200})
    poll = await asking.usage.usage()
    assert poll.spend_control is not None
    (reading,), _ = await asking.turn()
    assert reading.refusal is not None
    assert (reading.refusal.limit_id, reading.refusal.reached_type) == ("", poll.reached_type)
    assert reading.refusal.resets_at == poll.spend_control.resets_at


async def test_odd_numbers_are_read_and_what_cannot_be_is_said(asking: Asking) -> None:
    asking.sim.limits.set(story="limits-odd")
    reading = await asking.usage.usage()
    found = windows_of(reading.limits)
    assert (found["codex/18000"][0], found["codex/604800"][0]) == (41.5, 61.0)
    assert (found["below/18000"][0], found["above/18000"][0]) == (0.0, 104.0)
    assert "unmeasured/primary" in found
    assert not any(window_id.startswith("unsaid/") for window_id in found)
    assert reading.skipped == ("The primary window of unsaid has no percentage",)


@pytest.mark.parametrize("flaw", ["status=503", "status=429", "html", "garbage", "drop", "reset"])
async def test_a_question_about_use_that_fails_is_not_asked_again(
    asking: Asking, flaw: str
) -> None:
    asking.sim.fail(f"wham/usage:{flaw}:times=1")
    with pytest.raises(ServiceError):
        await asking.usage.usage()
    assert len(asking.sim.sent("/wham/usage")) == 1
    assert (await asking.usage.usage()).plan


async def test_of_a_flaky_server_every_failure_is_told_and_counts_as_one_poll(
    asking: Asking,
) -> None:
    asking.sim.limits.set(story="limits-flaky")
    outcomes: list[str | None] = []
    for _ in range(9):
        try:
            outcomes.append((await asking.usage.usage()).plan)
        except ServiceError as error:
            outcomes.append(type(error).__name__)
    plan = outcomes[0]
    assert [each == plan for each in outcomes] == [True, True, False] * 3, outcomes
    assert len(asking.sim.limits.polls) == len(asking.sim.sent("/wham/usage")) == 9


async def test_a_question_about_resets_is_asked_again_where_that_may_help(asking: Asking) -> None:
    asking.sim.fail("wham/rate-limit-reset-credits:status=503:times=1")
    assert (await asking.usage.reset_credits()).available >= 0
    assert len(asking.sim.sent("/wham/rate-limit-reset-credits")) == 2


async def test_a_reset_is_redeemed_once_though_the_answer_is_lost(asking: Asking) -> None:
    asking.sim.limits.set(story="limits-exhausted")
    resets = await asking.usage.reset_credits()
    (credit,) = resets.credits
    assert (resets.available, credit.status, credit.granted_at is None) == (1, "available", False)
    asking.sim.script(CONSUME, [Work(), Drop()])
    with pytest.raises(UnreachableError) as caught:
        await asking.usage.redeem("wish-1", credit.id)
    assert caught.value.code == "outcome_unknown"
    assert await asking.usage.redeem("wish-1", credit.id) == Redeemed(
        code="already_redeemed", windows_reset=0
    )
    after = await asking.usage.reset_credits()
    assert (after.available, [each.status for each in after.credits]) == (0, ["redeemed"])
    used = windows_of((await asking.usage.usage()).limits)
    assert [percent for percent, _ in used.values()] == [0.0, 0.0]


async def test_after_a_401_the_login_is_renewed_and_the_question_asked_again(
    asking: Asking,
) -> None:
    asking.sim.fail("wham/usage:status=401:times=2")
    assert (await asking.usage.usage()).plan == "plus"
    assert len(asking.sim.refreshes) == 1


async def test_whoever_is_signed_out_asks_nothing(asking: Asking) -> None:
    await asking.desk.auth.logout()
    with pytest.raises(CredentialsError):
        await asking.usage.usage()
    assert asking.sim.sent("/wham/usage") == []
