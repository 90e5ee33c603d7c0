"""`models`, `chats` and `completion` as scripts see them."""

import json
import os
import shutil
import subprocess
import time

import pytest

from app.cli.output import Output
from app.cli.question import read_question
from app.cli.windows import canonical, label
from simulator import events
from simulator.script import Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine


def test_models_as_json_and_as_columns(foredeck: CommandLine) -> None:
    listed = json.loads(foredeck("models", "--json").out)["models"]
    assert listed[0] == {
        "slug": "gpt-5.5",
        "name": "GPT-5.5",
        "context_window": 272000,
        "efforts": ["low", "medium", "high", "xhigh"],
        "default_effort": "medium",
        "is_default": True,
        "provider": "openai",
    }
    rows = [line.split("\t") for line in foredeck("models").out.splitlines()]
    assert [row[0] for row in rows] == [model["slug"] for model in listed]


def test_models_are_asked_for_again_with_refresh(sim: Simulator, foredeck: CommandLine) -> None:
    foredeck("models")
    foredeck("models")
    assert len(sim.sent("/models")) == 1
    sim.script("models", [Status(401, {}, {"error": {"message": "No"}})])
    assert foredeck("models", "--refresh").code == 3


def test_chats_are_read_without_a_provider(sim: Simulator, foredeck: CommandLine) -> None:
    sim.script("responses", events.text_turn("# Answer"))
    foredeck("ask", "First\tquestion")
    del foredeck.environment["OPENAI_API_KEY"], foredeck.environment["FOREDECK_OPENAI_BASE_URL"]
    row = foredeck("chats", "list").out.rstrip("\n").split("\t")
    assert row[2:] == ["1", "gpt-5.5", "First question"]
    shown = foredeck("chats", "show", row[0][:8])
    assert (shown.code, shown.out) == (0, "> First    question\n\n# Answer\n")
    values = json.loads(foredeck("chats", "show", row[0], "--json").out)
    assert [item["type"] for item in values["items"]] == ["user_message", "reply"]


@pytest.mark.oracle
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_valid(foredeck: CommandLine, shell: str) -> None:
    script = foredeck("completion", shell)
    assert script.code == 0
    assert "--transport" in script.out or "-l transport" in script.out
    program = shutil.which(shell)
    if program is None:
        reason = f"{shell} is not installed"
        if os.environ.get("FOREDECK_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    subprocess.run([program, "-n"], input=script.out, text=True, check=True)


def test_bash_completes_commands_and_flags(foredeck: CommandLine) -> None:
    script = foredeck("completion", "bash").out
    ask = (
        f"{script}\n"
        "complete_line() { COMP_WORDS=($@ ''); COMP_CWORD=$#; COMP_WORDS[$#]=$last; _foredeck; }\n"
        "last=mo; complete_line foredeck; echo ${COMPREPLY[@]}\n"
        "last=--tr; complete_line foredeck ask; echo ${COMPREPLY[@]}\n"
        "last=s; complete_line foredeck chats; echo ${COMPREPLY[@]}\n"
        "last=; complete_line foredeck limits --format; echo ${COMPREPLY[@]}\n"
        "last=; complete_line foredeck limits; echo ${COMPREPLY[@]}\n"
    )
    ended = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == [
        "models",
        "--transport",
        "show",
        "plain tmux starship waybar",
        "watch history ledger purge",
    ]


def test_a_pipe_that_stays_silent_does_not_hang_a_prompt() -> None:
    reader, writer = os.pipe()
    said: list[str] = []
    begun = time.monotonic()
    try:
        assert read_question("hi", said.append, reader, patience=0.05) == "hi"
    finally:
        os.close(reader)
        os.close(writer)
    assert time.monotonic() - begun < 2
    assert said == ["note: nothing came on stdin within 0.05 s; asked without it"]


def test_a_table_has_columns_for_a_reader(capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    class Terminal:
        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> int:
            return sys.stdout.write(text)

        def flush(self) -> None:
            sys.stdout.flush()

    Output(Terminal(), sys.stderr).table(("id", "name"), [("1", "one"), ("100", "x")])  # type: ignore[arg-type]
    assert capsys.readouterr().out == "ID   NAME\n1    one\n100  x\n"


@pytest.mark.parametrize(
    ("seconds", "name"),
    [(18_000, "5h"), (17_999, "5h"), (604_000, "week"), (86_400, "day"), (7_200, "2h")],
)
def test_windows_are_called_by_their_usual_length(seconds: int, name: str) -> None:
    assert label(canonical(seconds)) == name


def test_an_answer_that_failed_was_not_interrupted(sim: Simulator, foredeck: CommandLine) -> None:
    failed = {"type": "response.failed", "response": {"error": {"code": "invalid_prompt"}}}
    sim.script("responses", [events.created(), *events.deltas("m", "Hal", 3), failed])
    assert foredeck("ask", "hi").code == 1
    (chat,) = json.loads(foredeck("chats", "list", "--json").out)["chats"]
    shown = foredeck("chats", "show", chat["id"]).out
    assert "Hal\n\n(broke off)\n" in shown
    assert "interrupted" not in shown
