"""`foredeck ask` as scripts see it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator import events, items
from simulator.script import Drop, Gate, Raw, Send, Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine


def sent_texts(sim: Simulator, number: int = -1) -> list[str]:
    """Texts of the user's last message in a request."""
    message = sim.sent("/responses")[number].body["input"][-1]
    return [part.get("text", part["type"]) for part in message["content"]]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_the_answer_goes_to_stdout_and_nothing_to_stderr(
    sim: Simulator, foredeck: CommandLine
) -> None:
    sim.script("responses", events.text_turn("Hello **there**"))
    ended = foredeck("ask", "hi")
    assert (ended.code, ended.out, ended.err) == (0, "Hello **there**\n", "")
    assert sent_texts(sim) == ["hi"]


def test_the_first_token_is_printed_as_it_comes(sim: Simulator, foredeck: CommandLine) -> None:
    gate = Gate()
    first, *rest = events.deltas("m", "Hello", 3)
    sim.script("responses", [events.created(), first, gate, *rest, events.completed()])
    with foredeck.start("ask", "hi") as process:
        assert process.stdout is not None
        assert process.stdout.read(3) == "Hel"
        gate.open()
        assert process.communicate(timeout=20) == ("lo\n", "")


def test_json_lines_tell_all_in_order(sim: Simulator, foredeck: CommandLine) -> None:
    message = items.message("Hi", item_id="msg_1")
    usage = {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 2},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 8,
    }
    sim.script(
        "responses",
        [
            events.created(),
            events.item_added(items.message("", item_id="msg_1", status="in_progress")),
            *events.deltas("msg_1", "Hi", 2),
            events.item_done(message),
            events.item_done({"type": "brand_new", "id": "x_1", "deep": {"a": [1]}}),
            events.completed("resp_9", usage=usage),
        ],
    )
    ended = foredeck("ask", "--json", "hi")
    assert (ended.code, ended.err) == (0, "")
    lines = [line for line in ended.lines if line["type"] != "rate_limits"]
    started, delta, item, unknown, used, over = lines
    assert started == {
        "type": "turn_started",
        "chat_id": started["chat_id"],
        "turn_id": started["turn_id"],
        "model": "gpt-5.5",
        "transport": "sse",
    }
    assert delta == {"type": "text_delta", "item_id": delta["item_id"], "text": "Hi"}
    assert item == {"type": "item", "item_id": delta["item_id"], "item": message}
    assert unknown["item"] == {"type": "brand_new", "id": "x_1", "deep": {"a": [1]}}
    assert used == {
        "type": "usage",
        "input_tokens": 5,
        "cached_input_tokens": 2,
        "output_tokens": 3,
        "reasoning_tokens": 1,
        "total_tokens": 8,
    }
    assert over == {
        "type": "turn_ended",
        "status": "completed",
        "reason": None,
        "text": "Hi",
        "response_id": "resp_9",
    }


def test_json_names_rate_limits_by_window(foredeck: CommandLine) -> None:
    ended = foredeck("ask", "--json", "hi")
    windows = next(line["windows"] for line in ended.lines if line["type"] == "rate_limits")
    assert [window["id"] for window in windows] == ["codex/18000", "codex/604800"]
    assert [window["label"] for window in windows] == ["5h", "week"]


def test_hostile_text_is_harmless_in_every_form(sim: Simulator, foredeck: CommandLine) -> None:
    for _ in range(2):
        sim.script("responses", events.text_turn("a\x1b]52;c;eA==\x07b\x9b31m[bold]\u202ec"))
    plain, lines = foredeck("ask", "hi"), foredeck("ask", "--json", "hi")
    for out in (plain.out, json.dumps(lines.lines, ensure_ascii=False)):
        assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}
    assert "[bold]" in plain.out


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "kind"),
    [
        (400, {}, {"error": {"message": "Bad things"}}, 1, "refused"),
        (401, {}, {"error": {"message": "Bad key"}}, 3, "credentials"),
        (403, {"content-type": "text/html"}, "<html>no</html>", 3, "credentials"),
        (404, {}, {"error": {"message": "No such model"}}, 4, "not_found"),
        (429, {}, {"error": {"type": "usage_limit_reached", "message": "Enough"}}, 5,
         "rate_limited"),
    ],
)  # fmt: skip
def test_a_refusal_has_its_exit_code_and_one_line(
    sim: Simulator,
    foredeck: CommandLine,
    status: int,
    headers: dict[str, str],
    body: Any,
    code: int,
    kind: str,
) -> None:
    sim.script("responses", [Status(status, {"x-request-id": "req_7", **headers}, body)])
    ended = foredeck("ask", "--json", "--model", "gpt-5.5", "hi")
    text, machine = ended.err.splitlines()
    assert ended.code == code
    assert text.startswith("error: ")
    assert text.endswith(". (req_7)")
    error = json.loads(machine)["error"]
    assert error["kind"] == kind
    assert (error["status"], error["request_id"]) == (status, "req_7")
    assert set(error) == {"kind", "message", "next_step", "status", "request_id", "retry_at"}
    assert ended.lines[-1]["status"] == "failed"


def test_a_refused_port_is_6_after_its_retries(foredeck: CommandLine, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[providers.gone]\nbase_url = "http://127.0.0.1:9/v1"\n'
        "request_max_retries = 0\nstream_max_retries = 0\n"
    )
    ended = foredeck(
        "--config", str(config), "ask", "--provider", "gone", "--model", "gpt-5.5", "hi"
    )
    assert ended.code == 6
    assert ended.err.count("\n") == 1


def test_a_cut_stream_is_retried_and_said_on_stderr(sim: Simulator, foredeck: CommandLine) -> None:
    sim.script("responses", [events.created(), *events.deltas("m", "Hello wor", 3), Drop()])
    sim.script("responses", events.text_turn("Hello world"))
    ended = foredeck("ask", "hi")
    assert ended.code == 0
    assert ended.err == "note: connection lost, retry 1 of 5\n"
    assert ended.out == "Hello world\n"
    assert [request.body["input"] for request in sim.sent("/responses")] == [
        [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}]
    ] * 2


def test_a_retry_that_says_something_else_starts_on_a_new_line(
    sim: Simulator, foredeck: CommandLine
) -> None:
    sim.script("responses", [events.created(), *events.deltas("m", "Hello wor", 3), Drop()])
    sim.script("responses", events.text_turn("Good day"))
    assert foredeck("ask", "hi").out == "Hello wor\n\nGood day\n"


def test_an_incomplete_answer_is_7(sim: Simulator, foredeck: CommandLine) -> None:
    for _ in range(2):
        sim.script(
            "responses",
            [events.created(), *events.deltas("m", "Hal", 3), events.incomplete()],
        )
    ended = foredeck("ask", "hi")
    assert (ended.code, ended.out) == (7, "Hal\n")
    assert ended.err == "note: the answer was cut: the model's limit of output tokens is reached\n"
    over = foredeck("ask", "--json", "hi").lines[-1]
    assert (over["status"], over["reason"], over["text"]) == (
        "incomplete",
        "max_output_tokens",
        "Hal",
    )


def test_a_refusal_of_the_model_is_its_answer(sim: Simulator, foredeck: CommandLine) -> None:
    sim.script(
        "responses",
        [events.created(), events.item_done(items.refusal("I will not")), events.completed()],
    )
    assert foredeck("ask", "hi").out == "I will not\n"


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
        until(lambda: '"text_delta"' in process.stdout.readline())  # type: ignore[union-attr]
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


def test_a_chat_goes_on_by_last_and_by_prefix(sim: Simulator, foredeck: CommandLine) -> None:
    for text in ("One", "Two", "Three"):
        sim.script("responses", events.text_turn(text))
    started = foredeck("ask", "--json", "first").lines[0]
    foredeck("ask", "--last", "second")
    foredeck("ask", "--chat", started["chat_id"][:6], "third")
    history = sim.sent("/responses")[-1].body["input"]
    assert [item["content"][0]["text"] for item in history if item["type"] == "message"] == [
        "first",
        "One",
        "second",
        "Two",
        "third",
    ]
    listed = json.loads(foredeck("chats", "list", "--json").out)["chats"]
    assert [(chat["id"], chat["title"], chat["turns"]) for chat in listed] == [
        (started["chat_id"], "first", 3)
    ]


def test_a_chat_that_is_not_there_is_4(foredeck: CommandLine) -> None:
    assert foredeck("ask", "--chat", "123456", "hi").code == 4
    assert foredeck("ask", "--last", "hi").code == 4
    assert foredeck("chats", "show", "123456").code == 4


def test_nothing_is_kept_with_no_save(foredeck: CommandLine) -> None:
    assert foredeck("ask", "--no-save", "hi").code == 0
    assert foredeck("chats", "list").out == ""


def test_flags_reach_the_server(sim: Simulator, foredeck: CommandLine, tmp_path: Path) -> None:
    schema, notes, picture = tmp_path / "s.json", tmp_path / "n.txt", tmp_path / "p.png"
    schema.write_text('{"type": "object"}')
    notes.write_text("Some notes")
    picture.write_bytes(b"\x89PNG")
    ended = foredeck(
        "--plain", "ask", "--model", "gpt-5.5-mini", "--effort", "low", "--schema", str(schema),
        "--file", str(notes), "--image", str(picture), "hi", "--no-input",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    body = sim.sent("/responses")[0].body
    assert (body["model"], body["reasoning"]["effort"]) == ("gpt-5.5-mini", "low")
    assert body["text"]["format"]["schema"] == {"type": "object"}
    assert sent_texts(sim) == ['<file name="n.txt">\nSome notes\n</file>', "input_image", "hi"]


def test_chat_completions_is_a_transport(sim: Simulator, foredeck: CommandLine) -> None:
    ended = foredeck("ask", "--json", "--transport", "chat", "--model", "gpt-5.5", "hi")
    assert (ended.code, ended.lines[0]["transport"]) == (0, "chat")
    assert sim.sent("/chat/completions")[0].body["messages"][-1]["content"] == "hi"
    item = next(line["item"] for line in ended.lines if line["type"] == "item")
    assert item["id"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", "--schema", "/nowhere.json", "hi"),
        ("ask", "--file", "/nowhere.txt", "hi"),
        ("ask", "--image", __file__, "hi"),
        ("ask", "--provider", "nobody", "hi"),
        ("ask", "--last", "--no-save", "hi"),
        ("ask", "--unknown", "hi"),
        ("tasks", "list"),
        ("chats",),
        ("chats", "search", "x"),
        ("--log-level", "loud", "models"),
    ],
)
def test_wrong_usage_is_2_and_one_line(
    sim: Simulator, foredeck: CommandLine, arguments: tuple[str, ...]
) -> None:
    ended = foredeck(*arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("error: ")
    assert sim.requests == []


def test_without_a_key_the_ways_to_start_are_named(foredeck: CommandLine) -> None:
    del foredeck.environment["OPENAI_API_KEY"], foredeck.environment["FOREDECK_OPENAI_BASE_URL"]
    ended = foredeck("ask", "hi")
    assert ended.code == 3
    assert "OPENAI_API_KEY" in ended.err


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


def test_garbage_instead_of_a_stream_is_one_clear_sentence(
    sim: Simulator, foredeck: CommandLine
) -> None:
    sim.script(
        "responses",
        [Status(200, {"content-type": "application/json"}), Raw(b'{"detail": "Not today"}')],
    )
    ended = foredeck("ask", "--model", "gpt-5.5", "hi")
    assert ended.code == 1
    assert "Not today" in ended.err
    assert ended.err.count("\n") == 1


def test_a_model_that_calls_a_tool_gets_an_error_and_goes_on(
    sim: Simulator, foredeck: CommandLine
) -> None:
    call = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "shell",
        "arguments": "{}",
        "status": "completed",
    }
    sim.script("responses", [events.created(), Send(events.item_done(call)), events.completed()])
    sim.script("responses", events.text_turn("Without tools, then"))
    ended = foredeck("ask", "run ls")
    assert (ended.code, ended.out) == (0, "Without tools, then\n")
    output = sim.sent("/responses")[1].body["input"][-1]
    assert (output["type"], output["call_id"]) == ("function_call_output", "call_1")
    assert output["output"] == "error: there is no tool named shell"
