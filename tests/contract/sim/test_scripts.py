"""Scripts are played as they are written, and what is sent is recorded."""

import asyncio
import time
from collections.abc import Callable
from random import Random
from typing import Any

import anyio.to_thread
import httpx
import pytest

from simulator.answers import Answer, Emit
from simulator.conversation import Conversation
from simulator.events import completed, created, delta, deltas, text_turn
from simulator.script import Burst, Drop, Gate, Mark, Raw, ScriptError, Send, Status, parse_steps
from simulator.server import Simulator

Ask = Callable[..., httpx.Response]
EventsOf = Callable[[httpx.Response], list[Any]]


def test_script_is_played_once_and_then_the_story_again(
    sim: Simulator, ask: Ask, events_of: EventsOf
) -> None:
    sim.script("responses", [created(), delta("m1", "Hel"), delta("m1", "lo"), completed()])
    events = events_of(ask())
    assert [event["type"] for event in events] == [
        "response.created",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.completed",
    ]
    assert [event["sequence_number"] for event in events] == [0, 1, 2, 3]
    assert len(events_of(ask())) > 20


def test_event_lines_name_the_type_for_responses_only(sim: Simulator, ask: Ask) -> None:
    sim.script("responses", [{"type": "response.created"}])
    sim.script("chat/completions", [Send({"choices": []}), Raw(b"data: [DONE]\n\n")])
    assert ask().text == (
        'event: response.created\ndata: {"type":"response.created","sequence_number":0}\n\n'
    )
    assert ask("/v1/chat/completions").text == 'data: {"choices":[]}\n\ndata: [DONE]\n\n'


def test_odd_events_go_over_the_wire_as_they_are(sim: Simulator, ask: Ask) -> None:
    sim.script("responses", [Send(None), Send([1]), Send({"type": 3}), Send("\ud83d")])
    assert ask().text == ('data: null\n\ndata: [1]\n\ndata: {"type":3}\n\ndata: "\\ud83d"\n\n')


async def test_gate_holds_the_answer_until_it_is_opened(sim: Simulator) -> None:
    gate = sim.gate()
    sim.script("responses", [delta("m1", "one"), gate, delta("m1", "two")])
    body = {"model": "gpt-5.5", "stream": True, "input": "hi"}
    headers = {"authorization": f"Bearer {sim.api_key}"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=20) as client,
        client.stream("POST", f"{sim.openai_base_url}/responses", json=body, headers=headers) as r,
    ):
        chunks = r.aiter_text()
        assert "one" in await anext(chunks)
        assert await anyio.to_thread.run_sync(gate.wait_reached)
        rest = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        assert not rest.done()
        gate.open()
        assert "two" in await rest


def test_drop_breaks_the_stream_after_what_was_written(sim: Simulator, ask: Ask) -> None:
    sim.script("responses", [delta("m1", "half"), Drop()])
    with pytest.raises(httpx.RemoteProtocolError):
        ask()
    sim.script("responses", [delta("m1", "half"), Drop(reset=True)])
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        ask()
    sim.script("responses", [Drop()])
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        ask()


def test_status_answers_whole_or_heads_a_stream(
    sim: Simulator, ask: Ask, events_of: EventsOf
) -> None:
    sim.script("responses", [Status(429, {"Retry-After": "7"}, {"error": {"message": "slow"}})])
    refused = ask()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert refused.json() == {"error": {"message": "slow"}}
    assert refused.headers["content-type"] == "application/json"

    sim.script("responses", [Status(502, {}, "<html>bad</html>")])
    assert ask().headers["content-type"] == "text/html; charset=utf-8"

    sim.script("responses", [Status(200, {"openai-model": "other"}), completed()])
    streamed = ask()
    assert streamed.headers["openai-model"] == "other"
    assert events_of(streamed)[0]["type"] == "response.completed"


def test_burst_keeps_its_rate_and_marks_note_the_time(
    sim: Simulator, ask: Ask, events_of: EventsOf
) -> None:
    text = "abcd" * 100
    burst = Burst(tuple(deltas("m1", text)), rate=1000)
    sim.script("responses", [created(), Mark("begin"), burst, Mark("end"), completed()])
    events = events_of(ask())
    assert "".join(event.get("delta", "") for event in events) == text
    begin, end = sim.marks
    assert (begin.name, end.name) == ("begin", "end")
    assert end.at - begin.at >= 0.095
    assert abs(end.at - time.time()) < 10


def test_client_that_goes_away_is_noticed(sim: Simulator, client: httpx.Client) -> None:
    gate = sim.gate()
    sim.script("responses", [delta("m1", "one"), gate])
    body = {"model": "gpt-5.5", "stream": True, "input": "hi"}
    headers = {"authorization": f"Bearer {sim.api_key}"}
    url = f"{sim.openai_base_url}/responses"
    with client.stream("POST", url, json=body, headers=headers) as response:
        chunks = response.iter_text()
        next(chunks)
        assert not sim.requests[0].closed.is_set()
    assert sim.requests[0].closed.wait(10)
    assert sim.requests[0].ended.wait(10)


def test_requests_are_recorded_with_credentials_masked(sim: Simulator, ask: Ask) -> None:
    ask("/v1/responses?key=secret&x=1", input="what?", client_secret="shh")
    (sent,) = sim.requests
    assert (sent.method, sent.path) == ("POST", "/v1/responses")
    assert sent.query == {"key": "***", "x": "1"}
    assert sent.headers["authorization"] == "Bearer ***"
    assert sent.body["input"] == "what?"
    assert sent.body["client_secret"] == "***"
    assert str(sim.api_key) not in repr(sent.as_json())


def test_other_processes_script_hold_and_look(
    sim: Simulator, client: httpx.Client, ask: Ask, events_of: EventsOf
) -> None:
    steps: list[Any] = [
        {"send": delta("m1", "a")},
        {"mark": "here"},
        {"gate": "door"},
        {"burst": [delta("m1", "b"), delta("m1", "c")], "rate": 0},
        {"raw": "data: [DONE]\n\n"},
    ]
    url = f"{sim.issuer}/_sim"
    assert client.post(f"{url}/script", json={"route": "responses", "steps": steps}).is_success
    body = {"model": "gpt-5.5", "stream": True, "input": "hi"}
    headers = {"authorization": f"Bearer {sim.api_key}"}
    responses = f"{sim.openai_base_url}/responses"
    with (
        httpx.Client(trust_env=False) as other,
        other.stream("POST", responses, json=body, headers=headers) as r,
    ):
        (door,) = sim.stage.gates()
        assert door.wait_reached()
        assert client.get(f"{url}/gates").json() == [{"name": "door", "reached": True}]
        assert [mark["name"] for mark in client.get(f"{url}/marks").json()] == ["here"]
        assert client.post(f"{url}/gate/door").json() == {"opened": 1}
        r.read()
    assert [event["delta"] for event in events_of(r)] == ["a", "b", "c"]
    assert client.post(f"{url}/gate/door").status_code == 404
    (sent,) = client.get(f"{url}/requests").json()
    assert list(sent) == ["method", "path", "query", "headers", "body", "at"]
    assert sent["body"] == body

    twice = {"route": "models", "steps": [{"status": 500, "body": "no"}], "times": 2}
    assert client.post(f"{url}/script", json=twice).is_success
    statuses = [client.get(f"{sim.openai_base_url}/models", headers=headers) for _ in range(3)]
    assert [response.status_code for response in statuses] == [500, 500, 200]


@pytest.mark.parametrize(
    "script",
    [
        [],
        {"route": "nowhere", "steps": []},
        {"route": "responses", "steps": {}},
        {"route": "responses", "steps": [{"sned": 1}]},
        {"route": "responses", "steps": [{"wait": -1}]},
        {"route": "responses", "steps": [{"status": 42}]},
        {"route": "responses", "steps": [], "times": 0},
    ],
)
def test_bad_script_is_refused_with_a_reason(
    sim: Simulator, client: httpx.Client, script: object
) -> None:
    response = client.post(f"{sim.issuer}/_sim/script", json=script)
    assert response.status_code == 400
    assert response.json()["error"]
    assert sim.stage.gates() == []


def test_every_step_form_is_read() -> None:
    steps = parse_steps(
        [{"wait": 0}, {"drop": True}, {"drop": "reset"}, {"gate": "g"}, {"status": 204}], Gate
    )
    assert steps[1:3] == (Drop(), Drop(reset=True))
    with pytest.raises(ScriptError, match="step 0"):
        parse_steps([3], Gate)


def test_whole_turn_of_text_is_made_by_one_builder(
    sim: Simulator, ask: Ask, events_of: EventsOf
) -> None:
    sim.script("responses", text_turn("Hello there"))
    events = events_of(ask())
    assert "".join(event.get("delta", "") for event in events) == "Hello there"
    assert events[-1]["response"]["status"] == "completed"


def test_two_clients_are_served_at_once(sim: Simulator, client: httpx.Client, ask: Ask) -> None:
    gate = sim.gate()
    sim.script("responses", [delta("m1", "one"), gate])
    body = {"model": "gpt-5.5", "stream": True, "input": "hi"}
    headers = {"authorization": f"Bearer {sim.api_key}"}
    url = f"{sim.openai_base_url}/responses"
    with client.stream("POST", url, json=body, headers=headers):
        assert ask().is_success
        gate.open()


def test_simulator_with_a_client_in_the_middle_of_a_stream_ends_at_once() -> None:
    with httpx.Client(trust_env=False) as client:
        with Simulator(api_key=None) as sim:
            sim.script("responses", [delta("m1", "one"), sim.gate()])
            body = {"model": "gpt-5.5", "stream": True, "input": "hi"}
            url = f"{sim.openai_base_url}/responses"
            response = client.send(client.build_request("POST", url, json=body), stream=True)
            chunks = response.iter_text()
            next(chunks)
        with pytest.raises(httpx.RequestError):
            client.get(url)
        response.close()


def test_story_that_fails_breaks_off_and_is_logged(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    def tell(_asked: Conversation, _rng: Random) -> Answer:
        return Answer([Emit({"type": "response.created", "bad": object()})])

    with Simulator(story=tell, api_key=None) as sim:
        body = {"model": "gpt-5.5", "stream": True, "input": "hi"}
        with pytest.raises(httpx.RequestError):
            client.post(f"{sim.openai_base_url}/responses", json=body)
    assert "the answer to /v1/responses broke off" in caplog.text
