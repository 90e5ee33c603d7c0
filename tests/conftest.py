"""What every test stands on: an own home, UTC, no colour or proxy from outside."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

OUTSIDE = (
    "OPENAI_API_KEY",
    "CODEX_HOME",
    "CODEX_API_KEY",
    "CODEX_ACCESS_TOKEN",
    "DEVIN_API_KEY",
    "NO_COLOR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CODEX_CA_CERTIFICATE",
    "EDITOR",
    "VISUAL",
    "BROWSER",
    "TMUX",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "SSH_TTY",
    "COLUMNS",
    "LINES",
    "COLORTERM",
    "DBUS_SESSION_BUS_ADDRESS",
    "PYTHON_KEYRING_BACKEND",
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for name in OUTSIDE:
        monkeypatch.delenv(name, raising=False)
    for name in list(os.environ):
        if name.startswith(("FOREDECK_", "XDG_")) and name != "FOREDECK_CI":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("FOREDECK_HOME", str(tmp_path / "foredeck"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("TEXTUAL_SPEEDUPS", "0")
    time.tzset()
    yield
    time.tzset()
