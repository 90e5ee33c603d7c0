"""The terminal is as it was before, whatever ends the app."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal

Open = Callable[..., Terminal]
LEFT = [b"\x1b[?1049l", b"\x1b[?2004l", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?25h"]
"""Alternate screen, bracketed paste, mouse and cursor, as a terminal has them at first."""
READY = "message"

CRASHING = """
import sys
from app.screens.shell import ShellScreen
from app.main import main

def action_redraw(self):
    password = "sk-canary-0123456789abcdef"
    raise RuntimeError("it went wrong")

ShellScreen.action_redraw = action_redraw
sys.exit(main(sys.argv[1:]))
"""


def assert_restored(terminal: Terminal, modes: list[object]) -> None:
    for sequence in LEFT:
        assert terminal.output.rfind(sequence) > terminal.output.find(b"\x1b[?1049h"), sequence
    assert terminal.modes()[:4] == modes[:4]


def test_quitting_restores_the_terminal(deck: Open) -> None:
    with deck() as terminal:
        modes = terminal.modes()
        terminal.wait_screen(READY)
        terminal.send("\x03")
        terminal.wait_screen("again quits")
        terminal.send("\x03")
        assert terminal.wait_end() == 0
        assert_restored(terminal, modes)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_restores_the_terminal_and_says_so(deck: Open, number: signal.Signals) -> None:
    with deck() as terminal:
        modes = terminal.modes()
        terminal.wait_screen(READY)
        terminal.process.send_signal(number)
        assert terminal.wait_end() == 128 + number
        assert_restored(terminal, modes)


def test_a_bug_ends_in_one_line_and_a_report_without_locals(deck: Open, tmp_path: Path) -> None:
    script = tmp_path / "crashing.py"
    script.write_text(CRASHING)
    with deck(command=[sys.executable, str(script)]) as terminal:
        modes = terminal.modes()
        terminal.wait_screen(READY)
        terminal.send("\x0c")
        assert terminal.wait_end() == 70
        assert_restored(terminal, modes)
        said = terminal.output.rpartition(b"\x1b[?1049l")[2].decode()
    assert "foredeck: a bug of ours (RuntimeError). Report: " in said.replace("\r\n", "")
    assert "Traceback" not in said
    (report,) = (tmp_path / "foredeck" / "state").glob("crash-*.txt")
    text = report.read_text()
    assert "RuntimeError: it went wrong" in text
    assert "sk-canary-0123456789abcdef" not in text
    assert report.stat().st_mode & 0o777 == 0o600


def test_suspending_gives_the_shell_back_and_fg_draws_again(deck: Open) -> None:
    with deck(command=["bash", "--norc", "-i"]) as terminal:
        terminal.send("PS1='shell> '\n")
        terminal.wait_screen("shell> ")
        terminal.send(f"{sys.executable} -m app\n")
        terminal.wait_screen(READY)
        terminal.send("kept words")
        terminal.wait_screen("kept words")
        terminal.send("\x1a")
        terminal.wait_screen("Stopped")
        assert terminal.output.rfind(b"\x1b[?1049l") > terminal.output.rfind(b"\x1b[?1049h")
        terminal.send("fg\n")
        terminal.wait_screen("kept words")
        assert terminal.output.rfind(b"\x1b[?1049h") > terminal.output.rfind(b"\x1b[?1049l")


def test_without_a_terminal_it_says_what_to_use(environ: dict[str, str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "app"],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "error: The app needs a terminal. In scripts and pipes use foredeck ask.\n"
    )
