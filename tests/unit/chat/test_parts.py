"""History, titles and attachments, without a service."""

from pathlib import Path
from typing import Any

import pytest

from services.chat.attachments import attach, is_image, message
from services.chat.history import fit
from services.chat.title import title_of
from services.errors import UsageError


def call(call_id: str, kind: str = "function_call") -> dict[str, Any]:
    return {"type": kind, "call_id": call_id, "name": "f"}


def output(call_id: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": "done"}


def test_a_call_without_output_gets_one_right_after_it() -> None:
    said: dict[str, Any] = {"type": "message", "role": "user", "content": []}
    assert fit([call("a"), call("b", "custom_tool_call"), output("a"), said]) == (
        call("a"),
        call("b", "custom_tool_call"),
        {"type": "custom_tool_call_output", "call_id": "b", "output": "aborted"},
        output("a"),
        said,
    )


def test_an_output_without_call_is_left_out() -> None:
    assert fit([output("a"), call("b"), output("b")]) == (call("b"), output("b"))


def test_searches_of_the_server_are_not_ours_to_answer() -> None:
    items: list[dict[str, Any]] = [
        {"type": "web_search_call", "id": "w"},
        {"type": "tool_search_call", "call_id": "t", "execution": "server"},
    ]
    assert fit(items) == tuple(items)


def test_finished_items_are_sent_back_as_they_came() -> None:
    odd = {"type": "new_kind", "secret": {"deep": [1, 2]}, "encrypted_content": "opaque"}
    assert fit([odd])[0] is odd
    assert fit([odd], without_encrypted=True) == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("  \n\n  What   is\ta monad?\nMore", "What is a monad?"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("漢" * 30, "漢" * 30),
        ("漢" * 31, "漢" * 29 + "…"),
        ("e\u0301" * 60, "e\u0301" * 60),
        ("", ""),
    ],
)
def test_a_title_is_the_first_line_in_60_cells(text: str, title: str) -> None:
    assert title_of(text) == title


async def test_text_files_go_before_the_question(tmp_path: Path) -> None:
    path = tmp_path / "notes.py"
    path.write_text("print('hé')\n", encoding="utf-8")
    assert await message("What is this?", (attach(str(path)),)) == {
        "type": "message",
        "role": "user",
        "content": [
            {"type": "input_text", "text": "<file name=\"notes.py\">\nprint('hé')\n\n</file>"},
            {"type": "input_text", "text": "What is this?"},
        ],
    }


async def test_images_go_as_data(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG")
    attachment = attach(str(path))
    assert is_image(attachment)
    assert (await message("", (attachment,)))["content"] == [
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw=="}
    ]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (None, "missing.txt", "is no file"),
        (b"\xff\xfe\x00", "data.bin", "neither UTF-8 text nor"),
        (b"x" * 1_000_001, "big.txt", "1,000,001 bytes"),
    ],
)
async def test_what_cannot_be_sent_is_said(
    tmp_path: Path, content: bytes | None, name: str, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        await message("x", (attach(str(path)),))


async def test_a_lone_surrogate_can_be_sent() -> None:
    assert (await message("a\ud83d", ()))["content"][0]["text"] == "a?"
