"""`--fail` says what breaks, where, and how often."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.events import completed, created, delta
from simulator.faults import ERRORS, FaultError, parse_fault
from simulator.script import Burst
from simulator.server import Simulator

Ask = Callable[..., httpx.Response]
EventsOf = Callable[[httpx.Response], list[Any]]


def test_status_is_answered_as_often_as_told(sim: Simulator, ask: Ask) -> None:
    sim.fail("responses:status=429:times=2")
    assert [ask().status_code for _ in range(3)] == [429, 429, 200]
    assert ask("/v1/chat/completions").status_code == 200


def test_fault_without_times_stays(sim: Simulator, ask: Ask) -> None:
    sim.fail("chat/completions:status=502")
    responses = [ask("/v1/chat/completions") for _ in range(3)]
    assert {response.status_code for response in responses} == {502}
    assert "<html>" in responses[0].text


@pytest.mark.parametrize("event", range(5))
def test_stream_is_cut_at_the_event_with_that_number(
    sim: Simulator, client: httpx.Client, event: int
) -> None:
    sim.script(
        "responses",
        [created(), delta("m", "a"), Burst((delta("m", "b"), delta("m", "c")), 0), completed()],
    )
    sim.fail(f"responses:event={event}:drop")
    body = {"model": "gpt-5.5", "stream": True, "input": "hi"}
    headers = {"authorization": f"Bearer {sim.api_key}"}
    received: list[str] = []
    url = f"{sim.openai_base_url}/responses"

    def read() -> None:
        with client.stream("POST", url, json=body, headers=headers) as response:
            received.extend(response.iter_text())

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        read()
    assert "".join(received).count("data: ") == event


def test_garbage_replaces_the_answer_or_one_event(
    sim: Simulator, ask: Ask, events_of: EventsOf
) -> None:
    sim.fail("responses:garbage:times=1")
    whole = ask()
    assert (whole.status_code, whole.headers["content-type"]) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        whole.json()
    sim.fail("responses:event=1:garbage:times=1")
    sim.script("responses", [created(), delta("m", "lost"), completed()])
    response = ask()
    assert b"not json" in response.content
    assert "lost" not in response.text


def test_slow_answer_still_comes(sim: Simulator, ask: Ask, events_of: EventsOf) -> None:
    sim.fail("responses:event=1:slow=0.01")
    sim.fail("responses:slow=0.01")
    sim.script("responses", [created(), Burst((delta("m", "a"), delta("m", "b")), 0)])
    assert [event.get("delta") for event in events_of(ask())] == [None, "a", "b"]


@pytest.mark.parametrize("name", ERRORS)
def test_every_named_error_is_answered(sim: Simulator, ask: Ask, name: str) -> None:
    sim.fail(f"responses:error={name}")
    assert ask().status_code >= 400


def test_models_fail_too(sim: Simulator, client: httpx.Client) -> None:
    sim.fail("models:reset")
    headers = {"authorization": f"Bearer {sim.api_key}"}
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.get(f"{sim.openai_base_url}/models", headers=headers)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("devin:garbage", "no route 'devin'"),
        ("responses", "says nothing to do"),
        ("responses:explode", "'explode'"),
        ("responses:status=9", "'status'"),
        ("responses:status=429:drop", "more than one action"),
        ("responses:event=3:status=429", "before the first event"),
        ("responses:error=nothing", "no error 'nothing'"),
        ("responses:drop:times=0", "'times=0'"),
        ("responses:slow=x", "'slow'"),
    ],
)
def test_fault_that_means_nothing_is_refused(spec: str, reason: str) -> None:
    with pytest.raises(FaultError, match=reason):
        parse_fault(spec)
