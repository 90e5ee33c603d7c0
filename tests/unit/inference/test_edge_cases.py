"""Each row of the table of edge and abuse cases in docs/protocols/turns.md."""

from typing import Any

import pytest

from services.errors import BadPayloadError, RefusedError
from services.inference.stream import ItemDone, ItemOpened, ModelReported, Retrying, Text
from services.models.chat import Reply, Usage
from tests.unit.inference.answers import (
    COMPLETED,
    CREATED,
    OPEN,
    PLAIN,
    added,
    data,
    delta,
    done,
    finished,
    items,
    message,
    raws,
    replies,
    sse,
    texts,
)
from tests.unit.inference.conftest import Asked
from tests.unit.transport.raw_server import stream_head

FRAMINGS = {
    "CRLF line ends": sse(*PLAIN, end="\r\n"),
    "lone CR as line end": sse(*PLAIN, end="\r"),
    "mixed line ends": sse(*PLAIN[:3], end="\r\n") + sse(*PLAIN[3:4]) + sse(*PLAIN[4:], end="\r"),
    "data without a space": sse(*PLAIN).replace(b"data: ", b"data:"),
    "several data lines": sse(*PLAIN).replace(b', "delta"', b',\ndata: "delta"'),
    "a byte order mark at the start": b"\xef\xbb\xbf" + sse(*PLAIN),
    "comments, ids and retry lines": b": hi\n\nid: 4\nretry: 10\n\n"
    + sse(*PLAIN, separator="\n: x\n\n"),
    "names that are wrong": b"event: ping\n" + sse(*PLAIN),
    "empty events": b"\n\ndata:\n\n\n\ndata\n\n" + sse(*PLAIN),
    "the last event lacks its blank line": sse(*PLAIN).rstrip(b"\n"),
    "data that is no JSON": sse("{", "[]", "42", "null", "", "[DONE]", *PLAIN),
    "types that are missing, null, a number or unknown": sse(
        {"a": 1}, {"type": None}, {"type": 7}, {"type": "response.new_thing", "delta": 1}, *PLAIN
    ),
    "duplicate keys": sse('{"type": "x", "type": "keepalive"}', *PLAIN),
    "NaN": sse('{"type": "keepalive", "sequence_number": NaN}', *PLAIN),
    "400 levels of nesting": sse(
        '{"type": "keepalive", "a":' + "[" * 400 + "]" * 400 + "}", *PLAIN
    ),
    "endless nesting": sse("[" * 100_000, *PLAIN),
    "a number of 5000 digits": sse('{"type": "keepalive", "n": ' + "9" * 5000 + "}", *PLAIN),
    "no response.created": sse(*PLAIN[1:]),
    "events after completed": sse(*PLAIN, delta("more"), done(message("more", "msg_b"))),
    "a second completed": sse(*PLAIN, COMPLETED),
    "known types with wrong fields": sse(
        {"type": "response.output_text.delta", "delta": 5},
        {"type": "response.output_text.delta"},
        {"type": "response.output_item.done"},
        {"type": "response.output_text.done", "text": 5},
        *PLAIN,
    ),
    "items that are null, missing or without type": sse(
        CREATED, done(None), data(type="response.output_item.done"), done({"id": "x"}), *PLAIN[1:]
    ),
    "deltas with empty text": sse(*PLAIN[:2], *[delta("")] * 50, *PLAIN[2:]),
    "item ids of the wrong type": sse(*PLAIN[:2], delta("") | {"item_id": [1]}, *PLAIN[2:]),
}


@pytest.mark.parametrize("body", FRAMINGS.values(), ids=FRAMINGS.keys())
async def test_the_answer_is_read_in_spite_of(asked: Asked, body: bytes) -> None:
    asked.server.answer(stream_head(), body)
    values = await asked.run()
    assert texts(values) == "Bonjour"
    assert replies(values) == ["Bonjour"]
    assert finished(values).response_id == "resp_1"
    assert not any(isinstance(value, Retrying) for value in values)
    assert sum(isinstance(value, ItemOpened) for value in values) == 1


ENDINGS = {
    "response.done instead": data(type="response.done", response={"id": "resp_9"}),
    "completed without a response": data(type="response.completed"),
    "id null": data(type="response.completed", response={"id": None}),
    "id missing": data(type="response.completed", response={"usage": None}),
    "usage null": data(type="response.completed", response={"id": "resp_1", "usage": None}),
    "usage no object": data(type="response.completed", response={"id": "resp_1", "usage": 7}),
    "output a full copy": data(
        type="response.completed", response={"id": "resp_1", "output": [message()]}
    ),
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS.keys())
async def test_a_turn_that_is_finished_does_not_fail_over(
    asked: Asked, end: dict[str, Any]
) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:-1], end))
    values = await asked.run()
    assert replies(values) == ["Bonjour"]
    assert finished(values).status == "completed"
    assert len(asked.server.requests) == 1


async def test_strange_usage_is_clamped_at_zero(asked: Asked) -> None:
    usage = {
        "input_tokens": 3.9,
        "output_tokens": -5,
        "total_tokens": "12",
        "input_tokens_details": None,
        "output_tokens_details": {"reasoning_tokens": "many"},
    }
    end = data(type="response.completed", response={"id": "r", "usage": usage})
    asked.server.answer(stream_head(), sse(*PLAIN[:-1], end))
    assert finished(await asked.run()).usage == Usage(input_tokens=3, total_tokens=12)


async def test_invalid_utf8_is_replaced(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN).replace(b"Bonjour", b"Bon\xffjour"))
    assert replies(await asked.run()) == ["Bon\ufffdjour"]


async def test_lone_surrogates_and_nul_are_kept_as_what_can_be_shown(asked: Asked) -> None:
    body = sse(
        *PLAIN[:2],
        '{"type":"response.output_text.delta","item_id":"msg_a1","delta":"\\ud83d\\u0000"}',
    )
    asked.server.answer(stream_head(), body + sse(COMPLETED))
    values = await asked.run()
    assert replies(values) == ["\ufffd\u2400"]
    assert texts(values) == "\ufffd\u2400"


async def test_escapes_and_turned_text_never_come_through(asked: Asked) -> None:
    hostile = "\x1b]52;c;aGk=\x07\x9b31m\u202ertl[bold]"
    asked.server.answer(stream_head(), sse(CREATED, added(OPEN), delta(hostile), COMPLETED))
    values = await asked.run()
    expected = "\u241b]52;c;aGk=\u2407\ufffd31m\ufffdrtl[bold]"
    assert texts(values) == expected
    assert replies(values) == [expected]
    assert raws(values)[0]["content"][0]["text"] == hostile


async def test_one_byte_a_piece(asked: Asked) -> None:
    body = sse(*PLAIN[:2], delta("é€😀"), COMPLETED, end="\r\n")
    asked.server.answer(stream_head(), *(body[n : n + 1] for n in range(len(body))))
    assert replies(await asked.run()) == ["é€😀"]


async def test_an_event_of_10_mb_is_read(asked: Asked) -> None:
    text = "x" * 10_000_000
    asked.server.answer(stream_head(), sse(CREATED, done(message("Hi", extra=text)), COMPLETED))
    assert replies(await asked.run()) == ["Hi"]


async def test_an_event_beyond_16_mib_ends_the_turn_and_keeps_the_text(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN[:3]), b"data: " + b"x" * (17 * 1024 * 1024))
    values, error = await asked.run_to_error()
    assert isinstance(error, BadPayloadError)
    assert str(error) == "An event is larger than 16 MiB, so it was not read on"
    assert texts(values) == "Bon"
    assert len(asked.server.requests) == 1


async def test_5000_empty_deltas_show_nothing(asked: Asked) -> None:
    body = sse(CREATED, added(OPEN), *[delta("")] * 5000, COMPLETED)
    asked.server.answer(stream_head(), body)
    values = await asked.run()
    assert not any(isinstance(value, Text) for value in values)
    assert replies(values) == [""]


async def test_20000_deltas_join_to_their_text(asked: Asked) -> None:
    asked.server.answer(
        stream_head(), sse(CREATED, added(OPEN), *[delta("ab ")] * 20_000, COMPLETED)
    )
    values = await asked.run()
    assert texts(values) == "ab " * 20_000
    assert replies(values) == ["ab " * 20_000]


async def test_an_empty_answer_ends_with_no_item(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(CREATED, COMPLETED))
    values = await asked.run()
    assert items(values) == []
    assert finished(values).status == "completed"


async def test_failed_is_the_end_though_completed_follows(asked: Asked) -> None:
    failed = data(
        type="response.failed",
        response={"id": "r", "error": {"code": "invalid_prompt", "message": "Bad prompt."}},
    )
    asked.server.answer(stream_head(), sse(*PLAIN[:3], failed, *PLAIN[3:]))
    with pytest.raises(RefusedError, match="refused the prompt: Bad prompt"):
        await asked.run()


async def test_incomplete_keeps_the_text_and_says_why(asked: Asked) -> None:
    end = data(
        type="response.incomplete",
        response={"id": "r", "incomplete_details": {"reason": "max_output_tokens"}},
    )
    asked.server.answer(stream_head(), sse(*PLAIN[:3], end, COMPLETED))
    values = await asked.run()
    (reply,) = items(values)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.is_partial) == ("Bon", True)
    assert (finished(values).status, finished(values).reason) == ("incomplete", "max_output_tokens")


async def test_another_model_is_told_once(asked: Asked) -> None:
    meta = data(type="response.metadata", headers={"OpenAI-Model": ["gpt-5.5-mini"]})
    asked.server.answer(stream_head(openai_model="gpt-5.5-MINI"), sse(meta, *PLAIN, meta))
    values = await asked.run()
    assert [value for value in values if isinstance(value, ModelReported)] == [
        ModelReported(model="gpt-5.5-MINI")
    ]


async def test_the_same_model_in_other_letters_is_no_news(asked: Asked) -> None:
    asked.server.answer(stream_head(openai_model="GPT-5.5"), sse(*PLAIN))
    assert not any(isinstance(value, ModelReported) for value in await asked.run())


async def test_each_item_comes_once_and_ids_are_ours(asked: Asked) -> None:
    asked.server.answer(stream_head(), sse(*PLAIN))
    values = await asked.run()
    ids = [value.item.id for value in values if isinstance(value, ItemDone)]
    assert len(ids) == len(set(ids)) == 1
    assert not ids[0].startswith("msg_")
