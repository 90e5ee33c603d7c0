"""Runs of the program below one folder, with secrets that are all known afterwards."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl

import pytest

from benchmarks.terminal import Terminal
from simulator.recording import Recorded
from simulator.server import Simulator
from tests.secrets.scan import PIECE, Leak, Scanner

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"http://\S+/oauth/authorize\?\S+")
SENT = frozenset(
    {"code", "code_verifier", "refresh_token", "token", "subject_token", "device_auth_id"}
)
"""Members of what is sent to the issuer that are secrets."""


class Running:
    """A command at work."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out = ""
        self.err = ""

    def read_address(self) -> str:
        """The address that a login asks to be opened."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.err += line
            if found := ADDRESS.search(line):
                return found.group()
        pytest.fail(f"no address to open:\n{self.err}")

    def finish(self, stdin: str = "") -> int:
        """Give it its input and read the rest.

        Returns:
            The exit code.
        """
        out, err = self.process.communicate(stdin, timeout=60)
        self.out += out
        self.err += err
        return self.process.returncode


class World:
    """One user's machine: everything the program writes lies below `folder`."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder
        self.codex_home = folder / "codex"
        self.auth_file = self.codex_home / "auth.json"
        self.home = folder / "deck"
        self.said = folder / "said"
        self.log = folder / "debug.log"
        for path in (self.codex_home, self.said, folder / "tmp", folder / "home"):
            path.mkdir(mode=0o700, parents=True)
        self.secrets = Scanner()
        self.states = Scanner()
        """Of the addresses that a login shows: they may stand in what it says, nowhere else."""
        self.user_codes: set[str] = set()
        self.environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "FOREDECK_HOME": str(self.home),
            "CODEX_HOME": str(self.codex_home),
            "FOREDECK_ISSUER": sim.issuer,
            "FOREDECK_CHATGPT_BASE_URL": sim.chatgpt_base_url,
            "FOREDECK_OPENAI_BASE_URL": sim.openai_base_url,
        }
        if sim.api_key is not None:
            self.secrets.plant("API key", sim.api_key)

    def command(self, *arguments: str, script: Path | None = None) -> list[str]:
        """The program with its log as talkative as it gets; or a script that starts it."""
        program = [str(script)] if script else ["-m", "app"]
        flags = ["--log-level", "debug", "--log-file", str(self.log)]
        return [sys.executable, *program, *arguments, *flags]

    @contextmanager
    def start(self, *arguments: str, script: Path | None = None) -> Generator[Running]:
        """A command; what it says is kept."""
        process = subprocess.Popen(
            self.command(*arguments, script=script),
            env=self.environ,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running = Running(process)
        with process:
            try:
                yield running
            finally:
                if process.poll() is None:
                    process.kill()
        self._keep_said("command", (running.out + running.err).encode())
        self.keep_login()

    def run(self, *arguments: str, stdin: str = "", script: Path | None = None) -> tuple[int, str]:
        """Run a command to its end.

        Returns:
            Its exit code and what it said on stderr.
        """
        with self.start(*arguments, script=script) as running:
            code = running.finish(stdin)
        return code, running.err

    @contextmanager
    def terminal(self, *arguments: str, script: Path | None = None) -> Generator[Terminal]:
        """The app in a terminal, whose bytes are kept."""
        command = self.command(*arguments, script=script)
        terminal = Terminal(command, environ=self.environ, folder=self.folder / "tmp")
        try:
            with terminal:
                yield terminal
        finally:
            self._keep_said("terminal", terminal.output)
        self.keep_login()

    def _keep_said(self, what: str, data: bytes) -> None:
        number = len(list(self.said.iterdir()))
        (self.said / f"{number}.{what}").write_bytes(data)

    def sign_in(self, *, spent: float = 0.0) -> None:
        """Put a fresh login where Codex would have left it.

        Args:
            spent: Seconds of the access token's life that are over.
        """
        self.auth_file.write_text(json.dumps(self.sim.issue(spent=spent)))
        self.keep_login()

    def keep_login(self) -> None:
        """Look for the secrets that are stored now."""
        with suppress(FileNotFoundError, ValueError):
            self.secrets.plant_document(json.loads(self.auth_file.read_text()))

    def leaks(self) -> list[Leak]:
        """Secrets anywhere but where the login is kept."""
        for request in self.sim.requests:
            for name, value in fields_of(request).items():
                if name in SENT and len(value) >= PIECE:
                    self.secrets.plant(f"sent {name}", value)
                elif name == "user_code":
                    self.user_codes.add(value)
            if "oauth/authorize" in request.path and "state" in request.query:
                self.states.plant("state", request.query["state"])
        kept = [self.auth_file, *self.codex_home.glob("auth.json.*")]
        quiet = [path for path in self.folder.iterdir() if path != self.said]
        log = self.log.read_bytes() if self.log.exists() else b""
        return [
            *self.secrets.scan_files([self.folder], but=kept),
            *self.states.scan_files(quiet),
            *(
                Leak("user code", str(self.log), log.find(code.encode()))
                for code in self.user_codes
                if code.encode() in log
            ),
            *self.secrets.scan("requests as recorded", self._recording()),
        ]

    def _recording(self) -> bytes:
        return json.dumps([request.as_json() for request in self.sim.requests]).encode()


def fields_of(request: Recorded) -> dict[str, str]:
    """Texts at the top level of a body, unmasked."""
    text = request.raw.decode("utf-8", "replace")
    if "json" not in request.headers.get("content-type", ""):
        return dict(parse_qsl(text))
    try:
        value: object = json.loads(text)
    except ValueError:
        return {}
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    return {name: each for name, each in fields.items() if isinstance(each, str)}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(api_key=f"sk-sim-{secrets.token_hex(20)}") as simulator:
        simulator.auth.policy.interval = "1"
        yield simulator


@pytest.fixture
def world(sim: Simulator, tmp_path: Path) -> World:
    return World(sim, tmp_path / "world")
