"""Real runs, from sign-in to crash: a secret then stands where the login is kept, or nowhere."""

import json
import os
import re
import secrets
import select
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from benchmarks.terminal import Terminal
from simulator.script import Status
from simulator.server import Simulator
from tests.secrets.conftest import ROOT, World

pytestmark = pytest.mark.slow
callback_ports = pytest.mark.xdist_group("callback ports")
READY = "› message"
CRASHING = """
import sys

import httpx

async def send(self, request, **options):
    raise RuntimeError("it went wrong")

httpx.AsyncClient.send = send
from app.main import main
raise SystemExit(main(sys.argv[1:]))
"""
DUMPING = """#!{python}
import json, os, pathlib, sys
pathlib.Path({to!r}).write_text(json.dumps([sys.argv, dict(os.environ)]))
"""


def assert_nothing_leaked(world: World, *names: str) -> None:
    """No leak; and the run did have secrets of these names to lose."""
    leaks = world.leaks()
    assert leaks == [], "\n".join(map(str, leaks))
    assert world.log.stat().st_size > 0
    planted = " ".join(world.secrets.names)
    assert [name for name in names if name not in planted] == []


def quit_app(terminal: Terminal) -> None:
    terminal.send("\x03")
    terminal.wait_screen("again quits")
    terminal.send("\x03")
    assert terminal.wait_end() == 0


def read_pipe(path: Path) -> bytes:
    """What somebody writes into a named pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as pipe:
        assert select.select([pipe], [], [], 30)[0], "nobody wrote"
        os.set_blocking(descriptor, True)
        return pipe.read()


def test_device_login_question_and_logout(world: World) -> None:
    assert world.run("login", "--device")[0] == 0
    assert world.run("login", "status", "--json")[0] == 0
    assert world.run("ask", "How do I retry a request?")[0] == 0
    assert world.run("ask", "--json", "--last", "And then?")[0] == 0
    assert world.run("models")[0] == 0
    assert world.run("logout")[0] == 0
    assert not world.auth_file.exists()
    assert_nothing_leaked(
        world,
        "auth.json access_token",
        "auth.json id_token",
        "sent code",
        "sent code_verifier",
        "sent device_auth_id",
        "sent token",
    )
    assert world.user_codes


@callback_ports
def test_browser_login(world: World) -> None:
    with world.start("login", "--browser", "--no-open") as running:
        address = running.read_address()
        with httpx.Client(trust_env=False, follow_redirects=True) as browser:
            page = browser.post(address, data={"answer": "allow"})
        assert page.status_code == 200
        assert running.finish() == 0
    assert_nothing_leaked(world, "auth.json refresh_token", "sent code", "sent code_verifier")
    assert world.secrets.scan("page", page.content) == []
    assert world.states.names["state"] >= 1


@callback_ports
def test_issuer_that_repeats_the_code_in_its_refusal(world: World, sim: Simulator) -> None:
    code = f"ac_{secrets.token_urlsafe(32)}"
    world.secrets.plant("code of the callback", code)
    refusal = {"error": "invalid_grant", "error_description": f"The code {code} is no good"}
    sim.script("oauth/token", [Status(400, {}, refusal)])
    with world.start("login", "--browser", "--no-open") as running:
        asked = parse_qs(urlsplit(running.read_address()).query)
        query = {"code": code, "state": asked["state"][0]}
        with httpx.Client(trust_env=False) as browser:
            page = browser.get(asked["redirect_uri"][0], params=query)
        assert running.finish() != 0
    assert "is no good" in running.err
    assert world.secrets.scan("page", page.content) == []
    assert_nothing_leaked(world, "sent code_verifier")


def test_key_that_is_typed_and_a_server_that_repeats_it(world: World, sim: Simulator) -> None:
    key = sim.api_key or ""
    echo = {"error": {"message": f"Incorrect API key provided: {key}.", "code": "invalid_api_key"}}
    sim.script("models", [Status(401, {}, echo)])
    code, said = world.run("login", "--api-key-stdin", stdin=f"{key}\n")
    assert code == 3
    assert "refused the key" in said
    assert world.run("login", "--api-key-stdin", stdin=f"{key}\n")[0] == 0
    assert world.run("login", "status")[0] == 0
    sim.script("responses", [Status(401, {}, echo)])
    assert world.run("ask", "How do I retry a request?")[0] == 3
    assert world.run("ask", "How do I retry a request?")[0] == 0
    assert_nothing_leaked(world, "API key", "auth.json OPENAI_API_KEY")


def test_servers_that_repeat_tokens_in_their_refusals(world: World, sim: Simulator) -> None:
    world.sign_in()
    tokens = json.loads(world.auth_file.read_text())["tokens"]
    echo = {"error": {"message": f"Bearer {tokens['access_token']} is bad", "code": "bad"}}
    sim.script("responses", [Status(400, {}, echo)])
    assert world.run("ask", "How do I retry a request?")[0] != 0
    world.sign_in(spent=20 * 86_400)
    tokens = json.loads(world.auth_file.read_text())["tokens"]
    said = f"{tokens['refresh_token']} of {tokens['id_token']}"
    sim.script("oauth/token", [Status(400, {}, {"error": "invalid_grant", "message": said})])
    assert world.run("ask", "How do I retry a request?")[0] == 3
    sim.script("oauth/revoke", [Status(500, {}, said)])
    assert world.run("logout")[0] == 0
    assert_nothing_leaked(world, "auth.json refresh_token", "sent refresh_token")


def test_tokens_that_are_renewed_in_the_middle_of_a_chat(world: World, sim: Simulator) -> None:
    world.sign_in(spent=20 * 86_400)
    assert world.run("ask", "How do I retry a request?")[0] == 0
    sim.script("responses", [Status(401, {}, {"error": {"message": "no"}})])
    sim.script("responses", [Status(401, {}, {"error": {"message": "no"}})])
    assert world.run("ask", "How do I retry a request?")[0] == 0
    assert len(sim.refreshes) == 2
    assert_nothing_leaked(world, "auth.json access_token", "sent refresh_token")


def test_login_that_cannot_be_read(world: World) -> None:
    world.sign_in()
    whole = world.auth_file.read_text()
    world.auth_file.write_text(whole[: len(whole) // 2])
    assert world.run("login", "status")[0] == 3
    world.auth_file.write_text(json.dumps({"auth_mode": "chatgpt", "tokens": [whole]}))
    assert world.run("login", "status")[0] == 3
    assert world.run("login", "--device")[0] == 0
    assert_nothing_leaked(world, "auth.json refresh_token")


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"])
def test_credentials_of_the_environment(world: World, sim: Simulator, name: str) -> None:
    value = sim.api_key or ""
    if name == "CODEX_ACCESS_TOKEN":
        value = sim.auth.ledger.add_personal_token(sim.account)
        world.secrets.plant("personal token", value)
    world.environ[name] = value
    assert world.run("login", "status", "--json")[0] in {0, 3}
    assert world.run("ask", "How do I retry a request?")[0] == 0
    with world.terminal() as terminal:
        terminal.wait_screen(READY)
        quit_app(terminal)
    assert_nothing_leaked(world)


def test_app_signs_in_by_code_chats_renews_and_signs_out(world: World, sim: Simulator) -> None:
    del world.environ["FOREDECK_OPENAI_BASE_URL"]
    # Without a desktop a code comes first.
    world.environ["SSH_TTY"] = "/dev/pts/9"
    with world.terminal() as terminal:
        terminal.wait_screen("Sign in with ChatGPT")
        terminal.send("\r")
        terminal.wait_screen(READY)
        world.keep_login()
        terminal.send("How do I retry a request?\r")
        terminal.wait_screen("bug with a delay")
        terminal.send("\x18a")
        terminal.wait_screen("ada@example.test")
        terminal.send("r")
        until = time.monotonic() + 20
        while not sim.refreshes:
            assert time.monotonic() < until, "nothing was renewed"
            terminal.wait_quiet(0.1)
        world.keep_login()
        terminal.send("o")
        terminal.wait_screen("The login is deleted here")
        terminal.send("y")
        terminal.wait_screen("signed out")
        quit_app(terminal)
    assert not world.auth_file.exists()
    names = ["auth.json refresh_token", "sent device_auth_id", "sent refresh_token", "sent token"]
    assert_nothing_leaked(world, *names)


def test_key_that_is_typed_into_the_app(world: World, sim: Simulator) -> None:
    echo = {"error": {"message": f"Incorrect API key provided: {sim.api_key}."}}
    sim.script("models", [Status(400, {}, echo)])
    with world.terminal() as terminal:
        terminal.wait_screen(READY)
        terminal.send("\x1b")
        terminal.wait_screen("i write")
        terminal.send(":")
        terminal.wait_screen("finds actions")
        terminal.send("login\r")
        terminal.wait_screen("Sign in")
        terminal.send("k")
        terminal.wait_screen("It is not shown")
        terminal.send(f"{sim.api_key}")
        terminal.wait_screen("••••••••")
        terminal.send("\r")
        terminal.wait_screen("Incorrect API key")
        terminal.send("\r")
        terminal.wait_for_screen(lambda _: world.auth_file.exists())
        quit_app(terminal)
    assert_nothing_leaked(world, "API key", "auth.json OPENAI_API_KEY")


@pytest.mark.parametrize("place", ["command", "app"])
def test_crash_while_a_request_is_sent(world: World, place: str, tmp_path: Path) -> None:
    world.sign_in(spent=20 * 86_400)
    script = tmp_path / "crashing.py"
    script.write_text(CRASHING)
    if place == "command":
        assert world.run("ask", "hello", script=script)[0] == 70
    else:
        with world.terminal(script=script) as terminal:
            terminal.wait_screen(READY)
            terminal.send("hello\r")
            assert terminal.wait_end(20) == 70
    (report,) = (world.home / "state").glob("crash-*.txt")
    assert "it went wrong" in report.read_text()
    assert_nothing_leaked(world, "auth.json refresh_token")


@callback_ports
def test_crash_while_a_code_is_exchanged(world: World, tmp_path: Path) -> None:
    code = f"ac_{secrets.token_urlsafe(32)}"
    world.secrets.plant("code of the callback", code)
    script = tmp_path / "crashing.py"
    script.write_text(CRASHING)
    with world.start("login", "--browser", "--no-open", script=script) as running:
        asked = parse_qs(urlsplit(running.read_address()).query)
        state = asked["state"][0]
        world.states.plant("state", state)
        with httpx.Client(trust_env=False) as browser:
            browser.get(asked["redirect_uri"][0], params={"code": code, "state": state})
        assert running.finish() == 70
    (report,) = (world.home / "state").glob("crash-*.txt")
    assert "it went wrong" in report.read_text()
    assert_nothing_leaked(world)


@pytest.mark.parametrize("flags", [(), ("--json",), ("--offline", "--json")])
def test_doctor(world: World, sim: Simulator, flags: tuple[str, ...]) -> None:
    world.sign_in()
    personal = sim.auth.ledger.add_personal_token(sim.account)
    world.secrets.plant("personal token", personal)
    world.environ |= {"OPENAI_API_KEY": sim.api_key or "", "CODEX_API_KEY": personal}
    world.environ["HTTPS_PROXY"] = f"http://someone:{personal}@127.0.0.1:1"
    world.run("doctor", *flags)
    said = (world.said / "0.command").read_text()
    assert str(world.auth_file) in said
    assert world.leaks() == []


@callback_ports
def test_browser_that_is_started_sees_no_secret(
    world: World, sim: Simulator, tmp_path: Path
) -> None:
    world.sign_in()
    dumped = tmp_path / "child"
    os.mkfifo(dumped)
    program = tmp_path / "browser"
    program.write_text(DUMPING.format(python=sys.executable, to=str(dumped)))
    program.chmod(0o700)
    personal = sim.auth.ledger.add_personal_token(sim.account)
    world.secrets.plant("personal token", personal)
    world.environ |= {"DISPLAY": ":99", "BROWSER": str(program)}
    world.environ |= {"OPENAI_API_KEY": sim.api_key or "", "CODEX_API_KEY": personal}
    world.home.mkdir(exist_ok=True)
    world.home.joinpath("config.toml").write_text(
        '[providers.x]\nbase_url = "https://x.example"\nenv_key = "X_KEY"\n'
        'env_http_headers = { X-Team = "X_TEAM" }\n'
    )
    for name in ("X_KEY", "X_TEAM"):
        world.environ[name] = secrets.token_urlsafe(32)
        world.secrets.plant(name, world.environ[name])
    with world.start("login", "--browser") as running:
        arguments, environ = json.loads(read_pipe(dumped))
        running.process.terminate()
        running.finish()
    assert any("/oauth/authorize?" in word for word in arguments)
    assert world.secrets.scan("browser", json.dumps([arguments, environ]).encode()) == []


def test_pictures_of_screens_hold_nothing_that_looks_like_a_secret() -> None:
    looks = re.compile(
        rb"eyJ[\w-]{20,}\.[\w-]{20,}|\b(?:rt|ac|at)_[\w-]{24,}|\bsk-(?:sim|proj)-[\w-]{24,}"
    )
    folder = ROOT / "tests" / "snapshots" / "__snapshots__"
    pictures = [path for path in folder.rglob("*") if path.is_file()]
    assert len(pictures) > 10
    assert [path.name for path in pictures if looks.search(path.read_bytes())] == []


def test_leak_would_be_seen(world: World) -> None:
    world.sign_in()
    token = json.loads(world.auth_file.read_text())["tokens"]["access_token"]
    (world.folder / "elsewhere").write_text(f"Authorization: Bearer {token[-80:]}")
    assert [leak.name for leak in world.leaks()] == ["auth.json access_token"]
