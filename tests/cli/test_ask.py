"""`foredeck ask` as scripts see it."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator import events, items
from simulator.script import Drop, Raw, Send, Status
from simulator.server import Simulator
from tests.cli.conftest import CommandLine


def sent_texts(sim: Simulator, number: int = -1) -> list[str]:
    """Texts of the user's last message in a request."""
    message = sim.sent("/responses")[number].body["input"][-1]
    return [part.get("text", part["type"]) for part in message["content"]]


def test_the_answer_goes_to_stdout_and_nothing_to_stderr(
    sim: Simulator, foredeck: CommandLine
) -> None:
    sim.script("responses", events.text_turn("Hello **there**"))
    ended = foredeck("ask", "hi")
    assert (ended.code, ended.out, ended.err) == (0, "Hello **there**\n", "")
    assert sent_texts(sim) == ["hi"]


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


def test_a_failed_turn_has_no_response_id(sim: Simulator, foredeck: CommandLine) -> None:
    sim.script("responses", [Status(400, {}, {"error": {"message": "Sorry about that!"}})])
    ended = foredeck("ask", "--json", "hi")
    assert (ended.lines[-1]["status"], ended.lines[-1]["response_id"]) == ("failed", None)
    assert "Sorry about that!" in ended.err
    assert "!." not in ended.err


def test_one_failure_of_the_list_of_models_does_not_stop_a_question(
    sim: Simulator, foredeck: CommandLine
) -> None:
    sim.script("models", [Status(500, {}, {})])
    sim.script("responses", events.text_turn("Hello"))
    ended = foredeck("ask", "hi")
    assert (ended.code, ended.out, ended.err) == (0, "Hello\n", "")


def test_a_list_that_cannot_be_had_says_how_to_choose_a_model(
    sim: Simulator, foredeck: CommandLine
) -> None:
    for _ in range(5):
        sim.script("models", [Status(500, {"x-request-id": "req_7"}, {"detail": "Oops"})])
    ended = foredeck("ask", "hi")
    assert ended.code == 1
    assert ended.err == (
        "error: No model is chosen, and the server's list cannot be had: "
        "The server has trouble (500): Oops. "
        "Choose one with --model, or set model in the configuration. (req_7)\n"
    )
    sim.script("responses", events.text_turn("Hello"))
    assert foredeck("ask", "--model", "gpt-5.5", "hi").out == "Hello\n"
