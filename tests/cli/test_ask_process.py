"""`foredeck ask` as a process: pipes, terminals, signals, bugs."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from simulator import events
from simulator.script import Gate
from simulator.server import Simulator
from tests.cli.conftest import CommandLine


def sent_texts(sim: Simulator, number: int = -1) -> list[str]:
    """Texts of the user's last message in a request."""
    message = sim.sent("/responses")[number].body["input"][-1]
    return [part.get("text", part["type"]) for part in message["content"]]


def test_the_first_token_is_printed_as_it_comes(sim: Simulator, foredeck: CommandLine) -> None:
    gate = Gate()
    first, *rest = events.deltas("m", "Hello", 3)
    sim.script("responses", [events.created(), first, gate, *rest, events.completed()])
    with foredeck.start("ask", "hi") as process:
        assert process.stdout is not None
        assert process.stdout.read(3) == "Hel"
        gate.open()
        assert process.communicate(timeout=20) == ("lo\n", "")


def test_what_is_piped_in_goes_below_the_prompt(sim: Simulator, foredeck: CommandLine) -> None:
    assert foredeck("ask", "Explain", stdin="line 1\nline 2\n").code == 0
    assert sent_texts(sim) == ["Explain\n\n<stdin>\nline 1\nline 2\n</stdin>"]


@pytest.mark.parametrize("arguments", [("-",), ()])
def test_the_prompt_can_come_from_stdin(
    sim: Simulator, foredeck: CommandLine, arguments: tuple[str, ...]
) -> None:
    assert foredeck("ask", *arguments, stdin="from stdin").code == 0
    assert sent_texts(sim) == ["from stdin"]


def test_without_a_prompt_a_terminal_gets_an_error(foredeck: CommandLine) -> None:
    controller, terminal = os.openpty()
    try:
        with foredeck.start("ask", stdin=terminal) as process:
            out, err = process.communicate(timeout=20)
    finally:
        os.close(controller)
        os.close(terminal)
    assert (process.returncode, out) == (2, "")
    assert err == 'error: There is no prompt. Name one: foredeck ask "What is a monad?".\n'


def test_an_empty_prompt_is_an_error(sim: Simulator, foredeck: CommandLine) -> None:
    assert [foredeck("ask", "  ").code, foredeck("ask", stdin="\n").code] == [2, 2]
    assert sim.requests == []


def test_a_closed_stdin_is_no_obstacle(foredeck: CommandLine) -> None:
    with foredeck.start("ask", "hi", stdin=None, preexec_fn=lambda: os.close(0)) as process:
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_ctrl_c_keeps_the_text_and_is_130(sim: Simulator, foredeck: CommandLine) -> None:
    sim.script("responses", [events.created(), *events.deltas("m", "Hal", 3), Gate()])
    with foredeck.start("ask", "--json", "hi") as process:
        assert process.stdout is not None
        assert any('"text_delta"' in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["status"] == "interrupted"
    assert err == ""
    shown = foredeck("chats", "show", json.loads(foredeck("chats", "list", "--json").out)
                     ["chats"][0]["id"])  # fmt: skip
    assert shown.out == "> hi\n\nHal\n\n(interrupted)\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_128_and_its_number(
    sim: Simulator, foredeck: CommandLine, number: int
) -> None:
    sim.script("responses", [events.created(), *events.deltas("m", "Hal", 3), Gate()])
    with foredeck.start("ask", "hi") as process:
        assert process.stdout is not None
        assert process.stdout.read(3) == "Hal"
        process.send_signal(number)
        assert process.communicate(timeout=20) == ("\n", "")
    assert process.returncode == 128 + number


def test_a_closed_pipe_ends_it_quietly(sim: Simulator, foredeck: CommandLine) -> None:
    gate = Gate()
    first, *rest = events.deltas("m", "Hello " * 50, 3)
    sim.script("responses", [events.created(), first, gate, *rest, events.completed()])
    with foredeck.start("ask", "hi") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        gate.open()
        assert process.stderr.read() == ""
        process.wait(20)
    assert process.returncode == 141


def test_a_bug_is_one_line_and_a_report(
    foredeck: CommandLine, tmp_path: Path, sim: Simulator
) -> None:
    broken = tmp_path / "broken" / "app" / "wiring.py"
    broken.parent.mkdir(parents=True)
    code = (
        "import sys, app.wiring\n"
        "def fail(*_, **__): raise ZeroDivisionError('secret sk-123456789012345678901234')\n"
        "app.wiring.open_services = fail\n"
        "from app.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    ended = subprocess.run(
        [foredeck.python, "-c", code, "ask", "hi"],
        env=foredeck.environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 70
    assert ended.stderr.count("\n") == 1
    report = Path(ended.stderr.rpartition("Report: ")[2].strip())
    assert "ZeroDivisionError" in report.read_text()
    assert "sk-1234" not in report.read_text()


def test_a_server_that_is_not_there_is_told_calmly(foredeck: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    home = Path(foredeck.environment["FOREDECK_HOME"])
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(
        f'provider = "here"\n[providers.here]\nbase_url = "http://127.0.0.1:{port}/v1"\n'
        'model = "m"\nstream_max_retries = 2\nrequest_max_retries = 1\n'
    )
    ended = foredeck("ask", "hi")
    assert ended.code == 6
    assert ended.err.splitlines() == [
        f"note: nothing answers at 127.0.0.1:{port}, retry 1 of 2",
        f"note: nothing answers at 127.0.0.1:{port}, retry 2 of 2",
        (
            f"error: Nothing answers at 127.0.0.1:{port}. "
            "Check that the server runs and the address is right."
        ),
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("ask", "hi"), ("models",), ("config", "show")])
def test_an_output_that_takes_nothing_is_named(
    foredeck: CommandLine, arguments: tuple[str, ...]
) -> None:
    with (
        open("/dev/full", "w") as full,  # noqa: PTH123 a device
        foredeck.start(*arguments, stdout=full) as process,
    ):
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err == "error: The output cannot be written: No space left on device.\n"
