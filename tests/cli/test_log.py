"""The log tells a maintainer what happened, and nobody what was said or who we are."""

import logging
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logs import start_log
from simulator import events
from simulator.script import Drop, Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine

PROMPT = "canary-prompt"


@pytest.fixture
def log(foredeck: CommandLine) -> Path:
    return Path(foredeck.environment["FOREDECK_HOME"]) / "state" / "foredeck.log"


@pytest.fixture
def _own_handlers() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in list(root.handlers):
        root.removeHandler(handler)
        if handler not in before:
            handler.close()
    for handler in before:
        root.addHandler(handler)
    root.setLevel(level)


def test_a_run_is_told_from_start_to_end(sim: Simulator, foredeck: CommandLine, log: Path) -> None:
    sim.script("responses", [events.created(), *events.deltas("m", "canary-answer", 4), Drop()])
    sim.script("responses", [Status(400, {"x-request-id": "req_7"}, {"detail": PROMPT})])
    assert foredeck("ask", PROMPT).code == 1
    text = log.read_text()
    for pattern in (
        r"INFO app\.logs: foredeck \S+ starts: ask, Python ",
        r"INFO app\.wiring: provider openai at 127\.0\.0\.1:\d+ speaks responses",
        r"GET /v1/models: 200 after \d+\.\d\d s, request id ",
        r"POST /v1/responses: 200 after \d+\.\d\d s, request id ",
        r"turn \S+: retry 1 of 5 in 0\.\d s, unreachable, status None, code ",
        r"WARNING services\.chat\.turn: turn \S+ failed: refused, status 400, code .*req_7",
        r"INFO app\.logs: foredeck ends with 1",
    ):
        assert re.search(pattern, text), pattern
    assert "canary" not in text
    assert sim.api_key is not None
    assert sim.api_key not in text


def test_debug_also_tells_what_was_typed_and_no_secret(
    sim: Simulator, foredeck: CommandLine, log: Path, tmp_path: Path
) -> None:
    foredeck.environment["MY_KEY"] = sim.api_key or ""
    config = tmp_path / "config.toml"
    config.write_text(
        f'[providers.here]\nbase_url = "{sim.openai_base_url}"\nenv_key = "MY_KEY"\n'
        'http_headers = { "x-token" = "canary-header" }\n'
        'query_params = { token = "canary-query" }\n'
    )
    said = f"{PROMPT} {sim.api_key} canary-header canary-query"
    ended = foredeck(
        "ask", "--config", str(config), "--log-level", "debug", "--provider", "here", said
    )
    assert ended.code == 0
    text = log.read_text()
    assert PROMPT in text
    assert "Finished" in text
    assert (sim.api_key or "?") not in text
    assert "canary-header" not in text
    assert "canary-query" not in text


def test_an_open_file_becomes_private(foredeck: CommandLine, log: Path) -> None:
    log.parent.mkdir(parents=True, mode=0o700)
    log.write_text("before\n")
    log.chmod(0o644)
    assert foredeck("ask", "hi").err == ""
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert log.read_text().startswith("before\n")


@pytest.mark.usefixtures("_own_handlers")
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_of_its_own_is_left_alone(tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "x.log", tmp_path / "other"
    other.write_text("theirs")
    match kind:
        case "link":
            path.symlink_to(other)
        case "pipe":
            os.mkfifo(path)
        case _:
            path.mkdir()
    trouble = start_log(path, "info")
    logging.getLogger("x").info("something")
    assert trouble is not None
    assert trouble.startswith(f"No log is written: {path}: ")
    assert other.read_text() == "theirs"
