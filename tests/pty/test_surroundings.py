"""A bad configuration, a home that cannot be written, odd terminals, dying processes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from simulator import events as ev
from simulator.server import Simulator

Open = Callable[..., Terminal]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('mouse = "often"\n', "mouse must be true or false"),
        ("colour = 1\n", "colour is not a setting"),
        ("max_width = [\n", "is not valid TOML"),
        ('[keys.bind]\n"pane.fly" = "f"\n', 'there is no action "pane.fly"'),
        ('theme = "pink"\n', "theme must be one of"),
    ],
    ids=["wrong type", "unknown key", "no TOML", "unknown action", "unknown choice"],
)
def test_a_wrong_configuration_is_said_beside_the_composer(
    deck: Open, tmp_path: Path, text: str, words: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)
    with deck("--config", str(config)) as terminal:
        terminal.wait_for_screen(
            lambda rows: all(any(text in row for row in rows) for text in (words, "› message"))
        )


@pytest.mark.parametrize(
    "table", ['[providers.x]\nbase_url = 7\n', '[providers.x]\nwire_api = "odd"\n'],
    ids=["base_url", "wire_api"],
)  # fmt: skip
def test_a_provider_that_cannot_be_used_ends_in_one_line(
    deck: Open, tmp_path: Path, table: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'provider = "x"\n{table}')
    with deck("--config", str(config)) as terminal:
        assert terminal.wait_end() == 2
        assert terminal.output.startswith(b"error: providers.x.")
        assert terminal.output.count(b"\n") == 1


@pytest.fixture
def full_disk(tmp_path: Path) -> Generator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more can be written."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    for size in (4096, 1):
        with contextlib.suppress(OSError):
            while True:
                os.write(handle, bytes(size))
    os.close(handle)


@pytest.mark.slow
def test_a_full_disk_is_said_once_and_the_chat_goes_on(
    deck: Open, environ: dict[str, str], sim: Simulator, full_disk: Path
) -> None:
    environ["FOREDECK_HOME"] = str(full_disk)
    for number in range(2):
        sim.script("responses", ev.text_turn(f"answer {number}"))
    with deck() as terminal:
        terminal.wait_screen("online")
        fill(full_disk / "filler")
        for number in range(2):
            terminal.send(f"\x1b[200~question {number} {'x' * 9_000}\x1b[201~")
            terminal.wait_screen("pasted")
            terminal.send("\r")
            if number == 0:
                terminal.wait_screen("disk is full")
            terminal.wait_screen(f"answer {number}")
        assert terminal.process.poll() is None


def test_a_home_that_cannot_be_made_is_said_and_the_chat_goes_on(
    deck: Open, environ: dict[str, str], sim: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    environ["FOREDECK_HOME"] = str(tmp_path / "file" / "home")
    sim.script("responses", ev.text_turn("an answer"))
    with deck() as terminal:
        terminal.wait_screen("saved")
        terminal.send("hello")
        terminal.wait_screen("› hello")
        terminal.send("\r")
        terminal.wait_screen("an answer")
        assert terminal.process.poll() is None


def test_a_terminal_of_20_by_5_can_be_used(deck: Open, sim: Simulator) -> None:
    sim.script("responses", ev.text_turn("tiny answer"))
    with deck(columns=20, rows=5) as terminal:
        terminal.wait_screen("?")
        terminal.send("hi")
        terminal.wait_screen("hi")
        terminal.send("\r")
        terminal.wait_screen("tiny answer")
        for keys, seen in (("\x18?", "enter"), ("\x18:", "Draw again"), ("\x18p", "GPT-5.5 mini")):
            before = terminal.received
            terminal.send(keys)
            terminal.wait_screen(seen)
            # Not even for one frame was it drawn as if there were room for edges.
            assert not terminal.has("╭".encode(), after=before)
            terminal.send("\x1b")
            terminal.wait_screen("tiny answer")


@pytest.mark.slow
def test_a_storm_of_resizes_ends_in_a_whole_screen(deck: Open, sim: Simulator) -> None:
    gate = sim.gate()
    text = ev.text_turn("words and more words " * 40, size=20)
    sim.script("responses", [*text[:20], gate, *text[20:]])
    with deck() as terminal:
        terminal.wait_screen("message")
        terminal.send("hi")
        terminal.wait_screen("› hi")
        terminal.send("\r")
        terminal.wait_screen("words and more")
        for number in range(200):
            terminal.resize(20 + number % 140, 5 + number % 40)
        gate.open()
        terminal.resize(100, 30)
        terminal.wait_screen("tokens")
        rows = terminal.wait_for_screen(
            lambda rows: rows[0].split()[:1] == ["2Chat"] and any("? help" in row for row in rows),
            "a whole screen",
        )
        assert len(rows) == 30


def test_a_terminal_that_goes_away_ends_the_app(deck: Open) -> None:
    with deck() as terminal:
        terminal.wait_screen("message")
        os.killpg(terminal.process.pid, signal.SIGHUP)
        assert terminal.wait_end() in {129, -1}


def test_a_killed_turn_can_be_tried_again_in_the_next_run(deck: Open, sim: Simulator) -> None:
    sim.script("responses", [*ev.text_turn("partly", size=6)[:4], sim.gate()])
    sim.script("responses", ev.text_turn("the whole answer"))
    with deck() as terminal:
        terminal.wait_screen("message")
        terminal.send("question")
        terminal.wait_screen("› question")
        terminal.send("\r")
        terminal.wait_screen("partly")
        terminal.process.kill()
        terminal.wait_end()
    with deck() as again:
        again.wait_screen("the program ended before the answer")
        again.send("\x1b")
        again.wait_screen("r retry")
        again.send("r")
        again.wait_screen("the whole answer")
    texts = [item["content"][0]["text"] for item in sim.sent("/responses")[1].body["input"]]
    assert texts == ["question"]


@pytest.mark.slow
def test_two_apps_share_one_home(deck: Open, sim: Simulator) -> None:
    for name in ("one", "two", "three"):
        sim.script("responses", ev.text_turn(f"answer {name}"))
    with deck() as left, deck() as right:
        for terminal, name in ((left, "one"), (right, "two"), (left, "three")):
            terminal.wait_screen("message")
            if name != "three":
                terminal.send("\x18n")
                terminal.wait_screen("enter send")
            terminal.send(f"question {name}")
            terminal.wait_screen(f"› question {name}")
            terminal.send("\r")
            terminal.wait_screen(f"answer {name}")
        assert left.process.poll() is None
        assert right.process.poll() is None
    ended = subprocess.run(
        [sys.executable, "-m", "app", "chats", "list"],
        env=dict(os.environ) | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "question one" in ended.stdout
    assert "question two" in ended.stdout


@pytest.mark.slow
def test_no_network_and_a_refused_port_are_cards(
    deck: Open, environ: dict[str, str], tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "config.toml"
    retries = 'request_max_retries = 0\nstream_max_retries = 0\nmodel = "m"\n'
    config.write_text(
        f'[providers.gone]\nbase_url = "http://127.0.0.1:{port}/v1"\n{retries}'
        f'[providers.nowhere]\nbase_url = "https://nowhere.invalid/v1"\n{retries}'
    )
    del environ["FOREDECK_OPENAI_BASE_URL"]
    for provider, words in (("gone", "Nothing answers at"), ("nowhere", "cannot be found")):
        text = config.read_text().partition("[")[2]
        config.write_text(f'provider = "{provider}"\n[{text}')
        environ["FOREDECK_HOME"] = str(tmp_path / provider)
        with deck("--config", str(config)) as terminal:
            terminal.wait_screen("message")
            terminal.send("question")
            terminal.wait_screen("› question")
            terminal.send("\r")
            terminal.wait_screen(words)
            terminal.wait_screen("r retry")
            terminal.wait_screen("offline")
