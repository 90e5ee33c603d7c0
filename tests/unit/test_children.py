"""Programs that we start get the user's surroundings, and no credentials."""

import os
import select
from collections.abc import Callable
from pathlib import Path

import pytest

from app.browser import open_address
from app.children import CREDENTIALS, key_names, surroundings
from app.clipboard import copy
from app.editor import edit
from app.settings import Settings, load_settings

Report = Callable[[], str]
CANARY = "sk-canary-0123456789"
CONFIGURATION = """
[providers.groq]
base_url = "https://api.example/v1"
env_key = "GROQ_API_KEY"
[providers.groq.env_http_headers]
X-Team = "TEAM_SECRET"
X-User = "USER"
[providers.wrong]
env_key = 1
env_http_headers = ["KEPT"]
[providers.odd]
env_http_headers = { X-One = 1, X-Path = "PATH" }
"""
OURS = {*CREDENTIALS, "GROQ_API_KEY", "TEAM_SECRET"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(CONFIGURATION)
    return load_settings({"config": str(path)}, {"FOREDECK_HOME": str(tmp_path)})


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A program named `tool` on the path writes its environment down; this waits for it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    tool = tmp_path / "bin" / "wl-copy"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\n/usr/bin/env > "{pipe}"\n')
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.setenv("KEPT", "yes")
    for name in OURS:
        monkeypatch.setenv(name, CANARY)

    def read() -> str:
        with os.fdopen(descriptor, "rb") as written:
            assert select.select([written], [], [], 20)[0], "nobody wrote"
            os.set_blocking(descriptor, True)
            return written.read().decode()

    return read


@pytest.fixture
def around(report: Report, settings: Settings) -> dict[str, str]:
    """What a screen hands on."""
    del report
    environ = {**os.environ, "BROWSER": "wl-copy", "EDITOR": "wl-copy", "WAYLAND_DISPLAY": "w"}
    return surroundings(settings, environ)


@pytest.fixture
def careless(report: Report) -> dict[str, str]:
    """What somebody hands on who does not know of `surroundings`."""
    del report
    environ = {**os.environ, "BROWSER": "wl-copy", "EDITOR": "wl-copy", "WAYLAND_DISPLAY": "w"}
    return {name: value for name, value in environ.items() if name not in OURS - CREDENTIALS}


def assert_harmless(environ: str) -> None:
    assert "KEPT=yes" in environ
    assert CANARY not in environ


def test_variables_of_ours_are_those_that_tables_name_too(settings: Settings) -> None:
    assert key_names(settings) == OURS


def test_what_every_program_needs_stays(settings: Settings) -> None:
    environ = {"PATH": "/bin", "USER": "ada", "GROQ_API_KEY": "x", "OPENAI_API_KEY": "y"}
    assert surroundings(settings, environ) == {"PATH": "/bin", "USER": "ada"}


@pytest.fixture(params=["around", "careless"])
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    return request.getfixturevalue(request.param)


# It is left to itself.
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_browser_sees_no_credentials(report: Report, environ: dict[str, str]) -> None:
    open_address("https://example.test/", environ=environ)
    assert_harmless(report())


def test_editor_sees_no_credentials(report: Report, environ: dict[str, str]) -> None:
    edit("words", environ=environ)
    assert_harmless(report())


async def test_clipboard_tool_sees_no_credentials(report: Report, environ: dict[str, str]) -> None:
    await copy("words", environ=environ, ask_terminal=print)
    assert_harmless(report())
