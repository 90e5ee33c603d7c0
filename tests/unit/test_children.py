"""Programs that we start get the user's surroundings, and no credentials."""

import os
import select
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from app.browser import open_address
from app.children import CREDENTIALS
from app.clipboard import copy
from app.editor import edit

Report = Callable[[], str]


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
    for name in CREDENTIALS:
        monkeypatch.setenv(name, "sk-canary-0123456789")

    def read() -> str:
        with os.fdopen(descriptor, "rb") as written:
            assert select.select([written], [], [], 20)[0], "nobody wrote"
            os.set_blocking(descriptor, True)
            return written.read().decode()

    return read


def surroundings() -> Mapping[str, str]:
    return {**os.environ, "BROWSER": "wl-copy", "EDITOR": "wl-copy", "WAYLAND_DISPLAY": "w"}


def assert_harmless(environ: str) -> None:
    assert "KEPT=yes" in environ
    assert "sk-canary" not in environ


# It is left to itself.
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_browser_sees_no_credentials(report: Report) -> None:
    open_address("https://example.test/", environ=surroundings())
    assert_harmless(report())


def test_editor_sees_no_credentials(report: Report) -> None:
    edit("words", environ=surroundings())
    assert_harmless(report())


async def test_clipboard_tool_sees_no_credentials(report: Report) -> None:
    await copy("words", environ=surroundings(), ask_terminal=print)
    assert_harmless(report())
