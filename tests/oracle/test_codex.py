"""The real Codex CLI completes turns against the simulator."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.catalogue import MODELS
from simulator.server import Simulator
from simulator.stories.texts import written

pytestmark = [pytest.mark.oracle, pytest.mark.slow]

RunCodex = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with Simulator(story=getattr(request, "param", "day")) as simulator:
        yield simulator


@pytest.fixture
def codex(codex_program: str, sim: Simulator, tmp_path: Path) -> RunCodex:
    """Run `codex exec --json` on a prompt in an empty folder, against the simulator."""
    home, folder = tmp_path / "codex", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()

    def run(
        prompt: str, *flags: str, subcommand: tuple[str, ...] = (), **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        provider = {
            "name": "simulator",
            "base_url": sim.openai_base_url,
            "wire_api": "responses",
            "request_max_retries": "2",
            "stream_max_retries": "2",
        } | (settings or {"env_key": "SIMULATOR_KEY"})
        options = [f"model_providers.simulator.{name}={value}" for name, value in provider.items()]
        options += ["model_provider=simulator", "model=gpt-5.5"]
        return subprocess.run(
            [
                codex_program,
                "exec",
                "--json",
                "--skip-git-repo-check",
                "--dangerously-bypass-approvals-and-sandbox",
                *(part for option in options for part in ("-c", option)),
                *flags,
                *subcommand,
                prompt,
            ],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "CODEX_HOME": str(home),
                "SIMULATOR_KEY": str(sim.api_key),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


def lines(result: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def items(result: "subprocess.CompletedProcess[str]", kind: str) -> list[dict[str, Any]]:
    done = [line["item"] for line in lines(result) if line["type"] == "item.completed"]
    return [item for item in done if item["type"] == kind]


def assert_completed(result: "subprocess.CompletedProcess[str]") -> None:
    assert result.returncode == 0, result.stdout + result.stderr
    assert lines(result)[-1]["type"] == "turn.completed"


def test_text_and_reasoning_arrive_whole(codex: RunCodex, sim: Simulator) -> None:
    result = codex("How do I retry a request?")
    assert_completed(result)
    answer = written("retries")
    assert [item["text"] for item in items(result, "agent_message")] == [answer.text]
    (thought,) = items(result, "reasoning")
    assert all(paragraph in thought["text"] for paragraph in answer.thoughts)
    usage = lines(result)[-1]["usage"]
    assert usage["input_tokens"] > 0
    assert usage["output_tokens"] > 0
    assert [request.path for request in sim.requests] == ["/v1/responses"]


@pytest.mark.parametrize("sim", ["thinking"], indirect=True)
def test_long_reasoning_after_a_queue_arrives(codex: RunCodex) -> None:
    result = codex("Think hard.")
    assert_completed(result)
    assert "**The stampede**" in items(result, "reasoning")[-1]["text"]


@pytest.mark.parametrize("sim", ["tool"], indirect=True)
def test_tool_call_is_run_and_its_output_used(codex: RunCodex, sim: Simulator) -> None:
    result = codex("What is six times seven?")
    assert_completed(result)
    (command,) = items(result, "command_execution")
    assert command["aggregated_output"] == "six times seven is 42\n"
    said = [item["text"] for item in items(result, "agent_message")]
    assert said[0] == "Let me check that with a command."
    assert "six times seven is 42" in said[1]
    first, second = (request.body["input"] for request in sim.requests)
    added = second[len(first) :]
    assert [item["type"] for item in added] == [
        "reasoning",
        "message",
        "function_call",
        "function_call_output",
    ]
    assert added[0]["encrypted_content"]


@pytest.mark.parametrize("sim", ["custom"], indirect=True)
def test_patch_is_applied(codex: RunCodex, tmp_path: Path) -> None:
    config = tmp_path / "folder" / "config.toml"
    config.write_text("speed = 1\n")
    result = codex("Make it faster.")
    assert_completed(result)
    assert config.read_text() == "speed = 2\n"


@pytest.mark.parametrize("sim", ["error"], indirect=True)
def test_errors_are_retried_until_the_answer(codex: RunCodex, sim: Simulator) -> None:
    result = codex("How do I retry a request?")
    assert_completed(result)
    assert items(result, "agent_message")[-1]["text"] == written("retries").text
    assert len(sim.sent("/responses")) == 3


def test_broken_connection_is_retried(codex: RunCodex, sim: Simulator) -> None:
    sim.fail("responses:event=7:drop:times=1")
    result = codex("How do I retry a request?")
    assert_completed(result)
    assert items(result, "agent_message")[-1]["text"] == written("retries").text
    assert len(sim.sent("/responses")) == 2


@pytest.mark.parametrize("sim", ["unfinished"], indirect=True)
def test_turn_that_is_not_over_goes_on(codex: RunCodex, sim: Simulator) -> None:
    result = codex("Go.")
    assert_completed(result)
    assert [item["text"] for item in items(result, "agent_message")] == [
        "First half, and there is more.",
        "Second half. Now it is over.",
    ]


@pytest.mark.parametrize("sim", ["unknown", "everything", "metadata", "search"], indirect=True)
def test_turns_with_other_items_and_events_complete(codex: RunCodex) -> None:
    result = codex("Show me.")
    assert_completed(result)
    assert items(result, "agent_message")


@pytest.mark.parametrize("sim", ["limit"], indirect=True)
def test_usage_limit_is_told_with_its_reset(codex: RunCodex, sim: Simulator) -> None:
    result = codex("Hello")
    assert result.returncode == 1
    assert "usage limit" in lines(result)[-1]["error"]["message"]
    assert len(sim.sent("/responses")) == 1


@pytest.mark.parametrize("sim", ["failed"], indirect=True)
def test_full_context_is_told(codex: RunCodex) -> None:
    result = codex("Hello")
    assert result.returncode == 1
    assert "context window" in lines(result)[-1]["error"]["message"]


def test_second_turn_continues_the_conversation(codex: RunCodex, sim: Simulator) -> None:
    assert_completed(codex("How do I retry a request?"))
    assert_completed(codex("And which database?", subcommand=("resume", "--last")))
    first, second = (request.body["input"] for request in sim.sent("/responses"))
    kinds = [(item["type"], item.get("role")) for item in second[len(first) :]]
    assert kinds[:2] == [("reasoning", None), ("message", "assistant")]
    assert second[-1]["content"][-1]["text"] == "And which database?"


def test_catalogue_is_accepted(codex: RunCodex, sim: Simulator, tmp_path: Path) -> None:
    """Signed in with ChatGPT, it fetches the models, keeps them and asks the backend."""
    login = sim.issue()
    home = tmp_path / "codex"
    (home / "auth.json").write_text(json.dumps(login))
    result = codex(
        "How do I retry a request?",
        "-c",
        f"chatgpt_base_url={sim.chatgpt_base_url}",
        base_url=sim.codex_base_url,
        requires_openai_auth="true",
    )
    assert_completed(result)
    kept = json.loads((home / "models_cache.json").read_text())
    assert [model["slug"] for model in kept["models"]] == [model.slug for model in MODELS]
    asked = sim.sent("/responses")[0]
    assert (asked.path, asked.headers["chatgpt-account-id"]) == (
        "/backend-api/codex/responses",
        login["tokens"]["account_id"],
    )
