"""A program that is asked to end while its refresh is under way stores the answer first.

The refresh token is spent then; only SIGKILL, or a second signal, loses what came for it.
"""

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress

import pytest

from simulator.script import Gate, Usual, Work
from tests.soak.ground import HEARD, ROOT, Ground

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
