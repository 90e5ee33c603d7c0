"""A second Ctrl-C: it ends a command at once, but for a login whose refresh token is spent."""

import asyncio
import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.cli.interrupts import WAITING, Interrupts
from app.cli.output import Output
from simulator.script import Gate, Usual, Work
from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import put_login, use_simulator


@pytest.fixture
def path(sim: Simulator, foredeck: CommandLine, tmp_path: Path) -> Path:
    """A login that has to be renewed before the next call."""
    use_simulator(foredeck, sim, tmp_path / "codex")
    return put_login(foredeck, sim.issue(life=720, spent=730))


@pytest.fixture
def gate(sim: Simulator, path: Path) -> Generator[Gate]:
    """Holds the answer to a refresh that is done already."""
    gate = sim.gate()
    sim.script("oauth/token", [Work(), gate, Usual()])
    yield gate
    gate.open()


def tokens(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())["tokens"]


def interrupted(process: "subprocess.Popen[str]", gate: Gate) -> None:
    """Wait for the renewal, and press Ctrl-C; what is printed then tells that it has come."""
    assert gate.wait_reached()
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert any('"turn_ended"' in line for line in process.stdout)


def test_a_second_ctrl_c_waits_for_the_answer_of_a_spent_token_and_says_so(
    foredeck: CommandLine, path: Path, gate: Gate
) -> None:
    before = tokens(path)
    with foredeck.start("ask", "--json", "hi") as process:
        interrupted(process, gate)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline() == f"{WAITING}\n"
        gate.open()
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "")
    assert tokens(path)["refresh_token"] != before["refresh_token"]


def test_a_third_one_leaves_at_once(foredeck: CommandLine, path: Path, gate: Gate) -> None:
    before = tokens(path)
    with foredeck.start("ask", "--json", "hi") as process:
        interrupted(process, gate)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline() == f"{WAITING}\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert tokens(path) == before


@pytest.mark.parametrize("is_spending", [False, True])
def test_only_a_spent_token_keeps_a_second_signal_from_ending_it(is_spending: bool) -> None:
    err, left = io.StringIO(), list[int]()
    interrupts = Interrupts(Output(io.StringIO(), err), leave=left.append)
    interrupts.spare(lambda: is_spending)

    async def stubborn() -> int:
        with suppress(asyncio.CancelledError):
            await signalled(lambda: False)
        if is_spending:
            await signalled(err.getvalue)
            assert left == []
        await signalled(lambda: left)
        raise asyncio.CancelledError

    assert interrupts.run(stubborn()) == 143
    assert (err.getvalue(), left) == (f"{WAITING}\n" if is_spending else "", [143])


async def signalled(condition: Callable[[], object]) -> None:
    """Get a signal, and see what comes of it."""
    os.kill(os.getpid(), signal.SIGTERM)
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)
