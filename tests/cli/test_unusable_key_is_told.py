"""A key of the environment that cannot be sent is not said to be used."""

from pathlib import Path

import pytest

from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import put_login, use_simulator

CAUSE = "OPENAI_API_KEY holds characters that no key has"
STEP = "Set it again, whole and in one line"
KEYS = {"newline": "sk-canary\nb", "not ASCII": "sk-canaryé漢", "blank": "sk-canary b"}


@pytest.fixture(params=KEYS.values(), ids=list(KEYS))
def deck(
    request: pytest.FixtureRequest, foredeck: CommandLine, sim: Simulator, tmp_path: Path
) -> CommandLine:
    use_simulator(foredeck, sim, tmp_path / "codex")
    foredeck.environment["OPENAI_API_KEY"] = request.param
    return foredeck


def test_by_doctor(deck: CommandLine) -> None:
    ended = deck("doctor", "--offline", "--json")
    (document,) = ended.lines
    (check,) = [each for each in document["checks"] if each["id"] == "account"]
    assert (check["state"], check["found"], check["next_step"]) == ("failed", CAUSE, STEP)
    assert (ended.code, "canary" in ended.out + ended.err) == (1, False)


def test_by_login_status(deck: CommandLine) -> None:
    ended = deck("login", "status")
    assert (ended.code, ended.out, ended.err) == (3, "", f"error: {CAUSE}. {STEP}.\n")


def test_by_login_status_for_scripts(deck: CommandLine) -> None:
    ended = deck("login", "status", "--json")
    (document,) = ended.lines
    assert (ended.code, document["mode"], document["storage"]) == (3, "none", None)


def test_by_logout(deck: CommandLine, sim: Simulator) -> None:
    put_login(deck, sim.issue())
    ended = deck("logout")
    assert ended.code == 0
    assert ended.err.splitlines()[-1] == f"note: {CAUSE}. {STEP}."


def test_a_login_comes_first_and_the_key_is_no_matter(deck: CommandLine, sim: Simulator) -> None:
    put_login(deck, sim.issue())
    assert deck("login", "status").code == 0
    assert deck("doctor", "--offline").code == 0
