"""What the two backends accept, refuse and say in their headers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from simulator.events import completed
from simulator.server import Simulator

Ask = Callable[..., httpx.Response]

CODEX = "/backend-api/codex/responses"


def user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def call(call_id: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": "clock", "arguments": "{}"}


@pytest.mark.parametrize("base", ["/v1", "/backend-api/codex"])
def test_models_come_in_both_shapes_with_an_etag(
    sim: Simulator, client: httpx.Client, base: str
) -> None:
    headers = sim.backend_headers()
    if base == "/v1":
        headers = {"authorization": f"Bearer {sim.api_key}"}
    response = client.get(f"{sim.issuer}{base}/models?client_version=0.169.0", headers=headers)
    body = response.json()
    slugs = [model["slug"] for model in body["models"]]
    assert [model["id"] for model in body["data"]] == slugs
    assert slugs[0] == "gpt-5.5"
    assert response.headers["etag"].startswith('W/"')
    assert sim.requests[0].query == {"client_version": "0.169.0"}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"store": True}, "Store must be set to false"),
        ({"stream": False}, "Stream must be set to true"),
        ({"input": "hi"}, "Input must be a list"),
        ({"temperature": 1}, "Unsupported parameter: temperature"),
        ({"previous_response_id": "resp_1"}, "Unsupported parameter: previous_response_id"),
        (
            {"model": "gpt-2"},
            "The 'gpt-2' model is not supported when using Codex with a ChatGPT account.",
        ),
        (
            {"input": [{"role": "system", "content": "be brief"}]},
            "System messages are not allowed",
        ),
    ],
)
def test_codex_backend_refuses_with_a_detail(
    sim: Simulator, ask: Ask, change: dict[str, Any], text: str
) -> None:
    response = ask(CODEX, **change)
    assert (response.status_code, response.json()) == (400, {"detail": text})


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([user("a"), call("c1")], "No tool output found for function call c1."),
        (
            [user("a"), {"type": "function_call_output", "call_id": "c1", "output": "x"}],
            "No tool call found for function call output with call_id c1.",
        ),
        (
            [{"type": "reasoning", "encrypted_content": "x"}],
            "Missing required parameter: 'input[0].summary'.",
        ),
        (
            [{"role": "assistant", "content": [{"type": "input_text", "text": "a"}]}],
            "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        ),
        ([{"role": "robot", "content": "a"}], "Invalid value: 'robot'."),
    ],
)
@pytest.mark.parametrize("path", ["/v1/responses", CODEX])
def test_history_that_does_not_hold_together_is_refused(
    ask: Ask, path: str, items: list[Any], text: str
) -> None:
    response = ask(path, input=items)
    assert (response.status_code, response.json()["error"]["message"]) == (400, text)


def test_history_that_holds_together_is_accepted(ask: Ask) -> None:
    output = {"type": "function_call_output", "call_id": "c1", "output": "12:00"}
    said = {"role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}
    thought: dict[str, Any] = {"type": "reasoning", "summary": [], "encrypted_content": "x"}
    assert ask(CODEX, input=[user("a"), said, thought, call("c1"), output]).is_success


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([], "Missing required parameter: 'messages'."),
        ([{"role": "robot"}], "Invalid value: 'robot'."),
        (
            [{"role": "tool", "tool_call_id": "c1", "content": "x"}],
            (
                "Invalid parameter: messages with role 'tool' must be a response to a "
                "preceeding message with 'tool_calls'."
            ),
        ),
        (
            [{"role": "assistant", "tool_calls": [{"id": "c1"}]}, {"role": "user"}],
            (
                "An assistant message with 'tool_calls' must be followed by tool messages "
                "responding to each 'tool_call_id'. The following tool_call_ids did not have "
                "response messages: c1"
            ),
        ),
    ],
)
def test_chat_history_that_does_not_hold_together_is_refused(
    ask: Ask, messages: list[Any], text: str
) -> None:
    response = ask("/v1/chat/completions", messages=messages)
    assert (response.status_code, response.json()["error"]["message"]) == (400, text)


def test_openai_wants_its_key_and_codex_a_sign_in(
    sim: Simulator, client: httpx.Client, ask: Ask
) -> None:
    wrong = ask(key="sk-wrong-key-of-somebody")
    assert wrong.status_code == 401
    assert wrong.json()["error"]["code"] == "invalid_api_key"
    assert "sk-wrong-key-of-somebody" not in wrong.text
    missing = client.post(f"{sim.openai_base_url}/responses", json={})
    assert (missing.status_code, missing.json()["error"]["type"]) == (401, "invalid_request_error")
    assert ask(CODEX, key="anything").status_code == 401
    assert ask(CODEX, key=sim.api_key).status_code == 401
    assert ask(CODEX).is_success
    unauthorized = client.get(f"{sim.codex_base_url}/models")
    assert (unauthorized.status_code, unauthorized.json()) == (401, {"detail": "Unauthorized"})


def test_server_without_a_key_takes_everyone(client: httpx.Client) -> None:
    with Simulator(api_key=None) as sim:
        assert client.get(f"{sim.openai_base_url}/models").is_success


def test_unknown_model_is_refused_in_the_words_of_openai(ask: Ask) -> None:
    response = ask(model="gpt-2")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "model_not_found"


def test_compressed_body_is_refused(sim: Simulator, client: httpx.Client) -> None:
    headers = {"authorization": f"Bearer {sim.api_key}", "content-encoding": "zstd"}
    response = client.post(f"{sim.openai_base_url}/responses", content=b"x", headers=headers)
    assert response.status_code == 415


def test_answers_carry_request_id_limits_etag_and_turn_state(ask: Ask) -> None:
    response = ask(CODEX)
    headers = response.headers
    assert headers["x-request-id"].startswith("req_")
    assert headers["openai-model"] == "gpt-5.5"
    assert headers["x-codex-primary-window-minutes"] == "300"
    assert headers["x-codex-secondary-window-minutes"] == "10080"
    assert 0 < float(headers["x-codex-primary-used-percent"]) < 100
    assert int(headers["x-codex-primary-reset-at"]) > 0
    assert headers["x-models-etag"].startswith('W/"')
    assert headers["x-codex-turn-state"]


def test_turn_state_that_is_sent_comes_back(sim: Simulator, client: httpx.Client) -> None:
    headers = {"authorization": f"Bearer {sim.api_key}", "x-codex-turn-state": "ts_mine"}
    body = {"model": "gpt-5.5", "stream": True, "input": "hi"}
    response = client.post(f"{sim.openai_base_url}/responses", json=body, headers=headers)
    assert response.headers["x-codex-turn-state"] == "ts_mine"


def test_refused_request_leaves_the_script_for_the_next(sim: Simulator, ask: Ask) -> None:
    sim.script("responses", [completed("resp_scripted")])
    assert ask(model="gpt-2").status_code == 404
    assert sim.stage.waiting("responses") == 1
    assert "resp_scripted" in ask().text


def test_websocket_is_refused_so_that_clients_go_on_without(
    sim: Simulator, client: httpx.Client
) -> None:
    headers = sim.backend_headers() | {"connection": "Upgrade", "upgrade": "websocket"}
    url = f"{sim.codex_base_url}/responses"
    assert client.get(url, headers=headers).status_code == 426
    sim.fail("responses_websocket:status=429")
    assert client.get(url, headers=headers).status_code == 429
