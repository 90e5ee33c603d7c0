"""The line of `limits --format tmux`, as a real tmux draws it."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.cli.status_store import row, store
from tests.cli.tmux_server import end_tmux

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "#[bg=blue]#(touch fd-pwned)#{pid}%H"


class Tmux:
    """One tmux within another, which sees what the first one draws."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder = folder
        self._environ = environ

    def outer(self, *arguments: str) -> str:
        return self._call("outer", *arguments)

    def _call(self, name: str, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-S", str(self._folder / name), "-f", "/dev/null", *arguments],
            env=self._environ,
            cwd=ROOT,
            check=True,
            capture_output=True,
            encoding="utf-8",
        ).stdout

    def start(self, config: Path) -> None:
        inner = f"env -u TMUX tmux -S {self._folder / 'inner'} -f {config} new-session cat"
        self.outer("new-session", "-d", "-x", "160", "-y", "6", inner)

    def stop(self) -> None:
        # The other way round the end of the inner one ends the outer one's only session, and with
        # it that server, at the moment in which it is told to end.
        for name in ("outer", "inner"):
            end_tmux(self._folder / name)


@pytest.fixture
def tmux() -> Generator[tuple[Tmux, Path]]:
    if shutil.which("tmux") is None:
        reason = "tmux is not installed"
        if os.environ.get("FOREDECK_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    # Not below the test's own folder: the path of a socket is short.
    folder = Path(tempfile.mkdtemp(prefix="fd-tmux-"))
    program = Tmux(folder, {**os.environ, "FOREDECK_HOME": str(folder), "PYTHONPATH": str(ROOT)})
    try:
        yield program, folder
    finally:
        program.stop()
        shutil.rmtree(folder)


@pytest.mark.oracle
def test_tmux_draws_the_colours_and_then_its_own_style_and_names_as_text(
    tmux: tuple[Tmux, Path],
) -> None:
    program, folder = tmux
    now = time.time()
    rows = [
        row("5h", 96.0) | {"resets_at": now + 4_000, "as_of": now},
        row(HOSTILE, 80.0) | {"resets_at": now + 300_000, "as_of": now},
    ]
    store(folder / "data" / "foredeck.db", rows, as_of=now).close()
    command = f"{shlex.quote(sys.executable)} -m app limits --format tmux"
    config = folder / "tmux.conf"
    config.write_text(
        "set -g status-interval 1\nset -g status-left ''\nset -g status-right-length 140\n"
        f"set -g status-right '#[fg=white,bg=magenta]<#({command})>'\n"
    )
    program.start(config)
    drawn = ""
    deadline = time.monotonic() + 20
    while HOSTILE not in drawn and time.monotonic() < deadline:
        time.sleep(0.1)
        drawn = program.outer("capture-pane", "-p", "-e")
    magenta, red, yellow, white = "\x1b[45m", "\x1b[31m", "\x1b[33m", "\x1b[37m"
    assert (
        f"{white}{magenta}<{red}5h 4% left nearly out 1h06{white} · "
        f"{yellow}{HOSTILE} 20% left low 3d11h{white}>"
    ) in drawn
    assert not (ROOT / "fd-pwned").exists()
