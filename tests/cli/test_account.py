"""API keys, `login status` and `logout` as real processes, against the simulator."""

import json
import os
import pty
import signal
import socket
import termios
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from simulator.script import Gate, Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import home_of, put_login, use_simulator

KEY = "sk-sim-foredeck"


@pytest.fixture
def deck(foredeck: CommandLine, sim: Simulator, tmp_path: Path) -> CommandLine:
    use_simulator(foredeck, sim, tmp_path / "codex")
    return foredeck


def auth_file(deck: CommandLine) -> Path:
    return home_of(deck) / "auth.json"


def status(deck: CommandLine, code: int = 0) -> dict[str, Any]:
    ended = deck("login", "status", "--json")
    assert ended.code == code
    (document,) = ended.lines
    return document


def test_a_key_comes_from_stdin_and_is_asked_about_once(deck: CommandLine, sim: Simulator) -> None:
    ended = deck("login", "--api-key-stdin", "--json", stdin=f"  {KEY}\n")
    assert ended.code == 0
    (asked,) = sim.requests
    assert (asked.method, asked.path) == ("GET", "/v1/models")
    assert json.loads(auth_file(deck).read_text()) == {
        "auth_mode": "apikey",
        "OPENAI_API_KEY": KEY,
    }
    document = json.loads(ended.out)
    assert document == {
        "mode": "api_key",
        "email": None,
        "plan": None,
        "account_id": None,
        "storage": "file",
        "expires_at": None,
        "refreshed_at": None,
        "shared_with_codex": True,
    }
    assert status(deck) == document
    assert KEY not in ended.out + ended.err


@pytest.mark.parametrize(
    ("key", "answer", "code"),
    [
        ("sk-wrong-canary-0123456789", None, 3),
        (KEY, Status(403, {}, {"error": {"message": "Never"}}), 3),
        (KEY, Status(429, {}, {"error": {"message": "Slow"}}), 5),
        (KEY, Status(500, {}, ""), 1),
    ],
)
def test_a_key_that_is_refused_is_not_kept(
    deck: CommandLine, sim: Simulator, key: str, answer: Status | None, code: int
) -> None:
    old = put_login(deck, sim.issue()).read_bytes()
    if answer is not None:
        sim.script("models", [answer])
    ended = deck("login", "--api-key-stdin", stdin=key)
    assert (ended.code, ended.out) == (code, "")
    assert key not in ended.err
    assert auth_file(deck).read_bytes() == old
    assert len(sim.requests) == 1


def test_a_server_that_is_not_there_is_6(deck: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    deck.environment["FOREDECK_OPENAI_BASE_URL"] = f"http://127.0.0.1:{port}/v1"
    assert deck("login", "--api-key-stdin", stdin=KEY).code == 6
    deck.environment["FOREDECK_ISSUER"] = f"http://127.0.0.1:{port}"
    assert deck("login", "--device").code == 6
    assert not auth_file(deck).exists()


@pytest.mark.parametrize("text", ["", " \n", "x" * 70_000])
def test_what_is_no_key_is_wrong_usage(deck: CommandLine, sim: Simulator, text: str) -> None:
    ended = deck("login", "--api-key-stdin", stdin=text)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert sim.requests == []


def test_a_key_of_two_lines_is_refused(deck: CommandLine, sim: Simulator) -> None:
    ended = deck("login", "--api-key-stdin", stdin="sk-one\nsk-two\n")
    assert (ended.code, "That is no API key" in ended.err) == (3, True)
    assert sim.requests == []


def test_a_key_that_is_typed_is_not_shown(deck: CommandLine) -> None:
    user, program = pty.openpty()
    try:
        with deck.start("login", "--api-key-stdin", stdin=program) as process:
            assert process.stderr is not None
            assert process.stderr.read(8) == "API key "
            assert not termios.tcgetattr(program)[3] & termios.ECHO
            os.write(user, f"{KEY}\n".encode())
            process.communicate(timeout=30)
        assert process.returncode == 0
        assert termios.tcgetattr(program)[3] & termios.ECHO
        os.set_blocking(user, False)
        with pytest.raises(BlockingIOError):
            os.read(user, 100)
    finally:
        os.close(user)
        os.close(program)
    assert status(deck)["mode"] == "api_key"


def test_ctrl_c_while_a_key_is_typed_shows_again_what_is_typed(deck: CommandLine) -> None:
    user, program = pty.openpty()
    try:
        with deck.start("login", "--api-key-stdin", stdin=program) as process:
            assert process.stderr is not None
            assert process.stderr.read(8) == "API key "
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        assert process.returncode == 130
        assert termios.tcgetattr(program)[3] & termios.ECHO
    finally:
        os.close(user)
        os.close(program)
    assert not auth_file(deck).exists()


def test_with_no_input_no_key_is_asked_for(deck: CommandLine) -> None:
    user, program = pty.openpty()
    try:
        with deck.start("login", "--api-key-stdin", "--no-input", stdin=program) as process:
            _, err = process.communicate(timeout=30)
    finally:
        os.close(user)
        os.close(program)
    assert process.returncode == 2
    assert err.startswith("error: A terminal is not read with --no-input. ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("login", "--browser", "--device"),
        ("login", "--device", "status"),
        ("login", "somebody"),
        ("login", "--api-key", KEY),
        ("login", "--demo"),
        ("logout", "--demo"),
    ],
)
def test_wrong_usage_is_2(deck: CommandLine, sim: Simulator, arguments: tuple[str, ...]) -> None:
    ended = deck(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert sim.requests == []


def test_a_login_of_codex_is_found(deck: CommandLine, sim: Simulator) -> None:
    put_login(deck, sim.issue())
    document = status(deck)
    assert document["email"] == sim.account.email
    assert document["plan"] == sim.account.plan
    assert document["shared_with_codex"] is True
    rows = dict(line.split("\t") for line in deck("login", "status").out.splitlines())
    assert list(rows) == list(document)
    assert (rows["mode"], rows["shared_with_codex"]) == ("chatgpt", "yes")
    ends = datetime.strptime(rows["expires_at"], "%Y-%m-%d %H:%M:%S %z")
    assert ends.timestamp() == document["expires_at"]
    assert sim.requests == []


@pytest.mark.parametrize(
    "text", ["", "[]", '{"tokens": ', '{"auth_mode": "chatgpt", "tokens": {}}', "\x00\xff"]
)
def test_a_file_that_cannot_be_used_is_said_and_left_alone(deck: CommandLine, text: str) -> None:
    auth_file(deck).write_text(text)
    assert status(deck, 3)["mode"] == "none"
    ended = deck("login", "status")
    assert (ended.code, ended.out, ended.err.count("\n")) == (3, "", 1)
    assert ended.err.startswith("error: auth.json ")
    assert auth_file(deck).read_text() == text


def test_a_key_of_the_environment_is_told_where_no_login_is_stored(
    deck: CommandLine, sim: Simulator
) -> None:
    deck.environment["OPENAI_API_KEY"] = KEY
    document = status(deck)
    assert (document["mode"], document["storage"]) == ("api_key", "environment")
    put_login(deck, sim.issue())
    assert status(deck)["mode"] == "chatgpt"
    auth_file(deck).write_text("{")
    assert status(deck, 3)["mode"] == "none"


def test_a_token_of_the_environment_stands_before_a_login(
    deck: CommandLine, sim: Simulator
) -> None:
    path = put_login(deck, sim.issue())
    old = path.read_bytes()
    deck.environment["CODEX_ACCESS_TOKEN"] = "at-canary-0123456789"
    assert status(deck)["storage"] == "environment"
    for arguments in (("login", "--device"), ("logout",)):
        ended = deck(*arguments)
        assert (ended.code, ended.out) == (1, "")
        assert "Unset CODEX_ACCESS_TOKEN first" in ended.err
        assert "canary" not in ended.err
    deck.environment["CODEX_ACCESS_TOKEN"] = "nonsense"
    assert deck("login", "status").code == 3
    assert (path.read_bytes(), sim.requests) == (old, [])


def test_logout_deletes_and_revokes(deck: CommandLine, sim: Simulator) -> None:
    login = sim.issue()
    put_login(deck, login)
    ended = deck("logout")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == (
        "note: You are signed out, and so is the Codex CLI, which shared the login.\n"
    )
    assert not auth_file(deck).exists()
    assert sim.auth.as_json()["families"]["revoked"] == 1
    again = deck("logout")
    assert (again.code, again.err) == (0, "note: Nobody was signed in.\n")


def test_logout_can_leave_the_tokens_valid(deck: CommandLine, sim: Simulator) -> None:
    put_login(deck, sim.issue())
    ended = deck("logout", "--keep-remote")
    assert (ended.code, "Nothing was revoked" in ended.err) == (0, True)
    assert (auth_file(deck).exists(), sim.requests) == (False, [])


def test_what_could_not_be_revoked_is_said_after_the_deletion(
    deck: CommandLine, sim: Simulator
) -> None:
    put_login(deck, sim.issue())
    gate = Gate()
    sim.script("oauth/revoke", [gate, Status(500, {}, {"error": {"message": "no\x1b[2J"}})])
    with deck.start("logout") as process:
        assert gate.wait_reached()
        assert not auth_file(deck).exists()
        gate.open()
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    *_, note, warning = err.splitlines()
    assert note.startswith("note: You are signed out")
    assert warning.startswith("warning: The tokens could not be revoked: ")
    assert "\x1b" not in warning


def test_a_broken_file_is_deleted_by_logout_and_that_is_said(
    deck: CommandLine, sim: Simulator
) -> None:
    auth_file(deck).write_text("{")
    ended = deck("logout")
    assert ended.code == 0
    assert "could not be read, so it was deleted and not revoked" in ended.err
    assert (auth_file(deck).exists(), sim.requests) == (False, [])


def test_a_key_of_the_environment_outlives_a_logout(deck: CommandLine, sim: Simulator) -> None:
    deck.environment["OPENAI_API_KEY"] = KEY
    put_login(deck, sim.issue())
    assert "note: OPENAI_API_KEY is set, and is used from now on." in deck("logout").err


def test_what_codex_forbids_is_refused_before_anything_is_asked(
    deck: CommandLine, sim: Simulator
) -> None:
    config = home_of(deck) / "config.toml"
    config.write_text('forced_login_method = "api"\n')
    assert deck("login", "--device").code == 3
    config.write_text('forced_login_method = "chatgpt"\n')
    assert deck("login", "--api-key-stdin", stdin=KEY).code == 3
    assert sim.requests == []


def test_a_login_that_could_not_be_kept_is_not_begun(deck: CommandLine, sim: Simulator) -> None:
    own = Path(deck.environment["FOREDECK_HOME"])
    own.mkdir(mode=0o700)
    (own / "config.toml").write_text('[auth]\nmode = "read_only"\n')
    put_login(deck, sim.issue())
    ended = deck("login", "--device")
    assert (ended.code, "read_only" in ended.err) == (1, True)
    (own / "config.toml").write_text('[auth]\nstore = "keyring"\n')
    deck.environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
    ended = deck("login", "--device")
    assert (ended.code, "keyring" in ended.err) == (1, True)
    (own / "config.toml").write_text('[auth]\nstore = "ephemeral"\n')
    ended = deck("login", "--device")
    assert (ended.code, "ephemeral" in ended.err) == (2, True)
    assert sim.requests == []
    assert status(deck, 3)["mode"] == "none"


def test_an_issuer_elsewhere_is_named(deck: CommandLine) -> None:
    deck.environment["FOREDECK_ISSUER"] = "https://issuer.invalid"
    ended = deck("logout")
    assert ended.err.splitlines()[0] == "note: FOREDECK_ISSUER names issuer.invalid."


def test_a_wrong_configuration_stops_a_login(deck: CommandLine, sim: Simulator) -> None:
    own = Path(deck.environment["FOREDECK_HOME"])
    own.mkdir(mode=0o700)
    (own / "config.toml").write_text('[auth]\nmode = "borrowed"\n')
    for arguments in (("login", "--device"), ("login", "status"), ("logout",)):
        assert deck(*arguments).code == 2
    assert sim.requests == []
