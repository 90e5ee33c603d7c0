"""A conversation with a server that others wrote: LiteLLM's proxy, over Chat Completions."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "sk-lite-0123456789abcdef0123456789"
ANSWER = "A mocked answer with **bold** words and `code`."
SHOWN = "A mocked answer with bold words and code."
START_LIMIT = 100.0

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.slow,
    pytest.mark.xdist_group("litellm"),
    pytest.mark.timeout(180),
]


def program() -> str:
    """Path of the proxy; skips, or fails where all must run."""
    found = os.environ.get("FOREDECK_LITELLM") or str(ROOT / ".tools/litellm/bin/litellm")
    if shutil.which(found) is None:
        reason = "litellm is missing; sh scripts/oracles installs it"
        if os.environ.get("FOREDECK_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    folder = tmp_path_factory.mktemp("litellm")
    config = folder / "config.yaml"
    entry = {
        "model_name": "mock",
        "litellm_params": {"model": "openai/mock", "api_key": "none", "mock_response": ANSWER},
    }
    config.write_text(json.dumps({"model_list": [entry], "litellm_settings": {"telemetry": False}}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program(), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env={**os.environ, "LITELLM_MASTER_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
            stdout=log,
            stderr=log,
        )
        try:
            wait_until_alive(f"http://127.0.0.1:{port}/health/liveliness", process, folder)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(20)


def wait_until_alive(url: str, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "the proxy did not start"
            process_ended_within(process, 0.2)


def process_ended_within(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def foredeck(environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def environ(base_url: str) -> dict[str, str]:
    return {**os.environ, "FOREDECK_OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": KEY}


def test_ask_holds_a_conversation(environ: dict[str, str]) -> None:
    first = foredeck(environ, "ask", "--transport", "chat", "--model", "mock", "hello")
    assert (first.returncode, first.stdout.strip()) == (0, ANSWER), first.stderr
    second = foredeck(environ, "ask", "--transport", "chat", "--last", "--json", "and again")
    assert second.returncode == 0, second.stderr
    ended = json.loads(second.stdout.splitlines()[-1])
    assert (ended["type"], ended["status"], ended["text"]) == ("turn_ended", "completed", ANSWER)
    listed = foredeck(environ, "models")
    assert "mock" in listed.stdout, listed.stderr
    shown = foredeck(environ, "chats", "show", json.loads(second.stdout.splitlines()[0])["chat_id"])
    assert shown.stdout.count(ANSWER) == 2, shown.stdout


def test_the_app_holds_a_conversation(environ: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('transport = "chat"\nmodel = "mock"\n')
    environ = {**environ, "FOREDECK_CONFIG": str(config)}
    with Terminal([sys.executable, "-m", "app"], environ=environ, folder=ROOT) as terminal:
        terminal.wait_screen("127.0.0.1")
        for count, words in enumerate(("hello there", "and once more"), start=1):
            terminal.send(words)
            terminal.wait_screen(words)
            terminal.send("\r")
            terminal.wait_for_screen(lambda rows, n=count: sum(SHOWN in r for r in rows) == n)
        rows = terminal.screen()
        assert any("hello there" in row for row in rows)
