import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.models.chat import (
    Attachment,
    CallStatus,
    Citation,
    ErrorCard,
    Item,
    Notice,
    Reasoning,
    Reply,
    ToolCall,
    UnknownItem,
    UserMessage,
    WebSearch,
)
from services.models.failure import Failure, FailureKind
from services.store.encoding import decode_item, decode_raw, dump, encode_item, storable

FAILURE = Failure(
    kind=FailureKind.RATE_LIMITED,
    message="too much",
    next_step="wait",
    status=429,
    request_id="req",
    retry_at=1.5,
    code="slow_down",
)
ITEMS: list[Item] = [
    UserMessage(
        id="i",
        turn_id="t",
        text="[b] \ud800 \x00 漢",
        attachments=(Attachment(name="n", path="/p", media_type="text/plain", size=10**40),),
        at=1.25,
    ),
    Reply(id="i", turn_id="t"),
    Reply(
        id="i",
        turn_id="t",
        text="x",
        refusal="no",
        phase="final_answer",
        citations=(Citation(url="https://a", title="A", start=0, end=2),),
        is_partial=True,
    ),
    Reasoning(id="i", turn_id="t", summary="s", detail="d", seconds=2.0),
    ToolCall(
        id="i",
        turn_id="t",
        call_id="c",
        name="shell",
        arguments="ls",
        output="",
        exit_code=1,
        status=CallStatus.FAILED,
    ),
    WebSearch(id="i", turn_id="t", queries=("a", "b"), pages=("https://a",), seconds=0.5),
    UnknownItem(id="i", turn_id="t", type="hologram", raw="{}"),
    Notice(id="i", turn_id="t", text="calm"),
    ErrorCard(id="i", turn_id="t", failure=FAILURE),
]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: type(item).__name__)
def test_every_kind_of_item_comes_back_as_it_was(item: Item) -> None:
    kind, value = encode_item(item)
    value.encode()
    assert decode_item("i", "t", kind, value) == item


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("hologram", '{"v":1}'),
        ("reply", '{"v":2,"text":"x"}'),
        ("reply", '{"v":1,"text":"x","mood":"good"}'),
        ("reply", '{"v":1,"text":3}'),
        ("reply", '{"v":1,"is_partial":1}'),
        ("reply", '{"v":1,"citations":[{"url":"x"}]}'),
        ("reply", '{"v":1,"id":"other"}'),
        ("user", '{"v":1,"text":"x"}'),
        ("tool_call", '{"v":1,"call_id":"","name":"","arguments":"","status":"dreaming"}'),
        ("error", '{"v":1,"failure":{"kind":"boredom","message":"","next_step":""}}'),
        ("reply", '{"text":"x"}'),
        ("reply", "[]"),
        ("reply", "{"),
        ("reply", "[" * 100_000),
        ("reply", "1" * 5000),
        ("", ""),
    ],
)
def test_a_row_that_is_not_understood_is_kept_and_shown(kind: str, value: str) -> None:
    item = decode_item("i", "t", kind, value)
    assert isinstance(item, UnknownItem)
    assert (item.id, item.turn_id, item.type) == ("i", "t", kind)
    assert item.raw.replace(" ", "").replace("\n", "") == value


texts = st.text(st.characters() | st.just("\ud800"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


@given(values)
def test_json_of_any_value_is_storable_and_comes_back(value: object) -> None:
    text = dump({"value": value})
    text.encode()
    assert decode_raw(text) == {"value": value}


def test_what_json_cannot_hold_is_tamed_and_never_raises() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    raw = decode_raw(dump({"huge": 10**5000, "deep": deep, "odd": object(), "fine": 10**40}))
    assert raw is not None
    assert (raw["huge"], raw["odd"], raw["fine"]) == (1e308, "object", 10**40)
    assert json.dumps(raw["deep"]).count("[") == 99


def test_readable_text_stays_readable_and_surrogates_become_replacement_characters() -> None:
    assert dump({"text": "größer"}) == '{"text":"größer"}'
    assert storable("a\ud800b😀\ud83d\ude00") == "a\ufffdb😀😀"
