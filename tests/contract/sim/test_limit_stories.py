"""Limits go on with the clock and with turns, and every answer about them says the same."""

from collections.abc import Iterator

import httpx
import pytest

from simulator.limits.stories import LIMITS
from simulator.server import Simulator
from tests.contract.sim.reading_limits import (
    Hands,
    Reader,
    in_events,
    in_headers,
    in_usage,
    resets_at,
    used,
)

MINUTE, HOUR, DAY = 60, 3600, 86_400

DISAGREEING = {"limits-odd", "limits-disagree"}
"""Stories that cannot be read plainly, or that contradict themselves on purpose."""


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def sim(request: pytest.FixtureRequest, hands: Hands) -> Iterator[Simulator]:
    """The day, or the story that a test names."""
    with Simulator(story=getattr(request, "param", "day"), clock=hands) as simulator:
        yield simulator


@pytest.fixture
def reader(sim: Simulator, client: httpx.Client) -> Reader:
    return Reader(sim, client)


def story(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sim", [f"limits-{name}"], indirect=True)


@pytest.mark.parametrize("sim", sorted(LIMITS.keys() - DISAGREEING), indirect=True)
def test_poll_headers_events_and_refusals_agree(reader: Reader, hands: Hands) -> None:
    for step in (0, 7 * MINUTE, 4 * MINUTE, 2 * HOUR, 5 * HOUR, 3 * DAY):
        hands.move(step)
        if reader.sim.limits.story.flaws:
            reader.sim.limits.begin(reader.sim.limits.story)
        before = reader.usage()
        answer = reader.turn()
        assert in_headers(answer) == in_usage(before)
        assert answer.headers["x-codex-plan-type"] == before["plan_type"]
        if answer.status_code == 200:
            assert before["rate_limit"]["allowed"]
            assert in_events(answer) == in_usage(reader.usage())
            continue
        assert answer.status_code == 429
        assert not before["rate_limit"]["allowed"]
        assert answer.headers["x-codex-active-limit"] == "codex"
        error = answer.json()["error"]
        assert error["type"] == "usage_limit_reached"
        assert error["plan_type"] == before["plan_type"]
        if before["rate_limit"]["primary_window"]:
            assert error["resets_at"] == resets_at(before)


def test_the_day_fills_steadily_and_with_turns(reader: Reader, hands: Hands) -> None:
    assert (used(reader.usage()), used(reader.usage(), "secondary")) == (38, 61)
    hands.move(HOUR)
    assert used(reader.usage()) == 44
    for _ in range(5):
        reader.turn()
    assert used(reader.usage()) == 50


def test_a_window_begins_anew_at_its_reset(reader: Reader, hands: Hands) -> None:
    first = resets_at(reader.usage())
    hands.at = first - 1
    assert used(reader.usage()) == 51
    hands.at = first
    after = reader.usage()
    assert (used(after), resets_at(after)) == (0, first + 5 * HOUR)
    hands.at = first + 11 * HOUR
    assert resets_at(reader.usage()) == first + 15 * HOUR
    assert used(reader.usage()) == 6


def test_the_day_never_comes_to_its_end(reader: Reader) -> None:
    reader.sim.limits.set(windows=[{"used_percent": 98}])
    assert [reader.turn().status_code for _ in range(4)] == [200] * 4
    assert used(reader.usage()) == 99


@story("burst")
def test_bursts_come_after_a_pause(reader: Reader, hands: Hands) -> None:
    percents: list[int] = []
    for _ in range(5):
        percents.append(used(reader.usage()))
        hands.move(10 * MINUTE)
    assert percents == [12, 12, 12, 12, 32]


@story("last-turns")
def test_the_last_turns_are_taken_and_the_next_after_the_reset(
    reader: Reader, hands: Hands
) -> None:
    assert [reader.turn().status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    usage = reader.usage()
    assert (used(usage), usage["rate_limit"]["limit_reached"]) == (100, True)
    assert usage["rate_limit_reached_type"] == {"type": "rate_limit_reached"}
    hands.at = resets_at(usage)
    assert reader.turn().status_code == 200
    assert reader.usage()["rate_limit"]["allowed"] is True


@story("exhausted")
def test_a_refusal_names_the_time_and_keeps_it(reader: Reader, hands: Hands) -> None:
    refused = reader.turn()
    error = refused.json()["error"]
    assert error["resets_in_seconds"] == 15 * MINUTE
    hands.move(5 * MINUTE)
    assert reader.turn().json()["error"]["resets_at"] == error["resets_at"]
    hands.move(10 * MINUTE)
    assert reader.turn().status_code == 200


@story("week-moved")
def test_the_week_moves_by_a_day(reader: Reader, hands: Hands) -> None:
    before = reader.usage()
    hands.move(10 * MINUTE)
    after = reader.usage()
    assert resets_at(after, "secondary") - resets_at(before, "secondary") == DAY
    assert resets_at(after) == resets_at(before)
    assert used(after, "secondary") == 61


@story("early-reset")
def test_every_window_begins_anew_before_its_time(reader: Reader, hands: Hands) -> None:
    hands.move(10 * MINUTE)
    after = reader.usage()
    assert (used(after), used(after, "secondary")) == (0, 0)
    assert resets_at(after) == int(hands.at) + 5 * HOUR


@story("resized")
def test_a_month_takes_the_place_of_other_windows(reader: Reader, hands: Hands) -> None:
    hands.move(10 * MINUTE)
    details = reader.usage()["rate_limit"]
    assert details["primary_window"]["limit_window_seconds"] == 30 * DAY
    assert details["secondary_window"] is None


@story("lapsed")
def test_a_plan_lapses(reader: Reader, hands: Hands) -> None:
    assert reader.usage()["plan_type"] == reader.sim.account.plan == "pro"
    hands.move(10 * MINUTE)
    after = reader.usage()
    assert (after["plan_type"], used(after), after["credits"]["has_credits"]) == ("free", 0, False)


@story("team")
def test_spend_control_ends_a_member(reader: Reader) -> None:
    answers = [reader.turn() for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    said = answers[-1].headers["x-codex-rate-limit-reached-type"]
    usage = reader.usage()
    assert said == usage["rate_limit_reached_type"]["type"]
    assert said == "workspace_member_usage_limit_reached"
    limit = usage["spend_control"]["individual_limit"]
    assert usage["spend_control"]["reached"] is True
    assert (limit["remaining"], limit["remaining_percent"]) == ("0.00", 0)
    assert answers[-1].json()["error"]["resets_at"] == limit["reset_at"]
    assert usage["rate_limit"]["allowed"] is True


@story("many")
def test_buckets_stand_beside_the_main_one(reader: Reader) -> None:
    usage = reader.usage()
    assert usage["code_review_rate_limit"]["primary_window"]["used_percent"] == 14
    buckets = {each["metered_feature"]: each for each in usage["additional_rate_limits"]}
    assert buckets["codex_fast"]["rate_limit"] is None
    assert buckets["codex_blocked"]["rate_limit"]["allowed"] is False
    assert buckets["codex_blocked"]["rate_limit"]["primary_window"] is None
    headers = reader.turn().headers
    assert headers["x-codex-bengalfox-limit-name"] == "GPT-5.3-Codex-Spark"
    assert headers["x-codex-secondary-primary-used-percent"] == "9"


@story("blocked")
def test_what_is_not_allowed_needs_no_window(reader: Reader) -> None:
    assert reader.usage()["rate_limit"] == {
        "allowed": False,
        "limit_reached": True,
        "primary_window": None,
        "secondary_window": None,
    }
    assert "resets_at" not in reader.turn().json()["error"]


@pytest.mark.parametrize(
    ("sim", "seconds"), [("limits-month", 30 * DAY), ("limits-week", 7 * DAY)], indirect=["sim"]
)
def test_a_long_window_stands_in_the_first_place(reader: Reader, seconds: int) -> None:
    details = reader.usage()["rate_limit"]
    assert details["primary_window"]["limit_window_seconds"] == seconds
    assert details["secondary_window"] is None


@story("unused")
def test_an_unused_window_moves_along_until_it_is_used(reader: Reader, hands: Hands) -> None:
    hands.move(HOUR)
    assert resets_at(reader.usage()) == int(hands.at) + 5 * HOUR
    reader.turn()
    begun = resets_at(reader.usage())
    hands.move(HOUR)
    assert resets_at(reader.usage()) == begun


@story("flaky")
def test_every_third_poll_is_flawed(reader: Reader) -> None:
    answers = [reader.get() for _ in range(12)]
    good = [answer for number, answer in enumerate(answers, 1) if number % 3]
    assert all(used(answer.json()) == 38 for answer in good)
    flawed = [(answer.status_code, answer.headers["content-type"]) for answer in answers[2::3]]
    assert flawed == [
        (503, "application/json"),
        (200, "text/html; charset=utf-8"),
        (200, "application/json"),
        (200, "application/json"),
    ]
    assert b"not json" in answers[8].content


@story("odd")
def test_numbers_are_odd(reader: Reader) -> None:
    usage = reader.usage()
    main = usage["rate_limit"]
    assert (main["primary_window"]["used_percent"], usage["plan_type"]) == (41.5, "quantum_max")
    assert main["primary_window"]["limit_window_seconds"] == 17_940
    assert main["secondary_window"]["used_percent"] == "61"
    windows = {
        each["metered_feature"]: each["rate_limit"]["primary_window"]
        for each in usage["additional_rate_limits"]
    }
    assert (windows["below"]["used_percent"], windows["above"]["used_percent"]) == (-3, 104)
    assert "reset_at" not in windows["endless"]
    assert "limit_window_seconds" not in windows["unmeasured"]
    assert "used_percent" not in windows["unsaid"]


@story("disagree")
def test_turns_are_refused_though_the_poll_allows_them(reader: Reader, hands: Hands) -> None:
    usage = reader.usage()
    assert (used(usage), usage["rate_limit"]["allowed"]) == (97, True)
    refused = reader.turn()
    assert refused.status_code == 429
    assert refused.headers["x-codex-primary-used-percent"] == "100"
    assert used(reader.usage()) == 97
    hands.at = refused.json()["error"]["resets_at"]
    assert reader.turn().status_code == 200


def test_speed_shortens_windows_and_names_the_times_at_which_they_end(
    client: httpx.Client, hands: Hands
) -> None:
    with Simulator(story="limits-exhausted", speed=60, clock=hands) as sim:
        reader = Reader(sim, client)
        usage = reader.usage()
        assert resets_at(usage) == int(hands.at) + 15
        assert usage["rate_limit"]["primary_window"]["limit_window_seconds"] == 5 * HOUR
        hands.at = resets_at(usage)
        assert resets_at(reader.usage()) == int(hands.at) + 300


def test_turns_with_an_api_key_are_refused_alike(client: httpx.Client) -> None:
    with Simulator(story="limits-exhausted") as sim:
        body = {"model": "gpt-5.5", "messages": [{"role": "user", "content": "hi"}]}
        headers = {"authorization": f"Bearer {sim.api_key}"}
        url = f"{sim.openai_base_url}/chat/completions"
        assert client.post(url, json=body | {"stream": True}, headers=headers).status_code == 429
