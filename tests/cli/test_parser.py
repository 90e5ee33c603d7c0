"""Which command lines there are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.parser import COMMANDS, parse


@pytest.mark.parametrize(
    "argv",
    [
        ["--demo", "--profile", "work", "ask", "hi"],
        ["ask", "--demo", "--profile", "work", "hi"],
        ["--profile", "work", "ask", "hi", "--demo"],
        ["--profile=work", "ask", "--demo", "hi"],
    ],
)
def test_global_flags_stand_before_or_after_the_command(argv: list[str]) -> None:
    arguments = parse(argv)
    assert (arguments.command, arguments.demo, arguments.profile, arguments.prompt) == (
        "ask",
        True,
        "work",
        "hi",
    )


@pytest.mark.parametrize(
    ("argv", "prompt"),
    [
        ([], None),
        (["--demo"], None),
        (["What is a monad?"], "What is a monad?"),
        (["--view", "chat", "two words"], "two words"),
        (["--", "hello"], "hello"),
    ],
)
def test_without_a_command_the_app_opens(argv: list[str], prompt: str | None) -> None:
    arguments = parse(argv)
    assert (arguments.command, arguments.prompt) == (None, prompt)


def test_a_command_that_does_not_exist_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["tasks", "list", "--json"])
    assert ended.value.code == 2
    text, machine = capsys.readouterr().err.splitlines()
    assert text.startswith('error: unknown command "tasks". ')
    assert json.loads(machine)["error"]["kind"] == "usage"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([name, "--help"])
    assert ended.value.code == 0
    assert f"foredeck {name}" in capsys.readouterr().out.partition("example")[2]


def test_the_command_line_starts_without_textual(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from app.cli import ask, chats, completion, dispatch, models, parser\n"
        "import app.wiring\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'textual'))\n"
    )
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["simulate", "--speed", "x"], "a speed is a number greater than 0"),
        (["simulate", "--port", "x"], "a port is a number between 0 and 65535"),
        (["simulate", "--seed", "x"], "a seed is a whole number"),
        (["chats", "list", "--limit", "x"], '"x" is no number of 1 or more'),
    ],
)
def test_a_wrong_number_is_refused_in_words(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        ["login", "--api-key", "sk-proj-REALSECRETVALUE12345", "--json"],
        ["login", "--api-key=sk-proj-REALSECRETVALUE12345"],
        ["login", "sk-proj-REALSECRETVALUE12345"],
    ],
)
def test_a_key_among_the_arguments_is_not_repeated(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.err
    assert "REALSECRET" not in captured.err + captured.out
