"""Nothing that a server says reaches the terminal as anything but text."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.terminal import Terminal
from simulator import events as ev
from simulator import items
from simulator.script import Status
from simulator.server import Simulator

Open = Callable[..., Terminal]

EVIL = (
    "A\x1b]52;c;ZXZpbA==\x07B\x1b[31mC\x1b]0;evil\x07D\x1bP+q544e\x1b\\E\x9b31mF"
    "\x00G\u202eH\u2066I\x07J\x08K\x1b[6nL\u200bM\x85N\x1b_evil\x1b\\O\r\x7fP"
)
"""Clipboard, colour, title, a question, C1, NUL, bidi, bell, backspace, and letters in between."""
MARKUP = "[/x] [@click=app.quit]here[/] [bold red] [["
FORBIDDEN = (b"\x1b]52;", b"\x1b]0;evil", b"\x1bP+q", b"\x1b_evil", b"\x9b31m", b"\x00",
             "\x85".encode(), "\u202e".encode(), "\u2066".encode(), b"\x1b[6n")  # fmt: skip
OSC = re.compile(rb"\x1b\](\d+)")


def assert_harmless(output: bytes) -> None:
    assert [bad for bad in FORBIDDEN if bad in output] == []
    assert {int(number) for number in OSC.findall(output)} <= {8, 10, 11, 22}


def models(text: str) -> dict[str, Any]:
    """A catalogue with one good model that is called that, and one whose id says it."""
    bad = {"slug": text, "display_name": text, "priority": 9}
    good = {"slug": "gpt-5.5", "display_name": text, "description": text, "priority": 1}
    return {"models": [bad, good]}


def hostile_turn(text: str) -> list[Any]:
    """Reasoning, a call, a search, an odd item and an answer that all say it."""
    search = {"type": "search", "query": text, "queries": [text]}
    return [
        ev.created(model=text),
        ev.item_done(items.reasoning(text, item_id="rs_1"), 0),
        ev.item_done(items.web_search_call(search, item_id="ws_1"), 1),
        ev.item_done({"type": f"hologram {text}", "id": text, "of": text}, 2),
        ev.item_done(items.message(f"{text} answer, [{text}](https://{text})", item_id="m_1"), 3),
        ev.completed(),
    ]


@pytest.mark.parametrize("text", [EVIL, MARKUP], ids=["control sequences", "markup"])
def test_remote_text_is_only_text(deck: Open, sim: Simulator, text: str) -> None:
    for _ in range(3):
        sim.script("models", [Status(200, {}, models(text))])
    sim.script("responses", hostile_turn(text))
    headers = {"x-request-id": "req\t[/x]"}
    sim.script("responses", [Status(400, headers, {"error": {"message": text, "code": text}})])
    with deck() as terminal:
        terminal.wait_screen("message")
        terminal.send("hello")
        terminal.wait_screen("› hello")
        terminal.send("\r")
        terminal.wait_screen("answer,")
        terminal.send("\x1b")
        terminal.wait_screen("write")
        for _ in range(4):
            terminal.send("k\r")
        terminal.wait_quiet()
        terminal.send("i")
        terminal.wait_screen("enter send")
        terminal.send("fail")
        terminal.wait_screen("› fail")
        terminal.send("\r")
        terminal.wait_screen("refused the request (400)")
        terminal.send("\x18p")
        terminal.wait_quiet()
        terminal.send("\x1b")
        terminal.wait_quiet()
        shown = "".join(terminal.screen())
        assert terminal.process.poll() is None
        assert_harmless(terminal.output)
    assert ("[@click=app.quit]" in shown) is (text is MARKUP)


def test_a_hostile_title_and_draft_come_back_as_text(deck: Open, sim: Simulator) -> None:
    sim.script("responses", ev.text_turn("an answer"))
    with deck() as terminal:
        terminal.wait_screen("message")
        terminal.send(f"\x1b[200~{MARKUP}\x1b[201~")
        terminal.wait_screen("[/x]")
        terminal.send("\r")
        terminal.wait_screen("an answer")
        terminal.send(f"\x1b[200~{MARKUP} draft\x1b[201~")
        terminal.wait_screen("draft")
        terminal.wait_quiet(0.6)
    with deck() as again:
        again.wait_screen("an answer")
        rows = again.wait_screen("draft")
        assert sum("[/x] [@click=app" in row for row in rows) >= 2
        assert_harmless(again.output)


@pytest.mark.parametrize("flags", [(), ("--plain",), ("--json",)], ids=" ".join)
def test_ask_prints_only_text(
    environ: dict[str, str], sim: Simulator, flags: tuple[str, ...]
) -> None:
    sim.script("responses", hostile_turn(EVIL))
    ended = subprocess.run(
        [sys.executable, "-m", "app", "ask", *flags, "hi"],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 0, ended.stderr
    assert_harmless(ended.stdout + ended.stderr)
    assert b"\x1b" not in ended.stdout + ended.stderr
    if flags == ("--json",):
        text = json.loads(ended.stdout.splitlines()[-1])["text"]
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2066]", text)
        assert "answer" in text
