"""The real Codex CLI with a home of its own, and nothing of the world but the simulator."""

import json
import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.oracle.front import Front

LIMIT = 100.0
"""Seconds for any run of it."""

QUIET = ("enable_request_compression", "apps", "plugins")
"""Features that are off: compressed bodies, and calls that are not about signing in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codex:
    """How it is run."""

    program: str
    home: Path
    front: Front
    """Stands in the place of the real servers."""

    @property
    def auth_file(self) -> Path:
        """Where it keeps the login."""
        return self.home / "auth.json"

    def login(self) -> dict[str, Any]:
        """The login that it keeps."""
        return json.loads(self.auth_file.read_text())

    def plant(self, login: Mapping[str, Any]) -> None:
        """Sign it in."""
        self.auth_file.write_text(json.dumps(login))
        self.auth_file.chmod(0o600)

    def environment(self, **more: str) -> dict[str, str]:
        """All that it gets to see of the environment."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CODEX_HOME": str(self.home),
            "HTTPS_PROXY": self.front.url,
            "CODEX_CA_CERTIFICATE": str(self.front.authority),
        } | more

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end; keywords join the environment."""
        return subprocess.run(
            [self.program, *words],
            cwd=self.home,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def start(self, *words: str, **more: str) -> "subprocess.Popen[str]":
        """Run it beside the test, errors among its output."""
        return subprocess.Popen(
            [self.program, *words],
            cwd=self.home,
            env=self.environment(**more),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )

    def ask(self, prompt: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """One turn, with its built-in provider and its own base URLs."""
        return self.run(*turn(prompt), **more)

    @contextmanager
    def beside(self, *words: str) -> Generator["subprocess.Popen[str]"]:
        """Run it while the test goes on, and end it with the block if it has not ended."""
        with self.start(*words) as process:
            assert process.stdin is not None
            process.stdin.close()
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.terminate()


def turn(prompt: str) -> tuple[str, ...]:
    """Words for one turn."""
    switches = [f"features.{name}=false" for name in QUIET]
    switches += ["analytics.enabled=false", "model=gpt-5.5"]
    return (
        "exec",
        "--json",
        "--skip-git-repo-check",
        "--dangerously-bypass-approvals-and-sandbox",
        *(part for switch in switches for part in ("-c", switch)),
        prompt,
    )


def events(result: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    """What a turn said, line by line."""
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def answered(result: "subprocess.CompletedProcess[str]") -> bool:
    """Whether a turn came to its end."""
    return result.returncode == 0 and events(result)[-1]["type"] == "turn.completed"


class AppServer:
    """`codex app-server`: what editors talk to, a line of JSON at a time."""

    def __init__(self, codex: Codex, **more: str) -> None:
        self.process = codex.start("app-server", "-c", "features.plugins=false", **more)
        self._number = 0
        self.ask("initialize", clientInfo={"name": "proof", "version": "1.0"})
        self._write({"method": "initialized"})

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method; its result."""
        self._number += 1
        self._write({"method": method, "id": self._number, "params": params})
        while (line := self._read()).get("id") != self._number:
            pass
        assert "error" not in line, line
        return line["result"]

    def wait_for(self, method: str) -> dict[str, Any]:
        """The parameters of the next notification of that name."""
        while (line := self._read()).get("method") != method:
            pass
        return line["params"]

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.communicate(timeout=LIMIT)

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            if line.startswith("{"):
                return json.loads(line)
        raise AssertionError("it ended")
