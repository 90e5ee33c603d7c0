"""Programs and the terminal around the app: the editor, the clipboard, the proxy, TLS."""

import base64
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal
from simulator import events as ev
from simulator.server import Simulator

Open = Callable[..., Terminal]


def tool(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_the_editor_gets_the_text_and_gives_it_back(
    deck: Open, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["EDITOR"] = tool(
        tmp_path / "editor", f'cat "$1" > {tmp_path}/seen; printf "edited\\nwords\\n" > "$1"'
    )
    with deck() as terminal:
        terminal.wait_screen("message")
        terminal.send("some words")
        terminal.wait_screen("› some words")
        terminal.send("\x18e")
        terminal.wait_screen("› edited")
        terminal.wait_screen("words")
        assert (tmp_path / "seen").read_text() == "some words"
        terminal.send("!")
        terminal.wait_screen("words!")


def test_neither_editor_nor_clipboard_see_the_keys_of_a_provider(
    deck: Open, environ: dict[str, str], sim: Simulator, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    environ["PATH"] = f"{tools}:{environ['PATH']}"
    environ["WAYLAND_DISPLAY"] = "w"
    environ["EDITOR"] = tool(tools / "editor", f'env > {tmp_path}/editor.txt; echo hi > "$1"')
    tool(tools / "wl-copy", f"env > {tmp_path}/clipboard.txt; cat > {tmp_path}/copied")
    config = tmp_path / "config.toml"
    config.write_text(
        f'provider = "x"\n[providers.x]\nbase_url = "{sim.openai_base_url}"\n'
        'env_key = "X_KEY"\nenv_http_headers = { X-Team = "X_TEAM" }\n'
    )
    environ |= {"X_KEY": sim.api_key or "", "X_TEAM": "team-canary", "KEPT": "kept-canary"}
    sim.script("responses", ev.text_turn("copy me"))
    with deck("--config", str(config)) as terminal:
        terminal.wait_screen("message")
        terminal.send("\x18e")
        terminal.wait_screen("› hi")
        terminal.send("\r")
        terminal.wait_screen("tokens")
        terminal.send("\x1b")
        terminal.wait_screen("write")
        terminal.send("Y")
        terminal.wait_screen("(wl-copy)")
    for name in ("editor", "clipboard"):
        seen = (tmp_path / f"{name}.txt").read_text()
        assert "kept-canary" in seen
        assert "team-canary" not in seen
        assert "X_KEY" not in seen
    assert [asked.headers["x-team"] for asked in sim.sent("/v1/responses")] == ["team-canary"]


def test_an_editor_that_fails_leaves_the_text(
    deck: Open, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["EDITOR"] = tool(tmp_path / "editor", 'echo lost > "$1"; exit 3')
    with deck() as terminal:
        terminal.wait_screen("message")
        terminal.send("some words")
        terminal.wait_screen("› some words")
        terminal.send("\x18e")
        terminal.wait_screen("ended with 3")
        terminal.wait_screen("› some words")


def test_without_a_tool_the_terminal_is_given_the_text_once(
    deck: Open, environ: dict[str, str], sim: Simulator
) -> None:
    environ["PATH"] = "/nowhere"
    sim.script("responses", ev.text_turn("copy *me*"))
    with deck() as terminal:
        terminal.wait_screen("message")
        terminal.send("hi")
        terminal.wait_screen("› hi")
        terminal.send("\r")
        terminal.wait_screen("tokens")
        terminal.send("\x1b")
        terminal.wait_screen("write")
        terminal.send("Y")
        terminal.wait_screen("OSC 52")
        wanted = base64.b64encode(b"copy *me*")
        assert terminal.output.count(b"\x1b]52;c;" + wanted + b"\x07") == 1
        assert terminal.output.count(b"\x1b]52;") == 1


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"HTTPS_PROXY": "http://127.0.0.1:9"}, "The proxy"),
        ({"FOREDECK_OPENAI_BASE_URL": "{tls}"}, "does not speak TLS"),
        ({"FOREDECK_OPENAI_BASE_URL": "https://nowhere.invalid/v1"}, "cannot be found"),
        ({"FOREDECK_OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "Nothing answers at"),
    ],
    ids=["proxy down", "wrong TLS", "no network", "refused port"],
)
def test_ask_names_what_is_in_the_way(
    environ: dict[str, str],
    sim: Simulator,
    tmp_path: Path,
    variables: dict[str, str],
    words: str,
) -> None:
    tls = sim.openai_base_url.replace("http:", "https:")
    environ.pop("FOREDECK_OPENAI_BASE_URL")
    url = variables.pop("FOREDECK_OPENAI_BASE_URL", "https://example.org/v1").format(tls=tls)
    config = tmp_path / "config.toml"
    config.write_text(
        f'provider = "x"\n[providers.x]\nbase_url = "{url}"\nmodel = "m"\n'
        "request_max_retries = 0\nstream_max_retries = 0\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "app", "--config", str(config), "ask", "hi"],
        env={**environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (6, ""), ended.stderr
    *notes, line = ended.stderr.splitlines()
    assert line.startswith("error: ")
    assert words in line
    assert all(note.startswith("note: answers come from") for note in notes)
