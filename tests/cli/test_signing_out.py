"""`foredeck logout` while the issuer is slow."""

import signal
from pathlib import Path

import pytest

from simulator.script import Status, Usual
from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import put_login, use_simulator


def test_what_is_waited_for_is_said_once_the_login_is_deleted(
    sim: Simulator, foredeck: CommandLine, tmp_path: Path
) -> None:
    use_simulator(foredeck, sim, tmp_path / "codex")
    path = put_login(foredeck, sim.issue())
    gate, host = sim.gate(), sim.issuer.partition("//")[2]
    sim.script("oauth/revoke", [gate, Usual()])
    with foredeck.start("logout") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == (
            f"note: Signed out here. Telling {host} to end the login there too, for 10 s at most.\n"
        )
        assert not path.exists()
        gate.open()
        _, errors = process.communicate(timeout=20)
    assert errors == "note: You are signed out, and so is the Codex CLI, which shared the login.\n"
    assert process.returncode == 0
    assert sim.auth.as_json()["families"]["revoked"] == 1


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_ctrl_c_meanwhile_still_has_the_tokens_revoked_or_says_that_they_are_not(
    sim: Simulator, foredeck: CommandLine, tmp_path: Path, *, is_answered: bool
) -> None:
    use_simulator(foredeck, sim, tmp_path / "codex")
    put_login(foredeck, sim.issue())
    gate = sim.gate()
    sim.script("oauth/revoke", [gate, Usual() if is_answered else Status(503)])
    with foredeck.start("logout") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("note: Signed out here. Telling ")
        process.send_signal(signal.SIGINT)
        line = process.stderr.readline()
        assert line == "note: Signed out here. Ctrl-C again leaves the tokens valid.\n"
        gate.open()
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert ("They stay valid until they expire." in errors) is not is_answered
    assert sim.auth.as_json()["families"]["revoked"] == int(is_answered)
