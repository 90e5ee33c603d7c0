"""A program that is asked to end while its refresh is under way stores the answer first.

The refresh token is spent then; only SIGKILL, or a third signal, loses what came for it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import pytest

from benchmarks.terminal import Terminal
from simulator.script import Gate, Usual, Work
from tests.soak.ground import HEARD, ROOT, Ground

pytestmark = pytest.mark.slow

PATIENCE = 1.0
"""Seconds in which a program that did not wait for the answer would have ended."""
LIMIT = 40.0


@pytest.fixture
def gate(ground: Ground) -> Generator[Gate]:
    """Holds the answer to a refresh that is done already."""
    ground.sim.auth.ledger.life, ground.sim.auth.ledger.spent = 1200.0, 1100.0
    ground.sign_in()
    gate = ground.sim.gate()
    ground.sim.script("oauth/token", [Work(), gate, Usual()])
    yield gate
    gate.open()


@contextmanager
def command(ground: Ground, *words: str) -> Generator["subprocess.Popen[str]"]:
    """A command beside the test."""
    with subprocess.Popen(
        [sys.executable, "-m", "app", *words],
        env=ground.environ("script"),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def assert_it_is_stored(ground: Ground) -> None:
    """The login goes on with what the refresh brought."""
    (refresh,) = ground.sim.refreshes
    assert refresh.outcome == "rotated"
    assert ground.stored_token != refresh.token
    with command(ground, "ask", "n1") as process:
        out, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, out.strip()) == (0, f"{HEARD}n1"), errors
    assert ground.sim.auth.reuses == 0


@pytest.mark.parametrize(
    ("words", "number"),
    [
        pytest.param(("ask", "n0"), signal.SIGINT, id="ask SIGINT"),
        pytest.param(("ask", "n0"), signal.SIGTERM, id="ask SIGTERM"),
        pytest.param(("ask", "n0"), signal.SIGHUP, id="ask SIGHUP"),
        pytest.param(("models", "--refresh"), signal.SIGINT, id="models SIGINT"),
    ],
)
def test_a_command_that_gets_a_signal_stores_the_answer(
    words: tuple[str, ...], number: signal.Signals, ground: Ground, gate: Gate
) -> None:
    with command(ground, *words) as process:
        assert gate.wait_reached(LIMIT)
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        gate.open()
        process.communicate(timeout=LIMIT)
        assert process.returncode == 128 + number
    assert_it_is_stored(ground)


def ctrl_c_twice(terminal: Terminal) -> None:
    terminal.send("\x03")
    terminal.wait_screen("again quits")
    terminal.send("\x03")


def signalled(number: signal.Signals) -> Callable[[Terminal], None]:
    return lambda terminal: os.kill(terminal.process.pid, number)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(ctrl_c_twice, id="ctrl-c twice"),
        pytest.param(signalled(signal.SIGTERM), id="SIGTERM"),
        pytest.param(signalled(signal.SIGHUP), id="SIGHUP"),
    ],
)
def test_the_app_that_is_ended_stores_the_answer(
    end: Callable[[Terminal], None], ground: Ground, gate: Gate
) -> None:
    app = [sys.executable, "-m", "app"]
    with Terminal(app, environ=ground.environ("deck"), folder=ground.folder) as terminal:
        terminal.wait_screen("› message", limit=LIMIT)
        terminal.send("n0\r")
        assert gate.wait_reached(LIMIT)
        end(terminal)
        with suppress(subprocess.TimeoutExpired):
            terminal.wait_end(PATIENCE)
        gate.open()
        terminal.wait_end(LIMIT)
    assert_it_is_stored(ground)
