"""`foredeck simulate` as a process: its first line, its flags, its ways to end."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def running(*flags: str) -> Generator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", *flags],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def run(*flags: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "simulator", *flags],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def post(line: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"model": "gpt-5.5", "stream": True, "input": "hello"} | more
    headers = {"authorization": f"Bearer {line['api_key']}"}
    url = f"{line['openai_base_url']}/responses"
    return httpx.post(url, json=body, headers=headers, trust_env=False, timeout=20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_first_line_says_where_and_signals_end_it_with_zero(number: signal.Signals) -> None:
    with running("--speed", "inf") as (process, line):
        assert list(line) == [
            "issuer",
            "chatgpt_base_url",
            "openai_base_url",
            "api_key",
            "story",
        ]
        assert line["issuer"].startswith("http://127.0.0.1:")
        assert line["openai_base_url"] == f"{line['issuer']}/v1"
        assert line["chatgpt_base_url"] == f"{line['issuer']}/backend-api"
        assert line["api_key"].startswith("sk-sim-")
        assert line["story"] == "day"
        assert "Hello!" in post(line).text.replace('"delta":"', "")
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_it_ends_with_the_process_that_started_it() -> None:
    with running("--exit-with-parent") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def test_it_outlives_its_stdin_otherwise() -> None:
    with running("--speed", "inf") as (process, line):
        assert process.stdin is not None
        process.stdin.close()
        assert post(line).is_success


def test_story_file_scripts_the_first_calls(tmp_path: Path) -> None:
    path = tmp_path / "story.json"
    steps = [{"send": {"type": "response.completed", "response": {"id": "resp_file"}}}]
    path.write_text(json.dumps([{"route": "responses", "steps": steps}]))
    with running("--story", str(path), "--speed", "inf") as (_, line):
        assert line["story"] == str(path)
        assert "resp_file" in post(line).text
        assert "resp_file" not in post(line).text


def test_faults_come_from_the_command_line() -> None:
    flags = ("--fail", "responses:status=503:times=1", "--fail", "models:status=500")
    with running("--speed", "inf", *flags) as (_, line):
        assert [post(line).status_code for _ in range(2)] == [503, 200]


def same_ids(seed: str) -> list[str]:
    with running("--speed", "inf", "--seed", seed) as (_, line):
        return [part for part in post(line).text.split('"') if part.startswith(("resp_", "msg_"))]


def test_seed_makes_it_repeat_itself() -> None:
    assert same_ids("7") == same_ids("7") != same_ids("8")


def test_stories_are_listed() -> None:
    result = run("--story", "list")
    assert result.returncode == 0
    assert result.stdout.startswith("day ")
    assert "refusal" in result.stdout


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--fail", "wham/tasks/list:slow=5"), "no route 'wham/tasks/list'"),
        (("--story", "nowhere"), "no story 'nowhere'"),
        (("--speed", "0"), "greater than 0"),
        (("--port", "70000"), "between 0 and 65535"),
        (("--token-life", "0"), "a second at least"),
        (("--token-spent", "x"), "a number from 0"),
    ],
)
def test_what_means_nothing_is_wrong_usage(flags: tuple[str, ...], reason: str) -> None:
    result = run(*flags)
    assert result.returncode == 2
    assert reason in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_taken_port_is_said_in_one_line() -> None:
    with running() as (_, line):
        result = run("--port", line["issuer"].rpartition(":")[2])
    assert result.returncode == 1
    assert result.stderr.startswith("error: port ")


def test_closed_stdout_is_no_reason_to_fail() -> None:
    starts: Callable[..., Any] = subprocess.run
    command = f"{sys.executable} -m simulator --story list | head -n 1"
    result = starts(command, shell=True, cwd=ROOT, text=True, capture_output=True, check=False)
    assert "Traceback" not in result.stderr
