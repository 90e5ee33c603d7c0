"""`foredeck login`, `login status` and `logout` as real processes, against the simulator."""

import contextlib
import json
import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.script import Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import home_of, put_login, use_simulator

pytestmark = pytest.mark.xdist_group("callback ports")
PORTS = (1455, 1457)
STATUS_KEYS = [
    "mode",
    "email",
    "plan",
    "account_id",
    "storage",
    "expires_at",
    "refreshed_at",
    "shared_with_codex",
]
NOBODY: dict[str, Any] = dict.fromkeys(STATUS_KEYS) | {"mode": "none", "shared_with_codex": False}


@pytest.fixture
def deck(foredeck: CommandLine, sim: Simulator, tmp_path: Path) -> CommandLine:
    use_simulator(foredeck, sim, tmp_path / "codex")
    sim.auth.policy.interval = "1"
    return foredeck


def address(process: subprocess.Popen[str], sim: Simulator) -> str:
    """The whole line that a login by browser prints for its user."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(f"{sim.issuer}/oauth/authorize?"):
            return line.rstrip("\n")
    raise AssertionError("the login has ended")


def lines_until(process: subprocess.Popen[str], beginning: str) -> list[str]:
    """What is said up to a line that begins so."""
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line.rstrip("\n"))
        if line.startswith(beginning):
            return said
    raise AssertionError(said)


def decide(url: str, decision: str) -> str:
    """Press a button of the authorize page; the address that the browser is sent to."""
    with httpx.Client(trust_env=False) as browser:
        assert 'name="answer"' in browser.get(url).text
        return browser.post(url, data={"answer": decision}).headers["location"]


def follow(location: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as browser:
        return browser.get(location)


def status(deck: CommandLine, code: int = 0) -> dict[str, Any]:
    ended = deck("login", "status", "--json")
    assert ended.code == code
    (document,) = ended.lines
    assert list(document) == STATUS_KEYS
    return document


def auth_json(deck: CommandLine) -> dict[str, Any]:
    return json.loads((home_of(deck) / "auth.json").read_text())


def ports_are_free() -> bool:
    try:
        for port in PORTS:
            with socket.create_server(("127.0.0.1", port)):
                pass
    except OSError:
        return False
    return True


def test_nobody_is_signed_in_at_first(deck: CommandLine, sim: Simulator) -> None:
    ended = deck("login", "status")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == "error: Nobody is signed in. Sign in with foredeck login.\n"
    assert status(deck, 3) == NOBODY
    assert sim.requests == []


def test_a_browser_signs_in(deck: CommandLine, sim: Simulator) -> None:
    before = time.time()
    with deck.start("login", "--browser", "--json") as process:
        url = address(process, sim)
        page = follow(decide(url, "allow"))
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert page.status_code == 200
    assert "code_challenge_method=S256" in url
    document = json.loads(out)
    assert list(document) == STATUS_KEYS
    assert document["mode"] == "chatgpt"
    assert document["email"] == sim.account.email
    assert document["account_id"] == sim.account.account_id
    assert (document["storage"], document["shared_with_codex"]) == ("file", True)
    assert before - 1 <= document["refreshed_at"] <= time.time()
    assert document["expires_at"] > time.time()
    assert f"as {sim.account.email} (" in err
    assert status(deck) == document
    assert (home_of(deck) / "auth.json").stat().st_mode & 0o777 == 0o600
    assert ports_are_free()


def test_without_json_stdout_stays_empty(deck: CommandLine, sim: Simulator) -> None:
    with deck.start("login", "--browser", "--no-input") as process:
        follow(decide(address(process, sim), "allow"))
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")


def test_no_secret_of_a_login_is_printed(deck: CommandLine, sim: Simulator) -> None:
    with deck.start("login", "--browser", "--json", "--log-level", "debug") as process:
        location = decide(address(process, sim), "allow")
        follow(location)
        out, err = process.communicate(timeout=30)
    tokens = auth_json(deck)["tokens"]
    log = (Path(deck.environment["FOREDECK_HOME"]) / "state" / "foredeck.log").read_text()
    code = httpx.URL(location).params["code"]
    for secret in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"], code):
        assert secret not in out + err + log


def test_the_user_of_the_browser_says_no(deck: CommandLine, sim: Simulator) -> None:
    sim.auth.policy.denial = ("access_denied", "You said\x1b[31m no")
    with deck.start("login", "--browser") as process:
        follow(decide(address(process, sim), "deny"))
        _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "You said" in err
    assert "\x1b" not in err
    assert status(deck, 3) == NOBODY


def test_a_login_that_fails_leaves_the_old_one(deck: CommandLine, sim: Simulator) -> None:
    old = put_login(deck, sim.issue()).read_bytes()
    sim.script("oauth/token", [Status(400, {}, {"error": "invalid_grant"})])
    with deck.start("login", "--browser") as process:
        follow(decide(address(process, sim), "allow"))
        _, err = process.communicate(timeout=30)
    assert (process.returncode, "invalid_grant" in err) == (1, True)
    assert (home_of(deck) / "auth.json").read_bytes() == old


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("way", ["--browser", "--device"])
def test_a_signal_ends_it_and_leaves_the_old_login(
    deck: CommandLine, sim: Simulator, way: str, number: int, code: int
) -> None:
    sim.auth.policy.approve_at = None
    old = put_login(deck, sim.issue()).read_bytes()
    with deck.start("login", way) as process:
        assert process.stderr is not None
        assert any("Ctrl-C stops" in line for line in process.stderr)
        begun = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (code, "", "")
    assert time.monotonic() - begun < 5
    assert (home_of(deck) / "auth.json").read_bytes() == old
    assert ports_are_free()


def test_taken_ports_are_named_with_the_other_way(deck: CommandLine, sim: Simulator) -> None:
    with contextlib.ExitStack() as taken:
        for port in PORTS:
            taken.enter_context(socket.create_server(("127.0.0.1", port)))
        ended = deck("login", "--browser", "--json")
    assert (ended.code, ended.out) == (1, "")
    said, machine = ended.err.splitlines()[-2:]
    assert said.startswith("error: Port 1455 is taken by ")
    assert "port 1457 is taken by " in said
    assert said.endswith("Sign in with foredeck login --device, or close what holds the port.")
    assert json.loads(machine)["error"]["message"] in said
    assert sim.requests == []


def test_the_second_port_does_too(deck: CommandLine, sim: Simulator) -> None:
    with (
        socket.create_server(("127.0.0.1", PORTS[0])),
        deck.start("login", "--browser") as process,
    ):
        location = decide(address(process, sim), "allow")
        assert location.startswith(f"http://127.0.0.1:{PORTS[1]}/auth/callback?")
        follow(location)
        process.communicate(timeout=30)
    assert process.returncode == 0


@contextlib.contextmanager
def terminal() -> Generator[tuple[int, int]]:
    """A pseudo-terminal: what its user types into, and what the program has."""
    controller, program = pty.openpty()
    try:
        yield controller, program
    finally:
        os.close(controller)
        os.close(program)


def test_the_address_can_be_pasted_where_the_browser_cannot_come_back(
    deck: CommandLine, sim: Simulator
) -> None:
    with (
        terminal() as (user, program),
        deck.start("login", "--browser", stdin=program) as process,
    ):
        url = address(process, sim)
        location = decide(url, "allow")
        assert process.stderr is not None
        os.write(user, b"what?\n")
        assert any("note: This is no address" in line for line in process.stderr)
        strange = location.partition("state=")[0] + "state=strange"
        os.write(user, f"{strange}\n".encode())
        assert any("belongs to another attempt" in line for line in process.stderr)
        os.write(user, f"  {location}\n".encode())
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert status(deck)["email"] == sim.account.email


def test_with_no_input_a_terminal_is_not_read(deck: CommandLine, sim: Simulator) -> None:
    with (
        terminal() as (user, program),
        deck.start("login", "--browser", "--no-input", stdin=program) as process,
    ):
        url = address(process, sim)
        os.write(user, b"what?\n")
        follow(decide(url, "allow"))
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "paste" not in err
    assert "This is no address" not in err


def browser_of(deck: CommandLine, tmp_path: Path) -> Path:
    """A browser that only writes down what it was given."""
    noted = tmp_path / "opened"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {noted}\n')
    program.chmod(0o700)
    deck.environment["BROWSER"] = str(program)
    return noted


def test_a_browser_is_opened_where_there_is_one(
    deck: CommandLine, sim: Simulator, tmp_path: Path
) -> None:
    noted = browser_of(deck, tmp_path)
    # Reading a pipe waits until somebody writes.
    os.mkfifo(noted)
    with deck.start("login", "--browser") as process:
        url = address(process, sim)
        assert noted.read_text() == url
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("flags", "environ"),
    [(("--no-open",), {}), ((), {"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"})],
    ids=["told not to", "remote"],
)
def test_no_browser_is_opened(
    deck: CommandLine,
    sim: Simulator,
    tmp_path: Path,
    flags: tuple[str, ...],
    environ: dict[str, str],
) -> None:
    noted = browser_of(deck, tmp_path)
    deck.environment |= environ
    with deck.start("login", "--browser", *flags) as process:
        follow(decide(address(process, sim), "allow"))
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert not noted.exists()


def test_a_code_signs_in(deck: CommandLine, sim: Simulator) -> None:
    sim.auth.policy.approve_at = None
    with deck.start("login", "--device", "--json") as process:
        lines = lines_until(process, "The code is good until ")
        page = lines[lines.index("Open this page on any device:") + 2]
        assert page == f"{sim.issuer}/codex/device"
        assert any(line.startswith("warning: Type it on that page only") for line in lines)
        code = lines[lines.index("and type this code there:") + 2]
        assert sim.auth.device.decide(code, "allow")
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(out) == status(deck)


def test_a_code_that_is_denied_signs_nobody_in(deck: CommandLine, sim: Simulator) -> None:
    sim.auth.policy.approve_at = None
    with deck.start("login", "--device") as process:
        lines = lines_until(process, "The code is good until ")
        code = lines[lines.index("and type this code there:") + 2]
        assert sim.auth.device.decide(code, "deny")
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err.startswith("error: ")) == (3, True)
    assert status(deck, 3) == NOBODY


def test_trouble_on_the_way_is_told_and_outlived(deck: CommandLine, sim: Simulator) -> None:
    sim.script("deviceauth/token", [Status(503, {}, "")])
    ended = deck("login", "--device")
    assert ended.code == 0
    notes = [line for line in ended.err.splitlines() if line.startswith("note: ")]
    assert "(503)" in notes[0]
    assert notes[1] == "note: The server answers again."
    assert status(deck)["mode"] == "chatgpt"


def test_without_a_desktop_a_code_comes_first(deck: CommandLine, sim: Simulator) -> None:
    assert deck("login").code == 0
    assert len(sim.sent("/deviceauth/usercode")) == 1


def test_where_codes_are_not_enabled_a_browser_does_it(deck: CommandLine, sim: Simulator) -> None:
    route = "deviceauth/usercode"
    sim.script(route, [Status(404, {}, "")])
    with deck.start("login") as process:
        follow(decide(address(process, sim), "allow"))
        process.communicate(timeout=30)
    assert process.returncode == 0
    sim.script(route, [Status(404, {}, "")])
    named = deck("login", "--device")
    assert named.code == 4
    assert "Enable them in the security settings of ChatGPT" in named.err
