"""Rows of the edge table that a user of `foredeck login` meets: E6, E29 to E31, E33 and E34."""

import asyncio
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.accounts import open_auth
from app.cli import login
from app.cli.output import Output
from app.settings import load_settings
from app.sign_in_ways import Way
from services.auth.flows.callback import CallbackServer
from simulator.script import Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine
from tests.cli.sign_in import home_of, put_login
from tests.cli.test_login import (
    address,
    decide,
    deck,
    follow,
    lines_until,
    ports_are_free,
    terminal,
)
from tests.unit.auth.rows import row

__all__ = ["deck"]
pytestmark = pytest.mark.xdist_group("callback ports")
OUTSIDE = "ZZZZ-99999"


@contextlib.contextmanager
def started(deck: CommandLine, *words: str, **options: Any) -> Generator[subprocess.Popen[str]]:
    """A command that does not outlive its test."""
    with deck.start(*words, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@row("E6 Codex takes the port")
def test_cancel_of_codex_ends_it_in_one_sentence(deck: CommandLine, sim: Simulator) -> None:
    old = put_login(deck, sim.issue()).read_bytes()
    with started(deck, "login", "--browser") as process:
        address(process, sim)
        reply = httpx.get("http://127.0.0.1:1455/cancel", trust_env=False)
        out, err = process.communicate(timeout=30)
    assert (reply.status_code, process.returncode, out) == (200, 1, "")
    assert "asked for the port, so this one was cancelled" in err
    assert "Traceback" not in err
    assert (home_of(deck) / "auth.json").read_bytes() == old
    assert sim.sent("/oauth/revoke") == []
    assert ports_are_free()


@row("E29 files of the project")
def test_no_file_of_the_current_folder_names_an_issuer(
    deck: CommandLine, sim: Simulator, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    with Simulator() as evil:
        lines = [
            f'{name} = "{evil.issuer}"'
            for name in (
                "FOREDECK_ISSUER",
                "CODEX_REFRESH_TOKEN_URL_OVERRIDE",
                "CODEX_AUTHAPI_BASE_URL",
                "issuer",
                "chatgpt_base_url",
                "openai_base_url",
            )
        ]
        for name in (
            ".env",
            ".env.local",
            ".envrc",
            "config.toml",
            "foredeck.toml",
            "pyproject.toml",
            ".codex/config.toml",
            ".foredeck/config.toml",
            ".config/foredeck/config.toml",
        ):
            file = project / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(lines))
        put_login(deck, sim.issue(life=720, spent=730))
        for arguments in (["login", "--device"], ["logout"]):
            ended = subprocess.run(
                [sys.executable, "-m", "app", *arguments],
                env=deck.environment,
                cwd=project,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert ended.returncode == 0, ended.stderr
        assert evil.requests == []
    assert len(sim.sent("/oauth/token")) == 1
    assert len(sim.sent("/oauth/revoke")) == 2, "of the old login, and of the new one"


DESKTOP = {"DISPLAY": ":0", "BROWSER": "/bin/true"}


@pytest.mark.parametrize(
    ("environ", "is_container", "way"),
    [
        pytest.param(DESKTOP, False, Way.BROWSER, id="E30 a desktop, for comparison"),
        pytest.param(
            DESKTOP | {"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, False, Way.DEVICE, id="E30 SSH"
        ),
        pytest.param(DESKTOP | {"SSH_TTY": "/dev/pts/3"}, False, Way.DEVICE, id="E30 SSH_TTY"),
        pytest.param({"DISPLAY": ":0", "PATH": "/x"}, False, Way.DEVICE, id="E30 no opener"),
        pytest.param({"BROWSER": ""}, False, Way.DEVICE, id="E30 no desktop"),
        pytest.param(DESKTOP, True, Way.DEVICE, id="E30 container"),
    ],
)
def test_where_no_browser_can_come_back_a_code_comes_first(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], is_container: bool, way: Way
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(login, "is_in_container", lambda: is_container)
    assert login._way(Namespace(browser=False, device=False), environ) is way


@row("E30 the address is printed")
def test_without_an_opener_the_address_is_printed_all_the_same(
    deck: CommandLine, sim: Simulator
) -> None:
    deck.environment |= {"DISPLAY": ":0", "PATH": "/nowhere"}
    deck.environment.pop("BROWSER", None)
    with started(deck, "login", "--browser") as process:
        url = address(process, sim)
        follow(decide(url, "allow"))
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in err


@pytest.mark.parametrize("way", ["--browser", "--device"], ids="E33 {}".format)
def test_ctrl_c_ends_a_login_whose_exchange_hangs(
    deck: CommandLine, sim: Simulator, way: str
) -> None:
    old = put_login(deck, sim.issue()).read_bytes()
    gate = sim.gate()
    sim.script("oauth/token", [gate, Status(400, {}, {})])
    with ThreadPoolExecutor() as pool, started(deck, "login", way) as process:
        if way == "--browser":
            pool.submit(follow, decide(address(process, sim), "allow"))
        assert gate.wait_reached()
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        took = time.monotonic() - begun
        gate.open()
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert took < 3
    assert (home_of(deck) / "auth.json").read_bytes() == old
    assert ports_are_free()


@row("E31 cancelled while the port is given back")
async def test_tokens_that_came_are_stored_or_ended(
    sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {
        "CODEX_HOME": str(tmp_path),
        "FOREDECK_HOME": str(tmp_path / "foredeck"),
        "FOREDECK_ISSUER": sim.issuer,
        "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
    }
    is_closing = asyncio.Event()

    async def close(server: CallbackServer) -> None:
        server.free()
        is_closing.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(CallbackServer, "close", close)
    arguments = Namespace(key=None, browser=True, device=False, no_open=True, no_input=True)
    talk = io.StringIO()
    async with open_auth(load_settings({}, environ), environ) as auth:
        signing_in = asyncio.create_task(login.run(auth, arguments, Output(io.StringIO(), talk)))
        async with asyncio.timeout(10):
            while "Ctrl-C stops" not in talk.getvalue():  # noqa: ASYNC110 a text has no event
                await asyncio.sleep(0.01)
        (url,) = [line for line in talk.getvalue().splitlines() if "/oauth/authorize?" in line]
        visit = asyncio.to_thread(lambda: follow(decide(url, "allow")))
        await asyncio.gather(visit, is_closing.wait())
        assert sim.auth.live_families == 1
        signing_in.cancel()
        with pytest.raises(asyncio.CancelledError):
            await signing_in
    is_stored = (tmp_path / "auth.json").exists()
    assert sim.auth.live_families == int(is_stored)


@row("E34 warning on stderr")
def test_the_code_is_printed_with_a_warning_of_those_who_ask_for_it(
    deck: CommandLine, sim: Simulator
) -> None:
    sim.auth.policy.approve_at = None
    with started(deck, "login", "--device") as process:
        lines = lines_until(process, "The code is good until ")
        (code,) = sim.auth.device.waiting()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    (warning,) = [line for line in lines if line.startswith("warning: ")]
    assert "only because you started this yourself" in warning
    assert "Whoever is given the code can use your account" in warning
    at = lines.index(code)
    assert 0 < lines.index(warning) - at <= 2, "beside the code"
    assert out == "", "no script takes the code on without its warning"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--device", OUTSIDE], id="E34 argument"),
        pytest.param([OUTSIDE], id="E34 argument alone"),
        pytest.param([f"--device={OUTSIDE}"], id="E34 value of --device"),
        pytest.param(["--device", "--code", OUTSIDE], id="E34 --code"),
        pytest.param(["--device", "--user-code", OUTSIDE], id="E34 --user-code"),
        pytest.param(["--device", f"--device-code={OUTSIDE}"], id="E34 --device-code"),
        pytest.param(["--device", "--", OUTSIDE], id="E34 after --"),
    ],
)
def test_no_flag_and_no_argument_brings_a_code(
    deck: CommandLine, sim: Simulator, arguments: list[str]
) -> None:
    ended = deck("login", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert sim.requests == []


@row("E34 variables, files and stdin")
def test_no_variable_no_file_and_no_stdin_brings_a_code(deck: CommandLine, sim: Simulator) -> None:
    """Whoever had the client ask about this code, which is allowed already, would sign it in."""
    sim.auth.policy.approve_at = None
    theirs: dict[str, str] = httpx.post(
        f"{sim.issuer}/api/accounts/deviceauth/usercode",
        json={"client_id": "app_EMoamEEZ73f0CkXaXp7hrann"},
        trust_env=False,
    ).json()
    assert sim.auth.device.decide(theirs["user_code"], "allow")
    members = {
        "device_auth_id": theirs["device_auth_id"],
        **dict.fromkeys(("user_code", "usercode", "device_code", "code"), theirs["user_code"]),
    }
    for prefix in ("FOREDECK_", "CODEX_", "OPENAI_", "CODEX_APP_SERVER_LOGIN_", ""):
        deck.environment |= {f"{prefix}{name.upper()}": code for name, code in members.items()}
    put_login(deck, {**members, "tokens": None, "deviceauth": members})
    (home_of(deck) / "config.toml").write_text(
        "\n".join(f'{name} = "{code}"' for name, code in members.items())
    )
    for name in ("device.json", "deviceauth.json", "device_code"):
        (home_of(deck) / name).write_text(json.dumps(members))
    with (
        terminal() as (user, program),
        started(deck, "login", "--device", stdin=program) as process,
    ):
        lines = lines_until(process, "The code is good until ")
        (ours,) = sim.auth.device.waiting()
        assert ours in lines
        os.write(user, f"{theirs['user_code']}\n".encode())
        assert sim.auth.device.decide(ours, "deny")
        process.communicate(timeout=30)
    assert process.returncode == 3
    assert deck("login", "status").code == 3
