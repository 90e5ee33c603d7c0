import json
from typing import Any

from services.inference.bodies import completions_body, encode, responses_body
from tests.unit.inference.conftest import ask

USER: dict[str, Any] = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "time?"}],
}
REPLY: dict[str, Any] = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Let me see."}],
}
THOUGHT: dict[str, Any] = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "encrypted_content": "opaque",
}
CALL: dict[str, Any] = {
    "type": "function_call",
    "call_id": "c1",
    "name": "clock",
    "arguments": "{}",
}
OUTPUT: dict[str, Any] = {"type": "function_call_output", "call_id": "c1", "output": "12:00"}
CUSTOM: dict[str, Any] = {
    "type": "custom_tool_call",
    "call_id": "c2",
    "name": "patch",
    "input": "***",
}


def sent(*history: dict[str, Any], **members: Any) -> dict[str, Any]:
    return responses_body(ask(**members), history)


def messages(*history: dict[str, Any]) -> list[Any]:
    return completions_body(ask(), history)["messages"][1:]


def test_the_history_goes_back_in_its_order() -> None:
    history = (USER, THOUGHT, CALL, OUTPUT)
    assert sent(*history)["input"] == list(history)


def test_a_call_without_output_gets_one_and_an_output_without_call_goes() -> None:
    stray = {**OUTPUT, "call_id": "c9"}
    assert sent(USER, CALL, stray, CUSTOM)["input"] == [
        USER,
        CALL,
        {"type": "function_call_output", "call_id": "c1", "output": "aborted"},
        CUSTOM,
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "aborted"},
    ]


def test_reasoning_that_the_server_has_not_stored_goes_without_its_id() -> None:
    plain: dict[str, Any] = {"type": "reasoning", "id": "rs_2", "summary": []}
    assert sent(USER, plain)["input"] == [USER, {"type": "reasoning", "summary": []}]


def test_a_system_message_becomes_one_of_the_developer() -> None:
    assert sent({**USER, "role": "system"})["input"][0]["role"] == "developer"


def test_instructions_are_never_empty() -> None:
    assert sent(USER, instructions="  ")["instructions"]


def test_a_model_that_does_not_reason_is_not_asked_to() -> None:
    body = sent(USER, supports_reasoning=False, effort="high")
    assert "reasoning" not in body
    assert body["include"] == []


def test_a_schema_is_a_format_of_the_text() -> None:
    form = sent(USER, schema={"type": "object"})["text"]["format"]
    assert (form["type"], form["strict"], form["schema"]) == (
        "json_schema",
        True,
        {"type": "object"},
    )


def test_lone_surrogates_are_replaced_and_pairs_are_kept() -> None:
    assert json.loads(encode({"a": "\ud83d\ude00 \ud83d x"})) == {"a": "😀 \ufffd x"}


def test_text_and_calls_of_one_response_are_one_message() -> None:
    second = {**CALL, "call_id": "c3"}
    assert messages(USER, THOUGHT, REPLY, CALL, second, OUTPUT, {**OUTPUT, "call_id": "c3"}) == [
        {"role": "user", "content": "time?"},
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"id": key, "type": "function", "function": {"name": "clock", "arguments": "{}"}}
                for key in ("c1", "c3")
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "12:00"},
        {"role": "tool", "tool_call_id": "c3", "content": "12:00"},
    ]


def test_a_call_without_text_has_no_content() -> None:
    (_, call, _) = messages(USER, CUSTOM)
    assert call == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c2", "type": "custom", "custom": {"name": "patch", "input": "***"}}],
    }


def test_an_image_makes_parts_of_the_content() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,AA"}
    with_image = {**USER, "content": [{"type": "input_text", "text": "see"}, image]}
    assert messages(with_image) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
            ],
        }
    ]


def test_the_same_reply_twice_in_a_row_is_sent_once() -> None:
    assert len(messages(USER, REPLY, REPLY)) == 2


def test_the_developer_speaks_as_system() -> None:
    assert messages({**USER, "role": "developer"})[0]["role"] == "system"
