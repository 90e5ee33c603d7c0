import json
from typing import Any

import pytest

from services.inference.bodies import completions_body, encode, responses_body
from services.inference.encoding import KEPT, BodyEncoder
from tests.unit.inference.conftest import ask


def said(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "user", "content": content}


class Counted(dict[str, Any]):
    """An item that knows how often it was written as JSON."""

    times = 0

    def items(self) -> Any:
        self.times += 1
        return super().items()


@pytest.mark.parametrize("make", [responses_body, completions_body])
def test_a_body_is_the_same_bytes_at_every_turn_as_if_it_were_encoded_anew(make: Any) -> None:
    encoder = BodyEncoder()
    history = [said("ä \ud83d\ude00"), said("\ud83d alone"), {"type": "reasoning", "id": "rs_1"}]
    for text in ("one", "two"):
        history.append(said(text))
        body = make(ask(), history)
        assert encoder.encode(body, "chat") == encode(body)


def test_an_item_that_was_sent_before_is_not_encoded_again() -> None:
    encoder, item = BodyEncoder(), Counted(said("once"))
    bodies = [encoder.encode({"input": [item, said(text)]}, "chat") for text in ("a", "b")]
    assert item.times == 1
    assert [json.loads(body)["input"][0] for body in bodies] == [said("once")] * 2


def test_conversations_that_were_not_used_for_long_are_let_go() -> None:
    encoder, item = BodyEncoder(), Counted(said("old"))
    encoder.encode({"input": [item]}, "old")
    for number in range(KEPT):
        encoder.encode({"input": []}, f"chat {number}")
    encoder.encode({"input": [item]}, "old")
    assert item.times == 2


def test_members_of_the_user_may_be_of_any_shape() -> None:
    assert BodyEncoder().encode({"input": "text", "n": [1, None]}, "chat") == (
        b'{"input":"text","n":[1,null]}'
    )
