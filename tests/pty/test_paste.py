"""What a real terminal sends: pastes, also hostile ones, answers and garbage."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
START, END = "\x1b[200~", "\x1b[201~"
LIMIT = 15.0


class Typist:
    """The running app: what it was sent, and what reached it."""

    def __init__(self, terminal: Terminal, log: Path) -> None:
        self.terminal = terminal
        self._log = log

    def send(self, text: str) -> None:
        self.terminal.send(text)

    @property
    def seen(self) -> list[tuple[str, str]]:
        if not self._log.exists():
            return []
        text = self._log.read_text(encoding="utf-8")
        lines = text[: text.rfind("\n") + 1].splitlines()
        return [(kind, value) for kind, value in map(json.loads, lines)]

    def of(self, kind: str) -> list[str]:
        return [value for found, value in self.seen if found == kind]

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < deadline, self.seen
            self.terminal.wait_quiet(0.02, limit=0.1)

    def settle(self) -> None:
        """Wait until a key that is pressed now has arrived, and all before it."""
        count = len(self.of("key"))
        self.terminal.wait_quiet(0.2)
        self.send("\x1bOP")
        self.until(lambda: self.of("key")[count:][-1:] == ["f1"])


@pytest.fixture
def typist(tmp_path: Path) -> Iterator[Typist]:
    log = tmp_path / "seen.jsonl"
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    script = str(Path(__file__).with_name("paste_app.py"))
    command = [sys.executable, script, str(log)]
    with Terminal(command, environ=environ, columns=80, rows=34) as terminal:
        terminal.wait_screen("ready")
        terminal.wait_quiet(0.2)
        yield Typist(terminal, log)


def keys(typist: Typist) -> list[str]:
    return [key for key in typist.of("key") if key != "f1"]


HOSTILE = (
    "rm -rf /\r",
    "one\x1b\rtwo\r",
    f"one{END}\rtwo\r",
    f"one{END}\r{START}two\r",
    f"{END}{END}\r\x1b[13u\r",
    "\x1b[13u\x1b[99;5u\x03\r",
    "\x1bOM\x1b]52;c;AAAA\x07\r\x1b\\",
    "\x1b",
    "\x1b[",
    "\x1b[201\x1b[201",
    "a\tb\tc\r\n\td",
    "x" * 20_000 + f"{END}\r" + "y" * 20_000 + "\r",
)


def test_nothing_in_a_paste_is_pressed_or_sent(typist: Typist) -> None:
    expected = ""
    for content in HOSTILE:
        typist.send(f"{START}{content}{END}")
        typist.settle()
        expected += content.replace(END, "").replace(START, "")
        assert keys(typist) == []
        assert typist.of("sent") == []
        assert "".join(typist.of("paste")) == expected


def test_a_paste_is_sent_as_it_came_once_enter_is_pressed(typist: Typist) -> None:
    typist.send(f"{START}def f():\r\treturn '\x1b[31m' \u202e\r{END}")
    typist.settle()
    assert any("␛[31m" in row for row in typist.terminal.screen())
    typist.send("\r")
    typist.until(lambda: bool(typist.of("sent")))
    assert typist.of("sent") == ["def f():\n\treturn '\x1b[31m' \u202e\n"]


def test_keys_typed_right_behind_a_paste_arrive_behind_it(typist: Typist) -> None:
    typist.send(f"{START}pasted{END}!\r")
    typist.until(lambda: bool(typist.of("sent")))
    assert typist.of("sent") == ["pasted!"]


def test_a_paste_that_comes_in_pieces_is_one_text(typist: Typist) -> None:
    for piece in ("\x1b[20", "0~on", "e\x1b[20", "1~"):
        typist.send(piece)
        typist.terminal.wait_quiet(0.05, limit=0.2)
    typist.settle()
    assert (typist.of("paste"), keys(typist)) == (["one"], [])


def test_many_lines_at_once_without_brackets_are_a_paste(typist: Typist) -> None:
    typist.send("echo the first line\recho the second line\recho the third line\r")
    typist.settle()
    assert (typist.of("sent"), keys(typist)) == ([], [])


GARBAGE = (
    "\x1b]52;c;c2VjcmV0Cg==\x07",
    "\x1b]11;rgb:0000/1111/2222\x1b\\",
    "\x1bP>|xterm(370)\x1b\\",
    "\x1b_Gi=1;OK\x1b\\",
    "\x1b[?62;22c",
    "\x1b[>41;370;0c",
    "\x1b[12;40R",
    "\x1b[0n",
    "\x1b[<0;NaN;NaNM",
    "\x1b[<0;-1;-1M",
    "\x1b[<999999999999999999999;1;1M",
    "\x1b[M !!",
    "\x1b[99999999999999u",
    "\x1b[55296;;55296u",
    "\x1b[1:2:3;4:5u",
    "\x1b[?1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22c",
)


def test_answers_and_garbage_are_never_typed(typist: Typist) -> None:
    for count, garbage in enumerate(GARBAGE, 1):
        typist.send(f"{garbage}a")
        typist.until(lambda count=count: len(keys(typist)) >= count)
        assert keys(typist) == ["a"] * count, garbage


def test_a_wrong_byte_does_not_end_the_program(typist: Typist) -> None:
    typist.terminal.send(b"\xff\xfe\x80a")
    typist.until(lambda: "a" in typist.of("key"))


def test_an_answer_cut_in_two_is_not_typed(typist: Typist) -> None:
    typist.send("\x1b]52;c;c2Vj")
    typist.terminal.wait_quiet(0.1, limit=0.3)
    typist.send("cmV0\x07a")
    typist.until(lambda: "a" in typist.of("key"))
    assert keys(typist) == ["a"]


def test_escape_pressed_quickly_before_a_letter_is_two_keys(typist: Typist) -> None:
    typist.send("\x1bx")
    typist.until(lambda: "x" in typist.of("key"))
    typist.until(lambda: typist.of("leave") == [""])
    assert keys(typist) == ["escape", "x"]


def test_escape_alone_arrives_after_a_moment(typist: Typist) -> None:
    typist.send("\x1b")
    typist.until(lambda: typist.of("leave") == [""])


def test_escape_twice_stops(typist: Typist) -> None:
    typist.send("\x1b\x1b")
    typist.until(lambda: typist.of("interrupt") == [""])
    assert typist.of("leave") == [""]


def test_ctrl_c_ends_a_paste_whose_end_never_comes(typist: Typist) -> None:
    typist.send(f"{START}half")
    typist.until(lambda: typist.of("paste") == ["half"])
    typist.send("\x03")
    typist.terminal.wait_quiet(0.2, limit=0.5)
    typist.send("!")
    typist.until(lambda: keys(typist) == ["exclamation_mark"])


def test_the_terminals_own_caret_stands_where_text_is_typed(typist: Typist) -> None:
    typist.until(lambda: b"\x1b[?25h" in typist.terminal.output)
    typist.send("日本")
    typist.until(lambda: any("日本" in row for row in typist.terminal.screen()))
    typist.terminal.wait_quiet(0.2)
    assert typist.terminal.output.rindex(b"\x1b[?25h") > typist.terminal.output.rindex(b"\x1b[?25l")
    typist.send("\x1b\x1b")
    typist.until(
        lambda: (
            typist.terminal.output.rindex(b"\x1b[?25l")
            > typist.terminal.output.rindex(b"\x1b[?25h")
        )
    )


def test_after_a_suspension_keys_and_caret_are_there_again(typist: Typist) -> None:
    typist.send("a")
    typist.until(lambda: keys(typist) == ["a"])
    typist.terminal.wait_quiet(0.5)
    before = len(typist.terminal.output)
    typist.terminal.process.send_signal(signal.SIGTSTP)
    typist.terminal.wait_for(rb"\x1b\[\?1049l", after=before)
    stat = Path(f"/proc/{typist.terminal.process.pid}/stat")
    typist.until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
    typist.terminal.process.send_signal(signal.SIGCONT)
    typist.terminal.wait_for(rb"\x1b\[\?1049h.*\x1b\[\?25h", after=before)
    typist.send("b\r")
    typist.until(lambda: typist.of("sent") == ["ab"])


def test_nothing_wakes_while_nobody_types(typist: Typist) -> None:
    typist.terminal.wait_quiet(1.0)
    number = typist.terminal.process.pid
    before = switches(number)
    typist.terminal.wait_quiet(2.0)
    assert switches(number) - before <= 4


def switches(number: int) -> int:
    """How often the threads of a process went to sleep so far."""
    total = 0
    for status in Path(f"/proc/{number}/task").glob("*/status"):
        found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.MULTILINE)
        total += int(found[1]) if found else 0
    return total
